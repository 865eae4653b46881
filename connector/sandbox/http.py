"""Serves a sandbox application over real HTTP on loopback, from a daemon thread."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = "127.0.0.1"
DROP = "sandbox.drop"
"""Key in the ASGI scope's extensions: an async function that cuts the connection unanswered."""

HEADER_BYTES = 256 * 1024
START_SECONDS = 10.0
GRACE_SECONDS = 2


class Served:
    """A running server. `close` ends it and gives the port back; closing twice does nothing."""

    def __init__(self, server: uvicorn.Server, thread: threading.Thread, port: int) -> None:
        self.port = port
        self.url = f"http://{LOOPBACK}:{port}"
        self._server = server
        self._thread = thread

    def close(self) -> None:
        """Stop serving and wait for the thread."""
        self._server.should_exit = True
        self._thread.join(timeout=START_SECONDS)

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(app: ASGIApp, port: int = 0, *, date_header: bool = True) -> Served:
    """Serve `app` on `port` of loopback (0: any free one); returns when it answers.

    `date_header=False` leaves the Date header to an app whose clock is not the machine's.
    Raises OSError when the port is taken.
    """
    listener = _listen(port)
    connections: dict[tuple[str, int], asyncio.Transport] = {}
    config = uvicorn.Config(
        _with_drop(app, connections),
        http=_remembering(connections),
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=date_header,
        h11_max_incomplete_event_size=HEADER_BYTES,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, daemon=True, name="sandbox"
    )
    thread.start()
    _wait_until_started(server, thread)
    return Served(server, thread, listener.getsockname()[1])


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            message = "the sandbox server did not start"
            raise OSError(message)
        time.sleep(0.002)


def _remembering(connections: dict[tuple[str, int], asyncio.Transport]) -> type[H11Protocol]:
    """Make a protocol class that keeps the transport of every open connection by peer address."""

    class RememberingProtocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if self.client:
                connections[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self.client:
                connections.pop(self.client, None)

    return RememberingProtocol


def _with_drop(app: ASGIApp, connections: dict[tuple[str, int], asyncio.Transport]) -> ASGIApp:
    async def with_drop(scope: Scope, receive: Receive, send: Send) -> None:
        async def drop() -> None:
            transport = connections.get(tuple(scope["client"]))
            if transport is not None:
                transport.abort()
            while (await receive())["type"] != "http.disconnect":
                await asyncio.sleep(0)

        extensions: dict[str, Any] = scope.setdefault("extensions", {})
        extensions[DROP] = drop
        await app(scope, receive, send)

    return with_drop
