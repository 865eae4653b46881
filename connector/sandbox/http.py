"""Serves a sandbox application over real HTTP on loopback, from a daemon thread."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import suppress
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


class _Server(uvicorn.Server):
    """A server that leaves when it is told to, not at the next tick of its clock."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()
        self._left = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def leave(self) -> None:
        """Give the port back and end; called from any thread but the server's own."""
        self.should_exit = True
        if self._loop is not None and not self._left.is_set():
            self._loop.call_soon_threadsafe(self._told.set)
            self._left.wait(START_SECONDS)

    async def main_loop(self) -> None:
        """Renew the Date header once a second until it is time to leave."""
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), timeout=1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Give the port back at once, then end the connections."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        self._left.set()
        await super().shutdown(sockets)


class Served:
    """A running server. `close` ends it and gives the port back; closing twice does nothing."""

    def __init__(self, server: _Server, port: int) -> None:
        self.port = port
        self.url = f"http://{LOOPBACK}:{port}"
        self._server = server

    def close(self) -> None:
        """Stop serving; returns when the port is given back, and connections end behind it."""
        self._server.leave()

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
    server = _Server(config)
    port = listener.getsockname()[1]
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, daemon=True, name="sandbox"
    )
    thread.start()
    _wait_until_started(server, thread)
    return Served(server, port)


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


def _wait_until_started(server: _Server, thread: threading.Thread) -> None:
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
