"""Every error that leaves an adapter or the engine, sorted by what the caller should do next.

ConnectorError
├── ConfigurationError          mend a file, a credential or a permission, then run again (exit 2)
│   └── CredentialsError        the CRM refused the credentials
├── TransientError              wait `retry_after_seconds`, then do the same again
│   ├── RateLimitedError        a limit per second or per ten seconds was hit
│   └── LostAnswerError         it was sent and nobody knows whether it was done: read back first
├── QuotaSpentError             the day's budget is spent: pause, resume when it is back
├── RequestRefusedError         this request will never pass as it is; carries the CRM's own code
└── RunAbortedError             stop the run and say why (exit 1)
    └── LeaseLostError          another run has taken the connection over: touch nothing more

Messages name codes, fields and record ids. They never hold a response body, a secret or a lead's
personal data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from scoring.problem import Problem


class ConnectorError(Exception):
    """Base of every error of the connector."""


class ConfigurationError(ConnectorError):
    """Something that a user wrote or granted must change before the same command can work."""

    def __init__(self, message: str, problems: Iterable[Problem] = ()) -> None:
        self.message = message
        self.problems = tuple(problems)
        super().__init__("\n".join([message, *map(str, self.problems)]))

    def __reduce__(self) -> tuple[type[ConfigurationError], tuple[str, tuple[Problem, ...]]]:
        return type(self), (self.message, self.problems)


class CredentialsError(ConfigurationError):
    """The CRM refused the credentials; asking again will not help."""


class TransientError(ConnectorError):
    """It did not work now, and the same request may work later."""

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        self.message = message
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.retry_after_seconds)


class RateLimitedError(TransientError):
    """A limit per second, or per few seconds, was hit."""


class LostAnswerError(TransientError):
    """The request was sent and no answer came: it may have been carried out."""


class QuotaSpentError(ConnectorError):
    """The calls that this connection may use today are spent; `back_at` says until when, if known."""

    def __init__(self, message: str, *, back_at: datetime | None = None) -> None:
        self.message = message
        self.back_at = back_at
        super().__init__(message)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_spent, (self.message, self.back_at)


class RequestRefusedError(ConnectorError):
    """The CRM understood the request and refused it; `code` is the CRM's own word for why."""

    def __init__(self, message: str, *, code: str = "", status: int = 0) -> None:
        self.message = message
        self.code = code
        self.status = status
        super().__init__(message)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_refused, (type(self), self.message, self.code, self.status)


class RunAbortedError(ConnectorError):
    """The run cannot go on; what was done so far is in the ledger."""


class LeaseLostError(RunAbortedError):
    """Another run has taken the connection over: this one writes nothing more, anywhere."""


def _rebuild(kind: type[TransientError], message: str, seconds: float | None) -> TransientError:
    return kind(message, retry_after_seconds=seconds)


def _rebuild_spent(message: str, back_at: datetime | None) -> QuotaSpentError:
    return QuotaSpentError(message, back_at=back_at)


def _rebuild_refused(
    kind: type[RequestRefusedError], message: str, code: str, status: int
) -> RequestRefusedError:
    return kind(message, code=code, status=status)
