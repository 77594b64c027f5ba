"""Every operation of the SDK that the server serves has a test in which it succeeds and one in which it is refused."""

import importlib
from pathlib import Path

import ncsdk
import pytest

from support.app import operations_of
from support.recorder import FAILURE, SUCCESS, claimed

WHOLE = (
    ncsdk.UserManagementApi,
    ncsdk.UserBlocklistApi,
    ncsdk.UserProfileHostingApi,
    ncsdk.FriendshipApi,
    ncsdk.GroupChannelManagementApi,
    ncsdk.GroupChannelModerationApi,
    ncsdk.ChannelManagementApi,
)
MESSAGES = [
    "send_direct_channel_message",
    "list_direct_channel_history_messages",
    "update_direct_channel_message",
    "delete_message",
    "send_group_channel_message",
    "list_group_channel_history_messages",
    "update_group_channel_message",
]
OPERATIONS = [operation for api in WHOLE for operation in operations_of(api)] + MESSAGES


def test_these_are_all_the_operations():
    assert len(OPERATIONS) == len(set(OPERATIONS)) == 79


@pytest.mark.parametrize("outcome", [SUCCESS, FAILURE])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_has_its_test(operation, outcome):
    for module in Path(__file__).parent.glob("test_*.py"):
        importlib.import_module(module.stem)
    assert (operation, outcome) in claimed, f"no test is marked @{outcome}({operation!r})"


def test_nothing_else_is_claimed():
    assert {operation for operation, _ in claimed} <= set(OPERATIONS)


def test_the_document_names_them_as_the_sdk_does(server, app):
    document = app.http.get(f"{server.address}/openapi.json").json()
    named = {item["post"]["operationId"] for item in document["paths"].values()}
    assert set(OPERATIONS) <= named
