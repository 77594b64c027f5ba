"""Who may call: the signature, its clock, replays, and the stronger signature."""

import hashlib
import json
import time

import pytest

from support import codes
from support.app import App, now_ms, sign, sign_v2

GET = "/v4/user/get"
ALICE = {"userId": "alice"}
MINUTE_MS = 60_000


@pytest.fixture
def app(app):
    app.register("alice")
    return app


def call(app, headers: dict, body=None):
    """A call with these headers and no others."""
    data = json.dumps(body or ALICE)
    return app.request("POST", GET, headers={"Content-Type": "application/json", **headers}, data=data)


def test_the_published_example():
    headers = sign("key", "Y1W2MeFwwwRxa0", nonce="14314", timestamp="1408710653000")
    assert headers["Signature"] == "30be0bbca9c9b2e27578701e9fda2358a814c88f"


@pytest.mark.parametrize("missing", ["App-Key", "Nonce", "Timestamp", "Signature"])
def test_each_of_the_four_headers_is_needed(app, missing):
    for value in (None, ""):
        headers = {**sign(app.key, app.secret), missing: value}
        call(app, headers).must_be(codes.BAD_SIGNATURE, missing)


def test_the_headers_have_a_second_set_of_names(app):
    headers = {f"RC-{name}": value for name, value in sign(app.key, app.secret).items()}
    assert call(app, headers).status == 200
    assert call(app, {name.lower(): value for name, value in sign(app.key, app.secret).items()}).status == 200


def wrong(signature: str) -> list[str]:
    other_digit = "0" if signature[0] != "0" else "1"
    return [other_digit + signature[1:], signature[:-1], signature + "0", "0" * 40, "x", "é"]


def test_a_wrong_signature_is_refused(app):
    right = sign(app.key, app.secret)
    for signature in wrong(right["Signature"]):
        call(app, {**right, "Signature": signature.encode()}).must_be(codes.BAD_SIGNATURE)
    assert call(app, right).status == 200, "what was refused for its signature is not taken for seen"


def test_a_signature_binds_nonce_timestamp_and_secret(app, server):
    right = sign(app.key, app.secret)
    call(app, {**right, "Nonce": right["Nonce"] + "1"}).must_be(codes.BAD_SIGNATURE)
    call(app, {**right, "Timestamp": str(int(right["Timestamp"]) + 1)}).must_be(codes.BAD_SIGNATURE)
    other = server.create_app()
    call(app, sign(app.key, other.secret)).must_be(codes.BAD_SIGNATURE)
    call(app, sign(other.key, app.secret)).must_be(codes.BAD_SIGNATURE)


@pytest.mark.parametrize("key", ["unknown", "no key", "x" * 500, "'; drop table apps; --"])
def test_an_unknown_app_key_is_refused(app, key):
    call(app, sign(key, app.secret)).must_be(codes.UNKNOWN_APP_KEY)


@pytest.mark.parametrize("off", [-4 * MINUTE_MS, 4 * MINUTE_MS])
def test_the_callers_clock_may_be_off_a_little(app, off):
    assert call(app, sign(app.key, app.secret, timestamp=now_ms() + off)).status == 200


@pytest.mark.parametrize("off", [-6 * MINUTE_MS, 6 * MINUTE_MS, -(10**12)])
def test_the_callers_clock_may_not_be_off_much(app, off):
    call(app, sign(app.key, app.secret, timestamp=now_ms() + off)).must_be(codes.BAD_SIGNATURE, "Timestamp")


@pytest.mark.parametrize("timestamp", ["soon", "-1", "1e12", "9" * 30, "0x10", "0"])
def test_what_is_no_time_is_refused(app, timestamp):
    call(app, sign(app.key, app.secret, timestamp=timestamp)).must_be(codes.BAD_SIGNATURE, "Timestamp")


def test_time_may_be_in_seconds(app):
    assert call(app, sign(app.key, app.secret, timestamp=int(time.time()))).status == 200


@pytest.mark.parametrize("nonce", ["1", "0.8444218515250481", "n" * 64, "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~"])
def test_a_nonce_has_up_to_64_characters_of_any_kind(app, nonce):
    assert call(app, sign(app.key, app.secret, nonce=nonce)).status == 200


def test_a_longer_nonce_is_refused(app):
    call(app, sign(app.key, app.secret, nonce="n" * 65)).must_be(codes.BAD_SIGNATURE, "Nonce")


def test_the_same_signed_call_is_refused_the_second_time(app):
    headers = sign(app.key, app.secret)
    assert call(app, headers).status == 200
    call(app, headers).must_be(codes.BAD_SIGNATURE, "seen before")
    call(app, {f"RC-{name}": value for name, value in headers.items()}).must_be(codes.BAD_SIGNATURE)
    app.request("POST", "/v4/user/ban/list", headers=headers, data="{}").must_be(codes.BAD_SIGNATURE)


def test_a_nonce_may_come_again_with_another_time_and_with_another_app(app, server):
    first, second = sign(app.key, app.secret, nonce="7"), sign(app.key, app.secret, nonce="7", timestamp=now_ms() + 1)
    assert call(app, first).status == call(app, second).status == 200
    other = server.create_app()
    other.register("alice")
    assert call(other, sign(other.key, other.secret, nonce="7", timestamp=first["Timestamp"])).status == 200


def test_another_apps_users_are_not_seen(app, server):
    other = server.create_app()
    other.post(GET, ALICE).must_be(codes.NOT_REGISTERED, "alice")


def test_a_locked_app_is_refused_until_it_is_unlocked(app):
    app.set("--locked", "true")
    app.post(GET, ALICE).must_be(codes.APP_LOCKED)
    app.set("--locked", "false")
    assert app.post(GET, ALICE).status == 200


def test_a_new_secret_takes_the_place_of_the_old_and_of_all_tokens(app):
    token = app.token("alice")
    client = app.client("alice", token)
    made = app.server.command("app", "rotate-secret", app.key)
    assert made["appKey"] == app.key and made["appSecret"] != app.secret
    app.post(GET, ALICE).must_be(codes.BAD_SIGNATURE)
    renewed = App(app.server, app.key, made["appSecret"])
    assert renewed.post(GET, ALICE).status == 200
    assert client.closed()["code"] == codes.CLIENT_TOKEN_EXPIRED
    assert app.login(token).refused_login() == codes.CLIENT_TOKEN_EXPIRED
    renewed.client("alice")


def stronger(app, body: bytes, path: str = GET, secret: str | None = None) -> dict:
    headers = sign(app.key, app.secret)
    return {**headers, "Nuncio-Signature": sign_v2(headers, secret or app.secret, path, body)}


def test_the_stronger_signature_binds_path_and_body(app):
    body = json.dumps(ALICE).encode()
    assert app.post(GET, data=body, headers=stronger(app, body)).status == 200
    other_body = json.dumps({"userId": "bob"}).encode()
    for headers in (
        stronger(app, other_body),
        stronger(app, body, path="/v4/user/update"),
        stronger(app, body, secret="other"),
        {**stronger(app, body), "Nuncio-Signature": "v2="},
        {**stronger(app, body), "Nuncio-Signature": hashlib.sha256(body).hexdigest()},
    ):
        app.post(GET, data=body, headers=headers).must_be(codes.BAD_SIGNATURE, "Nuncio-Signature")


def test_an_app_can_require_the_stronger_signature(app):
    body = json.dumps(ALICE).encode()
    app.set("--require-signature-v2", "true")
    app.post(GET, data=body).must_be(codes.BAD_SIGNATURE, "Nuncio-Signature")
    assert app.post(GET, data=body, headers=stronger(app, body)).status == 200
    app.set("--require-signature-v2", "false")
    assert app.post(GET, data=body).status == 200
