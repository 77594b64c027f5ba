"""The older, form-encoded paths of the user part: each does what its successor does, in its own words."""

import json
import re
import time

import pytest

from support import codes
from support.app import now_ms

FOREVER = "9999-12-31 23:59:59"
FRIENDS = {"userId": "alice", "targetId": "bob"}
BAD, LONG = codes.BAD_PARAMETER, codes.TOO_LONG


def form(app, path: str, *fields) -> dict:
    """A call that must succeed; returns what the answer tells besides the code."""
    answer = app.form(path, list(fields))
    assert answer.status == 200, answer.body
    assert answer.body.pop("code") == 200
    return answer.body


def test_users_and_tokens(app):
    issued = form(app, "/user/getToken.json", ("userId", "alice"), ("name", "Al+ice é"), ("portraitUri", "http://a/b"))
    assert set(issued) == {"userId", "token"} and issued["userId"] == "alice"
    app.client("alice", issued["token"])
    user = form(app, "/user/info.json", ("userId", "alice"))
    assert (user["userName"], user["userPortrait"]) == ("Al+ice é", "http://a/b")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", user["createTime"])
    assert form(app, "/user/refresh.json", ("userId", "alice"), ("name", "Alicia")) == {}
    user = app.sdk.get_user(user_id="alice").result
    assert (user.name, user.avatar_url) == ("Alicia", "http://a/b")
    app.register("bob")
    time.sleep(0.005)
    expire = [("userId", "alice"), ("userId", "bob"), ("time", str(now_ms()))]
    assert form(app, "/user/token/expire.json", *expire) == {}
    assert app.login(issued["token"]).refused_login() == codes.CLIENT_TOKEN_EXPIRED


def test_online_status(app):
    app.register("bob")
    app.client("alice")
    assert form(app, "/user/checkOnline.json", ("userId", "alice")) == {"status": "1"}
    assert form(app, "/user/checkOnline.json", ("userId", "bob")) == {"status": "0"}


def test_bans(app):
    app.register("alice", "bob")
    assert form(app, "/user/block.json", ("userId", "alice"), ("userId", "bob"), ("minute", "10")) == {}
    users = form(app, "/user/block/query.json", ("page", "1"), ("size", "10"))["users"]
    assert sorted(user["userId"] for user in users) == ["alice", "bob"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", user["blockEndTime"]) for user in users)
    assert form(app, "/user/unblock.json", ("userId", "alice")) == {}
    (user,) = app.sdk.list_banned_users().result.banned_users
    assert user.user_id == "bob"
    app.sdk.ban_users(user_ids=["bob"], duration_minutes=-1)
    users = form(app, "/user/block/query.json", ("page", "1"))["users"]
    assert users == [{"userId": "bob", "blockEndTime": FOREVER}]


def test_a_list_may_be_asked_for_without_any_member(app):
    """Calls whose members are all optional, as older callers make them: with an empty body."""
    assert form(app, "/user/block/query.json") == {"users": []}
    assert form(app, "/user/deactivate/query.json") == {"users": []}
    assert form(app, "/user/profile/query.json") == {"userList": []}


@pytest.mark.parametrize(
    ("noun", "member", "newer"),
    [("blacklist", "blackUserId", "blocklist"), ("whitelist", "whiteUserId", "whitelist")],
)
def test_lists(app, noun, member, newer):
    app.register("alice")
    for user in ("x", "y", "z"):
        assert form(app, f"/user/{noun}/add.json", ("userId", "alice"), (member, user)) == {}
    first = form(app, f"/user/{noun}/query.json", ("userId", "alice"), ("size", "2"))
    assert set(first) == {"users", "next"} and first["users"] == ["z", "y"]
    rest = form(app, f"/user/{noun}/query.json", ("userId", "alice"), ("size", "2"), ("pageToken", first["next"]))
    assert rest == {"users": ["x"]}
    assert form(app, f"/user/{noun}/remove.json", ("userId", "alice"), (member, "x"), (member, "z")) == {}
    assert form(app, f"/user/{noun}/query.json", ("userId", "alice")) == {"users": ["y"]}
    result = app.post(f"/v4/user/{newer}/get", {"userId": "alice"}).result
    assert ["y"] in result.values()


def test_whitelist_settings(app):
    app.register("alice", "bob")
    setting = [("userId", "alice"), ("userId", "bob")]
    assert form(app, "/user/whitesetting/set.json", ("userId", "alice"), ("whiteSetting", "1")) == {}
    found = form(app, "/user/whitesetting/query.json", *setting)["users"]
    assert found == [{"userId": "alice", "whiteSetting": "1"}, {"userId": "bob", "whiteSetting": "0"}]
    assert app.client("bob").refused_send("alice") == codes.CLIENT_NOT_IN_WHITELIST
    assert form(app, "/user/whitesetting/set.json", *setting, ("whiteSetting", "0")) == {}
    app.client("bob").send("alice", "off")


def test_soft_deletion(app):
    app.register("alice", "bob", "carol")
    deleted = form(app, "/user/deactivate.json", ("userId", "alice,bob"))
    assert set(deleted) == {"operateId"} and deleted["operateId"]
    listed = form(app, "/user/deactivate/query.json", ("pageNo", "1"), ("pageSize", "50"))["users"]
    assert sorted(listed) == ["alice", "bob"]
    for path, user in (("/user/reactivate.json", "alice"), ("/user/activate.json", "bob")):
        deadline = time.monotonic() + 15
        while (answer := app.form(path, {"userId": user})).status == 409 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert answer.body["code"] == 200 and answer.body["operateId"], answer.body
    assert form(app, "/user/deactivate/query.json", ("pageNo", "1")) == {"users": []}


def test_tags(app):
    app.register("alice", "bob")
    one = app.post("/user/tag/set.json", {"userId": "alice", "tags": ["vip", "new"]})
    assert (one.status, one.body) == (200, {"code": 200})
    both = form(app, "/user/tags/get.json", ("userIds", "alice"), ("userIds", "bob"))
    assert {user: sorted(tags) for user, tags in both["result"].items()} == {"alice": ["new", "vip"], "bob": []}
    batch = app.post("/user/tag/batch/set.json", {"userIds": ["alice", "bob"], "tags": ["all"]})
    assert batch.body == {"code": 200}
    assert app.sdk.batch_get_user_tags(user_ids=["bob"]).result.users[0].tags == ["all"]
    app.post("/user/tag/set.json", {"userId": "alice", "tags": ["t" * 41]}).must_be(codes.TOO_LONG, "`tags[0]`")


def test_joined_groups(app):
    app.group("g1", "alice", "bob")
    app.group("g2", "alice")
    found = form(app, "/user/group/query.json", ("userId", "alice"))
    assert found == {"groups": [{"id": "g1", "name": "Name of g1"}, {"id": "g2", "name": "Name of g2"}]}
    app.form("/user/group/query.json", {"userId": "nobody"}).must_be(codes.NOT_REGISTERED, "nobody")


def test_mutes(app):
    app.register("alice", "bob")
    mute = [("userId", "alice"), ("userId", "bob"), ("type", "PERSON")]
    assert form(app, "/user/chat/fb/set.json", *mute, ("state", "1")) == {}
    listed = form(app, "/user/chat/fb/querylist.json", ("num", "1"), ("offset", "1"), ("type", "PERSON"))
    assert listed["total"] == 2 and len(listed["users"]) == 1
    assert form(app, "/user/chat/fb/set.json", *mute, ("state", "0")) == {}
    assert form(app, "/user/chat/fb/querylist.json", ("type", "PERSON")) == {"total": 0, "users": []}


def test_profiles(app):
    app.register("alice", "bob")
    basic, ext = {"name": "Al", "level": 2}, {"ext_team": "red"}
    maps = [("userProfile", json.dumps(basic)), ("userExtProfile", json.dumps(ext))]
    assert form(app, "/user/profile/set.json", ("userId", "alice"), *maps) == {}
    (alice,) = app.sdk.batch_get_user_profiles(user_ids=["alice"]).result.users
    assert (alice.user_profile, alice.user_ext_profile) == (basic, ext)
    for fields in ([("userId", "alice"), ("userId", "bob")], [("userId", "alice,bob")]):
        found = form(app, "/user/profile/batch/query.json", *fields)["userList"]
        assert [user["userId"] for user in found] == ["alice", "bob"]
        assert (json.loads(found[0]["userProfile"]), json.loads(found[0]["userExtProfile"])) == (basic, ext)
        assert found[0]["version"] == alice.version
    page = form(app, "/user/profile/query.json", ("page", "1"), ("size", "1"), ("order", "0"))["userList"]
    assert [user["userId"] for user in page] == ["alice"]
    assert form(app, "/user/profile/clean.json", ("userId", "alice,bob")) == {}
    (alice,) = app.sdk.batch_get_user_profiles(user_ids=["alice"]).result.users
    assert not alice.user_profile


def test_a_refused_profile_names_the_key(app):
    app.register("alice")
    answer = app.form("/user/profile/set.json", {"userId": "alice", "userProfile": json.dumps({"email": "x" * 129})})
    answer.must_be(codes.TOO_LONG, "email")
    assert answer.body["profileKey"] == "email"
    for text in ("not JSON", "[]", '"x"'):
        answer = app.form("/user/profile/set.json", {"userId": "alice", "userProfile": text})
        answer.must_be(codes.BAD_PARAMETER, "`userProfile`")


def test_the_older_limit_of_profiles_is_100(app):
    hundred = [f"u{n}" for n in range(100)]
    assert form(app, "/user/profile/batch/query.json", ("userId", ",".join(hundred))) == {"userList": []}
    answer = app.form("/user/profile/batch/query.json", {"userId": ",".join([*hundred, "one-more"])})
    answer.must_be(codes.BAD_PARAMETER, "`userId`")


def test_friends(app):
    app.register("alice", "bob", "carol", "dave")
    for target in ("bob", "carol"):
        fields = [("userId", "alice"), ("targetId", target), ("optType", "2"), ("extra", "hi")]
        assert form(app, "/friend/add.json", *fields) == {}
    extension = [("remarkName", "bro"), ("friendExtProfile", json.dumps({"ext_met": "2020"}))]
    assert form(app, "/friend/profile/set.json", ("userId", "alice"), ("targetId", "bob"), *extension) == {}
    page = form(app, "/friend/get.json", ("userId", "alice"), ("size", "1"), ("order", "0"))
    assert page["totalCount"] == 2
    (bob,) = page["friendList"]
    assert (bob["userId"], bob["name"], bob["remarkName"]) == ("bob", "Name of bob", "bro")
    assert json.loads(bob["friendExtProfile"]) == {"ext_met": "2020"}
    assert abs(bob["time"] - now_ms()) < 60_000
    rest = form(app, "/friend/get.json", ("userId", "alice"), ("size", "1"), ("pageToken", page["pageToken"]))
    assert [friend["userId"] for friend in rest["friendList"]] == ["carol"]
    checked = form(app, "/friend/check.json", ("userId", "alice"), ("targetIds", "bob,dave"))["results"]
    assert checked == [{"userId": "bob", "result": 4}, {"userId": "dave", "result": 1}]
    for member in ("targetIds", "targetId"):
        assert form(app, "/friend/delete.json", ("userId", "alice"), (member, "bob")) == {}
    assert form(app, "/friend/clean.json", ("userId", "alice")) == {}
    assert form(app, "/friend/get.json", ("userId", "alice"))["friendList"] == []


def test_friend_permissions(app):
    app.register("alice", "bob")
    assert form(app, "/friend/permission/set.json", ("userIds", "alice,bob"), ("permissionType", "3")) == {}
    found = form(app, "/friend/permission/get.json", ("userIds", "bob,alice"))["permissionSettings"]
    assert found == [{"userId": "bob", "type": 3}, {"userId": "alice", "type": 3}]
    answer = app.form("/friend/add.json", {"userId": "alice", "targetId": "bob", "optType": "1"})
    answer.must_be(codes.NOBODY_MAY_ADD, "bob")


def test_test_users_are_listed_and_deleted_in_development_only(app, development_app):
    for user in ("a", "b", "c"):
        development_app.register(user)
        time.sleep(0.005)
    listed = form(development_app, "/user/query.json", ("page", "1"), ("pageSize", "2"), ("order", "1"))
    assert [user["userId"] for user in listed["users"]] == ["c", "b"]
    assert {"userId", "userName", "userPortrait", "regTime"} <= set(listed["users"][0])
    client = development_app.client("a")
    assert form(development_app, "/user/delusers.json", ("userId", "a,b")) == {}
    assert client.closed()["code"] == codes.CLIENT_DELETED
    development_app.form("/user/info.json", {"userId": "a"}).must_be(codes.NOT_REGISTERED, "a")
    app.register("real")
    for path, fields in (("/user/query.json", {"page": "1"}), ("/user/delusers.json", {"userId": "real"})):
        app.form(path, fields).must_be(codes.NOT_ALLOWED_FOR_APP)
    assert app.sdk.get_user(user_id="real").result.name == "Name of real"


@pytest.mark.parametrize(
    ("path", "fields", "refusal", "naming"),
    [
        ("/user/getToken.json", {"userId": "a"}, BAD, "`name`"),
        ("/user/getToken.json", {"userId": "x" * 65, "name": "N"}, LONG, "`userId`"),
        ("/user/getToken.json", {"userId": "a", "name": "N", "portraitUri": "x"}, BAD, "`portraitUri`"),
        ("/user/info.json", {"userId": "nobody"}, codes.NOT_REGISTERED, "nobody"),
        ("/user/block.json", {"userId": "alice", "minute": "0"}, BAD, "`minute`"),
        ("/user/block.json", {"userId": "alice", "minute": "soon"}, BAD, "`minute`"),
        ("/user/block.json", {"minute": "1"}, BAD, "`userId`"),
        ("/user/block.json", {"userId": [f"u{n}" for n in range(21)], "minute": "1"}, BAD, "`userId`"),
        ("/user/blacklist/add.json", {"userId": "alice", "blackUserId": "a b"}, BAD, "`blackUserId[0]`"),
        ("/user/whitesetting/set.json", {"userId": "alice", "whiteSetting": "2"}, BAD, "`whiteSetting`"),
        ("/user/chat/fb/set.json", {"userId": "alice", "state": "1", "type": "GROUP"}, BAD, "`type"),
        ("/friend/profile/set.json", {**FRIENDS, "remarkName": "x" * 65}, LONG, "`remarkName`"),
        ("/friend/profile/set.json", FRIENDS, codes.NOT_FRIENDS, "bob"),
        ("/user/info.json", {}, codes.EMPTY_BODY, ""),
    ],
)
def test_a_failure_names_the_member_by_its_older_name_and_the_path(app, path, fields, refusal, naming):
    app.register("alice", "bob")
    answer = app.form(path, fields)
    answer.must_be(refusal, naming)
    assert answer.body["url"] == path


@pytest.mark.parametrize("path", [f"/user/remarks/{verb}.json" for verb in ("set", "get", "del")])
def test_names_for_push_alone_are_told_to_be_off(app, path):
    app.form(path, {"userId": "alice"}).must_be(codes.SERVICE_OFF)


def test_quiet_hours_are_set_read_and_deleted(app):
    app.register("alice")
    path, alice = "/user/blockPushPeriod/{}.json".format, ("userId", "alice")
    none = {"startTime": "", "period": 0, "unPushLevel": 0}
    assert form(app, path("get"), alice)["data"] == none
    hours = ("startTime", "23:00:00"), ("period", "60"), ("level", "5")
    assert form(app, path("set"), alice, *hours) == {}
    found = form(app, path("get"), alice)["data"]
    assert found == {"startTime": "23:00:00", "period": 60, "unPushLevel": 5}
    late = {"userId": "alice", "startTime": "24:00:00", "period": "60"}
    app.form(path("set"), late).must_be(BAD, "`startTime`")
    assert form(app, path("delete"), alice) == {}
    assert form(app, path("get"), alice)["data"] == none
    app.form(path("get"), {"userId": "nobody"}).must_be(codes.NOT_REGISTERED)


def test_older_paths_are_signed_and_checked_alike(app):
    app.form("/user/info.json", {"userId": "alice"}, headers={"Signature": "0" * 40}).must_be(codes.BAD_SIGNATURE)
    app.post("/user/info.json", {"userId": "alice"}).must_be(codes.WRONG_CONTENT_TYPE)
    app.form("/user/no-such.json", {"userId": "alice"}).must_be(codes.PATH_NOT_FOUND)
    key = {"Idempotency-Key": "k"}
    fields = {"userId": "alice", "name": "Alice"}
    first = app.form("/user/getToken.json", fields, headers=key)
    assert app.form("/user/getToken.json", fields, headers=key).body == first.body
