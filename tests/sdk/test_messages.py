"""The message operations: send a direct message, list a direct channel's history, edit and delete a message."""

import json
import time

import pytest

from support import codes
from support.app import now_ms, refused
from support.recorder import failure, success

DAY_MS = 24 * 60 * 60 * 1000
MOST_CONTENT = 128 * 1024


def text(words: str) -> str:
    return json.dumps({"content": words})


def send(app, to: str | list[str], words: str = "hello", *, sender: str = "alice", **members) -> list[str]:
    """Sends a text; returns the messages' ids in the order of the recipients."""
    to = [to] if isinstance(to, str) else to
    request = {"from_user_id": sender, "to_user_ids": to, "message_type": "RC:TxtMsg", "content": text(words)}
    sent = app.sdk.send_direct_channel_message(**{**request, **members}).result.message_ids
    assert [each.user_id for each in sent] == to
    return [each.message_id for each in sent]


def history(app, user: str, channel: str, **members):
    """A channel's messages of the last day, the newest first."""
    now = now_ms()
    request = {"start_at": now, "end_at": now - DAY_MS, "page_size": 100, "include_start": True}
    request |= {"user_id": user, "channel_id": channel, **members}
    return app.sdk.list_direct_channel_history_messages(**request).result.messages


def contents(messages) -> list[str]:
    return [json.loads(message.content)["content"] for message in messages]


def received(client) -> dict:
    """The next message that a client gets, its content read."""
    message = client.message()
    content = message["content"]
    return {**message, "content": json.loads(content) if isinstance(content, str) else content}


# send_direct_channel_message


@success("send_direct_channel_message")
def test_each_recipient_gets_the_message_with_its_id(app):
    app.register("alice")
    bob, carol = app.client("bob"), app.client("carol")
    began = now_ms()
    ids = send(app, ["bob", "carol"], "to both 😀")
    assert len(set(ids)) == 2
    for client, user, message_id in ((bob, "bob", ids[0]), (carol, "carol", ids[1])):
        message = received(client)
        assert message["messageId"] == message_id
        assert (message["from"], message["to"], message["type"]) == ("alice", user, "RC:TxtMsg")
        assert message["content"] == {"content": "to both 😀"}
        assert began <= message["sentAt"] <= now_ms()
        (kept,) = history(app, user, "alice")
        assert (kept.message_id, kept.sent_at) == (message_id, message["sentAt"])


@success("send_direct_channel_message")
def test_a_message_waits_for_who_is_offline(app):
    app.register("alice", "bob")
    (first,) = send(app, "bob", "one")
    (second,) = send(app, "bob", "two")
    bob = app.client("bob")
    assert [received(bob)["messageId"] for _ in range(2)] == [first, second]


@success("send_direct_channel_message")
def test_contents_of_a_custom_type_pass_through_unchanged(app):
    app.register("alice", "bob")
    content = '{ "b":1.50,"a" : [null, "\\u00e9", "é", {"deep": [[[]]]}] , "big": 12345678901234567890}'
    send(app, "bob", message_type="My:Order-" + "x" * 23, content=content)
    (message,) = history(app, "bob", "alice")
    assert message.message_type == "My:Order-" + "x" * 23
    assert message.content == content


@success("send_direct_channel_message")
def test_the_senders_own_devices_get_it_only_when_asked(app):
    alice = app.client("alice")
    app.register("bob")
    send(app, "bob", "silent")
    (echoed,) = send(app, "bob", "echoed", is_echo_to_sender=1)
    message = received(alice)
    assert (message["messageId"], message["to"]) == (echoed, "bob")
    assert contents(history(app, "alice", "bob")) == ["echoed", "silent"]


@success("send_direct_channel_message")
def test_lists_and_friendship_are_not_asked_unless_told(app):
    app.set("--only-friends-can-message", "true")
    app.register("alice", "bob")
    app.sdk.add_user_blocklist(user_id="bob", target_user_ids=["alice"])
    app.post("/v4/user/whitelist/setting/set", {"userIds": ["bob"], "enabled": True})
    app.sdk.set_channel_type_mute(user_ids=["alice"], mute_state=1, channel_types=["PERSON"])
    app.sdk.ban_users(user_ids=["alice"], duration_minutes=5)
    send(app, "bob", "from the server", verify_blocklist=0)
    assert contents(history(app, "bob", "alice")) == ["from the server"]


@failure("send_direct_channel_message")
def test_the_blocklist_is_asked_when_told(app):
    app.register("alice", "bob", "carol")
    app.sdk.add_user_blocklist(user_id="bob", target_user_ids=["alice"])
    with refused(codes.IN_BLOCKLIST):
        send(app, ["carol", "bob"], verify_blocklist=1)
    for user in ("bob", "carol"):
        assert history(app, user, "alice") == [], "all of them get it, or none"
    send(app, "carol", verify_blocklist=1)
    body = {"fromUserId": "alice", "toUserIds": ["bob"], "messageType": "RC:TxtMsg", "content": text("x")}
    answer = app.post("/v4/direct-channel/message/send", {**body, "verifyBlacklist": 1})
    answer.must_be(codes.IN_BLOCKLIST)


@success("send_direct_channel_message")
def test_what_shall_not_be_kept_is_delivered_and_forgotten(app):
    app.register("alice")
    bob = app.client("bob")
    (message_id,) = send(app, "bob", "now or never", should_persist=0)
    assert received(bob)["messageId"] == message_id
    assert history(app, "bob", "alice") == []


@success("send_direct_channel_message")
def test_content_has_128_kib_at_most(app):
    app.register("alice", "bob")
    empty = len(text(""))
    send(app, "bob", "x" * (MOST_CONTENT - empty))
    (message,) = history(app, "bob", "alice")
    assert len(message.content) == MOST_CONTENT


@pytest.mark.parametrize(
    ("members", "refusal", "naming"),
    [
        ({"from_user_id": "nobody"}, codes.NOT_REGISTERED, "nobody"),
        ({"to_user_ids": ["bob", "nobody"]}, codes.NOT_REGISTERED, "nobody"),
        ({"to_user_ids": []}, codes.BAD_PARAMETER, "`toUserIds`"),
        ({"to_user_ids": [f"u{n}" for n in range(1001)]}, codes.BAD_PARAMETER, "`toUserIds`"),
        ({"to_user_ids": ["bob", "no id"]}, codes.BAD_PARAMETER, "`toUserIds[1]`"),
        ({"message_type": ""}, codes.BAD_PARAMETER, "`messageType`"),
        ({"message_type": "RC:Mine"}, codes.BAD_PARAMETER, "`messageType`"),
        ({"message_type": "M" * 33}, codes.TOO_LONG, "`messageType`"),
        ({"content": "not JSON"}, codes.BAD_PARAMETER, "`content`"),
        ({"content": ""}, codes.BAD_PARAMETER, "`content`"),
        ({"content": text("x" * MOST_CONTENT)}, codes.TOO_LONG, "`content`"),
    ],
)
@failure("send_direct_channel_message")
def test_send_refuses_bad_values_and_sends_nothing(app, members, refusal, naming):
    app.register("alice", "bob")
    request = {"from_user_id": "alice", "to_user_ids": ["bob"], "message_type": "RC:TxtMsg", "content": text("x")}
    with refused(refusal, naming):
        app.sdk.send_direct_channel_message(**{**request, **members})
    assert history(app, "bob", "alice") == []


@failure("send_direct_channel_message")
def test_nothing_can_be_sent_to_who_is_deleted(app):
    app.register("alice", "bob", "gone")
    app.sdk.soft_delete_users(user_ids=["gone"])
    with refused(codes.SOFT_DELETED, "gone"):
        send(app, ["bob", "gone"])
    assert history(app, "bob", "alice") == []


# list_direct_channel_history_messages


@success("list_direct_channel_history_messages")
def test_history_is_told_newest_first_and_alike_on_both_sides(app):
    app.register("alice", "bob", "carol")
    for n in range(3):
        send(app, "bob", f"m{n}", sender="alice")
        send(app, "alice", f"r{n}", sender="bob")
        time.sleep(0.005)
    send(app, "bob", "another channel", sender="carol")
    seen_by_alice, seen_by_bob = history(app, "alice", "bob"), history(app, "bob", "alice")
    assert contents(seen_by_alice) == ["r2", "m2", "r1", "m1", "r0", "m0"]
    assert [m.message_id for m in seen_by_alice] == [m.message_id for m in seen_by_bob]
    assert [m.from_user_id for m in seen_by_alice] == ["bob", "alice"] * 3
    assert {m.channel_id for m in seen_by_alice} == {"bob"}
    assert {m.channel_id for m in seen_by_bob} == {"alice"}
    assert {m.message_type for m in seen_by_alice} == {"RC:TxtMsg"}
    assert not any(m.has_metadata or m.ai_generated for m in seen_by_alice)


@success("list_direct_channel_history_messages")
def test_history_is_read_page_by_page(app):
    app.register("alice", "bob")
    for n in range(7):
        send(app, "bob", f"m{n}")
        time.sleep(0.005)
    found, start, include = [], now_ms(), True
    for expected in (3, 3, 1, 0):
        page = history(app, "alice", "bob", start_at=start, page_size=3, include_start=include)
        assert len(page) == expected
        found += contents(page)
        if page:
            start, include = page[-1].sent_at, False
    assert found == [f"m{n}" for n in reversed(range(7))]


@success("list_direct_channel_history_messages")
def test_the_bounds_of_history_are_what_they_say(app):
    app.register("alice", "bob")
    for n in range(3):
        send(app, "bob", f"m{n}")
        time.sleep(0.005)
    newest, middle, oldest = history(app, "alice", "bob")

    def between(newer, older, include_start):
        found = history(
            app, "alice", "bob", start_at=newer.sent_at, end_at=older.sent_at, include_start=include_start
        )
        return contents(found)

    assert between(newest, oldest, True) == ["m2", "m1", "m0"]
    assert between(newest, oldest, False) == ["m1", "m0"]
    assert between(middle, middle, True) == ["m1"]
    assert between(middle, middle, False) == []


@failure("list_direct_channel_history_messages")
def test_history_refuses_other_stretches_of_time(app):
    app.register("alice", "bob")
    now = now_ms()
    with refused(codes.BAD_PARAMETER, "`endAt`"):
        history(app, "alice", "bob", start_at=now - 1, end_at=now)
    with refused(codes.BAD_PARAMETER, "`endAt`"):
        history(app, "alice", "bob", start_at=now, end_at=now - 14 * DAY_MS - 1)
    assert history(app, "alice", "bob", start_at=now, end_at=now - 14 * DAY_MS) == []


@failure("list_direct_channel_history_messages")
def test_history_refuses_who_is_not_registered(app):
    app.register("alice")
    with refused(codes.NOT_REGISTERED, "nobody"):
        history(app, "nobody", "alice")
    with refused(codes.BAD_PARAMETER, "`channelId`"):
        history(app, "alice", "no id")


# update_direct_channel_message


def edit(app, message_id: str, words: str, *, sender: str = "alice", target: str = "bob") -> None:
    app.sdk.update_direct_channel_message(
        from_user_id=sender, target_id=target, message_id=message_id, content=text(words)
    )


@success("update_direct_channel_message")
def test_an_edited_message_says_so_on_both_sides_and_to_who_is_connected(app):
    app.register("alice")
    bob = app.client("bob")
    (message_id,) = send(app, "bob", "teh")
    assert received(bob)["content"] == {"content": "teh"}
    edit(app, message_id, "the")
    edit(app, message_id, "the")  # The same again is no error.
    told = bob.event("messageEdited")["message"]
    assert (told["messageId"], told["content"]) == (message_id, {"content": "the"})
    assert told["editedAt"] >= told["sentAt"]
    for user, channel in (("alice", "bob"), ("bob", "alice")):
        assert contents(history(app, user, channel)) == ["the"]


@success("update_direct_channel_message")
def test_who_was_offline_sees_the_edited_message(app):
    app.register("alice", "bob")
    (message_id,) = send(app, "bob", "teh")
    edit(app, message_id, "the")
    message = received(app.client("bob"))
    assert (message["messageId"], message["content"]) == (message_id, {"content": "the"})


@failure("update_direct_channel_message")
def test_edit_refuses_what_is_not_there_not_the_senders_or_not_editable(app):
    app.register("alice", "bob", "carol")
    (message_id,) = send(app, "bob")
    with refused(codes.NOT_YOUR_MESSAGE):
        edit(app, message_id, "x", sender="bob", target="alice")
    for target in ("carol", "nobody"):
        with refused(codes.MESSAGE_NOT_FOUND):
            edit(app, message_id, "x", target=target)
    with refused(codes.MESSAGE_NOT_FOUND, "made-up"):
        edit(app, "made-up", "x")
    with refused(codes.NOT_REGISTERED, "nobody"):
        edit(app, message_id, "x", sender="nobody")
    with refused(codes.BAD_PARAMETER, "content"):
        app.sdk.update_direct_channel_message(
            from_user_id="alice", target_id="bob", message_id=message_id, content="no JSON"
        )
    (picture,) = send(app, "bob", message_type="RC:ImgMsg")
    with refused(codes.NOT_EDITABLE, "RC:ImgMsg"):
        edit(app, picture, "x")
    assert contents(history(app, "alice", "bob")) == ["hello", "hello"]


@failure("update_direct_channel_message")
def test_edit_refuses_another_apps_message(app, server):
    app.register("alice", "bob")
    (message_id,) = send(app, "bob")
    other = server.create_app()
    other.register("alice", "bob")
    with refused(codes.MESSAGE_NOT_FOUND):
        edit(other, message_id, "x")
    assert contents(history(app, "alice", "bob")) == ["hello"]


# delete_message


def delete(app, message_id: str, *, sender: str = "alice", channel: str = "bob", **members) -> None:
    app.sdk.delete_message(
        from_user_id=sender, channel_type=1, channel_id=channel, message_id=message_id, **members
    )


@success("delete_message")
def test_a_deleted_message_loses_its_content_on_both_sides(app):
    app.register("alice", "bob")
    send(app, "bob", "stays")
    (regretted,) = send(app, "bob", "regretted")
    delete(app, regretted, extra="sorry")
    delete(app, regretted)  # Deleting again is no error.
    for user, channel in (("alice", "bob"), ("bob", "alice")):
        found = [m for m in history(app, user, channel) if m.message_id != regretted]
        assert contents(found) == ["stays"]
        assert "regretted" not in str([m.content for m in history(app, user, channel)])


@success("delete_message")
def test_who_was_offline_never_sees_what_was_deleted(app):
    app.register("alice", "bob")
    (regretted,) = send(app, "bob", "regretted")
    delete(app, regretted)
    send(app, "bob", "later")
    bob = app.client("bob")
    while (message := bob.message())["messageId"] == regretted:
        assert "regretted" not in str(message["content"])
    assert "later" in str(message["content"])


@success("delete_message")
def test_the_app_may_delete_anybodys_message(app):
    app.register("alice", "bob")
    (message_id,) = send(app, "alice", "from bob", sender="bob")
    with refused(codes.NOT_YOUR_MESSAGE):
        delete(app, message_id)
    assert contents(history(app, "alice", "bob")) == ["from bob"]
    delete(app, message_id, is_admin=1)
    assert "from bob" not in str([m.content for m in history(app, "alice", "bob")])


@failure("delete_message")
def test_delete_refuses_what_is_not_there(app):
    app.register("alice", "bob", "carol")
    (message_id,) = send(app, "bob")
    with refused(codes.MESSAGE_NOT_FOUND):
        delete(app, message_id, channel="carol")
    with refused(codes.MESSAGE_NOT_FOUND, "made-up"):
        delete(app, "made-up")
    with refused(codes.BAD_PARAMETER, "`channelType`"):
        app.sdk.delete_message(
            from_user_id="alice", channel_type=4, channel_id="bob", message_id=message_id
        )
    assert contents(history(app, "alice", "bob")) == ["hello"]


@failure("delete_message")
def test_delete_refuses_another_apps_message(app, server):
    app.register("alice", "bob")
    (message_id,) = send(app, "bob")
    other = server.create_app()
    other.register("alice", "bob")
    with refused(codes.MESSAGE_NOT_FOUND):
        delete(other, message_id, is_admin=1)
    assert contents(history(app, "alice", "bob")) == ["hello"]
