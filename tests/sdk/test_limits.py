"""Every limit of every member: as documented, enforced past it, and usable up to it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support import codes
from support.app import now_ms

USERS_20, USERS_100 = ["userIds", "maxItems", 20], ["userIds", "maxItems", 100]

# The published limits; the members of one operation are one after the other: name, keyword, value.
DOCUMENTED = {
    "/v4/auth/access-token/issue": [
        ["userId", "maxLength", 64], ["name", "maxLength", 64], ["avatarUrl", "maxLength", 1024],
    ],
    "/v4/auth/access-token/expire": [USERS_20],
    "/v4/user/update": [["userId", "maxLength", 64], ["name", "maxLength", 64], ["avatarUrl", "maxLength", 1024]],
    "/v4/user/ban": [USERS_20, ["durationMinutes", "maximum", 43_200], ["reason", "maxLength", 256]],
    "/v4/user/unban": [USERS_20],
    "/v4/user/ban/list": [["page", "minimum", 1], ["pageSize", "default", 50]],
    "/v4/user/connection-status/get": [USERS_100],
    "/v4/user/soft-delete": [USERS_100],
    "/v4/user/restore": [USERS_100],
    "/v4/user/soft-deleted/list": [
        ["page", "minimum", 1], ["pageSize", "minimum", 1], ["pageSize", "maximum", 50], ["pageSize", "default", 50],
    ],
    "/v4/channel-type/mute/set": [["userIds", "maxItems", 1000]],
    "/v4/channel-type/mute/list": [
        ["pageSize", "maximum", 200], ["pageSize", "default", 100], ["offset", "default", 0],
    ],
    "/v4/user/tag/batch/set": [["userIds", "maxItems", 1000], ["tags", "maxItems", 20]],
    "/v4/user/tag/batch/get": [["userIds", "maxItems", 50]],
    "/v4/user/blocklist/add": [["targetUserIds", "maxItems", 20]],
    "/v4/user/blocklist/remove": [["blockedUserIds", "maxItems", 20]],
    "/v4/user/blocklist/get": [["pageSize", "maximum", 1000], ["pageSize", "default", 1000]],
    "/v4/user/whitelist/add": [["targetUserIds", "maxItems", 20]],
    "/v4/user/whitelist/remove": [["targetUserIds", "maxItems", 20]],
    "/v4/user/whitelist/get": [["pageSize", "maximum", 1000], ["pageSize", "default", 1000]],
    "/v4/user/whitelist/setting/set": [USERS_20],
    "/v4/user/whitelist/setting/get": [USERS_20],
    "/v4/user/profile/set": [["userExtProfile", "maxProperties", 20]],
    "/v4/user/profile/batch/get": [USERS_20],
    "/v4/user/profile/list": [["page", "default", 1], ["pageSize", "maximum", 100], ["pageSize", "default", 20]],
    "/v4/user/profile/delete": [USERS_20],
    "/v4/friend/add": [["extra", "maxLength", 128], ["action", "default", 1]],
    "/v4/friend/remove": [["targetIds", "maxItems", 100]],
    "/v4/friend/profile/set": [["alias", "maxLength", 64], ["friendExtProfile", "maxProperties", 10]],
    "/v4/friend/list": [["pageSize", "maximum", 100], ["pageSize", "default", 50]],
    "/v4/friend/relationship/get": [["targetIds", "maxItems", 20]],
    "/v4/friend/permission/set": [USERS_100],
    "/v4/friend/permission/get": [USERS_100],
    "/v4/user/channel/tag/add": [["tags", "maxItems", 20]],
    "/v4/user/channel/tag/remove": [["tagIds", "maxItems", 20]],
    "/v4/channel/tag/add": [["tagId", "maxLength", 10], ["channels", "maxItems", 1000]],
    "/v4/channel/tag/delete": [["tagId", "maxLength", 10], ["channels", "maxItems", 1000]],
    "/v4/channel/tag/list": [["tagId", "maxLength", 10]],
    "/v4/direct-channel/message/send": [["toUserIds", "maxItems", 1000], ["messageType", "maxLength", 32]],
    "/v4/direct-channel/history-message/list": [
        ["pageSize", "minimum", 1], ["pageSize", "maximum", 100], ["pageSize", "default", 10],
    ],
}

# A body for each operation that succeeds on the app of the fixture `prepared`, as often as it is sent.
VALID = {
    "/v4/auth/access-token/issue": {"userId": "alice", "name": "Alice"},
    "/v4/auth/access-token/expire": {"userIds": ["alice"], "expiresAt": 1},
    "/v4/user/update": {"userId": "alice", "name": "Alice"},
    "/v4/user/get": {"userId": "alice"},
    "/v4/user/ban": {"userIds": ["mallory"], "durationMinutes": 1},
    "/v4/user/unban": {"userIds": ["mallory"]},
    "/v4/user/ban/list": {"page": 1, "pageSize": 50},
    "/v4/user/connection-status/get": {"userId": "alice"},
    "/v4/user/soft-delete": {"userIds": ["gone"]},
    "/v4/user/restore": {"userIds": ["alice"]},
    "/v4/user/soft-deleted/list": {"page": 1},
    "/v4/channel-type/mute/set": {"userIds": ["mallory"], "muteState": 1, "channelTypes": ["PERSON"]},
    "/v4/channel-type/mute/list": {"channelType": "PERSON"},
    "/v4/user/tag/batch/set": {"userIds": ["alice"], "tags": ["vip"]},
    "/v4/user/tag/batch/get": {"userIds": ["alice"]},
    "/v4/user/blocklist/add": {"userId": "alice", "targetUserIds": ["mallory"]},
    "/v4/user/blocklist/remove": {"userId": "alice", "blockedUserIds": ["mallory"]},
    "/v4/user/blocklist/get": {"userId": "alice"},
    "/v4/user/whitelist/add": {"userId": "alice", "targetUserIds": ["bob"]},
    "/v4/user/whitelist/remove": {"userId": "alice", "targetUserIds": ["bob"]},
    "/v4/user/whitelist/get": {"userId": "alice"},
    "/v4/user/whitelist/setting/set": {"userIds": ["mallory"], "enabled": True},
    "/v4/user/whitelist/setting/get": {"userIds": ["alice"]},
    "/v4/user/profile/set": {"userId": "alice", "userProfile": {"level": 1}, "userExtProfile": {"ext_a": "1"}},
    "/v4/user/profile/batch/get": {"userIds": ["alice"]},
    "/v4/user/profile/list": {},
    "/v4/user/profile/delete": {"userIds": ["mallory"]},
    "/v4/friend/add": {"userId": "alice", "targetId": "carol", "action": 2},
    "/v4/friend/remove": {"userId": "mallory", "targetIds": ["alice"]},
    "/v4/friend/remove-all": {"userId": "mallory"},
    "/v4/friend/profile/set": {"userId": "alice", "targetId": "bob", "alias": "bro", "friendExtProfile": {}},
    "/v4/friend/list": {"userId": "alice"},
    "/v4/friend/relationship/get": {"userId": "alice", "targetIds": ["bob"]},
    "/v4/friend/permission/set": {"userIds": ["alice"], "permissionType": 2},
    "/v4/friend/permission/get": {"userIds": ["alice"]},
    "/v4/channel/pin/set": {"userId": "alice", "channelType": 1, "channelId": "bob", "isPin": True},
    "/v4/channel/push/set": {"requestId": "alice", "channelType": "1", "channelId": "bob", "noDisturbLevel": 5},
    "/v4/channel/push/get": {"requestId": "alice", "channelType": "GROUP", "channelId": "g"},
    "/v4/channel-type/push/set": {"requestId": "alice", "channelType": "3", "noDisturbLevel": 1},
    "/v4/channel-type/push/get": {"requestId": "alice", "channelType": "PERSON"},
    "/v4/channel/attribute/get": {"userId": "alice", "channelType": 3, "channelId": "g"},
    "/v4/user/channel/tag/add": {"userId": "alice", "tags": [{"tagId": "t", "tagName": "Tag"}]},
    "/v4/user/channel/tag/list": {"userId": "alice"},
    "/v4/user/channel/tag/remove": {"userId": "alice", "tagIds": ["none"]},
    "/v4/channel/tag/add": {"userId": "alice", "tagId": "t", "channels": [{"channelType": 1, "channelId": "bob"}]},
    "/v4/channel/tag/delete": {"userId": "alice", "tagId": "t", "channels": [{"channelType": 3, "channelId": "g"}]},
    "/v4/channel/tag/list": {"userId": "alice", "tagId": "t"},
    "/v4/direct-channel/message/send": {
        "fromUserId": "alice", "toUserIds": ["bob"], "messageType": "RC:TxtMsg", "content": "{}",
    },
    "/v4/direct-channel/history-message/list": {
        "userId": "alice", "channelId": "bob", "startAt": now_ms(), "endAt": now_ms() - 1000, "includeStart": True,
    },
    "/v4/direct-channel/message/update": {
        "fromUserId": "alice", "targetId": "bob", "messageId": "a message", "content": "{}",
    },
    "/v4/message/delete": {"fromUserId": "alice", "channelType": 1, "channelId": "bob", "messageId": "a message"},
    "/v4/group-channel/create": {"channelId": "g-new", "name": "G", "owner": "alice"},
    "/v4/group-channel/dismiss": {"channelId": "g-old"},
    "/v4/group-channel/transfer/owner": {"channelId": "g-passed", "newOwner": "bob"},
    "/v4/group-channel/profile/update": {"channelId": "g", "groupProfile": {"introduction": "all of us"}},
    "/v4/group-channel/profile/list": {"channelIds": ["g"]},
    "/v4/group-channel/list": {},
    "/v4/group-channel/joined/list": {"userId": "alice"},
    "/v4/group-channel/join": {"channelId": "g", "userIds": ["carol"]},
    "/v4/group-channel/leave": {"channelId": "g-passed", "userIds": ["bob"]},
    "/v4/group-channel/member/kickout-all": {"userId": "u000"},
    "/v4/group-channel/member/list": {"channelId": "g"},
    "/v4/group-channel/member/batch/get": {"channelId": "g", "userIds": ["bob"]},
    "/v4/group-channel/member/set": {"channelId": "g", "userId": "bob", "nickname": "Bobby"},
    "/v4/group-channel/member/favorites/add": {"channelId": "g", "userId": "alice", "favoriteIds": ["bob"]},
    "/v4/group-channel/member/favorites/list": {"channelId": "g", "userId": "alice"},
    "/v4/group-channel/member/favorites/remove": {"channelId": "g", "userId": "alice", "favoriteIds": ["mallory"]},
    "/v4/group-channel/admin/add": {"channelId": "g", "userIds": ["bob"]},
    "/v4/group-channel/admin/remove": {"channelId": "g-passed", "userIds": ["bob"]},
    "/v4/group-channel/alias/set": {"channelId": "g", "userId": "alice", "alias": "us"},
    "/v4/group-channel/alias/get": {"channelId": "g", "userId": "alice"},
    "/v4/group-channel/alias/delete": {"channelId": "g", "userId": "alice"},
    "/v4/group-channel/user/mute-list/add": {"channelId": "g", "userIds": ["mallory"], "durationMinutes": 1},
    "/v4/group-channel/user/mute-list/get": {"channelId": "g"},
    "/v4/group-channel/user/mute-list/remove": {"channelId": "g", "userIds": ["mallory"]},
    "/v4/group-channel/allowed-sender-list/add": {"channelId": "g", "userIds": ["bob"]},
    "/v4/group-channel/allowed-sender-list/get": {"channelId": "g"},
    "/v4/group-channel/allowed-sender-list/remove": {"channelId": "g", "userIds": ["bob"]},
    "/v4/group-channel/freeze-list/add": {"channelIds": ["g-frozen"]},
    "/v4/group-channel/freeze-list/get": {},
    "/v4/group-channel/freeze-list/remove": {"channelIds": ["g-frozen"]},
    "/v4/group-channel/message/send": {
        "fromUserId": "alice", "toChannelIds": ["g"], "messageType": "RC:TxtMsg", "content": "{}",
    },
    "/v4/group-channel/history-message/list": {
        "userId": "alice", "channelId": "g", "startAt": now_ms(), "endAt": now_ms() - 1000, "includeStart": True,
    },
    "/v4/group-channel/message/update": {
        "fromUserId": "alice", "channelId": "g", "messageId": "a message", "content": "{}",
    },
}


@pytest.fixture(scope="module")
def prepared(server):
    """An app with a thousand users, on which every body of `VALID` succeeds."""
    app = server.create_app()
    app.befriend("alice", "bob")
    app.register("mallory", "gone", "carol")
    app.sdk.soft_delete_users(user_ids=["gone"])
    sent = app.post("/v4/direct-channel/message/send", VALID["/v4/direct-channel/message/send"]).result
    VALID["/v4/message/delete"]["messageId"] = sent["messageIds"][0]["messageId"]
    kept = app.post("/v4/direct-channel/message/send", VALID["/v4/direct-channel/message/send"]).result
    VALID["/v4/direct-channel/message/update"]["messageId"] = kept["messageIds"][0]["messageId"]
    assert app.post("/v4/user/channel/tag/add", VALID["/v4/user/channel/tag/add"]).is_done()
    for group in ("g", "g-frozen"):
        body = {"channelId": group, "name": "G", "owner": "alice", "userIds": ["bob", "mallory"]}
        assert app.post("/v4/group-channel/create", body).status == 200
    told = app.post("/v4/group-channel/message/send", VALID["/v4/group-channel/message/send"]).result
    VALID["/v4/group-channel/message/update"]["messageId"] = told["messageIds"][0]["messageId"]
    with ThreadPoolExecutor(16) as pool:
        issue = "/v4/auth/access-token/issue"
        bodies = [{"userId": user, "name": "U"} for user in THOUSAND]
        for answer in pool.map(lambda body: app.post(issue, body), bodies):
            assert answer.status == 200
    return app


THOUSAND = [f"u{n:03}" for n in range(1000)]


def request_schema(document: dict, path: str) -> dict:
    body = document["paths"][path]["post"]["requestBody"]
    return body["content"]["application/json"]["schema"]


@pytest.fixture(scope="module")
def document(prepared):
    return prepared.http.get(f"{prepared.server.address}/openapi.json").json()


@pytest.fixture
def fresh(prepared):
    """Undoes the bodies that do not succeed twice."""
    prepared.post("/v4/friend/remove", {"userId": "alice", "targetIds": ["carol"]})
    for group in ("g-new", "g-passed"):
        prepared.post("/v4/group-channel/dismiss", {"channelId": group})
    body = {"name": "G", "owner": "alice", "userIds": ["bob"]}
    for group in ("g-old", "g-passed"):
        prepared.post("/v4/group-channel/create", {"channelId": group, **body})


def test_every_operation_of_the_document_has_a_body_here(document):
    assert set(document["paths"]) == set(VALID)


@pytest.mark.parametrize("path", DOCUMENTED)
def test_the_document_states_the_published_limits(document, path):
    members = request_schema(document, path)["properties"]
    for member, keyword, value in DOCUMENTED[path]:
        assert members[member][keyword] == value, member


def past_the_limits(name: str, schema: dict):
    """Values that a member's schema rules out, each with the refusals that fit."""
    bad, long = [codes.BAD_PARAMETER], [codes.TOO_LONG]
    if "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1), long
    if schema.get("minLength"):
        yield "", bad
    if "minimum" in schema:
        yield schema["minimum"] - 1, bad
    if "maximum" in schema:
        yield schema["maximum"] + 1, bad
    if "enum" in schema and schema["type"] != "array":
        yield "OTHER" if schema["type"] == "string" else 99, bad
    if schema.get("minItems"):
        yield [], bad
    if "maxItems" in schema:
        yield [f"x{n}" for n in range(schema["maxItems"] + 1)], bad
    if "maxProperties" in schema:
        yield {f"ext_{n}": "x" for n in range(schema["maxProperties"] + 1)}, bad
    yield ["a list"] if schema["type"] == "object" else {"an": "object"}, bad


@pytest.mark.parametrize("path", VALID)
def test_past_each_limit_the_call_is_refused_and_the_member_named(prepared, fresh, document, path):
    schema = request_schema(document, path)
    assert prepared.post(path, VALID[path]).status == 200
    for name, member in schema["properties"].items():
        for value, refusals in past_the_limits(name, member):
            answer = prepared.post(path, {**VALID[path], name: value})
            assert answer.outcome in refusals, (name, value, answer.body)
            # A list past its limit of pairs is blamed on one of them.
            culprit = answer.body.get("profileKey", name)
            assert culprit in answer.body["errorMessage"], (name, value, answer.body)


@pytest.mark.parametrize("path", VALID)
def test_what_is_required_must_be_there_and_null_is_as_good_as_absent(prepared, fresh, document, path):
    schema = request_schema(document, path)
    for name in schema.get("required", []):
        without = {key: value for key, value in VALID[path].items() if key != name}
        prepared.post(path, without).must_be(codes.BAD_PARAMETER, f"`{name}` is missing")
        prepared.post(path, {**without, name: None}).must_be(codes.BAD_PARAMETER, f"`{name}` is missing")
    optional = set(schema["properties"]) - set(VALID[path])
    assert prepared.post(path, {**VALID[path], **dict.fromkeys(optional)}).status == 200


EXTREMES = {
    "integer": [-(2**63), -(2**63) - 1, 2**63 - 1, 2**64, 10**40, -1e300, 0.5],
    "string": ["\0", "a\0b", "\x7f", "\u202e", "\U0010ffff" * 16, "%00", "'; --", "\\"],
}


@pytest.mark.parametrize("path", VALID)
def test_extreme_values_are_no_fault_of_the_servers(server, document, path):
    """Each is taken or refused; what is taken is then read back without a fault."""
    app = server.create_app()
    app.befriend("alice", "bob")
    app.register("mallory", "carol")
    for name, member in request_schema(document, path)["properties"].items():
        for value in EXTREMES.get(member["type"], []):
            body = {**VALID[path], name: value}
            answer = app.post(path, body)
            # What is switched off is refused with 430.
            assert answer.status < 500, (body, answer.body)
    for read in ("/v4/user/get", "/v4/friend/list", "/v4/user/ban/list", "/v4/user/profile/list"):
        assert app.post(read, {"userId": "alice"}).status in (200, 410)


@pytest.mark.parametrize("path", VALID)
def test_unknown_members_are_ignored(prepared, fresh, path):
    assert prepared.post(path, {**VALID[path], "someMember": [{}], "": 1}).status == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v4/channel-type/mute/set", {"userIds": THOUSAND, "muteState": 0, "channelTypes": ["PERSON"]}),
        ("/v4/user/tag/batch/set", {"userIds": THOUSAND, "tags": [f"{n:040}" for n in range(20)]}),
        ("/v4/user/tag/batch/get", {"userIds": THOUSAND[:50]}),
        ("/v4/user/ban", {"userIds": THOUSAND[:20], "durationMinutes": 43_200, "reason": "r" * 256}),
        ("/v4/user/unban", {"userIds": THOUSAND[:20]}),
        ("/v4/auth/access-token/expire", {"userIds": THOUSAND[:20], "expiresAt": 1}),
        ("/v4/user/connection-status/get", {"userIds": THOUSAND[:100]}),
        ("/v4/user/soft-delete", {"userIds": THOUSAND[-100:]}),
        ("/v4/user/restore", {"userIds": THOUSAND[:100]}),
        ("/v4/user/blocklist/add", {"userId": "alice", "targetUserIds": THOUSAND[:20]}),
        ("/v4/user/blocklist/remove", {"userId": "alice", "blockedUserIds": THOUSAND[:20]}),
        ("/v4/user/whitelist/add", {"userId": "alice", "targetUserIds": THOUSAND[:20]}),
        ("/v4/user/whitelist/setting/get", {"userIds": THOUSAND[:20]}),
        ("/v4/user/profile/batch/get", {"userIds": THOUSAND[:20]}),
        ("/v4/user/profile/delete", {"userIds": THOUSAND[:20]}),
        ("/v4/user/profile/list", {"pageSize": 100}),
        ("/v4/friend/remove", {"userId": "mallory", "targetIds": THOUSAND[:100]}),
        ("/v4/friend/relationship/get", {"userId": "alice", "targetIds": THOUSAND[:20]}),
        ("/v4/friend/permission/set", {"userIds": THOUSAND[:100], "permissionType": 1}),
        ("/v4/friend/permission/get", {"userIds": THOUSAND[:100]}),
        ("/v4/channel-type/mute/list", {"channelType": "PERSON", "pageSize": 200}),
        ("/v4/user/blocklist/get", {"userId": "alice", "pageSize": 1000}),
        ("/v4/user/ban/list", {"page": 1, "pageSize": 1000}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_up_to_its_limit_a_list_is_taken(prepared, path, body):
    answer = prepared.post(path, body)
    assert answer.outcome == (200, 0), answer.body


def test_a_message_goes_to_1000_recipients_at_once(server, prepared):
    to = [user for user in THOUSAND if user not in THOUSAND[-100:]] + ["bob"]
    extra = [f"v{n}" for n in range(1000 - len(to))]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(prepared.register, extra))
    body = {**VALID["/v4/direct-channel/message/send"], "toUserIds": to + extra}
    sent = prepared.post("/v4/direct-channel/message/send", body).result["messageIds"]
    assert [each["userId"] for each in sent] == to + extra
    assert len({each["messageId"] for each in sent}) == 1000


@pytest.mark.parametrize("noun", ["blocklist", "whitelist"])
def test_a_list_has_3000_entries_at_most(server, noun):
    app = server.create_app()
    app.register("alice")
    path = f"/v4/user/{noun}/add"
    bodies = [
        {"userId": "alice", "targetUserIds": [f"t{n}" for n in range(start, start + 20)]}
        for start in range(0, 3000, 20)
    ]
    with ThreadPoolExecutor(16) as pool:
        assert all(answer.is_done() for answer in pool.map(lambda body: app.post(path, body), bodies))
    app.post(path, {"userId": "alice", "targetUserIds": ["one-more"]}).must_be(codes.LIST_FULL)
    assert app.post(path, bodies[0]).is_done(), "who is on it already does not count again"
    first = app.post(f"/v4/user/{noun}/get", {"userId": "alice"}).result
    assert "one-more" not in str(first) and "pageToken" in first


def test_what_may_be_written_in_several_ways_is_understood(prepared):
    """Numbers as text, truth as numbers, channel types by name and number, in the singular and the plural."""
    for body in (
        {"muteState": 1, "channelTypes": ["PERSON"]},
        {"muteState": "1", "channelTypes": [1]},
        {"muteState": True, "channelType": ["PERSON"]},
        {"muteState": 1.0, "channelType": "1"},
    ):
        answer = prepared.post("/v4/channel-type/mute/set", {"userIds": ["mallory"], **body})
        assert answer.is_done(), (body, answer.body)
        unmute = {"userIds": ["mallory"], "muteState": 0, "channelTypes": ["PERSON"]}
        assert prepared.post("/v4/channel-type/mute/set", unmute).is_done()
    for order in (1, "1"):
        assert prepared.post("/v4/friend/list", {"userId": "alice", "order": order}).status == 200
    for enabled in (True, 1, "1", "true"):
        body = {"userIds": ["mallory"], "enabled": enabled}
        assert prepared.post("/v4/user/whitelist/setting/set", body).is_done()
        settings = prepared.post("/v4/user/whitelist/setting/get", {"userIds": ["mallory"]}).result["settings"]
        assert settings == [{"userId": "mallory", "enabled": True}]
