"""The 15 operations tagged UserManagement."""

import time
from datetime import datetime, timedelta, timezone

import ncsdk
import pytest

from support import codes
from support.app import now_ms, refused
from support.recorder import failure, success

FOREVER = "9999-12-31 23:59:59"
AVATAR = "https://example.org/a.png"


def utc(text: str) -> datetime:
    """Reads `YYYY-MM-DD HH:MM:SS`, which is UTC."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)


def assert_near(text: str, moment: datetime) -> None:
    assert abs(utc(text) - moment) < timedelta(seconds=30), text


def now() -> datetime:
    return datetime.now(timezone.utc)


def banned(app) -> dict[str, str]:
    """Who is banned until when, in the order of the list."""
    users = app.sdk.list_banned_users().result.banned_users
    return {user.user_id: user.ban_expires_at for user in users}


def soft_deleted(app) -> list[str]:
    return app.sdk.list_soft_deleted_users().result.user_ids


def restore(app, *users: str):
    """Restores users, as soon as the deletion of their data is done."""
    deadline = time.monotonic() + 15
    while True:
        try:
            return app.sdk.restore_users(user_ids=list(users))
        except ncsdk.ApiException as error:
            if error.error_code != codes.DELETION_RUNNING[1] or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


# issue_access_token


@success("issue_access_token")
def test_issue_registers_a_user_whose_token_logs_in(app):
    issued = app.sdk.issue_access_token(user_id="alice", name="Alice", avatar_url=AVATAR).result
    assert issued.user_id == "alice"
    assert issued.access_token.startswith("nct_")
    user = app.sdk.get_user(user_id="alice").result
    assert (user.name, user.avatar_url) == ("Alice", AVATAR)
    assert_near(user.created_at, now())
    app.client("alice", issued.access_token)


@success("issue_access_token")
def test_issue_again_gives_another_token_and_keeps_the_first_alive(app):
    first = app.sdk.issue_access_token(user_id="alice", name="Alice", avatar_url=AVATAR).result
    second = app.sdk.issue_access_token(user_id="alice", name="Alicia").result
    assert first.access_token != second.access_token
    user = app.sdk.get_user(user_id="alice").result
    assert (user.name, user.avatar_url) == ("Alicia", AVATAR), "an avatar that is not given stays"
    app.client("alice", first.access_token)
    app.client("alice", second.access_token)


@success("issue_access_token")
def test_the_longest_user_id_has_a_token_of_at_most_256_bytes(app):
    user = "AZaz09+=-_|" + "x" * 53
    issued = app.sdk.issue_access_token(user_id=user, name="n" * 64).result
    assert issued.user_id == user
    assert len(issued.access_token) <= 256
    app.client(user, issued.access_token)


@pytest.mark.parametrize(
    ("members", "refusal", "naming"),
    [
        ({"user_id": ""}, codes.BAD_PARAMETER, "`userId`"),
        ({"user_id": "a b"}, codes.BAD_PARAMETER, "`userId`"),
        ({"user_id": "a@b"}, codes.BAD_PARAMETER, "`userId`"),
        ({"user_id": "ä"}, codes.BAD_PARAMETER, "`userId`"),
        ({"user_id": "x" * 65}, codes.TOO_LONG, "`userId`"),
        ({"name": ""}, codes.BAD_PARAMETER, "`name`"),
        ({"name": "n" * 65}, codes.TOO_LONG, "`name`"),
        ({"name": "a\0b"}, codes.BAD_PARAMETER, "`name`"),
        ({"avatar_url": "javascript:alert(1)"}, codes.BAD_PARAMETER, "`avatarUrl`"),
        ({"avatar_url": "/a.png"}, codes.BAD_PARAMETER, "`avatarUrl`"),
        ({"avatar_url": "https://example.org/" + "a" * 1005}, codes.TOO_LONG, "`avatarUrl`"),
    ],
)
@failure("issue_access_token")
def test_issue_refuses_bad_values_and_registers_nobody(app, members, refusal, naming):
    with refused(refusal, naming):
        app.sdk.issue_access_token(**{"user_id": "alice", "name": "Alice", **members})
    with refused(codes.NOT_REGISTERED, "alice"):
        app.sdk.get_user(user_id="alice")


@success("issue_access_token")
def test_a_name_counts_characters_and_an_avatar_counts_bytes(app):
    name, avatar = "é" * 64, "https://example.org/" + "a" * 1004
    app.sdk.issue_access_token(user_id="alice", name=name, avatar_url=avatar)
    user = app.sdk.get_user(user_id="alice").result
    assert (user.name, user.avatar_url) == (name, avatar)


@failure("issue_access_token")
def test_the_101st_user_of_a_development_app_is_refused(development_app):
    app = development_app
    app.register(*(f"u{number}" for number in range(100)))
    with refused(codes.USER_QUOTA):
        app.sdk.issue_access_token(user_id="one-more", name="U")
    app.sdk.issue_access_token(user_id="u0", name="Again")
    app.sdk.soft_delete_users(user_ids=["u1"])
    app.sdk.issue_access_token(user_id="one-more", name="U")
    with refused(codes.USER_QUOTA):
        restore(app, "u1")


@failure("issue_access_token")
def test_a_soft_deleted_user_gets_no_token(app):
    app.register("alice")
    app.sdk.soft_delete_users(user_ids=["alice"])
    with refused(codes.SOFT_DELETED, "alice"):
        app.sdk.issue_access_token(user_id="alice", name="Alice")


def test_a_token_lives_as_long_as_its_call_says(app):
    body = {"userId": "alice", "name": "Alice", "ttlSeconds": 1}
    token = app.post("/v4/auth/access-token/issue", body).result["accessToken"]
    time.sleep(1.1)
    assert app.login(token).refused_login() == codes.CLIENT_TOKEN_EXPIRED


def test_a_token_lives_as_long_as_the_app_says(app):
    app.set("--token-ttl", "1s")
    token = app.token("alice")
    app.set("--token-ttl", "none")
    time.sleep(1.1)
    assert app.login(token).refused_login() == codes.CLIENT_TOKEN_EXPIRED
    app.client("alice")


# expire_access_token


@success("expire_access_token")
def test_expire_voids_earlier_tokens_and_closes_their_connections(app):
    old = app.token("alice")
    client = app.client("alice", old)
    time.sleep(0.005)
    app.sdk.expire_access_token(user_ids=["alice"], expires_at=now_ms())
    closed = client.closed()
    assert (closed["code"], closed["willReconnect"]) == (codes.CLIENT_TOKEN_EXPIRED, False)
    assert app.login(old).refused_login() == codes.CLIENT_TOKEN_EXPIRED
    app.client("alice", app.token("alice"))


@success("expire_access_token")
def test_expire_leaves_later_tokens_and_other_users_alone(app):
    before = now_ms() - 1000
    alice, bob = app.client("alice"), app.client("bob")
    app.sdk.expire_access_token(user_ids=["alice"], expires_at=before)
    app.sdk.expire_access_token(user_ids=["bob"], expires_at=before)
    alice.send("bob", "still here")
    assert bob.message()["from"] == "alice"


@success("expire_access_token")
def test_expire_can_leave_connections_alone(app):
    app.set("--expire-closes-connections", "false")
    token = app.token("alice")
    app.register("bob")
    client = app.client("alice", token)
    time.sleep(0.005)
    app.sdk.expire_access_token(user_ids=["alice"], expires_at=now_ms())
    assert app.sdk.get_user_connection_status(user_id="alice").result.status == "1"
    assert app.login(token).refused_login() == codes.CLIENT_TOKEN_EXPIRED
    assert client.process.poll() is None


@failure("expire_access_token")
def test_expire_refuses_a_time_in_the_future(app):
    token = app.token("alice")
    with refused(codes.BAD_PARAMETER, "`expiresAt`"):
        app.sdk.expire_access_token(user_ids=["alice"], expires_at=now_ms() + 60_000)
    app.client("alice", token)


@failure("expire_access_token")
def test_expire_of_a_batch_is_all_or_nothing(app):
    token = app.token("alice")
    time.sleep(0.005)
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.expire_access_token(user_ids=["alice", "nobody"], expires_at=now_ms())
    app.client("alice", token)


# update_user


@success("update_user")
def test_update_changes_what_is_given_and_not_the_hosted_profile(app):
    app.register("alice")
    app.sdk.set_user_profile(user_id="alice", user_profile={"name": "Hosted"})
    app.sdk.update_user(user_id="alice", avatar_url=AVATAR)
    user = app.sdk.get_user(user_id="alice").result
    assert (user.name, user.avatar_url) == ("Name of alice", AVATAR)
    app.sdk.update_user(user_id="alice", name="Alicia")
    user = app.sdk.get_user(user_id="alice").result
    assert (user.name, user.avatar_url) == ("Alicia", AVATAR)
    app.sdk.update_user(user_id="alice", avatar_url="")
    user = app.sdk.get_user(user_id="alice").result
    assert (user.name, user.avatar_url) == ("Alicia", "")
    (profile,) = app.sdk.batch_get_user_profiles(user_ids=["alice"]).result.users
    assert profile.user_profile == {"name": "Hosted"}


@failure("update_user")
def test_update_refuses_who_is_not_registered_or_deleted(app):
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.update_user(user_id="nobody", name="N")
    app.register("alice")
    app.sdk.soft_delete_users(user_ids=["alice"])
    with refused(codes.SOFT_DELETED, "alice"):
        app.sdk.update_user(user_id="alice", name="A")


@failure("update_user")
def test_update_refuses_bad_values_and_changes_nothing(app):
    app.register("alice")
    with refused(codes.TOO_LONG, "`name`"):
        app.sdk.update_user(user_id="alice", name="n" * 65, avatar_url=AVATAR)
    with refused(codes.BAD_PARAMETER, "`avatarUrl`"):
        app.sdk.update_user(user_id="alice", name="Alicia", avatar_url="data:text/html,x")
    user = app.sdk.get_user(user_id="alice").result
    assert (user.name, user.avatar_url) == ("Name of alice", "")


# get_user


@success("get_user")
def test_get_tells_the_push_identity_and_the_day_of_registration(app):
    app.sdk.issue_access_token(user_id="alice", name="Älice 😀")
    created_at = app.sdk.get_user(user_id="alice").result.created_at
    time.sleep(1.1)
    app.sdk.issue_access_token(user_id="alice", name="Älice 😀")
    user = app.sdk.get_user(user_id="alice").result
    assert (user.name, user.avatar_url, user.created_at) == ("Älice 😀", "", created_at)
    assert_near(created_at, now())


@failure("get_user")
def test_get_refuses_who_is_not_registered_and_tells_cases_apart(app):
    app.register("alice")
    for other in ("nobody", "Alice"):
        with refused(codes.NOT_REGISTERED, f"`{other}`"):
            app.sdk.get_user(user_id=other)


@failure("get_user")
def test_get_refuses_who_is_deleted(app):
    app.register("alice")
    app.sdk.soft_delete_users(user_ids=["alice"])
    with refused(codes.SOFT_DELETED, "alice"):
        app.sdk.get_user(user_id="alice")


# get_user_connection_status


@success("get_user_connection_status")
def test_a_user_is_online_while_a_device_is_connected(app):
    def status(user):
        return app.sdk.get_user_connection_status(user_id=user).result.status

    app.register("alice")
    assert (status("alice"), status("nobody")) == ("0", "0")
    phone, desk = app.client("alice"), app.client("alice")
    assert (status("alice"), status("nobody")) == ("1", "0")
    phone.disconnect()
    assert status("alice") == "1"
    desk.disconnect()
    deadline = time.monotonic() + 5
    while status("alice") == "1" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert status("alice") == "0"


@failure("get_user_connection_status")
def test_connection_status_refuses_what_is_no_id(app):
    with refused(codes.BAD_PARAMETER, "`userId`"):
        app.sdk.get_user_connection_status(user_id="a b")
    with refused(codes.TOO_LONG, "`userId`"):
        app.sdk.get_user_connection_status(user_id="x" * 65)


def test_connection_status_answers_many_at_once(app):
    app.client("alice")
    ask = {"userIds": ["nobody", "alice"]}
    result = app.post("/v4/user/connection-status/get", ask).result
    assert result == {"users": [{"userId": "nobody", "status": "0"}, {"userId": "alice", "status": "1"}]}


# ban_users


@success("ban_users")
def test_a_ban_closes_connections_and_refuses_logins_until_it_ends(app):
    token = app.token("mallory")
    client = app.client("mallory", token)
    app.sdk.ban_users(user_ids=["mallory"], duration_minutes=30)
    closed = client.closed()
    assert (closed["code"], closed["willReconnect"]) == (codes.CLIENT_BANNED, False)
    assert app.login(token).refused_login() == codes.CLIENT_BANNED_AT_LOGIN
    bans = banned(app)
    assert list(bans) == ["mallory"]
    assert_near(bans["mallory"], now() + timedelta(minutes=30))
    app.token("mallory")  # Issuing goes on.


@success("ban_users")
def test_a_new_ban_replaces_the_end_of_the_old_one(app):
    app.register("mallory")
    app.sdk.ban_users(user_ids=["mallory"], duration_minutes=43_200)
    assert_near(banned(app)["mallory"], now() + timedelta(days=30))
    app.sdk.ban_users(user_ids=["mallory"], duration_minutes=1)
    assert_near(banned(app)["mallory"], now() + timedelta(minutes=1))
    app.sdk.ban_users(user_ids=["mallory"], duration_minutes=-1)
    assert banned(app)["mallory"] == FOREVER


@success("ban_users")
def test_messages_to_a_banned_user_wait(app):
    app.register("mallory")
    app.sdk.ban_users(user_ids=["mallory"], duration_minutes=5)
    app.client("alice").send("mallory", "while you were away")
    app.sdk.unban_users(user_ids=["mallory"])
    assert app.client("mallory").message()["from"] == "alice"


@pytest.mark.parametrize("minutes", [0, -2, 43_201])
@failure("ban_users")
def test_ban_refuses_other_durations(app, minutes):
    app.register("mallory")
    with refused(codes.BAD_PARAMETER, "`durationMinutes`"):
        app.sdk.ban_users(user_ids=["mallory"], duration_minutes=minutes)
    assert banned(app) == {}


@failure("ban_users")
def test_ban_of_a_batch_is_all_or_nothing(app):
    client = app.client("mallory")
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.ban_users(user_ids=["mallory", "nobody"], duration_minutes=5)
    assert banned(app) == {}
    with refused(codes.BAD_PARAMETER, "`userIds[1]`"):
        app.sdk.ban_users(user_ids=["mallory", "no id"], duration_minutes=5)
    assert client.process.poll() is None


def test_a_ban_can_have_a_reason_and_void_tokens(app):
    token = app.token("mallory")
    client = app.client("mallory", token)
    time.sleep(0.005)
    body = {"userIds": ["mallory"], "durationMinutes": 5, "reason": "spam", "expireTokens": True}
    assert app.post("/v4/user/ban", body).is_done()
    assert client.closed()["code"] == codes.CLIENT_BANNED
    (ban,) = app.post("/v4/user/ban/list", {}).result["bannedUsers"]
    assert (ban["userId"], ban["reason"]) == ("mallory", "spam")
    app.sdk.unban_users(user_ids=["mallory"])
    assert app.login(token).refused_login() == codes.CLIENT_TOKEN_EXPIRED
    app.client("mallory")


# unban_users


@success("unban_users")
def test_unban_lets_in_again_with_the_same_token(app):
    token = app.token("mallory")
    app.register("trudy")
    app.sdk.ban_users(user_ids=["mallory", "trudy"], duration_minutes=5)
    assert app.login(token).refused_login() == codes.CLIENT_BANNED_AT_LOGIN
    app.sdk.unban_users(user_ids=["mallory"])
    assert list(banned(app)) == ["trudy"]
    app.client("mallory", token)
    app.sdk.unban_users(user_ids=["mallory", "trudy"])
    assert banned(app) == {}, "who is not banned does not matter"


@failure("unban_users")
def test_unban_of_a_batch_is_all_or_nothing(app):
    app.register("mallory")
    app.sdk.ban_users(user_ids=["mallory"], duration_minutes=5)
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.unban_users(user_ids=["mallory", "nobody"])
    assert list(banned(app)) == ["mallory"]


# list_banned_users


@success("list_banned_users")
def test_bans_are_listed_the_last_to_end_first(app):
    ends = {"a": 10, "b": -1, "c": 20, "d": 5, "e": 30}
    app.register(*ends)
    for user, minutes in ends.items():
        app.sdk.ban_users(user_ids=[user], duration_minutes=minutes)
    bans = banned(app)
    assert list(bans) == ["b", "e", "c", "a", "d"]
    assert bans["b"] == FOREVER

    def page(**members):
        return [user.user_id for user in app.sdk.list_banned_users(**members).result.banned_users]

    assert page(page=1, page_size=2) == ["b", "e"]
    assert page(page=2, page_size=2) == ["c", "a"]
    assert page(page=3, page_size=2) == ["d"]
    assert page(page=4, page_size=2) == []
    assert page(page_size=3) == ["b", "e", "c"], "without a page, another page size than the default bounds"


@success("list_banned_users")
def test_without_a_page_the_first_thousand_bans_are_listed(app):
    users = [f"u{number:02}" for number in range(60)]
    app.register(*users)
    for start in range(0, 60, 20):
        app.sdk.ban_users(user_ids=users[start : start + 20], duration_minutes=5)
    assert sorted(banned(app)) == users
    assert len(app.sdk.list_banned_users(page=1).result.banned_users) == 50
    assert len(app.sdk.list_banned_users(page=2).result.banned_users) == 10


@pytest.mark.parametrize(
    ("members", "naming"),
    [({"page": 0}, "`page`"), ({"page_size": 0}, "`pageSize`"), ({"page_size": 1001}, "`pageSize`")],
)
@failure("list_banned_users")
def test_bans_are_listed_in_bounded_pages_only(app, members, naming):
    with refused(codes.BAD_PARAMETER, naming):
        app.sdk.list_banned_users(**members)


# soft_delete_users


@success("soft_delete_users")
def test_a_soft_deleted_user_is_gone_at_once(app):
    token = app.token("alice")
    alice, bob = app.client("alice", token), app.client("bob")
    operation = app.sdk.soft_delete_users(user_ids=["alice"]).result.operation_id
    assert operation
    assert alice.closed()["code"] == codes.CLIENT_DELETED
    assert soft_deleted(app) == ["alice"]
    assert app.login(token).refused_login() == codes.CLIENT_DELETED
    assert bob.refused_send("alice") == codes.SOFT_DELETED[1]
    again = app.sdk.soft_delete_users(user_ids=["alice"]).result.operation_id
    assert again and again != operation, "deleting again is no error"
    assert soft_deleted(app) == ["alice"]


@success("soft_delete_users")
def test_a_soft_deleted_user_leaves_nothing_of_their_own_behind(app):
    app.befriend("alice", "bob")
    app.sdk.set_user_profile(user_id="alice", user_profile={"name": "Al"})
    app.sdk.add_user_blocklist(user_id="alice", target_user_ids=["carol"])
    app.sdk.add_user_blocklist(user_id="bob", target_user_ids=["alice"])
    app.sdk.batch_set_user_tags(user_ids=["alice"], tags=["vip"])
    app.sdk.soft_delete_users(user_ids=["alice"])
    restore(app, "alice")
    app.sdk.issue_access_token(user_id="alice", name="New")
    (profile,) = app.sdk.batch_get_user_profiles(user_ids=["alice"]).result.users
    assert not profile.user_profile
    assert app.sdk.list_friends(user_id="alice").result.friends == []
    assert app.sdk.list_friends(user_id="bob").result.friends == []
    assert app.sdk.get_user_blocklist(user_id="alice").result.blocked_user_ids == []
    assert app.sdk.batch_get_user_tags(user_ids=["alice"]).result.users[0].tags == []
    kept = app.sdk.get_user_blocklist(user_id="bob").result.blocked_user_ids
    assert kept == ["alice"], "what others have on their lists stays"


@failure("soft_delete_users")
def test_soft_delete_of_a_batch_is_all_or_nothing(app):
    app.register("alice")
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.soft_delete_users(user_ids=["alice", "nobody"])
    assert soft_deleted(app) == []
    with refused(codes.BAD_PARAMETER, "`userIds`"):
        app.sdk.soft_delete_users(user_ids=[])


# restore_users


@success("restore_users")
def test_a_restored_user_comes_back_without_their_tokens(app):
    token = app.token("alice")
    app.sdk.soft_delete_users(user_ids=["alice"])
    assert restore(app, "alice").result.operation_id
    assert soft_deleted(app) == []
    assert app.login(token).refused_login() == codes.CLIENT_TOKEN_EXPIRED
    app.client("alice")
    assert app.sdk.restore_users(user_ids=["alice"]).result.operation_id, "restoring again is no error"


@failure("restore_users")
def test_restore_of_a_batch_is_all_or_nothing(app):
    app.register("alice")
    app.sdk.soft_delete_users(user_ids=["alice"])
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.restore_users(user_ids=["alice", "nobody"])
    assert soft_deleted(app) == ["alice"]


# list_soft_deleted_users


@success("list_soft_deleted_users")
def test_soft_deleted_users_are_listed_in_pages(app):
    users = [f"u{number:02}" for number in range(60)]
    app.register(*users, "stays")
    app.sdk.soft_delete_users(user_ids=users)

    def page(**members):
        return app.sdk.list_soft_deleted_users(**members).result.user_ids

    assert len(page()) == 50
    assert sorted(page() + page(page=2)) == users
    assert len(page(page=1, page_size=1)) == 1
    assert page(page=3) == []


@pytest.mark.parametrize(
    ("members", "naming"),
    [({"page": 0}, "`page`"), ({"page_size": 0}, "`pageSize`"), ({"page_size": 51}, "`pageSize`")],
)
@failure("list_soft_deleted_users")
def test_soft_deleted_users_are_listed_in_bounded_pages_only(app, members, naming):
    with refused(codes.BAD_PARAMETER, naming):
        app.sdk.list_soft_deleted_users(**members)


# set_channel_type_mute


@success("set_channel_type_mute")
def test_a_muted_user_cannot_send_from_a_client_but_the_server_can(app):
    alice, bob = app.client("alice"), app.client("bob")
    app.sdk.set_channel_type_mute(user_ids=["alice"], mute_state=1, channel_types=["PERSON"])
    assert alice.refused_send("bob") == codes.CLIENT_MUTED
    app.sdk.send_direct_channel_message(
        from_user_id="alice", to_user_ids=["bob"], message_type="RC:TxtMsg", content='{"content":"server"}'
    )
    assert "server" in str(bob.message()["content"])
    bob.send("alice", "the other direction is free")
    app.sdk.set_channel_type_mute(user_ids=["alice"], mute_state=0, channel_types=["1"])
    alice.send("bob", "free")
    assert "free" in str(bob.message()["content"])


@pytest.mark.parametrize(
    ("members", "refusal", "naming"),
    [
        ({"mute_state": 2}, codes.BAD_PARAMETER, "`muteState`"),
        ({"channel_types": ["GROUP"]}, codes.BAD_PARAMETER, "`channelTypes"),
        ({"channel_types": []}, codes.BAD_PARAMETER, "`channelTypes`"),
        ({"user_ids": ["alice", "nobody"]}, codes.NOT_REGISTERED, "nobody"),
        ({"user_ids": []}, codes.BAD_PARAMETER, "`userIds`"),
    ],
)
@failure("set_channel_type_mute")
def test_mute_refuses_bad_values_and_mutes_nobody(app, members, refusal, naming):
    app.register("alice")
    with refused(refusal, naming):
        app.sdk.set_channel_type_mute(
            **{"user_ids": ["alice"], "mute_state": 1, "channel_types": ["PERSON"], **members}
        )
    assert app.sdk.list_channel_type_mute(channel_type="PERSON").result.total_count == 0


# list_channel_type_mute


@success("list_channel_type_mute")
def test_muted_users_are_listed_with_their_number(app):
    users = [f"u{number}" for number in range(5)]
    app.register(*users, "speaks")
    app.sdk.set_channel_type_mute(user_ids=users, mute_state=1, channel_types=["PERSON"])

    def page(**members):
        result = app.sdk.list_channel_type_mute(channel_type="PERSON", **members).result
        assert result.total_count == 5
        return result.muted_user_ids

    assert sorted(page()) == users
    parts = [page(offset=offset, page_size=2) for offset in (0, 2, 4)]
    assert [len(part) for part in parts] == [2, 2, 1]
    assert sorted(sum(parts, [])) == users
    assert page(offset=5) == []


@pytest.mark.parametrize(
    ("members", "naming"),
    [
        ({"channel_type": "GROUP"}, "`channelType`"),
        ({"page_size": 0}, "`pageSize`"),
        ({"page_size": 201}, "`pageSize`"),
        ({"offset": -1}, "`offset`"),
    ],
)
@failure("list_channel_type_mute")
def test_muted_users_are_listed_in_bounded_pages_only(app, members, naming):
    with refused(codes.BAD_PARAMETER, naming):
        app.sdk.list_channel_type_mute(**{"channel_type": "PERSON", **members})


# batch_set_user_tags


@success("batch_set_user_tags")
def test_setting_tags_replaces_those_of_all_listed_users(app):
    def tags(*users):
        return [user.tags for user in app.sdk.batch_get_user_tags(user_ids=list(users)).result.users]

    app.register("alice", "bob", "carol")
    app.sdk.batch_set_user_tags(user_ids=["alice", "bob"], tags=["vip", "北京"])
    assert [sorted(each) for each in tags("alice", "bob", "carol")] == [["vip", "北京"], ["vip", "北京"], []]
    app.sdk.batch_set_user_tags(user_ids=["alice"], tags=["new"])
    assert tags("alice") == [["new"]]
    app.sdk.batch_set_user_tags(user_ids=["alice", "bob"], tags=[])
    assert tags("alice", "bob") == [[], []]


@pytest.mark.parametrize(
    ("members", "refusal", "naming"),
    [
        ({"tags": ["t" * 41]}, codes.TOO_LONG, "`tags[0]`"),
        ({"tags": ["ok", "ü" * 21]}, codes.TOO_LONG, "`tags[1]`"),
        ({"tags": [f"t{number}" for number in range(21)]}, codes.BAD_PARAMETER, "`tags`"),
        ({"tags": [""]}, codes.BAD_PARAMETER, "`tags[0]`"),
        ({"user_ids": ["alice", "nobody"]}, codes.NOT_REGISTERED, "nobody"),
    ],
)
@failure("batch_set_user_tags")
def test_tags_refuse_bad_values_and_change_nothing(app, members, refusal, naming):
    app.register("alice")
    app.sdk.batch_set_user_tags(user_ids=["alice"], tags=["before"])
    with refused(refusal, naming):
        app.sdk.batch_set_user_tags(**{"user_ids": ["alice"], "tags": ["after"], **members})
    assert app.sdk.batch_get_user_tags(user_ids=["alice"]).result.users[0].tags == ["before"]


# batch_get_user_tags


@success("batch_get_user_tags")
def test_tags_are_told_in_the_order_asked_for(app):
    app.register("alice", "bob")
    app.sdk.batch_set_user_tags(user_ids=["bob"], tags=["t" * 40])
    users = app.sdk.batch_get_user_tags(user_ids=["bob", "alice"]).result.users
    assert [(user.user_id, user.tags) for user in users] == [("bob", ["t" * 40]), ("alice", [])]


@failure("batch_get_user_tags")
def test_tags_of_who_is_not_registered_are_refused(app):
    app.register("alice")
    with refused(codes.NOT_REGISTERED, "nobody"):
        app.sdk.batch_get_user_tags(user_ids=["alice", "nobody"])
    with refused(codes.BAD_PARAMETER, "`userIds`"):
        app.sdk.batch_get_user_tags(user_ids=[f"u{number}" for number in range(51)])
