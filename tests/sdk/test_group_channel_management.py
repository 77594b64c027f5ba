"""The 21 operations tagged GroupChannelManagement."""

import time

import pytest

from support import codes
from support.app import now_ms, refused
from support.recorder import failure, success

MEMBER, ADMIN, OWNER = 1, 2, 3


def members(app, channel: str, **query) -> list[tuple[str, int]]:
    result = app.sdk.list_group_channel_members(channel_id=channel, **query).result
    return [(member.user_id, member.role) for member in result.members]


def profile(app, channel: str):
    (found,) = app.sdk.batch_get_group_channel_profiles(channel_ids=[channel]).result.profiles
    return found


def joined(app, user: str, **query) -> list[str]:
    return [group.channel_id for group in app.sdk.list_user_joined_group_channels(user_id=user, **query).result.groups]


# create_group_channel


@success("create_group_channel")
@success("batch_get_group_channel_profiles")
def test_a_group_is_told_as_it_was_made(app):
    began = now_ms()
    app.register("alice", "bob", "carol")
    pairs = {f"ext_{n}" + "k" * 27: "ü" * 256 for n in range(10)}
    about = {"introduction": "é" * 512, "announcement": "é" * 1024, "portraitUrl": "https://a.example/g.png"}
    app.sdk.create_group_channel(
        channel_id="g",
        name="é" * 64,
        owner="alice",
        user_ids=["bob", "carol"],
        group_profile=about,
        permissions={"joinPerm": 2, "invitePerm": 1},
        group_ext_profile=pairs,
    )
    group = profile(app, "g")
    assert (group.channel_id, group.name, group.owner, group.member_count) == ("g", "é" * 64, "alice", 3)
    assert (group.group_profile, group.group_ext_profile) == (about, pairs)
    assert (group.permissions["joinPerm"], group.permissions["invitePerm"], group.permissions["removePerm"]) == (2, 1, 0)
    assert began - 1000 <= group.created_at <= now_ms() + 1000
    assert members(app, "g") == [("alice", OWNER), ("bob", MEMBER), ("carol", MEMBER)]


@pytest.mark.parametrize(
    ("change", "refusal", "naming"),
    [
        ({"channel_id": "taken"}, codes.GROUP_ID_TAKEN, "taken"),
        ({"channel_id": "no id"}, codes.BAD_PARAMETER, "`channelId`"),
        ({"channel_id": "g" * 65}, codes.TOO_LONG, "`channelId`"),
        ({"name": "n" * 65}, codes.TOO_LONG, "`name`"),
        ({"owner": "nobody"}, codes.NOT_REGISTERED, "nobody"),
        ({"user_ids": ["nobody"]}, codes.NOT_REGISTERED, "nobody"),
        ({"user_ids": [f"u{n}" for n in range(31)]}, codes.BAD_PARAMETER, "`userIds`"),
        ({"group_profile": {"color": "red"}}, codes.BAD_PARAMETER, "color"),
        ({"group_profile": {"announcement": "a" * 1025}}, codes.TOO_LONG, "announcement"),
        ({"permissions": {"joinPerm": 4}}, codes.BAD_PARAMETER, "joinPerm"),
        ({"permissions": {"flyPerm": 1}}, codes.BAD_PARAMETER, "flyPerm"),
        ({"group_ext_profile": {"city": "x"}}, codes.BAD_PARAMETER, "city"),
        ({"group_ext_profile": {f"ext_{n}": "x" for n in range(11)}}, codes.BAD_PARAMETER, ""),
    ],
)
@failure("create_group_channel")
def test_create_refuses_bad_values_and_makes_nothing(app, change, refusal, naming):
    app.group("taken", "alice")
    with refused(refusal, naming):
        app.sdk.create_group_channel(**{"channel_id": "g", "name": "N", "owner": "alice", **change})
    assert joined(app, "alice") == ["taken"]


# batch_get_group_channel_profiles


@success("batch_get_group_channel_profiles")
def test_groups_are_told_in_the_order_asked_for_and_others_left_out(app):
    app.group("g1", "alice")
    app.group("g2", "alice")
    found = app.sdk.batch_get_group_channel_profiles(channel_ids=["g2", "none", "g1"]).result.profiles
    assert [group.channel_id for group in found] == ["g2", "g1"]


@failure("batch_get_group_channel_profiles")
def test_get_profiles_refuses_bad_values(app):
    with refused(codes.BAD_PARAMETER, "`channelIds`"):
        app.sdk.batch_get_group_channel_profiles(channel_ids=[])
    with refused(codes.BAD_PARAMETER, "`channelIds`"):
        app.sdk.batch_get_group_channel_profiles(channel_ids=[f"g{n}" for n in range(51)])


# update_group_channel_profile


@success("update_group_channel_profile")
def test_an_update_changes_what_it_names(app):
    app.group("g", "alice")
    app.sdk.update_group_channel_profile(
        channel_id="g",
        group_profile={"name": "New", "introduction": "i", "announcement": "a"},
        permissions={"profilePerm": 2},
        group_ext_profile={"ext_a": "1", "ext_b": "2"},
    )
    app.sdk.update_group_channel_profile(
        channel_id="g", group_profile={"introduction": ""}, group_ext_profile={"ext_a": ""}
    )
    group = profile(app, "g")
    assert (group.name, group.group_profile, group.group_ext_profile) == ("New", {"announcement": "a"}, {"ext_b": "2"})
    assert group.permissions["profilePerm"] == 2


@failure("update_group_channel_profile")
def test_update_refuses_bad_values_and_changes_nothing(app):
    app.group("g", "alice")
    with refused(codes.NO_SUCH_GROUP, "none"):
        app.sdk.update_group_channel_profile(channel_id="none", group_profile={"name": "N"})
    with refused(codes.BAD_PARAMETER, "`groupProfile`"):
        app.sdk.update_group_channel_profile(channel_id="g")
    with refused(codes.TOO_LONG, "introduction"):
        app.sdk.update_group_channel_profile(
            channel_id="g", group_profile={"name": "N", "introduction": "i" * 513}
        )
    assert profile(app, "g").name == "Name of g"


# list_group_channels


@success("list_group_channels")
def test_groups_are_listed_by_age_in_pages(app):
    for channel in ("g2", "g1", "g3"):
        app.group(channel, "alice")
        time.sleep(0.005)
    for order, expected in ((0, ["g2", "g1", "g3"]), (1, ["g3", "g1", "g2"])):
        first = app.sdk.list_group_channels(page_size=2, order=order).result
        last = app.sdk.list_group_channels(page_size=2, order=order, page_token=first.page_token).result
        assert [group.channel_id for group in first.groups + last.groups] == expected
        assert last.page_token is None
    assert {(group.creator, group.owner) for group in first.groups} == {("alice", "alice")}


@pytest.mark.parametrize(
    ("query", "naming"), [({"page_size": 101}, "`pageSize`"), ({"order": 2}, "`order`"), ({"page_token": "x"}, "`pageToken`")]
)
@failure("list_group_channels")
def test_list_refuses_bad_values(app, query, naming):
    with refused(codes.BAD_PARAMETER, naming):
        app.sdk.list_group_channels(**query)


# join_group_channel


@success("join_group_channel")
def test_who_joins_is_a_member_once(app):
    app.group("g", "alice")
    app.register("bob")
    for _ in range(2):
        group = app.sdk.join_group_channel(channel_id="g", user_ids=["bob", "alice"]).result
        assert (group.channel_id, group.owner, group.member_count) == ("g", "alice", 2)
    assert members(app, "g") == [("alice", OWNER), ("bob", MEMBER)]


@failure("join_group_channel")
def test_join_is_all_or_nothing(app):
    app.group("g", "alice")
    app.register("bob", "gone")
    app.sdk.soft_delete_users(user_ids=["gone"])
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.join_group_channel(channel_id="g", user_ids=["bob", "nobody"])
    with refused(codes.SOFT_DELETED, "gone"):
        app.sdk.join_group_channel(channel_id="g", user_ids=["bob", "gone"])
    with refused(codes.NO_SUCH_GROUP, "none"):
        app.sdk.join_group_channel(channel_id="none", user_ids=["bob"])
    with refused(codes.BAD_PARAMETER, "`userIds`"):
        app.sdk.join_group_channel(channel_id="g", user_ids=[f"u{n}" for n in range(101)])
    assert members(app, "g") == [("alice", OWNER)]


# quit_group_channel


@success("quit_group_channel")
def test_who_leaves_is_no_member(app):
    app.group("g", "alice", "bob", "carol")
    app.sdk.quit_group_channel(channel_id="g", user_ids=["bob", "never-there"])
    assert members(app, "g") == [("alice", OWNER), ("carol", MEMBER)]
    assert (joined(app, "bob"), joined(app, "carol")) == ([], ["g"])


@success("quit_group_channel")
def test_who_leaves_loses_mute_and_lists_unless_they_are_to_stay(app):
    app.group("g", "alice", "bob")
    for stays in (1, 0):
        app.sdk.add_group_channel_user_mute_list(channel_id="g", user_ids=["bob"], duration_minutes=5)
        app.sdk.add_group_channel_allowed_sender_list(channel_id="g", user_ids=["bob"])
        app.sdk.add_group_channel_member_favorites(channel_id="g", user_id="bob", favorite_ids=["alice"])
        app.sdk.quit_group_channel(
            channel_id="g",
            user_ids=["bob"],
            should_delete_mute=1 - stays,
            should_delete_allowed_senders_list=1 - stays,
            should_delete_favorites=1 - stays,
        )
        app.sdk.join_group_channel(channel_id="g", user_ids=["bob"])
        muted = app.sdk.get_group_channel_user_mute_list(channel_id="g").result.muted_members
        allowed = app.sdk.get_group_channel_allowed_sender_list(channel_id="g").result.user_ids
        favorites = app.sdk.list_group_channel_member_favorites(channel_id="g", user_id="bob").result.favorites
        assert (len(muted), len(allowed), len(favorites)) == (stays,) * 3


@failure("quit_group_channel")
def test_an_owner_cannot_leave(app):
    app.group("g", "alice", "bob")
    with refused(codes.OWNER_CANNOT_LEAVE, "alice"):
        app.sdk.quit_group_channel(channel_id="g", user_ids=["bob", "alice"])
    with refused(codes.NO_SUCH_GROUP, "none"):
        app.sdk.quit_group_channel(channel_id="none", user_ids=["bob"])
    assert members(app, "g") == [("alice", OWNER), ("bob", MEMBER)]


# kick_user_from_all_group_channels


@success("kick_user_from_all_group_channels")
def test_a_user_leaves_all_groups(app):
    app.group("g1", "alice", "bob")
    app.group("g2", "alice", "bob")
    app.sdk.kick_user_from_all_group_channels(user_id="bob")
    assert joined(app, "bob") == []
    assert members(app, "g1") == members(app, "g2") == [("alice", OWNER)]


@failure("kick_user_from_all_group_channels")
def test_an_owner_leaves_no_group(app):
    app.group("g1", "alice", "bob")
    app.group("g2", "bob")
    with refused(codes.OWNER_CANNOT_LEAVE, "g2"):
        app.sdk.kick_user_from_all_group_channels(user_id="bob")
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.kick_user_from_all_group_channels(user_id="nobody")
    assert sorted(joined(app, "bob")) == ["g1", "g2"]


# dismiss_group_channel


@success("dismiss_group_channel")
def test_a_dismissed_group_is_gone_and_its_id_free(app):
    app.group("g", "alice", "bob")
    app.sdk.dismiss_group_channel(channel_id="g")
    assert joined(app, "bob") == []
    app.group("g", "bob")
    assert members(app, "g") == [("bob", OWNER)]


@failure("dismiss_group_channel")
def test_a_group_is_dismissed_once(app):
    app.group("g", "alice")
    app.sdk.dismiss_group_channel(channel_id="g")
    with refused(codes.NO_SUCH_GROUP, "`g`"):
        app.sdk.dismiss_group_channel(channel_id="g")


# transfer_group_channel_owner


@success("transfer_group_channel_owner")
def test_a_group_passes_on_and_the_owner_before_stays_or_leaves(app):
    app.group("g", "alice", "bob")
    app.sdk.transfer_group_channel_owner(channel_id="g", new_owner="bob")
    assert sorted(members(app, "g")) == [("alice", MEMBER), ("bob", OWNER)]
    assert profile(app, "g").owner == "bob"
    app.sdk.transfer_group_channel_owner(channel_id="g", new_owner="alice", should_leave=1)
    assert members(app, "g") == [("alice", OWNER)]


@failure("transfer_group_channel_owner")
def test_a_group_passes_to_another_member_only(app):
    app.group("g", "alice", "bob")
    app.register("carol")
    with refused(codes.NOT_A_MEMBER, "carol"):
        app.sdk.transfer_group_channel_owner(channel_id="g", new_owner="carol")
    with refused(codes.BAD_PARAMETER, "alice"):
        app.sdk.transfer_group_channel_owner(channel_id="g", new_owner="alice")
    assert profile(app, "g").owner == "alice"


# list_user_joined_group_channels


@success("list_user_joined_group_channels")
def test_joined_groups_are_listed_by_role_and_age(app):
    for channel, owner in (("g1", "alice"), ("g2", "bob"), ("g3", "alice")):
        app.group(channel, owner, *({"alice", "bob"} - {owner}))
        time.sleep(0.005)
    assert joined(app, "alice") == ["g1", "g2", "g3"]
    assert joined(app, "alice", order=1) == ["g3", "g2", "g1"]
    assert joined(app, "alice", role=OWNER) == ["g1", "g3"]
    first = app.sdk.list_user_joined_group_channels(user_id="alice", page_size=2).result
    assert [group.role for group in first.groups] == [OWNER, MEMBER]
    last = app.sdk.list_user_joined_group_channels(user_id="alice", page_size=2, page_token=first.page_token).result
    assert ([group.channel_id for group in last.groups], last.page_token) == (["g3"], None)


@failure("list_user_joined_group_channels")
def test_joined_list_refuses_bad_values(app):
    app.register("alice")
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.list_user_joined_group_channels(user_id="nobody")
    with refused(codes.BAD_PARAMETER, "`role`"):
        app.sdk.list_user_joined_group_channels(user_id="alice", role=4)


# list_group_channel_members, batch_get_group_channel_members, set_group_channel_member


@success("list_group_channel_members")
def test_members_are_listed_by_role_and_in_pages(app):
    app.group("g", "alice", "bob", "carol", "dave")
    app.sdk.add_group_channel_admins(channel_id="g", user_ids=["carol"])
    assert members(app, "g", member_role=ADMIN) == [("carol", ADMIN)]
    assert members(app, "g", member_role=MEMBER) == [("bob", MEMBER), ("dave", MEMBER)]
    first = app.sdk.list_group_channel_members(channel_id="g", page_size=3).result
    last = app.sdk.list_group_channel_members(channel_id="g", page_size=3, page_token=first.page_token).result
    assert (first.total_count, len(first.members), len(last.members), last.page_token) == (4, 3, 1, None)


@failure("list_group_channel_members")
def test_member_list_refuses_bad_values(app):
    app.group("g", "alice")
    with refused(codes.NO_SUCH_GROUP, "none"):
        app.sdk.list_group_channel_members(channel_id="none")
    with refused(codes.BAD_PARAMETER, "`memberRole`"):
        app.sdk.list_group_channel_members(channel_id="g", member_role=4)


@success("batch_get_group_channel_members")
@success("set_group_channel_member")
def test_a_member_has_a_name_in_the_group(app):
    app.group("g", "alice", "bob")
    app.sdk.set_group_channel_member(channel_id="g", user_id="bob", nickname="é" * 64)
    app.sdk.set_group_channel_member(channel_id="g", user_id="bob", extra="x" * 128)
    found = app.sdk.batch_get_group_channel_members(channel_id="g", user_ids=["none", "bob", "alice"]).result
    assert [(member.user_id, member.nickname, member.extra) for member in found.members] == [
        ("bob", "é" * 64, "x" * 128),
        ("alice", "", ""),
    ]
    assert found.total_count == 2


@failure("batch_get_group_channel_members")
def test_batch_get_refuses_bad_values(app):
    app.group("g", "alice")
    with refused(codes.NO_SUCH_GROUP, "none"):
        app.sdk.batch_get_group_channel_members(channel_id="none", user_ids=["alice"])
    with refused(codes.BAD_PARAMETER, "`userIds`"):
        app.sdk.batch_get_group_channel_members(channel_id="g", user_ids=[f"u{n}" for n in range(101)])


@pytest.mark.parametrize(
    ("change", "refusal", "naming"),
    [
        ({"user_id": "carol"}, codes.NOT_A_MEMBER, "carol"),
        ({"nickname": "n" * 65}, codes.TOO_LONG, "`nickname`"),
        ({"extra": "x" * 129}, codes.TOO_LONG, "`extra`"),
        ({"nickname": None}, codes.BAD_PARAMETER, "`nickname`"),
        ({"channel_id": "none"}, codes.NO_SUCH_GROUP, "none"),
    ],
)
@failure("set_group_channel_member")
def test_set_member_refuses_bad_values(app, change, refusal, naming):
    app.group("g", "alice")
    with refused(refusal, naming):
        app.sdk.set_group_channel_member(**{"channel_id": "g", "user_id": "alice", "nickname": "A", **change})


# add_group_channel_admins, remove_group_channel_admins


@success("add_group_channel_admins")
@success("remove_group_channel_admins")
def test_members_become_admins_and_members_again(app):
    app.group("g", "alice", "bob", "carol")
    app.sdk.add_group_channel_admins(channel_id="g", user_ids=["bob", "carol"])
    app.sdk.add_group_channel_admins(channel_id="g", user_ids=["bob"])
    app.sdk.remove_group_channel_admins(channel_id="g", user_ids=["carol", "alice", "nobody"])
    assert members(app, "g") == [("alice", OWNER), ("bob", ADMIN), ("carol", MEMBER)]


@failure("add_group_channel_admins")
def test_a_group_has_ten_admins_who_are_members_and_not_the_owner(app):
    others = [f"u{n}" for n in range(11)]
    app.group("g", "alice", *others)
    with refused(codes.OWNER_AS_ADMIN, "alice"):
        app.sdk.add_group_channel_admins(channel_id="g", user_ids=["u0", "alice"])
    with refused(codes.NOT_A_MEMBER, "nobody"):
        app.sdk.add_group_channel_admins(channel_id="g", user_ids=["u0", "nobody"])
    assert members(app, "g", member_role=ADMIN) == []
    app.sdk.add_group_channel_admins(channel_id="g", user_ids=others[:10])
    with refused(codes.TOO_MANY_ADMINS, "10"):
        app.sdk.add_group_channel_admins(channel_id="g", user_ids=[others[10]])


@failure("remove_group_channel_admins")
def test_remove_admins_refuses_bad_values(app):
    app.group("g", "alice")
    with refused(codes.NO_SUCH_GROUP, "none"):
        app.sdk.remove_group_channel_admins(channel_id="none", user_ids=["alice"])
    with refused(codes.BAD_PARAMETER, "`userIds`"):
        app.sdk.remove_group_channel_admins(channel_id="g", user_ids=[])


# set_group_channel_alias, get_group_channel_alias, delete_group_channel_alias


@success("set_group_channel_alias")
@success("get_group_channel_alias")
@success("delete_group_channel_alias")
def test_what_a_member_calls_a_group_is_the_members_own(app):
    app.group("g", "alice", "bob")

    def alias(user: str) -> str:
        return app.sdk.get_group_channel_alias(channel_id="g", user_id=user).result.alias

    assert alias("bob") == ""
    app.sdk.set_group_channel_alias(channel_id="g", user_id="bob", alias="é" * 64)
    assert (alias("bob"), alias("alice")) == ("é" * 64, "")
    assert app.sdk.list_user_joined_group_channels(user_id="bob").result.groups[0].alias == "é" * 64
    app.sdk.delete_group_channel_alias(channel_id="g", user_id="bob")
    assert alias("bob") == ""


@failure("set_group_channel_alias")
@failure("get_group_channel_alias")
@failure("delete_group_channel_alias")
def test_only_a_member_has_an_alias(app):
    app.group("g", "alice")
    app.register("bob")
    with refused(codes.NOT_A_MEMBER, "bob"):
        app.sdk.set_group_channel_alias(channel_id="g", user_id="bob", alias="a")
    with refused(codes.TOO_LONG, "`alias`"):
        app.sdk.set_group_channel_alias(channel_id="g", user_id="alice", alias="a" * 65)
    with refused(codes.NOT_A_MEMBER, "bob"):
        app.sdk.get_group_channel_alias(channel_id="g", user_id="bob")
    with refused(codes.NO_SUCH_GROUP, "none"):
        app.sdk.delete_group_channel_alias(channel_id="none", user_id="alice")


# add_, list_ and remove_group_channel_member_favorites


@success("add_group_channel_member_favorites")
@success("list_group_channel_member_favorites")
@success("remove_group_channel_member_favorites")
def test_a_member_follows_others(app):
    app.group("g", "alice", "bob", "carol")
    began = now_ms()

    def favorites():
        result = app.sdk.list_group_channel_member_favorites(channel_id="g", user_id="alice").result
        assert (result.channel_id, result.user_id) == ("g", "alice")
        assert all(began - 1000 <= favorite.favorited_at <= now_ms() + 1000 for favorite in result.favorites)
        return [favorite.user_id for favorite in result.favorites]

    app.sdk.add_group_channel_member_favorites(channel_id="g", user_id="alice", favorite_ids=["carol"])
    time.sleep(0.005)
    app.sdk.add_group_channel_member_favorites(channel_id="g", user_id="alice", favorite_ids=["bob", "carol"])
    assert favorites() == ["carol", "bob"]
    app.sdk.remove_group_channel_member_favorites(channel_id="g", user_id="alice", favorite_ids=["carol", "nobody"])
    assert favorites() == ["bob"]


@failure("add_group_channel_member_favorites")
@failure("list_group_channel_member_favorites")
@failure("remove_group_channel_member_favorites")
def test_only_members_follow_and_are_followed(app):
    app.group("g", "alice", "bob")
    app.register("carol")
    with refused(codes.NOT_A_MEMBER, "carol"):
        app.sdk.add_group_channel_member_favorites(channel_id="g", user_id="alice", favorite_ids=["bob", "carol"])
    with refused(codes.BAD_PARAMETER, "alice"):
        app.sdk.add_group_channel_member_favorites(channel_id="g", user_id="alice", favorite_ids=["alice"])
    with refused(codes.NOT_A_MEMBER, "carol"):
        app.sdk.list_group_channel_member_favorites(channel_id="g", user_id="carol")
    with refused(codes.NOT_A_MEMBER, "carol"):
        app.sdk.remove_group_channel_member_favorites(channel_id="g", user_id="carol", favorite_ids=["bob"])
    assert app.sdk.list_group_channel_member_favorites(channel_id="g", user_id="alice").result.favorites == []
