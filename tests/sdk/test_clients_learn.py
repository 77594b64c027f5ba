"""What a connected client learns of the app server's calls, and what a client does that the app server then sees."""

from support import codes

MESSAGE = {"message_type": "RC:TxtMsg", "content": '{"content":"hello"}'}


def test_a_friend_request_is_answered_from_a_client(app):
    app.register("alice")
    bob = app.client("bob")
    app.sdk.add_friend(user_id="alice", target_id="bob", extra="it's me")
    request = bob.event("friendApplicationChanged")["application"]
    assert (request["userId"], request["direction"], request["status"]) == ("alice", "received", "pending")
    assert request["extra"] == "it's me"
    bob.call("acceptFriendApplication", userId="alice")
    assert bob.event("friendAdded")["userIds"] == ["alice"]
    assert [friend.user_id for friend in app.sdk.list_friends(user_id="alice").result.friends] == ["bob"]


def test_a_refused_friend_request_makes_no_friends(app):
    app.register("alice")
    bob = app.client("bob")
    app.sdk.add_friend(user_id="alice", target_id="bob")
    bob.call("refuseFriendApplication", userId="alice")
    (found,) = app.sdk.get_friend_relationships(user_id="alice", target_ids=["bob"]).result.friendships
    assert found.result == 1
    app.sdk.add_friend(user_id="alice", target_id="bob")  # It may be asked again.


def test_friends_hear_of_each_other(app):
    app.register("bob")
    alice = app.client("alice")
    app.sdk.add_friend(user_id="bob", target_id="alice", action=2)
    assert alice.event("friendAdded")["friend"]["name"] == "Name of bob"
    app.sdk.set_friend_profile(
        user_id="alice", target_id="bob", alias="bro", friend_ext_profile={"ext_met": "2020"}
    )
    friend = alice.event("friendInfoChanged")["friend"]
    assert (friend["alias"], friend["extProfile"]) == ("bro", {"ext_met": "2020"})
    app.sdk.set_user_profile(user_id="bob", user_profile={"name": "Bo"}, user_ext_profile={"ext_a": "1"})
    profile = alice.event("profileChanged")["profile"]
    assert (profile["userId"], profile["basic"], profile["ext"]) == ("bob", {"name": "Bo"}, {"ext_a": "1"})
    app.sdk.remove_all_friends(user_id="bob")
    assert alice.event("friendRemoved")["userIds"] == ["bob"]


def test_the_blocklist_is_one_whoever_changes_it(app):
    alice = app.client("alice")
    app.sdk.add_user_blocklist(user_id="alice", target_user_ids=["x", "y"])
    changed = alice.event("blocklistChanged")
    assert (sorted(changed["added"]), changed["removed"]) == (["x", "y"], [])
    assert sorted(alice.call("getBlocklist")) == ["x", "y"]
    alice.call("removeFromBlocklist", userId="x")
    alice.call("addToBlocklist", userId="z")
    assert app.sdk.get_user_blocklist(user_id="alice").result.blocked_user_ids == ["z", "y"]


def test_the_whitelist_is_told_too(app):
    alice = app.client("alice")
    app.post("/v4/user/whitelist/setting/set", {"userIds": ["alice"], "enabled": True})
    assert alice.event("whitelistChanged")["enabled"] is True
    app.post("/v4/user/whitelist/add", {"userId": "alice", "targetUserIds": ["bob"]})
    assert alice.event("whitelistChanged")["added"] == ["bob"]


def test_the_account_is_told_when_its_standing_changes(app):
    alice = app.client("alice")
    app.sdk.set_channel_type_mute(user_ids=["alice"], mute_state=1, channel_types=["PERSON"])
    assert alice.event("accountChanged")["account"]["mutedInDirectChannels"] is True
    app.sdk.update_user(user_id="alice", name="Alicia")
    assert alice.event("accountChanged")["account"]["name"] == "Alicia"
    app.sdk.set_friend_permission(user_ids=["alice"], permission_type=3)
    assert alice.event("accountChanged")["account"]["friendPermission"] == 3
    account = alice.call("getAccount")
    assert (account["mutedInDirectChannels"], account["name"], account["friendPermission"]) == (True, "Alicia", 3)


def test_a_deleted_message_is_told_to_both_sides(app):
    alice, bob = app.client("alice"), app.client("bob")
    sent = app.sdk.send_direct_channel_message(from_user_id="alice", to_user_ids=["bob"], **MESSAGE)
    message_id = sent.result.message_ids[0].message_id
    assert bob.message()["messageId"] == message_id
    app.sdk.delete_message(
        from_user_id="alice", channel_type=1, channel_id="bob", message_id=message_id, extra="sorry"
    )
    for client, channel in ((bob, "alice"), (alice, "bob")):
        recalled = client.event("messageRecalled")
        assert (recalled["messageId"], recalled["channelId"]) == (message_id, channel)
        assert recalled["extra"] == "sorry"


def test_what_a_client_sends_is_in_the_history_that_the_app_server_reads(app):
    alice = app.client("alice")
    app.register("bob")
    sent = alice.send("bob", "from a client")
    (message,) = app.sdk.list_direct_channel_history_messages(
        user_id="bob", channel_id="alice", start_at=sent["sentAt"], end_at=sent["sentAt"], include_start=True
    ).result.messages
    assert (message.message_id, message.from_user_id) == (sent["messageId"], "alice")
    assert "from a client" in message.content


def test_a_client_takes_no_more_devices_than_the_app_allows(app):
    app.set("--devices-per-user", "2")
    token = app.token("alice")
    first, second, third = (app.client("alice", token) for _ in range(3))
    assert first.closed()["code"] == codes.CLIENT_KICKED
    assert second.process.poll() is None and third.process.poll() is None
