"""An answer that comes a byte at a time is given up as a whole, for either client."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from connector.crm.http import Http
from connector.crm.hubspot.api import Api
from connector.crm.hubspot.meter import Pace
from connector.crm.hubspot.settings import HubSpotSettings
from connector.engine.ports import Runtime
from connector.errors import LostAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 0.3


class Dripping(BaseHTTPRequestHandler):
    """Sends a blank every few moments, far more often than any time between two of them allows."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send one body for three seconds."""
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        ends = time.monotonic() + 10 * SECONDS
        try:
            while time.monotonic() < ends:
                self.wfile.write(b" ")
                time.sleep(0.01)
        except OSError:  # the client has had enough
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """The address of a server that drips."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Dripping)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_salesforce_body_that_drips_is_lost(url: str) -> None:
    """Each byte comes in time, the whole does not."""
    wire = Http("Test", body_seconds=SECONDS)
    began = time.monotonic()
    with pytest.raises(LostAnswerError, match="ReadTimeout"):
        wire.send("GET", f"{url}/x")
    assert SECONDS <= time.monotonic() - began < 5 * SECONDS
    wire.close()


def test_hubspot_body_that_drips_is_lost(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same over the SDK; after all tries it is told as lost."""
    monkeypatch.setattr("connector.crm.hubspot.api.BODY_SECONDS", SECONDS / 5)
    runtime = Runtime(lambda: datetime.now(UTC), lambda _key, _value: None)
    api = Api(
        HubSpotSettings(token="t", base_url=url), runtime, pace=Pace(sleep=lambda _seconds: None)
    )
    with pytest.raises(LostAnswerError, match="took too long"):
        api.account()
    assert api.calls == 6
    api.close()
