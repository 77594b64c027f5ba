"""The message operations on groups: send a message, list the history, edit and delete a message."""

import json

import pytest

from support import codes
from support.app import now_ms, refused
from support.client import NOTICE
from support.recorder import failure, success

DAY_MS = 24 * 60 * 60 * 1000


def text(words: str) -> str:
    return json.dumps({"content": words})


def send(app, *channels: str, words: str = "hello", sender: str = "alice", **members) -> list[str]:
    """Sends a text; returns the messages' ids in the order of the groups."""
    request = {"from_user_id": sender, "to_channel_ids": list(channels), "message_type": "RC:TxtMsg"}
    request |= {"content": text(words), **members}
    sent = app.sdk.send_group_channel_message(**request).result.message_ids
    assert [each.channel_id for each in sent] == list(channels)
    return [each.message_id for each in sent]


def history(app, user: str, channel: str = "g", **members):
    """A group's messages of the last day, the newest first."""
    now = now_ms()
    request = {"start_at": now, "end_at": now - DAY_MS, "page_size": 100, "include_start": True}
    request |= {"user_id": user, "channel_id": channel, **members}
    messages = app.sdk.list_group_channel_history_messages(**request).result.messages
    return [message for message in messages if message.message_type != NOTICE]


def contents(messages) -> list[str]:
    return [json.loads(message.content)["content"] for message in messages]


def say(client, words: str, channel: str = "g") -> tuple[str, dict]:
    """Sends a text from a client; what it is told."""
    return client._ask("send", {"to": channel, "channelType": "group", "text": words}, "sent")


# send_group_channel_message


@success("send_group_channel_message")
def test_every_member_gets_the_message_and_the_sender_when_it_shall(app):
    app.group("g", "alice", "bob", "carol")
    alice, bob, carol = (app.client(user) for user in ("alice", "bob", "carol"))
    (first,) = send(app, "g", words="to all 😀")
    for client in (bob, carol):
        message = client.message()
        assert (message["messageId"], message["from"], message["to"]) == (first, "alice", "g")
        assert (message["channelType"], message["content"]) == ("group", {"content": "to all 😀"})
    (second,) = send(app, "g", is_echo_to_sender=1)
    assert alice.message()["messageId"] == second


@success("send_group_channel_message")
def test_who_is_no_member_or_muted_is_spoken_for_all_the_same(app):
    app.group("g1", "alice", "bob")
    app.group("g2", "bob")
    app.register("robot")
    app.sdk.add_group_channel_freeze_list(channel_ids=["g1"])
    app.sdk.add_group_channel_user_mute_list(user_ids=["robot"], duration_minutes=0)
    bob = app.client("bob")
    sent = send(app, "g1", "g2", sender="robot")
    assert [bob.message()["messageId"], bob.message()["messageId"]] == sent


@success("send_group_channel_message")
def test_what_is_not_stored_reaches_who_is_connected(app):
    app.group("g", "alice", "bob")
    bob = app.client("bob")
    (sent,) = send(app, "g", should_persist=0)
    assert bob.message()["messageId"] == sent
    assert history(app, "bob") == []


@success("send_group_channel_message")
def test_a_message_for_some_members_reaches_them_alone(app):
    app.group("g", "alice", "bob", "carol")
    bob, carol = app.client("bob"), app.client("carol")
    (secret,) = send(app, "g", words="for bob", to_user_ids=["bob"])
    (open_to_all,) = send(app, "g", words="for all")
    assert [bob.message()["messageId"] for _ in range(2)] == [secret, open_to_all]
    assert carol.message()["messageId"] == open_to_all
    assert contents(history(app, "bob")) == ["for all", "for bob"]
    assert contents(history(app, "carol")) == ["for all"]
    assert contents(history(app, "alice")) == ["for all", "for bob"], "its sender has it too"
    (unstored,) = send(app, "g", words="now", to_user_ids=["bob"], should_persist=0)
    (last,) = send(app, "g", words="last")
    assert [bob.message()["messageId"] for _ in range(2)] == [unstored, last]
    assert carol.message()["messageId"] == last


@success("send_group_channel_message")
def test_who_is_mentioned_and_who_has_read_is_known(app):
    app.group("g", "alice", "bob", "carol")
    alice, bob = app.client("alice"), app.client("bob")
    content = json.dumps({"content": "@bob", "mentionedInfo": {"type": 2, "userIdList": ["bob"]}})
    (sent,) = send(app, "g", content=content, need_read_receipt=1)
    assert bob.message()["messageId"] == sent
    (state,) = bob.call("getChannels", channelTypes=["group"])["channels"]
    assert (state["mentionedCount"], state["mentionedMeCount"]) == (1, 1)
    (mention,) = bob.call("getUnreadMentions", groupId="g")["messages"]
    assert mention["messageId"] == sent
    bob.call("sendReadReceipts", groupId="g", messageIds=[sent])
    (told,) = alice.event("readReceipts")["receipts"]
    assert told == {"messageId": sent, "readCount": 1, "unreadCount": 1}
    assert alice.call("getReadReceipts", groupId="g", messageIds=[sent]) == [told]
    readers = alice.call("getReceiptUsers", groupId="g", messageId=sent)
    assert [reader["userId"] for reader in readers["users"]] == ["bob"]
    others = alice.call("getReceiptUsers", groupId="g", messageId=sent, read=False)
    assert ([other["userId"] for other in others["users"]], others["totalCount"]) == (["carol"], 1)


def test_what_the_app_server_does_to_a_group_is_told_in_its_conversation(app):
    app.group("g", "alice", "bob")
    bob = app.client("bob")
    app.register("carol")
    app.sdk.join_group_channel(channel_id="g", user_ids=["carol"])
    app.sdk.transfer_group_channel_owner(channel_id="g", new_owner="bob")
    created, added, passed_on = bob.notice(), bob.notice(), bob.notice()
    assert (created["operation"], created["message"]) == ("Create", "The app created the group")
    assert (added["operation"], added["operatorUserId"]) == ("Add", "")
    data = json.loads(added["data"])
    assert (data["targetUserIds"], data["targetCount"]) == (["carol"], 1)
    assert passed_on["operation"] == "TransferOwner"
    assert json.loads(passed_on["data"])["targetUserIds"] == ["bob"]


@pytest.mark.parametrize(
    ("members", "refusal", "naming"),
    [
        ({"to_channel_ids": ["g", "none"]}, codes.NO_SUCH_GROUP, "none"),
        ({"to_channel_ids": []}, codes.BAD_PARAMETER, "`toChannelIds`"),
        ({"to_channel_ids": ["g1", "g2", "g3", "g4"]}, codes.BAD_PARAMETER, "`toChannelIds`"),
        ({"from_user_id": "nobody"}, codes.NOT_REGISTERED, "nobody"),
        ({"message_type": "RC:Made"}, codes.BAD_PARAMETER, "`messageType`"),
        ({"content": "no JSON"}, codes.BAD_PARAMETER, "`content`"),
        ({"content": text("x" * 128 * 1024)}, codes.TOO_LONG, "`content`"),
        ({"to_user_ids": ["carol"]}, codes.NOT_A_MEMBER, "carol"),
        ({"to_user_ids": [f"u{n}" for n in range(201)]}, codes.BAD_PARAMETER, "`toUserIds`"),
        ({"to_user_ids": ["bob"], "to_channel_ids": ["g", "h"]}, codes.BAD_PARAMETER, "`toUserIds`"),
        ({"has_metadata": True}, codes.SERVICE_OFF, "metadata"),
    ],
)
@failure("send_group_channel_message")
def test_send_refuses_bad_values_and_sends_nothing(app, members, refusal, naming):
    app.group("g", "alice", "bob")
    app.group("h", "alice", "bob")
    request = {"from_user_id": "alice", "to_channel_ids": ["g"], "message_type": "RC:TxtMsg", "content": text("x")}
    with refused(refusal, naming):
        app.sdk.send_group_channel_message(**{**request, **members})
    assert history(app, "bob") == []


# What clients may send


def test_a_member_who_is_removed_or_muted_cannot_send(app):
    app.group("g", "alice", "bob")
    alice, bob = app.client("alice"), app.client("bob")
    assert say(bob, "hello")[0] == "sent"
    assert alice.message()["content"] == {"content": "hello"}
    app.sdk.add_group_channel_user_mute_list(channel_id="g", user_ids=["bob"], duration_minutes=1)
    assert say(bob, "muted")[1]["code"] == codes.CLIENT_MUTED_IN_GROUP
    app.sdk.remove_group_channel_user_mute_list(channel_id="g", user_ids=["bob"])
    app.sdk.add_group_channel_freeze_list(channel_ids=["g"])
    assert say(bob, "frozen")[1]["code"] == codes.CLIENT_MUTED_IN_GROUP
    app.sdk.add_group_channel_allowed_sender_list(channel_id="g", user_ids=["bob"])
    assert say(bob, "allowed")[0] == "sent"
    app.sdk.quit_group_channel(channel_id="g", user_ids=["bob"])
    assert say(bob, "gone")[1]["code"] == codes.CLIENT_NOT_IN_GROUP
    assert contents(history(app, "alice")) == ["allowed", "hello"]


# list_group_channel_history_messages


@success("list_group_channel_history_messages")
def test_a_member_reads_what_came_since_joining(app):
    app.group("g", "alice", "bob")
    app.register("carol")
    send(app, "g", words="one")
    app.sdk.join_group_channel(channel_id="g", user_ids=["carol"])
    (second,) = send(app, "g", words="two")
    assert contents(history(app, "bob")) == ["two", "one"]
    assert contents(history(app, "bob", page_size=1)) == ["two"]
    (only,) = history(app, "carol")
    assert (only.message_id, only.channel_id, only.from_user_id) == (second, "g", "alice")
    assert (only.message_type, only.content) == ("RC:TxtMsg", text("two"))
    earlier = history(app, "bob", start_at=only.sent_at, end_at=only.sent_at - DAY_MS, include_start=False)
    assert "two" not in contents(earlier)


@failure("list_group_channel_history_messages")
def test_history_refuses_who_is_no_member_and_bad_values(app):
    app.group("g", "alice")
    app.register("bob")
    with refused(codes.NOT_IN_GROUP, "`g`"):
        history(app, "bob")
    with refused(codes.NO_SUCH_GROUP, "none"):
        history(app, "alice", "none")
    now = now_ms()
    with refused(codes.BAD_PARAMETER, "`endAt`"):
        history(app, "alice", start_at=now, end_at=now - 15 * DAY_MS)
    with refused(codes.BAD_PARAMETER, "`endAt`"):
        history(app, "alice", start_at=now, end_at=now + 1)


# update_group_channel_message


def edit(app, message_id: str, words: str = "edited", *, sender: str = "alice", channel: str = "g"):
    app.sdk.update_group_channel_message(
        from_user_id=sender, channel_id=channel, message_id=message_id, content=text(words)
    )


@success("update_group_channel_message")
def test_an_edit_is_what_everybody_reads(app):
    app.group("g", "alice", "bob")
    (message_id,) = send(app, "g")
    edit(app, message_id)
    assert contents(history(app, "bob")) == contents(history(app, "alice")) == ["edited"]


@failure("update_group_channel_message")
def test_an_edit_is_the_senders(app):
    app.group("g", "alice", "bob")
    (message_id,) = send(app, "g")
    with refused(codes.NOT_YOUR_MESSAGE):
        edit(app, message_id, sender="bob")
    with refused(codes.MESSAGE_NOT_FOUND, "made-up"):
        edit(app, "made-up")
    with refused(codes.NO_SUCH_GROUP, "none"):
        edit(app, message_id, channel="none")
    (image,) = send(app, "g", message_type="RC:ImgMsg")
    with refused(codes.NOT_EDITABLE):
        edit(app, image)
    assert contents(history(app, "bob")) == ["hello", "hello"]


# delete_message


def delete(app, message_id: str, *, sender: str = "alice", **members):
    app.sdk.delete_message(
        from_user_id=sender, channel_type=3, channel_id="g", message_id=message_id, **members
    )


@success("delete_message")
def test_a_deleted_message_is_empty_for_everybody(app):
    app.group("g", "alice", "bob")
    bob = app.client("bob")
    own, others = send(app, "g") + send(app, "g", words="bye")
    delete(app, own)
    assert bob.event("messageRecalled")
    delete(app, others, sender="bob", is_admin=1)
    assert [message.content for message in history(app, "bob")] == ["", ""]


@failure("delete_message")
def test_delete_refuses_others_messages_and_what_is_not_there(app):
    app.group("g", "alice", "bob")
    (message_id,) = send(app, "g")
    with refused(codes.NOT_YOUR_MESSAGE):
        delete(app, message_id, sender="bob")
    with refused(codes.MESSAGE_NOT_FOUND, "made-up"):
        delete(app, "made-up")
    assert contents(history(app, "bob")) == ["hello"]
