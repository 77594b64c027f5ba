"""Fixtures: a server on each store, and a new app for each test."""

import os

import pytest

from support import client, recorder
from support.app import App
from support.server import Server

LOG_SHOWN = 20_000


def pytest_configure(config):
    config.addinivalue_line("markers", "operation(name, outcome): see support/recorder.py")


def stores() -> list[str]:
    return ["sqlite", "postgres"] if os.environ.get("NUNCIO_TEST_DATABASE_URL") else ["sqlite"]


@pytest.fixture(scope="session", params=stores())
def server(request, tmp_path_factory) -> Server:
    """A running server; all tests of one store share it."""
    database_url = os.environ["NUNCIO_TEST_DATABASE_URL"] if request.param == "postgres" else None
    server = Server(tmp_path_factory.mktemp(request.param), database_url)
    yield server
    ended = server.process.poll()
    assert ended is None, f"the server ended with {ended} while it was tested: see {server.log}"
    assert server.stop() == 0, "the server did not drain in order"


@pytest.fixture
def app(server) -> App:
    """A production app without a limit of users."""
    return server.create_app()


@pytest.fixture
def development_app(server) -> App:
    """An app in the development environment, which may have 100 users."""
    return server.create_app("development", "free")


@pytest.fixture(autouse=True)
def claims_are_true(request):
    """Fails a test that claims an operation and an outcome that it has not seen."""
    recorder.noted.clear()
    yield
    client.end_all()
    missing = recorder.claims_of(request.node) - recorder.noted
    outcome = getattr(request.node, "outcome_of_call", None)
    assert not missing or outcome != "passed", f"claimed, but not seen: {missing}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Shows, with a failure, what the server has logged since the test began."""
    report = yield
    if report.when == "call":
        item.outcome_of_call = report.outcome
    server = getattr(item, "funcargs", {}).get("server")
    if report.when == "setup" and server:
        item.log_at = server.log.stat().st_size
    if report.failed and server:
        with server.log.open("rb") as log:
            log.seek(getattr(item, "log_at", 0))
            text = log.read(LOG_SHOWN).decode(errors="replace")
        report.sections.append(("server log", text or "(nothing)"))
    return report
