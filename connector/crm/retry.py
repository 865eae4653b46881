"""When a request is made again: decided by the kind of error alone, for every CRM alike."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from connector.errors import LostAnswerError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("leadgate.crm")

_T = TypeVar("_T")
_BACKOFF = wait_random_exponential(multiplier=0.5, max=30)


def with_retries(
    call: Callable[[], _T],
    *,
    repeatable: bool,
    attempts: int = 6,
    limit_seconds: float = 300,
    sleep: Callable[[float], None] = time.sleep,
) -> _T:
    """Make a call until it answers, waiting as long as the server names or longer each time.

    `repeatable` says that doing it twice is the same as doing it once; only then is a call whose
    answer was lost made again. Raises the last error when patience runs out, which includes a
    server that names a wait longer than `limit_seconds`.
    """
    retrying = Retrying(
        retry=retry_if_exception(lambda error: _may_repeat(error, repeatable=repeatable)),
        stop=stop_after_attempt(attempts) | stop_before_delay(limit_seconds),
        wait=_wait,
        sleep=sleep,
        before_sleep=_say,
        reraise=True,
    )
    return retrying(call)


def _may_repeat(error: BaseException, *, repeatable: bool) -> bool:
    if isinstance(error, LostAnswerError):
        return repeatable
    return isinstance(error, TransientError)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    named = getattr(error, "retry_after_seconds", None)
    return float(named) if named is not None else float(_BACKOFF(state))


def _say(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    pause = state.next_action.sleep if state.next_action else 0.0
    log.warning("%s; trying again in %.1f s (attempt %d)", error, pause, state.attempt_number)
