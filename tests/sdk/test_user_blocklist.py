"""The 3 operations tagged UserBlocklist, and the page tokens that they share with other lists."""

import pytest

from support import codes
from support.app import refused
from support.recorder import failure, success


def blocked(app, owner: str) -> list[str]:
    return app.sdk.get_user_blocklist(user_id=owner).result.blocked_user_ids


@success("add_user_blocklist")
def test_who_is_blocked_cannot_send_but_can_be_sent_to(app):
    alice, mallory = app.client("alice"), app.client("mallory")
    mallory.send("alice", "before")
    assert alice.message()["from"] == "mallory"
    app.sdk.add_user_blocklist(user_id="alice", target_user_ids=["mallory"])
    assert mallory.refused_send("alice") == codes.CLIENT_IN_BLOCKLIST
    alice.send("mallory", "one way only")
    assert mallory.message()["from"] == "alice"
    assert blocked(app, "alice") == ["mallory"]
    assert blocked(app, "mallory") == []


@success("add_user_blocklist")
def test_targets_need_not_be_registered_and_adding_again_is_no_error(app):
    app.register("alice")
    app.sdk.add_user_blocklist(user_id="alice", target_user_ids=["stranger"])
    app.sdk.add_user_blocklist(user_id="alice", target_user_ids=["stranger", "other", "other"])
    assert sorted(blocked(app, "alice")) == ["other", "stranger"]


@pytest.mark.parametrize(
    ("members", "refusal", "naming"),
    [
        ({"user_id": "nobody"}, codes.NOT_REGISTERED, "nobody"),
        ({"target_user_ids": ["mallory", "alice"]}, codes.BAD_PARAMETER, "alice"),
        ({"target_user_ids": ["mallory", "no id"]}, codes.BAD_PARAMETER, "`targetUserIds[1]`"),
        ({"target_user_ids": ["mallory", "x" * 65]}, codes.TOO_LONG, "`targetUserIds[1]`"),
        ({"target_user_ids": []}, codes.BAD_PARAMETER, "`targetUserIds`"),
        ({"target_user_ids": [f"u{n}" for n in range(21)]}, codes.BAD_PARAMETER, "`targetUserIds`"),
    ],
)
@failure("add_user_blocklist")
def test_add_refuses_bad_values_and_adds_nobody(app, members, refusal, naming):
    app.register("alice")
    with refused(refusal, naming):
        app.sdk.add_user_blocklist(**{"user_id": "alice", "target_user_ids": ["mallory"], **members})
    assert blocked(app, "alice") == []


@success("remove_user_blocklist")
def test_who_is_removed_can_send_again(app):
    alice, mallory = app.client("alice"), app.client("mallory")
    app.sdk.add_user_blocklist(user_id="alice", target_user_ids=["mallory", "trudy"])
    assert mallory.refused_send("alice") == codes.CLIENT_IN_BLOCKLIST
    app.sdk.remove_user_blocklist(user_id="alice", blocked_user_ids=["mallory", "was-never-there"])
    assert blocked(app, "alice") == ["trudy"]
    mallory.send("alice", "thanks")
    assert alice.message()["from"] == "mallory"


@pytest.mark.parametrize(
    ("members", "refusal", "naming"),
    [
        ({"user_id": "nobody"}, codes.NOT_REGISTERED, "nobody"),
        ({"blocked_user_ids": []}, codes.BAD_PARAMETER, "`blockedUserIds`"),
        ({"blocked_user_ids": ["mallory", "no id"]}, codes.BAD_PARAMETER, "`blockedUserIds[1]`"),
        ({"blocked_user_ids": [f"u{n}" for n in range(21)]}, codes.BAD_PARAMETER, "`blockedUserIds`"),
    ],
)
@failure("remove_user_blocklist")
def test_remove_refuses_bad_values_and_removes_nobody(app, members, refusal, naming):
    app.register("alice")
    app.sdk.add_user_blocklist(user_id="alice", target_user_ids=["mallory"])
    with refused(refusal, naming):
        app.sdk.remove_user_blocklist(**{"user_id": "alice", "blocked_user_ids": ["mallory"], **members})
    assert blocked(app, "alice") == ["mallory"]


@success("get_user_blocklist")
def test_a_blocklist_is_told_newest_first_in_pages(app):
    app.register("alice")
    for number in range(5):
        app.sdk.add_user_blocklist(user_id="alice", target_user_ids=[f"u{number}"])
    whole = blocked(app, "alice")
    assert whole == ["u4", "u3", "u2", "u1", "u0"]
    pages, token = [], None
    while True:
        members = {"page_token": token} if token else {}
        result = app.sdk.get_user_blocklist(user_id="alice", page_size=2, **members).result
        pages.append(result.blocked_user_ids)
        token = result.page_token
        if token is None:
            break
    assert pages == [["u4", "u3"], ["u2", "u1"], ["u0"]]


@success("get_user_blocklist")
def test_a_full_last_page_has_no_token_and_both_spellings_are_told(app):
    app.register("alice")
    app.sdk.add_user_blocklist(user_id="alice", target_user_ids=["a", "b"])
    assert app.sdk.get_user_blocklist(user_id="alice", page_size=2).result.page_token is None
    result = app.post("/v4/user/blocklist/get", {"userId": "alice", "pageSize": 1}).result
    assert result["next"] == result["pageToken"]
    last = app.post("/v4/user/blocklist/get", {"userId": "alice", "pageSize": 1, "next": result["next"]}).result
    assert "next" not in last and "pageToken" not in last


@pytest.mark.parametrize(
    ("members", "refusal", "naming"),
    [
        ({"user_id": "nobody"}, codes.NOT_REGISTERED, "nobody"),
        ({"page_size": 0}, codes.BAD_PARAMETER, "`pageSize`"),
        ({"page_size": 1001}, codes.BAD_PARAMETER, "`pageSize`"),
        ({"page_token": "made up"}, codes.BAD_PARAMETER, "`pageToken`"),
    ],
)
@failure("get_user_blocklist")
def test_get_refuses_bad_values(app, members, refusal, naming):
    app.register("alice")
    with refused(refusal, naming):
        app.sdk.get_user_blocklist(**{"user_id": "alice", **members})


@failure("get_user_blocklist")
def test_a_page_token_belongs_to_its_query(app):
    app.register("alice", "bob")
    for owner in ("alice", "bob"):
        app.sdk.add_user_blocklist(user_id=owner, target_user_ids=["x", "y"])
    token = app.sdk.get_user_blocklist(user_id="alice", page_size=1).result.page_token
    with refused(codes.BAD_PARAMETER, "`pageToken`"):
        app.sdk.get_user_blocklist(user_id="bob", page_size=1, page_token=token)
    with refused(codes.BAD_PARAMETER, "`pageToken`"):
        app.sdk.list_friends(user_id="alice", page_token=token)
    app.sdk.get_user_blocklist(user_id="alice", page_size=1, page_token=token)
