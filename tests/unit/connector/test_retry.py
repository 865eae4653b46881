"""When a request is made again, and when it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.crm.retry import with_retries
from connector.errors import (
    ConfigurationError,
    CredentialsError,
    LostAnswerError,
    QuotaSpentError,
    RateLimitedError,
    RequestRefusedError,
    RunAbortedError,
    TransientError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


class Server:
    """Fails as told, then answers; keeps how often it was asked and how long was waited."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.asked = 0
        self.waits: list[float] = []

    def __call__(self) -> str:
        """One request."""
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"

    def ask(self, *, repeatable: bool = True, **limits: float) -> str:
        """Requests until there is an answer."""
        return with_retries(self, repeatable=repeatable, sleep=self.waits.append, **limits)


def test_answer_at_once_is_not_asked_for_again() -> None:
    """No failure, no second request, no wait."""
    server = Server()
    assert server.ask() == "answer"
    assert (server.asked, server.waits) == (1, [])


@pytest.mark.parametrize("failure", [TransientError("busy"), RateLimitedError("busy")])
def test_passing_failure_is_asked_again(failure: Exception) -> None:
    """What may work later is tried again, whether or not doing it twice is harmless."""
    server = Server(failure, failure)
    assert server.ask(repeatable=False) == "answer"
    assert server.asked == 3


def test_lost_answer_is_asked_again_only_where_that_is_harmless() -> None:
    """A request that may have been carried out is not sent twice unless twice is once."""
    assert Server(LostAnswerError("lost")).ask(repeatable=True) == "answer"
    server = Server(LostAnswerError("lost"))
    with pytest.raises(LostAnswerError):
        server.ask(repeatable=False)
    assert server.asked == 1


@pytest.mark.parametrize(
    "failure",
    [
        ConfigurationError("mend it"),
        CredentialsError("no"),
        QuotaSpentError("spent"),
        RequestRefusedError("never"),
        RunAbortedError("stop"),
        ValueError("a defect"),
    ],
)
def test_lasting_failure_is_not_asked_again(failure: Exception) -> None:
    """What will not change by waiting is raised at once, as it is."""
    server = Server(failure)
    with pytest.raises(type(failure)) as raised:
        server.ask()
    assert raised.value is failure
    assert (server.asked, server.waits) == (1, [])


def test_named_wait_is_kept() -> None:
    """The server's own wait is kept to the second."""
    server = Server(RateLimitedError("busy", retry_after_seconds=7.0))
    server.ask()
    assert server.waits == [7.0]


def test_named_wait_of_nothing_is_kept() -> None:
    """A server that names zero seconds is asked again without a wait."""
    server = Server(RateLimitedError("busy", retry_after_seconds=0.0))
    server.ask()
    assert server.waits == [0.0]


def test_wait_that_is_too_long_is_not_waited() -> None:
    """A named wait beyond our patience raises at once instead of sleeping through it."""
    server = Server(RateLimitedError("busy", retry_after_seconds=301.0))
    with pytest.raises(RateLimitedError):
        server.ask(limit_seconds=300)
    assert server.waits == []


def test_unnamed_waits_grow_within_their_bounds() -> None:
    """Without a named wait each is random and at most twice the bound of the one before."""
    server = Server(*[TransientError("busy")] * 5)
    server.ask()
    assert len(server.waits) == 5
    bounds: Sequence[float] = (0.5, 1, 2, 4, 8)
    assert all(0 <= wait <= most for wait, most in zip(server.waits, bounds, strict=True))


def test_patience_ends() -> None:
    """After the last attempt its own error is raised."""
    last = TransientError("the last")
    server = Server(TransientError("first"), TransientError("second"), last)
    with pytest.raises(TransientError) as raised:
        server.ask(attempts=3)
    assert raised.value is last
    assert server.asked == 3
