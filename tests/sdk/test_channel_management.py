"""The 12 operations tagged ChannelManagement."""

import time

import pytest

from support import codes
from support.app import now_ms, refused
from support.recorder import failure, success
from test_user_management import restore

BOB = {"channel_type": 1, "channel_id": "bob"}
GROUP = {"channel_type": 3, "channel_id": "g"}


def attributes(app, channel: dict, user: str = "alice"):
    return app.sdk.get_channel_attribute(user_id=user, **channel).result


def of_type(app, channel_type: str) -> int:
    return app.sdk.get_channel_type_notification(request_id="alice", channel_type=channel_type).result.no_disturb_level


def tags(app, user: str = "alice") -> dict[str, str]:
    return {tag.tag_id: tag.tag_name for tag in app.sdk.list_user_channel_tags(user_id=user).result.tags}


def add_tags(app, **names: str) -> None:
    app.sdk.add_user_channel_tags(
        user_id="alice", tags=[{"tagId": tag, "tagName": name} for tag, name in names.items()]
    )


def wire(*channels: dict) -> list[dict]:
    return [{"channelType": each["channel_type"], "channelId": each["channel_id"]} for each in channels]


def under(app, tag: str) -> list[tuple[int, str]]:
    found = app.sdk.list_channels_by_tag(user_id="alice", tag_id=tag).result
    assert found.tag_id == tag
    return [(channel.channel_type, channel.channel_id) for channel in found.channels]


# set_channel_pin, get_channel_attribute


@success("set_channel_pin")
@success("get_channel_attribute")
def test_a_pin_holds_for_one_users_channel_and_is_told_to_the_users_devices(app):
    app.register("bob")
    alice = app.client("alice")
    before = now_ms()
    app.sdk.set_channel_pin(user_id="alice", is_pin=True, **BOB)
    alice.expect("event", type="channelSettingsChanged", channelType="direct", channelId="bob", pinned=True)
    found = attributes(app, BOB)
    assert (found.channel_type, found.channel_id, found.pin.is_pinned) == (1, "bob", True)
    assert before - 1000 <= found.pin.pinned_at <= now_ms() + 1000
    since = found.pin.pinned_at
    time.sleep(0.01)
    app.sdk.set_channel_pin(user_id="alice", is_pin=True, **BOB)
    assert attributes(app, BOB).pin.pinned_at == since
    for other in (attributes(app, BOB | {"channel_type": 3}), attributes(app, {"channel_type": 1, "channel_id": "alice"}, "bob")):
        assert (other.pin.is_pinned, other.pin.pinned_at, other.notification.level, other.tags) == (False, 0, 0, [])
    app.sdk.set_channel_pin(user_id="alice", is_pin=False, **BOB)
    alice.expect("event", type="channelSettingsChanged", channelId="bob", pinned=False)
    assert attributes(app, BOB).pin.is_pinned is False


@failure("set_channel_pin")
@failure("get_channel_attribute")
def test_pins_are_for_registered_users_and_for_channels_that_there_are(app):
    app.register("alice")
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.set_channel_pin(user_id="nobody", is_pin=True, **BOB)
    with refused(codes.NOT_REGISTERED, "nobody"):
        attributes(app, BOB, "nobody")
    with refused(codes.BAD_PARAMETER, "`channelType`"):
        app.sdk.set_channel_pin(user_id="alice", is_pin=True, channel_type=10, channel_id="community")
    with refused(codes.BAD_PARAMETER, "`channelId`"):
        attributes(app, {"channel_type": 3, "channel_id": "not an id"})


# set_ and get_channel_push_notification


@success("set_channel_push_notification")
@success("get_channel_push_notification")
@pytest.mark.parametrize("level", [-1, 1, 2, 4, 5, 0])
def test_a_channels_level_is_set_and_told(app, level):
    alice = app.client("alice")
    group = {"request_id": "alice", "channel_type": "3", "channel_id": "g"}
    app.sdk.set_channel_push_notification(no_disturb_level=5 if level == 0 else 0, **group)
    app.sdk.set_channel_push_notification(no_disturb_level=level, **group)
    assert app.sdk.get_channel_push_notification(**group).result.no_disturb_level == level
    assert attributes(app, GROUP).notification.level == level
    direct = group | {"channel_type": "PERSON"}
    assert app.sdk.get_channel_push_notification(**direct).result.no_disturb_level == 0
    alice.expect("event", type="channelSettingsChanged", channelType="group", channelId="g", level=level)


@failure("set_channel_push_notification")
@failure("get_channel_push_notification")
def test_a_level_is_one_of_six_and_the_older_path_reads_it_too(app):
    app.register("alice")
    channel = {"request_id": "alice", "channel_type": "1", "channel_id": "bob"}
    for level in (-2, 3, 6):
        with refused(codes.BAD_PARAMETER, "`noDisturbLevel`"):
            app.sdk.set_channel_push_notification(no_disturb_level=level, **channel)
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.set_channel_push_notification(no_disturb_level=5, **channel | {"request_id": "nobody"})
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.get_channel_push_notification(**channel | {"request_id": "nobody"})
    body = {"requestId": "alice", "channelType": "1", "channelId": "bob"}
    assert app.post("/v4/channel/notification/get", body).result == {"noDisturbLevel": 0}


# set_ and get_channel_type_notification


@success("set_channel_type_notification")
@success("get_channel_type_notification")
def test_a_types_level_is_apart_from_its_channels(app):
    app.register("alice")
    app.sdk.set_channel_type_notification(request_id="alice", channel_type="GROUP", no_disturb_level=5)
    assert (of_type(app, "3"), of_type(app, "1"), attributes(app, GROUP).notification.level) == (5, 0, 0)
    app.sdk.set_channel_type_notification(request_id="alice", channel_type="3", no_disturb_level=0)
    assert of_type(app, "GROUP") == 0


@failure("set_channel_type_notification")
@failure("get_channel_type_notification")
def test_a_types_level_is_refused_for_strangers_and_strange_types(app):
    app.register("alice")
    app.sdk.soft_delete_users(user_ids=["alice"])
    for set_or_get, more in (
        (app.sdk.set_channel_type_notification, {"no_disturb_level": 5}),
        (app.sdk.get_channel_type_notification, {}),
    ):
        with refused(codes.SOFT_DELETED, "alice"):
            set_or_get(request_id="alice", channel_type="1", **more)
        with refused(codes.BAD_PARAMETER, "`channelType`"):
            set_or_get(request_id="alice", channel_type="CHATROOM", **more)


# add_, list_ and remove_user_channel_tags


@success("add_user_channel_tags")
@success("list_user_channel_tags")
@success("remove_user_channel_tags")
def test_tags_are_made_named_anew_and_ended(app):
    app.register("alice", "bob")
    before = now_ms()
    add_tags(app, w="Work", h="Home 🏠")
    add_tags(app, w="Labour")
    found = app.sdk.list_user_channel_tags(user_id="alice").result
    assert found.user_id == "alice" and all(before - 1000 <= tag.created_at <= now_ms() + 1000 for tag in found.tags)
    assert (tags(app), tags(app, "bob")) == ({"w": "Labour", "h": "Home 🏠"}, {})
    app.sdk.remove_user_channel_tags(user_id="alice", tag_ids=["w", "none"])
    assert tags(app) == {"h": "Home 🏠"}


@failure("add_user_channel_tags")
def test_a_user_has_at_most_20_tags(app):
    app.register("alice")
    add_tags(app, **{f"t{number}": "Tag" for number in range(20)})
    with refused(codes.LIST_FULL, "20"):
        add_tags(app, t0="Another", more="One more")
    assert set(tags(app).values()) == {"Tag"}
    with refused(codes.TOO_LONG, "`tags[0].tagName`"):
        add_tags(app, t0="n" * 16)
    with refused(codes.TOO_LONG, "`tags[1].tagId`"):
        add_tags(app, t0="Tag", elevenchars="Tag")


@failure("list_user_channel_tags")
@failure("remove_user_channel_tags")
def test_tags_are_those_of_registered_users(app):
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.list_user_channel_tags(user_id="nobody")
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.remove_user_channel_tags(user_id="nobody", tag_ids=["t"])


# add_tag_to_channels, remove_tag_from_channels, list_channels_by_tag


@success("add_tag_to_channels")
@success("remove_tag_from_channels")
@success("list_channels_by_tag")
def test_channels_come_under_tags_and_go(app):
    app.register("alice")
    add_tags(app, w="Work", h="Home")
    app.sdk.add_tag_to_channels(user_id="alice", tag_id="w", channels=wire(GROUP, BOB, BOB))
    app.sdk.add_tag_to_channels(user_id="alice", tag_id="h", channels=wire(BOB))
    assert under(app, "w") == [(1, "bob"), (3, "g")]
    assert [tag.tag_name for tag in attributes(app, BOB).tags] == ["Home", "Work"]
    app.sdk.remove_tag_from_channels(user_id="alice", tag_id="w", channels=wire(BOB, {**BOB, "channel_id": "carol"}))
    assert (under(app, "w"), under(app, "h")) == ([(3, "g")], [(1, "bob")])
    app.sdk.remove_user_channel_tags(user_id="alice", tag_ids=["h"])
    assert attributes(app, BOB).tags == []


@failure("add_tag_to_channels")
@failure("remove_tag_from_channels")
@failure("list_channels_by_tag")
def test_a_tag_must_be_there_before_channels_come_under_it(app):
    app.register("alice")
    for add_or_remove in (app.sdk.add_tag_to_channels, app.sdk.remove_tag_from_channels):
        with refused(codes.BAD_PARAMETER, "`w`"):
            add_or_remove(user_id="alice", tag_id="w", channels=wire(BOB))
    with refused(codes.BAD_PARAMETER, "`w`"):
        under(app, "w")
    add_tags(app, w="Work")
    with refused(codes.BAD_PARAMETER, "`channels[1].channelType`"):
        app.sdk.add_tag_to_channels(user_id="alice", tag_id="w", channels=wire(BOB, {**GROUP, "channel_type": 2}))
    assert under(app, "w") == []


@failure("add_tag_to_channels")
def test_what_a_user_has_set_goes_with_a_soft_deletion(app):
    app.register("alice")
    add_tags(app, w="Work")
    app.sdk.add_tag_to_channels(user_id="alice", tag_id="w", channels=wire(BOB))
    app.sdk.set_channel_type_notification(request_id="alice", channel_type="1", no_disturb_level=5)
    app.sdk.soft_delete_users(user_ids=["alice"])
    with refused(codes.SOFT_DELETED, "alice"):
        app.sdk.add_tag_to_channels(user_id="alice", tag_id="w", channels=wire(BOB))
    restore(app, "alice")
    assert (tags(app), of_type(app, "1")) == ({}, 0)
