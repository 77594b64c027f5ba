"""The built server as a process, and the apps that are made on it."""

import json
import os
import subprocess
import threading
from pathlib import Path

from .app import App

REPOSITORY = Path(__file__).resolve().parents[3]
READY = "nuncio is ready at "
READY_SECONDS = 60
DRAIN_SECONDS = 40


def binary() -> Path:
    """The server that is tested."""
    path = Path(os.environ.get("NUNCIO_BINARY") or REPOSITORY / "target/debug/nuncio").resolve()
    if not path.is_file():
        raise RuntimeError(f"there is no server at {path}: build it with `cargo build`, or set NUNCIO_BINARY")
    return path


class Server:
    """A running server on one of the two stores; its address is known once it says that it is ready."""

    def __init__(self, folder: Path, database_url: str | None):
        self.binary = binary()
        self.log = folder / "server.log"
        self.store = ["--data", str(folder / "data")]
        if database_url:
            self.store = ["--database-url", database_url, "--master-key-file", str(folder / "master.key")]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", *self.store, "--listen", "127.0.0.1:0", "--admin-listen", "off"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment(),
            )
        self.address = self._wait_until_ready()

    def _wait_until_ready(self) -> str:
        # A server that hangs at start would keep the tests waiting for its line for ever.
        alarm = threading.Timer(READY_SECONDS, self.process.kill)
        alarm.start()
        try:
            for line in self.process.stdout:
                if line.startswith(READY):
                    return line.removeprefix(READY).strip()
        finally:
            alarm.cancel()
        raise RuntimeError(f"the server did not become ready; it said:\n{self.log.read_text(errors='replace')}")

    def stop(self) -> int:
        """SIGTERM: the server drains; returns its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(DRAIN_SECONDS)
        finally:
            self.process.kill()

    def command(self, *arguments: str) -> dict:
        """Runs a command of the binary that prints JSON."""
        done = subprocess.run(
            [self.binary, *arguments, *self.store, "--json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            env=environment(),
        )
        if done.returncode != 0:
            raise RuntimeError(f"{arguments} ended with {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def create_app(self, environment: str = "production", edition: str = "flagship") -> App:
        made = self.command(
            "app", "create", "--name", "Test", "--environment", environment, "--edition", edition
        )
        return App(self, made["appKey"], made["appSecret"])


def environment() -> dict[str, str]:
    """This process's environment without settings that would reach the server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("NUNCIO_")}
