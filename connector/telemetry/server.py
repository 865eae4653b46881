"""`/health` and `/metrics` over HTTP, from a thread of the process that they are about."""

from __future__ import annotations

import json
import logging
import threading
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connector.errors import ConfigurationError, ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connector.telemetry.health import Health

Answer = tuple[HTTPStatus, str, bytes]
"""Status, content type, body."""

LOOPBACK = "127.0.0.1"
_TEXT = "text/plain; charset=utf-8"
_log = logging.getLogger("leadgate.telemetry")


@contextmanager
def serving(pages: Mapping[str, Callable[[], Answer]], host: str, port: int) -> Iterator[int]:
    """Answer for these paths while the block runs; the port, which 0 leaves to the system.

    Raises `ConfigurationError` where the address cannot be listened at.
    """
    try:
        server = ThreadingHTTPServer((host, port), partial(_Handler, pages))
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or "there is no such port"
        raise ConfigurationError(
            f"--metrics-port: cannot listen at {host}:{port}: {why}. Choose another port or host."
        ) from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="metrics", daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def health_page(look: Callable[[], Health]) -> Answer:
    """200 for a process that is well, else 503; the reasons in JSON either way."""
    found = look()
    status = HTTPStatus.OK if found.well else HTTPStatus.SERVICE_UNAVAILABLE
    body = {"status": "ok" if found.well else "unwell", **asdict(found)}
    return status, "application/json", json.dumps(body).encode()


class _Handler(BaseHTTPRequestHandler):
    """Reads a request line and headers, nothing else."""

    timeout = 10  # seconds that a client may be silent

    def __init__(self, pages: Mapping[str, Callable[[], Answer]], *connection: object) -> None:
        self._pages = pages
        super().__init__(*connection)  # type: ignore[arg-type]  # request, client, server

    def do_GET(self) -> None:
        """A page, or 404."""
        page = self._pages.get(urlsplit(self.path).path)
        if page is None:
            known = " ".join(self._pages)
            self._send(HTTPStatus.NOT_FOUND, _TEXT, f"Here is only: {known}\n".encode())
            return
        try:
            answer = page()
        except ConnectorError as error:
            answer = HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, f"{error}\n".encode()
        except Exception:  # noqa: BLE001 — a defect must not look like an empty page
            _log.exception("%s failed.", urlsplit(self.path).path)
            answer = (
                HTTPStatus.INTERNAL_SERVER_ERROR,
                _TEXT,
                b"leadgate has a defect; see its log.\n",
            )
        self._send(*answer)

    do_HEAD = do_GET  # noqa: N815 — the base class's name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the base class's name
        """Requests are not told."""

    def version_string(self) -> str:
        """Which program answers, and not in which version."""
        return "leadgate"

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
