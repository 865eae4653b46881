"""What receives outreach in tests: a mail server and a web server on loopback that do as told."""

from __future__ import annotations

import base64
import contextlib
import socketserver
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO, Any

DROP = "DROP"
"""Instead of a reply: the connection is cut."""


class MailSink:
    """A mail server. `mails` are the texts that it took, with sender and recipients.

    `say` queues a reply to the next command of a kind; "TEXT" is the end of a message. A reply of
    `DROP` cuts the connection, and "KEPT DROP" takes the message first.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, login: str | None = None) -> None:
        self.mails: list[tuple[str, list[str], str]] = []
        self.verbs: list[str] = []
        self.sessions = 0
        self._said: dict[str, list[str]] = {}
        self._login = login
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError, ssl.SSLError), contextlib.ExitStack() as closed:
                    sink._serve(_Talk(self.rfile, self.wfile), self.connection, tls, closed)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()

    def say(self, verb: str, *replies: str) -> None:
        """Answer the next commands of this kind so."""
        self._said.setdefault(verb, []).extend(replies)

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(
        self,
        talk: _Talk,
        connection: Any,
        tls: ssl.SSLContext | None,
        closed: contextlib.ExitStack,
    ) -> None:
        self.sessions += 1
        talk.write(self._reply("HELLO", "220 sink"))
        while line := talk.read():
            verb, _, rest = line.partition(" ")
            self.verbs.append(verb.upper())
            if verb.upper() == "STARTTLS" and tls is not None:
                talk.write("220 go on")
                wrapped = closed.enter_context(tls.wrap_socket(connection, server_side=True))
                talk = _Talk(*(closed.enter_context(wrapped.makefile(m, 0)) for m in ("rb", "wb")))
                tls = None
                continue
            reply = self._reply(verb.upper(), self._usual(verb.upper(), rest, talk, tls))
            if not talk.write(reply) or verb.upper() == "QUIT":
                return
            if reply.startswith("354") and not self._take(talk):
                return

    def _usual(self, verb: str, rest: str, talk: _Talk, tls: ssl.SSLContext | None) -> str:
        if verb == "EHLO":
            offers = (["STARTTLS"] if tls else []) + (["AUTH PLAIN"] if self._login else [])
            return "\r\n".join([*(f"250-{o}" for o in ["sink", *offers]), "250 SIZE 1000000"])
        if verb == "AUTH":
            given = base64.b64decode(rest.rsplit(maxsplit=1)[-1]).decode().split("\0")[1:]
            return "235 ok" if ":".join(given) == self._login else "535 5.7.8 bad credentials"
        if verb == "MAIL":
            talk.sender, talk.recipients = rest, []
        elif verb == "RCPT":
            talk.recipients.append(rest)
        return {"DATA": "354 go on", "QUIT": "221 bye"}.get(verb, "250 ok")

    def _take(self, talk: _Talk) -> bool:
        """Read a message and answer it; whether the connection lasts."""
        text = talk.text()
        reply = self._reply("TEXT", "250 2.0.0 taken")
        if reply.startswith(("250", "KEPT")):
            self.mails.append((talk.sender, talk.recipients, text))
        return talk.write(reply.removeprefix("KEPT "))

    def _reply(self, verb: str, usual: str) -> str:
        queued = self._said.get(verb)
        return queued.pop(0) if queued else usual


class _Talk:
    """Two ends of a connection, and what was said of the message so far."""

    def __init__(self, reader: IO[bytes], writer: IO[bytes]) -> None:
        self._read = reader
        self._write = writer
        self.sender = ""
        self.recipients: list[str] = []

    def read(self) -> str:
        """The next line; nothing at the end."""
        return self._read.readline().decode().rstrip("\r\n")

    def text(self) -> str:
        """The lines up to the single dot, dots undoubled."""
        lines = iter(self._read.readline, b".\r\n")
        return b"".join(line[1:] if line.startswith(b".") else line for line in lines).decode()

    def write(self, reply: str) -> bool:
        """Say it; whether the connection lasts."""
        if reply != DROP:
            self._write.write(f"{reply}\r\n".encode())
        return reply != DROP


class HookSink:
    """A web server. `posts` are the requests that it heard: path, headers, body.

    `say` queues statuses; 0 cuts the connection after the request was read.
    """

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, str], bytes]] = []
        self._said: list[tuple[int, dict[str, str]]] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.posts.append((self.path, dict(self.headers), body))
                status, headers = sink._said.pop(0) if sink._said else (202, {})
                if not status:
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in ({"Content-Length": "0"} | headers).items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()

    def say(self, *statuses: int, **headers: str) -> None:
        """Answer the next requests so."""
        self._said += [(status, headers) for status in statuses]

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
