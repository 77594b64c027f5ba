"""The 9 operations tagged GroupChannelModeration."""

from datetime import datetime, timedelta

import pytest

from support import codes
from support.app import refused
from support.recorder import failure, success

FOREVER = "9999-12-31 23:59:59"
NONE = {"channel_id": "none"}


def muted(app, **where) -> dict[str, str]:
    found = app.sdk.get_group_channel_user_mute_list(**where).result.muted_members
    return {member.user_id: member.mute_expires_at for member in found}


# add_, get_ and remove_group_channel_user_mute_list


@success("add_group_channel_user_mute_list")
@success("get_group_channel_user_mute_list")
@success("remove_group_channel_user_mute_list")
def test_a_mute_has_an_end_or_none_and_is_lifted(app):
    app.group("g", "alice", "bob", "carol")
    app.sdk.add_group_channel_user_mute_list(channel_id="g", user_ids=["bob"], duration_minutes=43_200)
    app.sdk.add_group_channel_user_mute_list(channel_id="g", user_ids=["carol", "outsider"], duration_minutes=0)
    (bob,) = [m for m in app.sdk.get_group_channel_user_mute_list(channel_id="g").result.muted_members if m.user_id == "bob"]
    began, ends = (datetime.fromisoformat(text) for text in (bob.muted_at, bob.mute_expires_at))
    assert ends - began == timedelta(minutes=43_200)
    assert set(muted(app, channel_id="g")) == {"bob", "carol", "outsider"}
    assert muted(app, channel_id="g")["carol"] == FOREVER
    app.sdk.remove_group_channel_user_mute_list(channel_id="g", user_ids=["bob", "outsider", "alice"])
    assert set(muted(app, channel_id="g")) == {"carol"}


@success("add_group_channel_user_mute_list")
@success("remove_group_channel_user_mute_list")
def test_a_mute_in_all_groups_is_apart_from_one_in_a_group(app):
    app.group("g", "alice", "bob")
    app.sdk.add_group_channel_user_mute_list(user_ids=["bob"], duration_minutes=5)
    assert (set(muted(app)), muted(app, channel_id="g")) == ({"bob"}, {})
    app.sdk.remove_group_channel_user_mute_list(channel_id="g", user_ids=["bob"])
    assert set(muted(app)) == {"bob"}
    app.sdk.remove_group_channel_user_mute_list(user_ids=["bob"])
    assert muted(app) == {}


@failure("add_group_channel_user_mute_list")
def test_at_most_100_users_are_muted_in_all_groups(app):
    for first in range(0, 100, 20):
        users = [f"u{n}" for n in range(first, first + 20)]
        app.sdk.add_group_channel_user_mute_list(user_ids=users, duration_minutes=5)
    with refused(codes.LIST_FULL, "100"):
        app.sdk.add_group_channel_user_mute_list(user_ids=["one-more"], duration_minutes=5)
    app.sdk.add_group_channel_user_mute_list(user_ids=["u0"], duration_minutes=0)
    assert muted(app)["u0"] == FOREVER


@pytest.mark.parametrize(
    ("change", "refusal", "naming"),
    [
        (NONE, codes.NO_SUCH_GROUP, "none"),
        ({"user_ids": []}, codes.BAD_PARAMETER, "`userIds`"),
        ({"user_ids": [f"u{n}" for n in range(21)]}, codes.BAD_PARAMETER, "`userIds`"),
        ({"duration_minutes": 43_201}, codes.BAD_PARAMETER, "`durationMinutes`"),
        ({"duration_minutes": -2}, codes.BAD_PARAMETER, "`durationMinutes`"),
    ],
)
@failure("add_group_channel_user_mute_list")
def test_mute_refuses_bad_values(app, change, refusal, naming):
    app.group("g", "alice")
    with refused(refusal, naming):
        app.sdk.add_group_channel_user_mute_list(
            **{"channel_id": "g", "user_ids": ["alice"], "duration_minutes": 5, **change}
        )
    assert muted(app, channel_id="g") == {}


@failure("get_group_channel_user_mute_list")
@failure("remove_group_channel_user_mute_list")
def test_a_group_that_does_not_exist_mutes_nobody(app):
    with refused(codes.NO_SUCH_GROUP, "none"):
        app.sdk.get_group_channel_user_mute_list(**NONE)
    with refused(codes.NO_SUCH_GROUP, "none"):
        app.sdk.remove_group_channel_user_mute_list(**NONE, user_ids=["alice"])


# add_, get_ and remove_group_channel_freeze_list


@success("add_group_channel_freeze_list")
@success("get_group_channel_freeze_list")
@success("remove_group_channel_freeze_list")
def test_groups_are_frozen_and_thawed(app):
    for channel in ("g1", "g2", "g3"):
        app.group(channel, "alice")

    def statuses(**query) -> list[tuple[str, int]]:
        found = app.sdk.get_group_channel_freeze_list(**query).result.freeze_statuses
        return [(group.channel_id, group.status) for group in found]

    app.sdk.add_group_channel_freeze_list(channel_ids=["g3", "g1"])
    assert statuses() == [("g1", 1), ("g3", 1)]
    assert statuses(page=2, page_size=1) == [("g3", 1)]
    assert statuses(channel_ids=["g2", "g3"]) == [("g2", 0), ("g3", 1)]
    app.sdk.remove_group_channel_freeze_list(channel_ids=["g1", "g2", "g3"])
    assert statuses() == []


@failure("add_group_channel_freeze_list")
@failure("get_group_channel_freeze_list")
@failure("remove_group_channel_freeze_list")
def test_freezing_is_all_or_nothing(app):
    app.group("g", "alice")
    with refused(codes.NO_SUCH_GROUP, "none"):
        app.sdk.add_group_channel_freeze_list(channel_ids=["g", "none"])
    assert app.sdk.get_group_channel_freeze_list().result.freeze_statuses == []
    app.sdk.add_group_channel_freeze_list(channel_ids=["g"])
    with refused(codes.NO_SUCH_GROUP, "none"):
        app.sdk.remove_group_channel_freeze_list(channel_ids=["g", "none"])
    with refused(codes.BAD_PARAMETER, "`channelIds`"):
        app.sdk.remove_group_channel_freeze_list(channel_ids=[f"g{n}" for n in range(21)])
    with refused(codes.NO_SUCH_GROUP, "none"):
        app.sdk.get_group_channel_freeze_list(channel_ids=["none"])
    with refused(codes.BAD_PARAMETER, "`pageSize`"):
        app.sdk.get_group_channel_freeze_list(page_size=201)
    assert len(app.sdk.get_group_channel_freeze_list().result.freeze_statuses) == 1


# add_, get_ and remove_group_channel_allowed_sender_list


@success("add_group_channel_allowed_sender_list")
@success("get_group_channel_allowed_sender_list")
@success("remove_group_channel_allowed_sender_list")
def test_allowed_senders_are_listed(app):
    app.group("g", "alice", "bob")

    def allowed() -> list[str]:
        return app.sdk.get_group_channel_allowed_sender_list(channel_id="g").result.user_ids

    assert allowed() == []
    app.sdk.add_group_channel_allowed_sender_list(channel_id="g", user_ids=["alice", "bob", "outsider"])
    assert sorted(allowed()) == ["alice", "bob", "outsider"]
    app.sdk.remove_group_channel_allowed_sender_list(channel_id="g", user_ids=["alice", "nobody"])
    assert sorted(allowed()) == ["bob", "outsider"]


@failure("add_group_channel_allowed_sender_list")
@failure("get_group_channel_allowed_sender_list")
@failure("remove_group_channel_allowed_sender_list")
def test_allowed_senders_refuse_bad_values(app):
    app.group("g", "alice")
    with refused(codes.NO_SUCH_GROUP, "none"):
        app.sdk.add_group_channel_allowed_sender_list(**NONE, user_ids=["alice"])
    with refused(codes.BAD_PARAMETER, "`userIds`"):
        app.sdk.add_group_channel_allowed_sender_list(channel_id="g", user_ids=[f"u{n}" for n in range(101)])
    with refused(codes.NO_SUCH_GROUP, "none"):
        app.sdk.get_group_channel_allowed_sender_list(**NONE)
    with refused(codes.NO_SUCH_GROUP, "none"):
        app.sdk.remove_group_channel_allowed_sender_list(**NONE, user_ids=["alice"])
