"""Which operation a test is about, and whether the test has truly called it.

A test says so with `@success("ban_users")` or `@failure("ban_users")`. It fails when the SDK was not called for that
operation with that outcome; and `test_coverage.py` fails when an operation has no such test.
"""

import pytest

SUCCESS = "success"
FAILURE = "failure"

claimed: set[tuple[str, str]] = set()
noted: set[tuple[str, str]] = set()


def success(operation: str):
    """Marks a test in which the operation succeeds."""
    return _claim(operation, SUCCESS)


def failure(operation: str):
    """Marks a test in which the operation is refused."""
    return _claim(operation, FAILURE)


def _claim(operation: str, outcome: str):
    claimed.add((operation, outcome))
    return pytest.mark.operation(operation, outcome)


def note(operation: str, outcome: str) -> None:
    """Notes what came of a call."""
    noted.add((operation, outcome))


def claims_of(item: pytest.Item) -> set[tuple[str, str]]:
    return {mark.args for mark in item.iter_markers("operation")}
