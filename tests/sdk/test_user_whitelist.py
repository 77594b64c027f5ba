"""The five operations on whitelists, which the SDK does not know: by hand."""

import pytest

from support import codes

ADD, REMOVE, GET = "/v4/user/whitelist/add", "/v4/user/whitelist/remove", "/v4/user/whitelist/get"
SET_ENABLED, ENABLED = "/v4/user/whitelist/setting/set", "/v4/user/whitelist/setting/get"


def whitelist(app, owner: str) -> list[str]:
    return app.post(GET, {"userId": owner}).result["whitelistedUserIds"]


def settings(app, *owners: str) -> list[tuple[str, bool]]:
    found = app.post(ENABLED, {"userIds": list(owners)}).result["settings"]
    return [(each["userId"], each["enabled"]) for each in found]


def test_a_whitelist_that_is_on_admits_only_who_is_on_it(app):
    alice, bob, carol = app.client("alice"), app.client("bob"), app.client("carol")
    bob.send("alice", "off")
    assert alice.message()["from"] == "bob"
    assert app.post(SET_ENABLED, {"userIds": ["alice"], "enabled": True}).is_done()
    assert bob.refused_send("alice") == codes.CLIENT_NOT_IN_WHITELIST, "an empty whitelist admits nobody"
    assert app.post(ADD, {"userId": "alice", "targetUserIds": ["bob"]}).is_done()
    bob.send("alice", "on it")
    assert alice.message()["from"] == "bob"
    assert carol.refused_send("alice") == codes.CLIENT_NOT_IN_WHITELIST
    alice.send("carol", "the owner writes to anyone")
    assert app.post(REMOVE, {"userId": "alice", "targetUserIds": ["bob", "never-was"]}).is_done()
    assert bob.refused_send("alice") == codes.CLIENT_NOT_IN_WHITELIST


def test_blocklist_and_whitelist_both_bind(app):
    app.register("alice")
    bob = app.client("bob")
    app.post(SET_ENABLED, {"userIds": ["alice"], "enabled": 1})
    app.post(ADD, {"userId": "alice", "targetUserIds": ["bob"]})
    app.sdk.add_user_blocklist(user_id="alice", target_user_ids=["bob"])
    assert bob.refused_send("alice") == codes.CLIENT_IN_BLOCKLIST
    app.sdk.remove_user_blocklist(user_id="alice", blocked_user_ids=["bob"])
    bob.send("alice", "free again")


def test_switching_off_keeps_the_entries(app):
    app.register("alice", "bob")
    assert settings(app, "bob", "alice") == [("bob", False), ("alice", False)]
    app.post(ADD, {"userId": "alice", "targetUserIds": ["x", "y"]})
    app.post(SET_ENABLED, {"userIds": ["alice"], "enabled": 1})
    assert settings(app, "bob", "alice") == [("bob", False), ("alice", True)]
    app.post(SET_ENABLED, {"userIds": ["alice"], "enabled": 0})
    assert settings(app, "alice") == [("alice", False)]
    assert sorted(whitelist(app, "alice")) == ["x", "y"]


def test_an_app_can_switch_whitelists_off_for_all(app):
    app.register("alice")
    bob = app.client("bob")
    app.post(SET_ENABLED, {"userIds": ["alice"], "enabled": True})
    app.set("--whitelist-service", "false")
    bob.send("alice", "nobody looks at it")
    app.set("--whitelist-service", "true")
    assert bob.refused_send("alice") == codes.CLIENT_NOT_IN_WHITELIST
    assert settings(app, "alice") == [("alice", True)]


def test_a_whitelist_is_told_newest_first_in_pages(app):
    app.register("alice")
    for n in range(3):
        app.post(ADD, {"userId": "alice", "targetUserIds": [f"u{n}"]})
    first = app.post(GET, {"userId": "alice", "pageSize": 2}).result
    assert first["whitelistedUserIds"] == ["u2", "u1"]
    assert first["pageToken"] == first["next"]
    last = app.post(GET, {"userId": "alice", "pageSize": 2, "pageToken": first["pageToken"]}).result
    assert last == {"whitelistedUserIds": ["u0"]}


TWENTY_ONE = [f"u{n}" for n in range(21)]


@pytest.mark.parametrize(
    ("path", "body", "refusal", "naming"),
    [
        (ADD, {"userId": "nobody", "targetUserIds": ["x"]}, codes.NOT_REGISTERED, "nobody"),
        (ADD, {"userId": "alice", "targetUserIds": ["x", "alice"]}, codes.BAD_PARAMETER, "alice"),
        (ADD, {"userId": "alice", "targetUserIds": TWENTY_ONE}, codes.BAD_PARAMETER, "`targetUserIds`"),
        (ADD, {"userId": "alice"}, codes.BAD_PARAMETER, "`targetUserIds`"),
        (REMOVE, {"userId": "nobody", "targetUserIds": ["x"]}, codes.NOT_REGISTERED, "nobody"),
        (REMOVE, {"userId": "alice", "targetUserIds": TWENTY_ONE}, codes.BAD_PARAMETER, "`targetUserIds`"),
        (GET, {"userId": "nobody"}, codes.NOT_REGISTERED, "nobody"),
        (GET, {"userId": "alice", "pageSize": 1001}, codes.BAD_PARAMETER, "`pageSize`"),
        (GET, {"userId": "alice", "pageToken": "made up"}, codes.BAD_PARAMETER, "`pageToken`"),
        (SET_ENABLED, {"userIds": ["alice", "nobody"], "enabled": True}, codes.NOT_REGISTERED, "nobody"),
        (SET_ENABLED, {"userIds": TWENTY_ONE, "enabled": True}, codes.BAD_PARAMETER, "`userIds`"),
        (SET_ENABLED, {"userIds": ["alice"], "enabled": 2}, codes.BAD_PARAMETER, "`enabled`"),
        (SET_ENABLED, {"userIds": ["alice"]}, codes.BAD_PARAMETER, "`enabled`"),
        (ENABLED, {"userIds": ["alice", "nobody"]}, codes.NOT_REGISTERED, "nobody"),
        (ENABLED, {"userIds": TWENTY_ONE}, codes.BAD_PARAMETER, "`userIds`"),
    ],
)
def test_bad_values_are_refused_and_change_nothing(app, path, body, refusal, naming):
    app.register("alice")
    app.post(path, body).must_be(refusal, naming)
    assert whitelist(app, "alice") == []
    assert settings(app, "alice") == [("alice", False)]
