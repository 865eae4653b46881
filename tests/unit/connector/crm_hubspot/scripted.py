"""A scripted HubSpot for single answers, and time that passes only when somebody waits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import orjson

from connector.crm.hubspot.meter import Pace

if TYPE_CHECKING:
    from collections.abc import Callable

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class Time:
    """Runs only while somebody sleeps; keeps how long each sleep was."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waits: list[float] = []

    def clock(self) -> float:
        """Seconds since the beginning."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Wait, at once."""
        self.waits.append(seconds)
        self.seconds += seconds

    @property
    def pace(self) -> Pace:
        """What the adapter takes for the passing of time."""
        return Pace(self.clock, self.sleep)


@dataclass
class Runtime:
    """What an adapter is given, with a time of the test's own."""

    time: Time = field(default_factory=Time)
    secrets: list[tuple[str, str]] = field(default_factory=list)
    calls: Any = None

    def clock(self) -> datetime:
        """The local time."""
        return START + timedelta(seconds=self.time.seconds)

    def secret_changed(self, key: str, value: str) -> None:
        """Keep a rotated secret."""
        self.secrets.append((key, value))


@dataclass(frozen=True)
class Said:
    """One answer; `body` of None cuts the connection instead."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True)
class Heard:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Script:
    """Gives its answers one after the other, the last one for ever, and keeps what it heard."""

    def __init__(self) -> None:
        self.url = ""
        self.heard: list[Heard] = []
        self._answers: list[Said] = [Said()]

    def says(self, *answers: Said) -> None:
        """The answers from now on."""
        self._answers = list(answers)

    def next(self, heard: Heard) -> Said:
        """Take down a request and choose its answer."""
        self.heard.append(heard)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def handler(choose: Callable[[Heard], Said]) -> type[BaseHTTPRequestHandler]:
    """A request handler that answers what `choose` says."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            self._give(choose(Heard(self.command, self.path, dict(self.headers), body)))

        do_POST = do_PATCH = do_PUT = do_GET  # noqa: N815 — the library's names

        def _give(self, said: Said) -> None:
            content = said.body.encode() if isinstance(said.body, str) else orjson.dumps(said.body)
            self.close_connection = True
            if said.cut:
                return
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Connection", "close")
            if "Content-Length" not in said.headers:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler
