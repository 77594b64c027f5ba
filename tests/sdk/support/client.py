"""A client: the binary's own, JSON lines both ways."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from pathlib import Path

WAIT_SECONDS = 15
REFUSED_AT_LOGIN = 3


class Client:
    """`nuncio client` as a process. Lines that nobody has expected yet are kept."""

    def __init__(self, binary: Path, address: str, key: str, token: str):
        from .server import environment

        self.process = subprocess.Popen(
            [binary, "client", "--server", address, "--app-key", key, "--token", token],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        self._lines: list[tuple[str, dict]] = []
        self._ended = False
        self._changed = threading.Condition()
        self._talk: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._talk_reader = threading.Thread(target=self._read_talk, daemon=True)
        self._talk_reader.start()
        self._refs = 0
        OPEN.append(self)

    def _read(self) -> None:
        for line in self.process.stdout:
            ((kind, value),) = json.loads(line).items()
            with self._changed:
                self._lines.append((kind, value))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _read_talk(self) -> None:
        self._talk.extend(self.process.stderr)

    def expect(self, *kinds: str, **members) -> dict:
        """The first line of one of these kinds, and with these members, that was not taken before."""
        return self._take(kinds, members)[1]

    def _take(self, kinds: tuple[str, ...], members: dict) -> tuple[str, dict]:
        deadline = time.monotonic() + WAIT_SECONDS
        with self._changed:
            while True:
                for index, (kind, value) in enumerate(self._lines):
                    if kind in kinds and members.items() <= value.items():
                        return self._lines.pop(index)
                if self._ended or not self._changed.wait(deadline - time.monotonic()):
                    if self._ended:
                        self._talk_reader.join()
                    came = f"what came: {self._lines}; said: {self._talk}"
                    raise AssertionError(f"no {kinds} with {members} came; {came}")

    def write(self, line: dict) -> None:
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def send(self, to: str, text: str) -> dict:
        """Sends a text that must be accepted; returns what the client tells of it."""
        kind, value = self._ask("send", {"to": to, "text": text}, "sent")
        assert kind == "sent", value
        return value

    def refused_send(self, to: str, text: str = "refused") -> int:
        """Sends a text that must be refused; returns the code."""
        kind, value = self._ask("send", {"to": to, "text": text}, "sent")
        assert kind == "error", value
        return value["code"]

    def call(self, method: str, **params):
        """Calls an operation of the client API that must succeed; returns its value."""
        kind, value = self._ask("call", {"method": method, "params": params}, "result")
        assert kind == "result", value
        return value["value"]

    def _ask(self, what: str, members: dict, answer: str) -> tuple[str, dict]:
        self._refs += 1
        ref = f"r{self._refs}"
        self.write({what: {"ref": ref, **members}})
        return self._take((answer, "error"), {"ref": ref})

    def message(self) -> dict:
        """The next message that is delivered, notices of groups' changes left out."""
        while (message := self.expect("message"))["type"] == NOTICE:
            pass
        return message

    def notice(self) -> dict:
        """The content of the next notice of a group's change; who did it is in it."""
        return self.expect("message", type=NOTICE)["content"]

    def event(self, kind: str) -> dict:
        """The next event of a kind: what is told besides messages."""
        return self.expect("event", type=kind)

    def closed(self) -> dict:
        """What is told of the end of the connection."""
        return self.expect("disconnected")

    def refused_login(self) -> int:
        """The code of a login that must be refused; the client then ends by itself."""
        code = self.expect("error")["code"]
        assert self.process.wait(WAIT_SECONDS) == REFUSED_AT_LOGIN
        return code

    def disconnect(self) -> None:
        """Ends the connection in order."""
        self.write({"disconnect": {}})
        assert self.process.wait(WAIT_SECONDS) == 0

    def end(self) -> None:
        """Ends the process, whatever it does."""
        self.process.kill()
        self.process.wait()
        # The readers end with the process, and hold its pipes until then.
        self._reader.join()
        self._talk_reader.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()


# What happened to a group, told in its conversation.
NOTICE = "RC:GrpNtf"

OPEN: list[Client] = []


def end_all() -> None:
    """Ends the clients that a test has left running."""
    while OPEN:
        OPEN.pop().end()
