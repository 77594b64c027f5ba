"""The 8 operations tagged Friendship."""

import time

import pytest

from support import codes
from support.app import now_ms, refused
from support.recorder import failure, success

NOT_FRIENDS, FRIENDS = 1, 4
ANYONE, WITH_CONSENT, NOBODY = 1, 2, 3


def friends(app, user: str, **members) -> list[str]:
    return [friend.user_id for friend in app.sdk.list_friends(user_id=user, **members).result.friends]


def relation(app, user: str, target: str) -> int:
    (found,) = app.sdk.get_friend_relationships(user_id=user, target_ids=[target]).result.friendships
    assert found.user_id == target
    return found.result


# add_friend


@success("add_friend")
def test_friends_at_once_whatever_the_target_says(app):
    app.register("alice", "bob")
    app.sdk.set_friend_permission(user_ids=["bob"], permission_type=NOBODY)
    app.sdk.add_user_blocklist(user_id="bob", target_user_ids=["alice"])
    app.sdk.add_friend(user_id="alice", target_id="bob", action=2)
    assert friends(app, "alice") == ["bob"]
    assert friends(app, "bob") == ["alice"]


@success("add_friend")
def test_anyone_may_add_who_lets_anyone(app):
    app.register("alice", "bob")
    app.sdk.set_friend_permission(user_ids=["bob"], permission_type=ANYONE)
    app.sdk.add_friend(user_id="alice", target_id="bob", action=1, extra="e" * 128)
    assert friends(app, "bob") == ["alice"]


@success("add_friend")
def test_who_wants_to_consent_is_asked_and_asking_back_consents(app):
    app.register("alice", "bob")
    app.sdk.add_friend(user_id="alice", target_id="bob", extra="it's me")
    assert relation(app, "alice", "bob") == NOT_FRIENDS
    with refused(codes.REQUEST_PENDING, "bob"):
        app.sdk.add_friend(user_id="alice", target_id="bob")
    app.sdk.add_friend(user_id="bob", target_id="alice")
    assert relation(app, "alice", "bob") == FRIENDS


@failure("add_friend")
def test_add_refuses_oneself_strangers_and_friends(app):
    app.befriend("alice", "bob")
    with refused(codes.BAD_PARAMETER):
        app.sdk.add_friend(user_id="alice", target_id="alice")
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.add_friend(user_id="nobody", target_id="alice")
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.add_friend(user_id="alice", target_id="nobody", action=2)
    for action in (1, 2):
        with refused(codes.ALREADY_FRIENDS, "bob"):
            app.sdk.add_friend(user_id="alice", target_id="bob", action=action)
    app.register("gone")
    app.sdk.soft_delete_users(user_ids=["gone"])
    with refused(codes.SOFT_DELETED, "gone"):
        app.sdk.add_friend(user_id="alice", target_id="gone", action=2)


@failure("add_friend")
def test_add_obeys_the_target_and_its_lists(app):
    app.register("alice", "bob", "carol", "dave")
    app.sdk.set_friend_permission(user_ids=["bob", "carol", "dave"], permission_type=ANYONE)
    app.sdk.set_friend_permission(user_ids=["bob"], permission_type=NOBODY)
    with refused(codes.NOBODY_MAY_ADD, "bob"):
        app.sdk.add_friend(user_id="alice", target_id="bob")
    app.sdk.add_user_blocklist(user_id="carol", target_user_ids=["alice"])
    with refused(codes.IN_TARGET_BLOCKLIST):
        app.sdk.add_friend(user_id="alice", target_id="carol")
    app.post("/v4/user/whitelist/setting/set", {"userIds": ["dave"], "enabled": True})
    with refused(codes.NOT_IN_TARGET_WHITELIST):
        app.sdk.add_friend(user_id="alice", target_id="dave")
    assert friends(app, "alice") == []


@pytest.mark.parametrize(
    ("members", "refusal", "naming"),
    [
        ({"action": 0}, codes.BAD_PARAMETER, "`action`"),
        ({"action": 3}, codes.BAD_PARAMETER, "`action`"),
        ({"extra": "e" * 129}, codes.TOO_LONG, "`extra`"),
        ({"target_id": "no id"}, codes.BAD_PARAMETER, "`targetId`"),
    ],
)
@failure("add_friend")
def test_add_refuses_bad_values(app, members, refusal, naming):
    app.register("alice", "bob")
    with refused(refusal, naming):
        app.sdk.add_friend(**{"user_id": "alice", "target_id": "bob", **members})


# remove_friends


@success("remove_friends")
def test_a_friendship_ends_on_both_sides(app):
    app.befriend("alice", "bob", "carol")
    app.sdk.remove_friends(user_id="alice", target_ids=["bob", "never-was"])
    assert friends(app, "alice") == ["carol"]
    assert friends(app, "bob") == []
    assert relation(app, "bob", "alice") == NOT_FRIENDS


@success("remove_friends")
def test_where_only_friends_may_write_the_end_of_a_friendship_ends_it(app):
    app.set("--only-friends-can-message", "true")
    app.befriend("alice", "bob")
    alice, bob = app.client("alice"), app.client("bob")
    alice.send("bob", "as friends")
    assert bob.message()["from"] == "alice"
    app.sdk.remove_friends(user_id="bob", target_ids=["alice"])
    assert alice.refused_send("bob") == codes.CLIENT_ONLY_FRIENDS


@failure("remove_friends")
def test_remove_refuses_bad_values_and_ends_nothing(app):
    app.befriend("alice", "bob")
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.remove_friends(user_id="nobody", target_ids=["alice"])
    with refused(codes.BAD_PARAMETER, "`targetIds`"):
        app.sdk.remove_friends(user_id="alice", target_ids=["bob"] + [f"u{n}" for n in range(100)])
    with refused(codes.BAD_PARAMETER, "`targetIds[1]`"):
        app.sdk.remove_friends(user_id="alice", target_ids=["bob", "no id"])
    with refused(codes.BAD_PARAMETER, "alice"):
        app.sdk.remove_friends(user_id="alice", target_ids=["bob", "alice"])
    assert friends(app, "alice") == ["bob"]


# remove_all_friends


@success("remove_all_friends")
def test_all_friendships_of_one_user_end(app):
    app.befriend("alice", "bob", "carol")
    app.befriend("bob", "carol")
    app.sdk.remove_all_friends(user_id="alice")
    assert friends(app, "alice") == []
    assert friends(app, "bob") == ["carol"]
    assert friends(app, "carol") == ["bob"]
    app.sdk.remove_all_friends(user_id="alice")


@failure("remove_all_friends")
def test_remove_all_refuses_who_is_not_registered_or_deleted(app):
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.remove_all_friends(user_id="nobody")
    app.register("alice")
    app.sdk.soft_delete_users(user_ids=["alice"])
    with refused(codes.SOFT_DELETED, "alice"):
        app.sdk.remove_all_friends(user_id="alice")


# set_friend_profile


@success("set_friend_profile")
def test_what_one_side_calls_a_friend_is_its_own(app):
    app.befriend("alice", "bob")
    pairs = {f"ext_{n}" + "k" * 27: "ü" * 256 for n in range(10)}
    app.sdk.set_friend_profile(user_id="alice", target_id="bob", alias="é" * 64, friend_ext_profile=pairs)
    (bob,) = app.sdk.list_friends(user_id="alice").result.friends
    assert (bob.alias, bob.friend_ext_profile) == ("é" * 64, pairs)
    (alice,) = app.sdk.list_friends(user_id="bob").result.friends
    assert (alice.alias or "", alice.friend_ext_profile or {}) == ("", {})


@success("set_friend_profile")
def test_an_alias_that_is_not_given_is_cleared(app):
    app.befriend("alice", "bob")
    app.sdk.set_friend_profile(user_id="alice", target_id="bob", alias="bro")
    app.sdk.set_friend_profile(user_id="alice", target_id="bob", friend_ext_profile={"ext_met": "2020"})
    (bob,) = app.sdk.list_friends(user_id="alice").result.friends
    assert (bob.alias or "", bob.friend_ext_profile) == ("", {"ext_met": "2020"})


@pytest.mark.parametrize(
    ("members", "refusal", "naming"),
    [
        ({"target_id": "carol"}, codes.NOT_FRIENDS, "carol"),
        ({"user_id": "nobody"}, codes.NOT_REGISTERED, "nobody"),
        ({"alias": "x" * 65}, codes.TOO_LONG, "`alias`"),
        ({"friend_ext_profile": {"met": "x"}}, codes.BAD_PARAMETER, "met"),
        ({"friend_ext_profile": {"ext_a-b": "x"}}, codes.BAD_PARAMETER, "ext_a-b"),
        ({"friend_ext_profile": {"ext_a": "x" * 257}}, codes.TOO_LONG, "ext_a"),
        ({"friend_ext_profile": {"ext_" + "k" * 29: "x"}}, codes.BAD_PARAMETER, "ext_"),
        ({"friend_ext_profile": {f"ext_{n}": "x" for n in range(11)}}, codes.BAD_PARAMETER, ""),
    ],
)
@failure("set_friend_profile")
def test_set_profile_refuses_bad_values_and_changes_nothing(app, members, refusal, naming):
    app.befriend("alice", "bob")
    app.register("carol")
    with refused(refusal, naming):
        app.sdk.set_friend_profile(**{"user_id": "alice", "target_id": "bob", "alias": "bro", **members})
    (bob,) = app.sdk.list_friends(user_id="alice").result.friends
    assert (bob.alias or "", bob.friend_ext_profile or {}) == ("", {})


# list_friends


@success("list_friends")
def test_friends_are_listed_by_age_in_pages(app):
    app.register("alice", "u0", "u1", "u2", "u3", "u4")
    began = now_ms()
    for n in (3, 1, 4, 0, 2):
        app.sdk.add_friend(user_id="alice", target_id=f"u{n}", action=2)
        time.sleep(0.005)
    assert friends(app, "alice") == ["u3", "u1", "u4", "u0", "u2"]
    assert friends(app, "alice", order=1) == ["u2", "u0", "u4", "u1", "u3"]
    pages, token = [], None
    while True:
        members = {"page_token": token} if token else {}
        result = app.sdk.list_friends(user_id="alice", page_size=2, order=1, **members).result
        assert result.total_count == 5
        assert all(began <= friend.added_at <= now_ms() for friend in result.friends)
        pages.append([friend.user_id for friend in result.friends])
        token = result.page_token
        if token is None:
            break
    assert pages == [["u2", "u0"], ["u4", "u1"], ["u3"]]


@success("list_friends")
def test_a_friend_has_the_hosted_name_before_the_registered_one(app):
    app.befriend("alice", "bob")
    (bob,) = app.sdk.list_friends(user_id="alice").result.friends
    assert bob.name == "Name of bob"
    app.sdk.set_user_profile(user_id="bob", user_profile={"name": "Bo"})
    (bob,) = app.sdk.list_friends(user_id="alice").result.friends
    assert bob.name == "Bo"


def test_the_extension_profile_is_told_as_object_and_as_text(app):
    app.befriend("alice", "bob")
    app.sdk.set_friend_profile(user_id="alice", target_id="bob", friend_ext_profile={"ext_met": "2020"})
    (bob,) = app.post("/v4/friend/list", {"userId": "alice", "order": "1"}).result["friends"]
    assert bob["friendExtProfile"] == {"ext_met": "2020"}
    assert bob["extraProfile"] == '{"ext_met":"2020"}'


@pytest.mark.parametrize(
    ("members", "refusal", "naming"),
    [
        ({"user_id": "nobody"}, codes.NOT_REGISTERED, "nobody"),
        ({"page_size": 0}, codes.BAD_PARAMETER, "`pageSize`"),
        ({"page_size": 101}, codes.BAD_PARAMETER, "`pageSize`"),
        ({"order": 2}, codes.BAD_PARAMETER, "`order`"),
        ({"page_token": "made up"}, codes.BAD_PARAMETER, "`pageToken`"),
    ],
)
@failure("list_friends")
def test_list_refuses_bad_values(app, members, refusal, naming):
    app.register("alice")
    with refused(refusal, naming):
        app.sdk.list_friends(**{"user_id": "alice", **members})


@failure("list_friends")
def test_a_page_token_belongs_to_its_order(app):
    app.befriend("alice", "bob", "carol")
    token = app.sdk.list_friends(user_id="alice", page_size=1, order=1).result.page_token
    with refused(codes.BAD_PARAMETER, "`pageToken`"):
        app.sdk.list_friends(user_id="alice", page_size=1, order=0, page_token=token)


# get_friend_relationships


@success("get_friend_relationships")
def test_relationships_are_told_in_the_order_asked_for(app):
    app.befriend("alice", "bob")
    app.register("carol")
    app.sdk.add_friend(user_id="alice", target_id="carol")
    targets = ["carol", "bob", "nobody"]
    found = app.sdk.get_friend_relationships(user_id="alice", target_ids=targets).result.friendships
    assert [(each.user_id, each.result) for each in found] == [
        ("carol", NOT_FRIENDS),
        ("bob", FRIENDS),
        ("nobody", NOT_FRIENDS),
    ]


@failure("get_friend_relationships")
def test_relationships_refuse_bad_values(app):
    app.register("alice")
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.get_friend_relationships(user_id="nobody", target_ids=["alice"])
    with refused(codes.BAD_PARAMETER, "`targetIds`"):
        app.sdk.get_friend_relationships(user_id="alice", target_ids=[f"u{n}" for n in range(21)])
    with refused(codes.BAD_PARAMETER, "`targetIds`"):
        app.sdk.get_friend_relationships(user_id="alice", target_ids=[])


# set_friend_permission


@success("set_friend_permission")
def test_a_permission_is_set_for_all_listed_users(app):
    app.register("alice", "bob", "carol")
    for permission in (ANYONE, NOBODY, WITH_CONSENT):
        app.sdk.set_friend_permission(user_ids=["alice", "bob"], permission_type=permission)
        found = app.sdk.get_friend_permission(user_ids=["alice", "carol", "bob"]).result.permissions
        assert [each.permission_type for each in found] == [permission, WITH_CONSENT, permission]


@pytest.mark.parametrize("permission", [0, 4])
@failure("set_friend_permission")
def test_set_permission_refuses_other_levels(app, permission):
    app.register("alice")
    with refused(codes.BAD_PARAMETER, "`permissionType`"):
        app.sdk.set_friend_permission(user_ids=["alice"], permission_type=permission)


@failure("set_friend_permission")
def test_set_permission_of_a_batch_is_all_or_nothing(app):
    app.register("alice")
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.set_friend_permission(user_ids=["alice", "nobody"], permission_type=NOBODY)
    found = app.sdk.get_friend_permission(user_ids=["alice"]).result.permissions
    assert found[0].permission_type == WITH_CONSENT


# get_friend_permission


@success("get_friend_permission")
def test_who_has_set_nothing_follows_the_app(app):
    app.register("alice", "bob")
    app.sdk.set_friend_permission(user_ids=["bob"], permission_type=WITH_CONSENT)

    def found():
        permissions = app.sdk.get_friend_permission(user_ids=["bob", "alice"]).result.permissions
        return [(each.user_id, each.permission_type) for each in permissions]

    assert found() == [("bob", WITH_CONSENT), ("alice", WITH_CONSENT)]
    app.set("--friend-permission", "nobody")
    assert found() == [("bob", WITH_CONSENT), ("alice", NOBODY)]


@failure("get_friend_permission")
def test_get_permission_refuses_bad_values(app):
    app.register("alice")
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.get_friend_permission(user_ids=["alice", "nobody"])
    with refused(codes.BAD_PARAMETER, "`userIds`"):
        app.sdk.get_friend_permission(user_ids=[f"u{n}" for n in range(101)])
