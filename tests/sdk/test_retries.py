"""Calls that are made again, and calls that come too often: `Idempotency-Key`, rates."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import codes
from support.app import now_ms, refused

ISSUE = "/v4/auth/access-token/issue"
SEND = "/v4/direct-channel/message/send"
ALICE = {"userId": "alice", "name": "Alice"}
HELLO = {"fromUserId": "alice", "toUserIds": ["bob"], "messageType": "RC:TxtMsg", "content": '{"content":"hello"}'}


def keyed(key: str) -> dict:
    return {"Idempotency-Key": key}


def history(app) -> list[str]:
    now = now_ms()
    found = app.sdk.list_direct_channel_history_messages(
        user_id="bob", channel_id="alice", start_at=now, end_at=now - 60_000, page_size=100, include_start=True
    )
    return [message.message_id for message in found.result.messages]


def test_the_first_answer_is_given_again(app):
    first = app.post(ISSUE, ALICE, headers=keyed("k"))
    assert "Idempotency-Replayed" not in first.headers
    second = app.post(ISSUE, ALICE, headers={**keyed("k"), "X-Request-ID": "second"})
    assert second.result == first.result, "the very same token"
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["X-Request-ID"] == "second"
    assert app.post(ISSUE, ALICE, headers=keyed("other")).result != first.result
    assert app.post(ISSUE, ALICE).result != first.result


def test_a_message_is_sent_once(app):
    app.register("alice", "bob")
    first = app.post(SEND, HELLO, headers=keyed("k"))
    assert app.post(SEND, HELLO, headers=keyed("k")).result == first.result
    (message_id,) = [each["messageId"] for each in first.result["messageIds"]]
    assert history(app) == [message_id]
    app.post(SEND, HELLO)
    assert len(history(app)) == 2


def test_calls_with_one_key_at_once_take_effect_once(app):
    app.register("alice", "bob")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: app.post(SEND, HELLO, headers=keyed("k")), range(16)))
    done = [answer for answer in answers if answer.status == 200]
    assert done and all(answer.result == done[0].result for answer in done)
    assert all(answer.outcome == codes.IDEMPOTENCY_KEY_IN_USE for answer in answers if answer not in done)
    assert len(history(app)) == 1


def test_another_call_under_the_same_key_is_refused(app):
    app.register("alice", "bob")
    app.post(SEND, HELLO, headers=keyed("k"))
    for path, body in ((SEND, {**HELLO, "content": '{"content":"other"}'}), (ISSUE, ALICE)):
        app.post(path, body, headers=keyed("k")).must_be(codes.IDEMPOTENCY_KEY_REUSED)
    assert len(history(app)) == 1


def test_a_refusal_is_kept_too(app):
    ban = {"userIds": ["alice"], "durationMinutes": 5}
    app.post("/v4/user/ban", ban, headers=keyed("k")).must_be(codes.NOT_REGISTERED, "alice")
    app.register("alice")
    again = app.post("/v4/user/ban", ban, headers=keyed("k"))
    assert again.outcome == codes.NOT_REGISTERED
    assert app.post("/v4/user/ban", ban, headers=keyed("other")).is_done()


def test_keys_belong_to_their_app_and_do_not_matter_to_reads(app, server):
    other = server.create_app()
    first = app.post(ISSUE, ALICE, headers=keyed("k")).result
    assert other.post(ISSUE, ALICE, headers=keyed("k")).result != first
    assert app.post("/v4/user/get", {"userId": "alice"}, headers=keyed("k")).result["name"] == "Alice"
    app.sdk.update_user(user_id="alice", name="Alicia")
    assert app.post("/v4/user/get", {"userId": "alice"}, headers=keyed("k")).result["name"] == "Alicia"


def test_an_alias_is_the_same_call(app):
    app.befriend("alice", "bob")
    body = {"userId": "alice", "targetIds": ["bob"]}
    assert app.post("/v4/friend/remove", body, headers=keyed("k")).is_done()
    app.befriend("alice", "bob")
    again = app.post("/v4/friend/delete", body, headers=keyed("k"))
    assert again.is_done() and again.headers["Idempotency-Replayed"] == "true"
    assert len(app.sdk.list_friends(user_id="alice").result.friends) == 1


@pytest.mark.parametrize("key", ["", "k" * 65, "a b", b"\xff"])
def test_other_keys_are_refused(app, key):
    app.post(ISSUE, ALICE, headers=keyed(key)).must_be(codes.BAD_PARAMETER, "Idempotency-Key")
    app.post("/v4/user/get", {"userId": "alice"}).must_be(codes.NOT_REGISTERED)


def test_the_longest_key_is_taken(app):
    key = "!" * 64
    first = app.post(ISSUE, ALICE, headers=keyed(key))
    assert app.post(ISSUE, ALICE, headers=keyed(key)).result == first.result


# Rates


def until_refused(call, most: int):
    """Calls until it is refused; returns that answer."""
    for _ in range(most):
        if (answer := call()).status != 200:
            return answer
    raise AssertionError(f"{most} calls were answered")


def test_too_many_calls_are_told_when_to_come_back(app):
    app.register("alice")
    app.set("--api-rate", "5")
    answer = until_refused(lambda: app.post("/v4/user/get", {"userId": "alice"}), 50)
    answer.must_be(codes.TOO_MANY_REQUESTS)
    wait = int(answer.headers["Retry-After"])
    assert 1 <= wait <= 3
    app.sdk.list_friends(user_id="alice")  # Another class of operations has its own budget.
    time.sleep(wait)
    assert app.post("/v4/user/get", {"userId": "alice"}).status == 200
    app.set("--api-rate", "none")
    assert all(app.post("/v4/user/get", {"userId": "alice"}).status == 200 for _ in range(30))


def test_the_sdk_knows_it_for_too_many_requests(app):
    app.register("alice")
    app.set("--api-rate", "2")
    with refused(codes.TOO_MANY_REQUESTS):
        for _ in range(50):
            app.sdk.get_user(user_id="alice")


def test_users_count_one_by_one_where_the_limit_says_so(app):
    users = [f"u{n}" for n in range(10)]
    app.register(*users)
    app.set("--api-rate", "10")
    app.sdk.set_friend_permission(user_ids=users, permission_type=1)
    with refused(codes.TOO_MANY_REQUESTS):
        app.sdk.set_friend_permission(user_ids=users[:5], permission_type=3)
    permissions = app.sdk.batch_get_user_profiles(user_ids=users).result.users
    assert len(permissions) == 10, "where calls count, a call with ten users is one"


def test_another_apps_rate_is_its_own(app, server):
    other = server.create_app()
    for each in (app, other):
        each.register("alice")
    app.set("--api-rate", "1")
    until_refused(lambda: app.post("/v4/user/get", {"userId": "alice"}), 20)
    assert all(other.post("/v4/user/get", {"userId": "alice"}).status == 200 for _ in range(20))


def test_older_paths_share_the_budget(app):
    app.register("alice")
    app.set("--api-rate", "3")
    until_refused(lambda: app.post("/v4/user/get", {"userId": "alice"}), 20)
    answer = app.form("/user/info.json", {"userId": "alice"})
    assert answer.outcome == codes.TOO_MANY_REQUESTS, json.dumps(answer.body)
