"""The 4 operations tagged UserProfileHosting."""

import time

import pytest

from support import codes
from support.app import refused
from support.recorder import failure, success

FULL = {
    "uniqueId": "u" * 32,
    "name": "é" * 64,
    "portraitUri": "https://example.org/" + "a" * 1004,
    "email": "e" * 128,
    "birthday": "b" * 32,
    "gender": 2,
    "location": "l" * 32,
    "role": 100,
    "level": 0,
}


def profile(app, user: str):
    (found,) = app.sdk.batch_get_user_profiles(user_ids=[user]).result.users
    assert found.user_id == user
    return found


@success("set_user_profile")
def test_every_key_is_kept_at_its_longest(app):
    app.register("alice")
    ext = {f"ext_{number:02}" + "k" * 26: "ü" * 256 for number in range(20)}
    app.sdk.set_user_profile(user_id="alice", user_profile=FULL, user_ext_profile=ext)
    found = profile(app, "alice")
    assert found.user_profile == FULL
    assert found.user_ext_profile == ext
    assert found.version > 0


@success("set_user_profile")
def test_keys_that_are_not_named_stay_and_the_version_grows(app):
    app.register("alice")
    app.sdk.set_user_profile(
        user_id="alice", user_profile={"name": "Al", "level": 2}, user_ext_profile={"ext_a": "1", "ext_b": "2"}
    )
    first = profile(app, "alice")
    app.sdk.set_user_profile(
        user_id="alice", user_profile={"level": None, "role": 3}, user_ext_profile={"ext_a": "", "ext_c": "3"}
    )
    second = profile(app, "alice")
    assert second.user_profile == {"name": "Al", "role": 3}
    assert second.user_ext_profile == {"ext_b": "2", "ext_c": "3"}
    assert second.version > first.version
    app.sdk.set_user_profile(user_id="alice", user_ext_profile={"ext_d": "4"})
    assert profile(app, "alice").user_profile == {"name": "Al", "role": 3}


@success("set_user_profile")
def test_declared_extension_keys_are_the_only_ones(app):
    app.register("alice")
    app.set("--profile-ext-keys", "ext_team,ext_Town")
    app.sdk.set_user_profile(user_id="alice", user_ext_profile={"ext_team": "red", "ext_Town": "Rome"})
    answer = app.post("/v4/user/profile/set", {"userId": "alice", "userExtProfile": {"ext_town": "Rome"}})
    answer.must_be(codes.BAD_PARAMETER, "ext_town")
    assert answer.body["profileKey"] == "ext_town"
    assert profile(app, "alice").user_ext_profile == {"ext_team": "red", "ext_Town": "Rome"}


BAD_PROFILES = [
    ("userProfile", {"nickname": "x"}, "nickname", codes.BAD_PARAMETER),
    ("userProfile", {"gender": 3}, "gender", codes.BAD_PARAMETER),
    ("userProfile", {"gender": "male"}, "gender", codes.BAD_PARAMETER),
    ("userProfile", {"role": 101}, "role", codes.BAD_PARAMETER),
    ("userProfile", {"level": -1}, "level", codes.BAD_PARAMETER),
    ("userProfile", {"name": 5}, "name", codes.BAD_PARAMETER),
    ("userProfile", {"name": "x" * 65}, "name", codes.TOO_LONG),
    ("userProfile", {"uniqueId": "x" * 33}, "uniqueId", codes.TOO_LONG),
    ("userProfile", {"email": "x" * 129}, "email", codes.TOO_LONG),
    ("userProfile", {"birthday": "x" * 33}, "birthday", codes.TOO_LONG),
    ("userProfile", {"location": "x" * 33}, "location", codes.TOO_LONG),
    ("userProfile", {"portraitUri": "https://example.org/" + "a" * 1005}, "portraitUri", codes.TOO_LONG),
    ("userProfile", {"portraitUri": "javascript:alert(1)"}, "portraitUri", codes.BAD_PARAMETER),
    ("userExtProfile", {"team": "x"}, "team", codes.BAD_PARAMETER),
    ("userExtProfile", {"ext_": "x"}, "ext_", codes.BAD_PARAMETER),
    ("userExtProfile", {"ext_ä": "x"}, "ext_ä", codes.BAD_PARAMETER),
    ("userExtProfile", {"ext_" + "k" * 29: "x"}, "ext_" + "k" * 29, codes.BAD_PARAMETER),
    ("userExtProfile", {"ext_a": "x" * 257}, "ext_a", codes.TOO_LONG),
]


@pytest.mark.parametrize(("member", "change", "key", "refusal"), BAD_PROFILES, ids=lambda value: str(value)[:30])
def test_a_refused_profile_names_the_key_and_changes_nothing(app, member, change, key, refusal):
    app.register("alice")
    body = {"userId": "alice", "userProfile": {"location": "Rome"}}
    body[member] = {**body.get(member, {}), **change}
    answer = app.post("/v4/user/profile/set", body)
    answer.must_be(refusal, key)
    assert answer.body["profileKey"] == key
    assert not profile(app, "alice").user_profile


@failure("set_user_profile")
def test_set_refuses_an_unknown_user_and_nothing_to_set(app):
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.set_user_profile(user_id="nobody", user_profile={"name": "N"})
    app.register("alice")
    with refused(codes.BAD_PARAMETER, "`userProfile`"):
        app.sdk.set_user_profile(user_id="alice")
    with refused(codes.TOO_LONG, "email"):
        app.sdk.set_user_profile(user_id="alice", user_profile={"email": "x" * 129})
    app.sdk.soft_delete_users(user_ids=["alice"])
    with refused(codes.SOFT_DELETED, "alice"):
        app.sdk.set_user_profile(user_id="alice", user_profile={"name": "N"})


@failure("set_user_profile")
def test_a_profile_has_20_extension_pairs_at_most(app):
    app.register("alice")
    pairs = {f"ext_{number}": "x" for number in range(20)}
    with refused(codes.BAD_PARAMETER):
        app.sdk.set_user_profile(user_id="alice", user_ext_profile={**pairs, "ext_20": "x"})
    app.sdk.set_user_profile(user_id="alice", user_ext_profile=pairs)
    with refused(codes.BAD_PARAMETER):
        app.sdk.set_user_profile(user_id="alice", user_ext_profile={"ext_20": "x"})
    app.sdk.set_user_profile(user_id="alice", user_ext_profile={"ext_0": "", "ext_20": "x"})
    found = profile(app, "alice").user_ext_profile
    assert len(found) == 20 and "ext_0" not in found and found["ext_20"] == "x"


@success("batch_get_user_profiles")
def test_profiles_are_told_in_the_order_asked_for(app):
    app.register("alice", "bob", "none", "gone")
    app.sdk.soft_delete_users(user_ids=["gone"])
    app.sdk.set_user_profile(user_id="alice", user_profile={"name": "Al"})
    app.sdk.set_user_profile(user_id="bob", user_ext_profile={"ext_a": "1"})
    users = app.sdk.batch_get_user_profiles(user_ids=["bob", "none", "gone", "nobody", "alice"]).result.users
    assert [user.user_id for user in users] == ["bob", "none", "alice"]
    assert [user.user_profile or {} for user in users] == [{}, {}, {"name": "Al"}]
    assert users[0].user_ext_profile == {"ext_a": "1"}
    assert users[1].version is None, "who has no profile has no version of it"


@failure("batch_get_user_profiles")
def test_get_refuses_more_than_20_and_what_is_no_id(app):
    with refused(codes.BAD_PARAMETER, "`userIds`"):
        app.sdk.batch_get_user_profiles(user_ids=[f"u{number}" for number in range(21)])
    with refused(codes.BAD_PARAMETER, "`userIds[1]`"):
        app.sdk.batch_get_user_profiles(user_ids=["alice", ""])


@success("list_user_profiles")
def test_profiles_are_listed_by_registration(app):
    users = ["zoe", "bob", "mia"]
    for user in users:
        app.register(user)
        time.sleep(0.005)
    app.sdk.set_user_profile(user_id="bob", user_profile={"name": "Bo"})

    def page(**members):
        return [user.user_id for user in app.sdk.list_user_profiles(**members).result.users]

    assert page() == users
    assert page(order=1) == users[::-1]
    assert page(page=1, page_size=2) == ["zoe", "bob"]
    assert page(page=2, page_size=2) == ["mia"]
    assert page(page=2, page_size=2, order=1) == ["zoe"]
    assert page(page=3, page_size=2) == []
    listed = app.sdk.list_user_profiles(page=1, page_size=2).result.users[1]
    assert listed.user_profile == {"name": "Bo"}
    assert listed.version == profile(app, "bob").version


@pytest.mark.parametrize(
    ("members", "naming"),
    [
        ({"page": 0}, "`page`"),
        ({"page_size": 0}, "`pageSize`"),
        ({"page_size": 101}, "`pageSize`"),
        ({"order": 2}, "`order`"),
    ],
)
@failure("list_user_profiles")
def test_profiles_are_listed_in_bounded_pages_only(app, members, naming):
    with refused(codes.BAD_PARAMETER, naming):
        app.sdk.list_user_profiles(**members)


@success("delete_user_profiles")
def test_deleting_profiles_leaves_the_users(app):
    app.register("alice", "bob", "carol")
    for user in ("alice", "bob"):
        app.sdk.set_user_profile(user_id=user, user_profile={"name": "X"}, user_ext_profile={"ext_a": "1"})
    app.sdk.delete_user_profiles(user_ids=["alice", "carol"])
    found = profile(app, "alice")
    assert not found.user_profile and not found.user_ext_profile
    assert profile(app, "bob").user_profile == {"name": "X"}
    assert app.sdk.get_user(user_id="alice").result.name == "Name of alice"
    app.sdk.set_user_profile(user_id="alice", user_profile={"level": 1})
    assert profile(app, "alice").user_profile == {"level": 1}, "nothing of the old one is left"


@failure("delete_user_profiles")
def test_deleting_a_batch_of_profiles_is_all_or_nothing(app):
    app.register("alice")
    app.sdk.set_user_profile(user_id="alice", user_profile={"name": "X"})
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.delete_user_profiles(user_ids=["alice", "nobody"])
    with refused(codes.BAD_PARAMETER, "`userIds`"):
        app.sdk.delete_user_profiles(user_ids=["alice"] + [f"u{number}" for number in range(20)])
    assert profile(app, "alice").user_profile == {"name": "X"}
