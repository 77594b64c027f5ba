"""What holds for every call: path, method, body, envelope, aliases, X-Request-ID."""

import http.client
import json
import time
import uuid
from urllib.parse import urlsplit

import pytest

from support import codes
from support.app import sign

GET = "/v4/user/get"
BODY_BYTES = 1024 * 1024


def test_aliases_answer_as_their_operations(app):
    app.befriend("alice", "bob")
    for path in ("/v4/user/connection-status/get", "/v4/user/online-status/get"):
        assert app.post(path, {"userId": "alice"}).result == {"status": "0"}
    for path in ("/v4/friend/remove", "/v4/friend/delete"):
        assert app.post(path, {"userId": "alice", "targetIds": ["bob"]}).is_done()
        assert app.sdk.list_friends(user_id="alice").result.friends == []
        app.sdk.add_friend(user_id="alice", target_id="bob", action=2)
    app.post("/v4/friend/delete", {"userId": "nobody", "targetIds": ["bob"]}).must_be(codes.NOT_REGISTERED)
    app.post("/v4/user/online-status/get", {}).must_be(codes.BAD_PARAMETER, "`userId`")


@pytest.mark.parametrize("path", ["/v4/no/such/path", "/v4/user/get/", "/v4/user/get.json", "/v4", "/"])
def test_there_is_no_other_path(app, path):
    app.post(path, {}).must_be(codes.PATH_NOT_FOUND)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_post_is_answered(app, method):
    answer = app.request(method, GET, headers=sign(app.key, app.secret))
    answer.must_be(codes.METHOD_NOT_ALLOWED)
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("content_type", [None, "application/json", "Application/JSON; charset=utf-8"])
def test_json_is_understood_when_named_and_when_not(app, content_type):
    app.register("alice")
    answer = app.post(GET, {"userId": "alice"}, headers={"Content-Type": content_type})
    assert answer.result["name"] == "Name of alice"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ";"])
def test_other_content_types_are_refused(app, content_type):
    answer = app.post(GET, {"userId": "alice"}, headers={"Content-Type": content_type})
    answer.must_be(codes.WRONG_CONTENT_TYPE, "application/json")


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"", codes.EMPTY_BODY),
        (b"{", codes.BAD_PARAMETER),
        (b"{} {}", codes.BAD_PARAMETER),
        (b"[]", codes.BAD_PARAMETER),
        (b"null", codes.BAD_PARAMETER),
        (b'"userId"', codes.BAD_PARAMETER),
        (b"userId=alice", codes.BAD_PARAMETER),
        (b'{"userId": "\xff"}', codes.BAD_PARAMETER),
        (b'{"userId": "\\ud800"}', codes.BAD_PARAMETER),
        (b'{"userId": "a\\u0000"}', codes.BAD_PARAMETER),
        (b'{"userId": ' + b"[" * 100_000, codes.BAD_PARAMETER),
        (b'{"userId": "alice", "x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", codes.BAD_PARAMETER),
        (b'{"userId": "a", "x": "' + b"x" * BODY_BYTES + b'"}', codes.BODY_TOO_LARGE),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else "",
)
def test_other_bodies_are_refused(app, data, refusal):
    app.post(GET, data=data).must_be(refusal)


def test_the_largest_body_is_taken(app):
    app.register("alice")
    body = {"userId": "alice", "x": ""}
    body["x"] = "x" * (BODY_BYTES - len(json.dumps(body)))
    assert app.post(GET, body).status == 200
    body["x"] += "x"
    app.post(GET, body).must_be(codes.BODY_TOO_LARGE)


def test_a_body_that_is_sent_in_pieces_is_bounded_too(app):
    pieces = (b"x" * 65536 for _ in range(64))
    app.post(GET, data=pieces).must_be(codes.BODY_TOO_LARGE)


def connection_to(app) -> http.client.HTTPConnection:
    address = urlsplit(app.server.address)
    return http.client.HTTPConnection(address.hostname, address.port, timeout=10)


def begin(connection, headers: dict, length: int) -> None:
    """Sends a call's head, and not its body."""
    connection.putrequest("POST", GET)
    for name, value in {**headers, "Content-Length": str(length)}.items():
        connection.putheader(name, value)
    connection.endheaders()


def test_a_refused_call_leaves_the_connection_usable(app):
    """Also when its body comes after the refusal is decided, as it does from callers that send it apart."""
    connection = connection_to(app)
    connection.connect()
    socket = connection.sock
    for _ in range(3):
        begin(connection, {**sign(app.key, app.secret), "Signature": "0" * 40}, 2)
        time.sleep(0.05)
        connection.send(b"{}")
        response = connection.getresponse()
        assert (response.status, json.load(response)["code"]) == codes.BAD_SIGNATURE
        assert connection.sock is socket, "the server closed the connection"
    connection.close()


def test_a_refused_call_is_answered_though_its_body_never_comes(app):
    connection = connection_to(app)
    begin(connection, {**sign(app.key, app.secret), "Signature": "0" * 40}, 1000)
    response = connection.getresponse()
    assert (response.status, json.load(response)["code"]) == codes.BAD_SIGNATURE
    connection.close()


def test_success_is_code_0_and_nothing_that_caches_may_keep_it(app):
    app.register("alice")
    answer = app.post(GET, {"userId": "alice"})
    assert set(answer.body) == {"code", "result"}
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("request_id", ["a", "0123456789abcdef" * 2, str(uuid.UUID(int=7)), "x" * 36])
def test_the_request_id_comes_back(app, request_id):
    headers = {"X-Request-ID": request_id}
    for body in ({"userId": "nobody"}, {"userId": ["wrong"]}):
        answer = app.post(GET, body, headers=headers)
        assert answer.headers["X-Request-ID"] == request_id
        assert answer.body["requestId"] == request_id
    app.register("alice")
    assert app.post(GET, {"userId": "alice"}, headers=headers).headers["X-Request-ID"] == request_id
    assert app.post("/v4/none", {}, headers=headers).headers["X-Request-ID"] == request_id


@pytest.mark.parametrize("request_id", [None, "", "x" * 37, "a b", b"\xff"])
def test_a_request_id_is_made_where_none_can_be_taken(app, request_id):
    made = [app.post(GET, {}, headers={"X-Request-ID": request_id}).headers["X-Request-ID"] for _ in range(2)]
    assert made[0] != made[1]
    assert all(1 <= len(each) <= 36 and each != request_id for each in made)


def test_the_document_and_its_page_need_no_signature_and_no_other_host(app):
    address = app.server.address
    document = app.http.get(f"{address}/openapi.json")
    assert document.headers["Content-Type"].startswith("application/json")
    assert document.json()["openapi"].startswith("3.")
    page = app.http.get(f"{address}/docs")
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert "http://" not in page.text and "https://" not in page.text


def test_a_failure_tells_no_secret(app):
    for headers in ({}, {"Signature": "0" * 40}, {"Timestamp": "1"}):
        answer = app.post(GET, {"userId": "x" * 300}, headers=headers)
        assert app.secret not in json.dumps(answer.body)
        assert len(answer.body["errorMessage"]) < 400
    assert app.secret not in app.server.log.read_text(errors="replace")
