"""Data made from the server's own document, good and bad: never a fault of the server's, and each answer as described.

The same data at each run, and a bounded number of it: `EXAMPLES` calls for each operation and mode.
"""

import json
import zlib

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from test_limits import VALID

from support.app import CALL_SECONDS, now_ms, sign

EXAMPLES = 15
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
USERS = ["alice", "bob", "carol", "dave"]
# Members that name a user: made-up ones seldom are anybody's, and would be refused before they get anywhere.
ONE = {"userId", "requestId", "fromUserId", "targetId", "channelId"}
OTHERS = {"targetId", "channelId", "targetUserIds", "blockedUserIds", "targetIds"}
MANY = {"userIds", "toUserIds", "targetUserIds", "blockedUserIds", "targetIds"}


@pytest.fixture
def app(app):
    """An app with some users, two of them friends who have written to each other, three in a group."""
    app.register(*USERS)
    app.befriend("alice", "bob")
    app.sdk.add_user_channel_tags(user_id="alice", tags=[{"tagId": "t", "tagName": "Tag"}])
    sent = app.sdk.send_direct_channel_message(
        from_user_id="alice", to_user_ids=["bob"], message_type="RC:TxtMsg", content="{}"
    )
    app.message_id = sent.result.message_ids[0].message_id
    app.sdk.create_group_channel(channel_id="g", name="G", owner="alice", user_ids=["bob", "carol"])
    told = app.sdk.send_group_channel_message(
        from_user_id="alice", to_channel_ids=["g"], message_type="RC:TxtMsg", content="{}"
    )
    app.group_message_id = told.result.message_ids[0].message_id
    return app


@pytest.fixture(scope="module")
def document(server):
    config = schemathesis.Config()
    config.projects.default.generation.with_security_parameters = False
    return schemathesis.openapi.from_url(f"{server.address}/openapi.json", config=config)


def choice(value, options: list):
    """One of the options; the same one for the same value."""
    return options[zlib.crc32(json.dumps(value, sort_keys=True).encode()) % len(options)]


def steer(body: dict, app) -> dict:
    """The body, with values that lead further in the place of most of those that were made up."""
    steered = {}
    for name, value in body.items():
        # Who acts and who is acted upon are different people, or the call ends there.
        users = USERS[1:] if name in OTHERS else USERS[:1]
        if "messageId" in body and name in OTHERS:
            users = USERS[1:2]  # The message is in the channel with bob.
        if name in ONE and isinstance(value, str):
            value = choice([name, value], [*users, *users, value])
        elif name in MANY and isinstance(value, list):
            value = [choice([name, each], [*users, *users, each]) for each in value]
        elif name == "messageType":
            value = choice(value, ["RC:TxtMsg", "RC:TxtMsg", "RC:TxtMsg", value])
        elif name in ("hasMetadata", "metadata"):
            value = choice([value], [type(value)(), type(value)(), value])
        elif name == "userProfile":
            value = choice(value, [{"level": 1}, {"name": "Al"}, value])
        elif name.endswith("ExtProfile"):
            value = {choice(key, ["ext_a", "ext_b", key]): each for key, each in value.items()}
        elif name == "messageId" and isinstance(value, str):
            value = choice(value, [app.message_id, app.message_id, value])
        elif name == "content" and isinstance(value, str):
            value = choice(value, [json.dumps({"content": value}), value])
        elif name == "tagId" and isinstance(value, str):
            value = choice(value, ["t", "t", value])
        elif name in ("startAt", "endAt") and isinstance(value, int):
            value = choice(value, [now_ms(), value])
        elif name == "pageToken":
            value = choice([value], ["", value])
        steered[name] = value
    if steered.get("startAt", 0) == steered.get("endAt", 1):
        steered["endAt"] -= 1000
    return steered


def steer_to_group(path: str, body: dict, app) -> dict:
    """The same for operations on groups: to the group `g` and its members."""
    leads = {"userId": "bob", "owner": "alice", "newOwner": "bob", "messageId": app.group_message_id}
    if not path.endswith("/create"):
        leads["channelId"] = "g"
    lists = {"channelIds": "g", "toChannelIds": "g", "userIds": "bob", "favoriteIds": "carol"}
    steered = steer(body, app)
    # Chosen by what was made up, not by what stands in its place: ids differ from run to run.
    for name, value in body.items():
        if name in leads and isinstance(value, str):
            steered[name] = choice([name, value], [leads[name], leads[name], leads[name], value])
        elif name in lists and isinstance(value, list):
            steered[name] = choice([name, value], [[lists[name]], [lists[name]], value])
        elif name in ("groupProfile", "permissions", "toUserIds"):
            # Hardly anything that is made up is one.
            steered[name] = choice([name, value], [None, None, value])
    return steered


def assert_envelope(response: schemathesis.Response, body: dict) -> None:
    """What holds for every answer and what no schema says."""
    assert (response.status_code == 200) == (body["code"] == 0)
    if response.status_code != 200:
        assert body["errorMessage"] and [body["requestId"]] == response.headers["x-request-id"]
    if response.status_code == 429:
        assert int(response.headers["retry-after"][0]) >= 1


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("path", VALID)
def test_made_up_calls_are_answered_as_described(app, document, path, mode):
    operation = document[path]["POST"]
    outcomes = []

    @hypothesis.seed(1)
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        # A failure is shown as it was found: making it smaller would take minutes.
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def run(case):
        headers = sign(app.key, app.secret)
        if mode is GenerationMode.POSITIVE:
            # A made-up signature is wrong, and a made-up key is now and then another call's.
            for name in ("Nuncio-Signature", "Idempotency-Key"):
                case.headers.pop(name, None)
            if isinstance(case.body, dict):
                on_groups = path.startswith("/v4/group-channel/")
                case.body = steer_to_group(path, case.body, app) if on_groups else steer(case.body, app)
        response = case.call_and_validate(
            session=app.http, headers=headers, checks=CHECKS, timeout=CALL_SECONDS
        )
        assert_envelope(response, response.json())
        outcomes.append(response.status_code)

    run()
    assert len(outcomes) >= EXAMPLES // 2, "hardly any data was made"
    if mode is GenerationMode.POSITIVE:
        assert 200 in outcomes, f"no call came through: {outcomes}"
