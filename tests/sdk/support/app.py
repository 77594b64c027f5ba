"""An app server: calls the Server API through the official SDK, and by hand where no SDK would."""

from __future__ import annotations

import hashlib
import hmac
import inspect
import json
import random
import time
import typing
from contextlib import contextmanager
from dataclasses import dataclass, field

import ncsdk
import pydantic
import requests
from ncsdk import exceptions

from . import recorder
from .client import Client

CALL_SECONDS = 30


class App:
    """One app on a server, with what its app server holds: the App Key and the App Secret."""

    def __init__(self, server, key: str, secret: str):
        self.server = server
        self.key = key
        self.secret = secret
        self.sdk = Sdk(server.address, key, secret)
        self.http = requests.Session()
        # Proxies of the environment are for other hosts.
        self.http.trust_env = False

    def set(self, *options: str) -> dict:
        """Changes settings with `nuncio app set`."""
        return self.server.command("app", "set", self.key, *options)

    def token(self, user: str) -> str:
        """Registers a user, or asks for one more token."""
        issued = self.sdk.issue_access_token(user_id=user, name=f"Name of {user}")
        return issued.result.access_token

    def register(self, *users: str) -> None:
        for user in users:
            self.token(user)

    def befriend(self, user: str, *friends: str) -> None:
        """Makes users friends at once; registers them all first."""
        self.register(user, *friends)
        for friend in friends:
            self.sdk.add_friend(user_id=user, target_id=friend, action=2)

    def group(self, channel: str, owner: str, *members: str) -> None:
        """Makes a group; registers its owner and members first."""
        self.register(owner, *members)
        self.sdk.create_group_channel(
            channel_id=channel, name=f"Name of {channel}", owner=owner, user_ids=list(members)
        )

    def client(self, user: str, token: str | None = None) -> Client:
        """A client that has logged in; registers the user when no token is given."""
        client = self.login(token or self.token(user))
        assert client.expect("connected")["userId"] == user
        return client

    def login(self, token: str) -> Client:
        """A client that tries to log in."""
        return Client(self.server.binary, self.server.address, self.key, token)

    def post(self, path: str, body=None, *, headers: dict | None = None, data: bytes | str | None = None) -> Answer:
        """A signed call by hand; `headers` replaces headers, and leaves out those that are None."""
        all_headers = {"Content-Type": "application/json", **sign(self.key, self.secret), **(headers or {})}
        payload = json.dumps(body) if data is None else data
        return self.request("POST", path, headers=all_headers, data=payload)

    def form(self, path: str, fields, *, headers: dict | None = None) -> Answer:
        """A signed call of the older, form-encoded API; a list of pairs may name a field several times."""
        return self.request("POST", path, headers={**sign(self.key, self.secret), **(headers or {})}, data=fields)

    def request(self, method: str, path: str, *, headers: dict | None = None, data=None) -> Answer:
        sent = {name: value for name, value in (headers or {}).items() if value is not None}
        response = self.http.request(
            method, self.server.address + path, headers=sent, data=data, timeout=CALL_SECONDS
        )
        return Answer.of(response)


@dataclass
class Answer:
    """What came back to a call by hand."""

    status: int
    body: dict
    headers: typing.Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, response: requests.Response) -> Answer:
        assert response.headers["Content-Type"] == "application/json; charset=utf-8", response.text
        return cls(response.status_code, response.json(), response.headers)

    @property
    def outcome(self) -> tuple[int, int]:
        """HTTP status and code, to compare with a pair of `codes`."""
        return self.status, self.body["code"]

    @property
    def result(self) -> dict:
        """The `result` of a call that must have succeeded."""
        assert self.outcome == (200, 0), self.body
        return self.body["result"]

    def is_done(self) -> bool:
        """Whether the call succeeded with nothing to tell."""
        return self.status == 200 and self.body == {"code": 0}

    def must_be(self, refusal: tuple[int, int], naming: str = "") -> None:
        """Fails unless it is this refusal, with a sentence that contains `naming` and the request's id."""
        assert self.outcome == refusal, self.body
        assert naming in self.body["errorMessage"], self.body
        assert self.body["requestId"] == self.headers["X-Request-ID"]


def sign(key: str, secret: str, *, nonce: str | None = None, timestamp: str | int | None = None) -> dict[str, str]:
    """The four headers that prove who calls."""
    nonce = str(random.randrange(1, 10**18)) if nonce is None else nonce
    timestamp = str(now_ms()) if timestamp is None else str(timestamp)
    signature = hashlib.sha1(f"{secret}{nonce}{timestamp}".encode()).hexdigest()
    return {"App-Key": key, "Nonce": nonce, "Timestamp": timestamp, "Signature": signature}


def sign_v2(headers: dict[str, str], secret: str, path: str, body: bytes) -> str:
    """The stronger signature, for headers made by `sign`."""
    digest = hashlib.sha256(body).hexdigest()
    text = "\n".join(["POST", path, digest, headers["Timestamp"], headers["Nonce"]])
    return "v2=" + hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Sdk:
    """The official SDK's methods, called with the request's members: `sdk.ban_users(user_ids=["a"], ...)`.

    Each call makes the SDK's own request model, and goes through the SDK's own client.
    """

    def __init__(self, address: str, key: str, secret: str):
        configuration = ncsdk.Configuration()
        configuration.set_nexconn_credentials(app_key=key, app_secret=secret)
        configuration.set_primary_backup_domains(address, address)
        self._client = ncsdk.ApiClient(configuration)
        self._methods = {
            name: getattr(api(self._client), name) for api in API_CLASSES for name in operations_of(api)
        }

    def __getattr__(self, operation: str):
        try:
            method = self.__dict__["_methods"][operation]
        except KeyError:
            raise AttributeError(f"the SDK has no operation {operation}") from None
        model = request_model(method)

        def call(**members):
            request = model(**members)
            try:
                answer = method(request, _request_timeout=CALL_SECONDS)
            except exceptions.ApiException:
                recorder.note(operation, recorder.FAILURE)
                raise
            assert answer.code == 0
            recorder.note(operation, recorder.SUCCESS)
            return answer

        return call


API_CLASSES = (
    ncsdk.UserManagementApi,
    ncsdk.UserBlocklistApi,
    ncsdk.UserProfileHostingApi,
    ncsdk.FriendshipApi,
    ncsdk.GroupChannelManagementApi,
    ncsdk.GroupChannelModerationApi,
    ncsdk.ChannelManagementApi,
    ncsdk.MessageManagementApi,
)


def operations_of(api: type) -> list[str]:
    """The names of an SDK class's operations."""
    methods = [name for name, _ in inspect.getmembers(api, inspect.isfunction) if not name.startswith("_")]
    return [name for name in methods if not name.endswith(("_with_http_info", "_without_preload_content"))]


def request_model(method) -> type:
    """The model that an SDK method takes as its first argument, alone or among other forms of it."""
    annotation = next(iter(typing.get_type_hints(method).values()))
    forms = typing.get_args(annotation) or (annotation,)
    return next(form for form in forms if inspect.isclass(form) and issubclass(form, pydantic.BaseModel))


EXCEPTIONS = {
    400: exceptions.BadRequestException,
    401: exceptions.UnauthorizedException,
    403: exceptions.ForbiddenException,
    404: exceptions.NotFoundException,
    409: exceptions.ConflictException,
    429: exceptions.TooManyRequestsException,
}


@contextmanager
def refused(refusal: tuple[int, int], naming: str = ""):
    """Fails unless the SDK raises the exception of this refusal, with a sentence that contains `naming`."""
    try:
        yield
    except exceptions.ApiException as raised:
        error = raised
    else:
        raise AssertionError(f"not refused, but {refusal} was expected")
    assert (error.status, error.error_code) == refusal, error.body
    assert type(error) is EXCEPTIONS.get(error.status, exceptions.ApiException)
    assert error.error_message and naming in error.error_message, error.body
    assert json.loads(error.body)["requestId"] == error.headers["X-Request-ID"]
