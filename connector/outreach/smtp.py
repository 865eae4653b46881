"""One session with a mail server: encrypted, patient, and sure of what it knows about each message.

What the server says is reduced to its numbers, because its words repeat addresses.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from connector.errors import (
    ConfigurationError,
    CredentialsError,
    LostAnswerError,
    RequestRefusedError,
    TransientError,
)
from connector.outreach.settings import TLS_PORT

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.outreach.settings import EmailKeys

_T = TypeVar("_T")
_STEP_SECONDS = 30.0
_ACCEPTANCE_SECONDS = 600.0
"""How long a server may take to take a message in: what RFC 5321 (4.5.3.2.6) asks clients to wait."""

_ENHANCED = re.compile(rb"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_READY, _ACCEPTED, _GO_ON, _CLOSING = 220, 250, 354, 421
_PERMANENT = 500


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that each step may take, and the last one, in which the server takes the message in."""

    step: float = _STEP_SECONDS
    acceptance: float = _ACCEPTANCE_SECONDS


class Session:
    """A session, opened at the first message and again after it broke.

    `context` is how certificates are verified: by the system's authorities unless a test says else.
    """

    def __init__(
        self,
        keys: EmailKeys,
        *,
        name: str,
        patience: Patience | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._keys = keys
        self._name = name
        self._patience = patience or Patience()
        self._context = context
        self._smtp: smtplib.SMTP | None = None

    def send(self, sender: str, recipient: str, message: bytes) -> None:
        """Hand over one message.

        Raises `TransientError` if it was not taken and may be later, `RequestRefusedError` if it
        was refused for good, `LostAnswerError` if nobody knows, and `ConfigurationError` for what
        holds for every message.
        """
        smtp = self._smtp or self._open()
        self._smtp = smtp
        self._step("MAIL", lambda: smtp.mail(sender))
        self._step("RCPT", lambda: smtp.rcpt(recipient))
        self._step("DATA", lambda: smtp.docmd("DATA"), wanted=_GO_ON)
        self._settle(smtp, message)

    def check(self) -> None:
        """Open a session and log in, without sending anything; raises what `send` would."""
        self._smtp = self._smtp or self._open()

    def close(self) -> None:
        """Say goodbye. Closing twice does nothing."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        try:
            smtp.quit()
        except (smtplib.SMTPException, OSError):
            smtp.close()

    def _settle(self, smtp: smtplib.SMTP, message: bytes) -> None:
        """Send the text and hear what became of it: from here on no answer means that nobody knows."""
        try:
            if smtp.sock is not None:
                smtp.sock.settimeout(self._patience.acceptance)
            smtp.send(_transparent(message))
            code, said = smtp.getreply()
            if smtp.sock is not None:
                smtp.sock.settimeout(self._patience.step)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            kind = type(error).__name__
            raise LostAnswerError(
                f"The mail server took the message and gave no answer ({kind})."
            ) from None
        if code != _ACCEPTED:
            self._refused("DATA", code, said)

    def _step(self, verb: str, act: Callable[[], tuple[int, bytes]], wanted: int = 250) -> None:
        """One command before the text is sent: whatever fails here, nothing was handed over."""
        try:
            code, said = act()
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise TransientError(
                f"The mail server broke off at {verb} ({type(error).__name__})."
            ) from None
        if code != wanted and not (verb == "RCPT" and code == 251):  # noqa: PLR2004 — will forward
            self._refused(verb, code, said)

    def _refused(self, verb: str, code: int, said: bytes) -> NoReturn:
        """Raise what a refusal stands for. One of the sender concerns every message."""
        numbers = _numbers(code, said)
        self._reset(code)
        if code < _PERMANENT:
            raise TransientError(f"The mail server answers {numbers} to {verb} for now.")
        if verb == "MAIL":
            raise ConfigurationError(
                f"The mail server refuses the sender of outreach.email.from ({numbers}). Use an"
                " address that this user may send from."
            )
        raise RequestRefusedError(
            f"The mail server refuses the message ({numbers}).", code=f"SMTP_{numbers}", status=code
        )

    def _reset(self, code: int) -> None:
        """Make the session ready for the next message, or give it up."""
        if self._smtp is None or code == _CLOSING:
            self._drop()
            return
        try:
            self._smtp.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _drop(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()

    def _open(self) -> smtplib.SMTP:
        where = f"{self._keys.host}:{self._keys.port}"
        smtp = _translated(where, self._connect)
        try:
            _translated(where, lambda: self._secure(smtp))
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _connect(self) -> smtplib.SMTP:
        keys = self._keys
        options: dict[str, Any] = {"local_hostname": self._name, "timeout": self._patience.step}
        if keys.port == TLS_PORT:
            return smtplib.SMTP_SSL(keys.host, keys.port, context=self._tls(), **options)
        return smtplib.SMTP(keys.host, keys.port, **options)

    def _secure(self, smtp: smtplib.SMTP) -> None:
        if self._keys.starttls and self._keys.port != TLS_PORT:
            smtp.starttls(context=self._tls())
        smtp.ehlo_or_helo_if_needed()
        if self._keys.user is not None and self._keys.password is not None:
            smtp.login(self._keys.user, self._keys.password.get_secret_value())

    def _tls(self) -> ssl.SSLContext:
        return self._context or ssl.create_default_context()


def _translated(where: str, act: Callable[[], _T]) -> _T:
    """The result of opening a session; every failure as one of ours."""
    try:
        return act()
    except ssl.SSLCertVerificationError:
        what = f"{where}: the mail server's certificate is not trusted."
        raise ConfigurationError(what) from None
    except smtplib.SMTPNotSupportedError:
        raise ConfigurationError(
            f"{where}: the mail server offers no STARTTLS, or no way to log in that is known here."
        ) from None
    except smtplib.SMTPAuthenticationError as error:
        numbers = _numbers(error.smtp_code, error.smtp_error)
        if error.smtp_code < _PERMANENT:
            raise TransientError(f"{where}: the mail server answers {numbers} to login.") from None
        raise CredentialsError(
            f"{where}: the mail server refuses outreach.email.user and password ({numbers})."
        ) from None
    except socket.gaierror:
        raise TransientError(f"{where}: no mail server has this name.") from None
    except (smtplib.SMTPException, OSError) as error:
        what = f"{where}: no session with the mail server ({type(error).__name__})."
        raise TransientError(what) from None


def _transparent(message: bytes) -> bytes:
    """The text as it goes over the wire: CRLF, dots doubled at the start of lines, the end marked."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", message)
    doubled = re.sub(rb"(?m)^\.", b"..", lines)
    return doubled + (b"" if doubled.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _numbers(code: int, said: bytes | str) -> str:
    """A reply without its words: `550_5.1.1`."""
    text = said if isinstance(said, bytes) else said.encode()
    found = _ENHANCED.search(text)
    return f"{code}_{found[0].decode()}" if found else str(code)
