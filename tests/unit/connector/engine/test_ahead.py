"""Pages that are fetched while the last one is judged."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

import pytest

from connector.engine.ahead import one_ahead

if TYPE_CHECKING:
    from collections.abc import Iterator

WHO = ContextVar("WHO", default="nobody")


def test_values_come_in_their_order():
    """Nothing is lost, doubled or moved."""
    assert list(range(50)) == list(one_ahead(range(50)))


def test_the_next_value_is_made_while_the_last_one_is_in_use():
    """The second page is under way as soon as the first is handed out; the third is not."""
    begun = [threading.Event() for _ in range(3)]

    def pages() -> Iterator[int]:
        for number, event in enumerate(begun):
            event.set()
            yield number

    ahead = one_ahead(pages())

    assert next(ahead) == 0
    assert begun[1].wait(5)
    assert not begun[2].wait(0.05)


def test_an_error_comes_after_the_values_before_it():
    """What was read before the failure is still judged and kept."""

    def pages() -> Iterator[int]:
        yield 1
        raise ConnectionError("cut off")

    ahead = one_ahead(pages())

    assert next(ahead) == 1
    with pytest.raises(ConnectionError, match="cut off"):
        next(ahead)


def test_who_leaves_early_does_not_wait():
    """A run that is stopped does not sit out the page that is being fetched."""
    never, asked = threading.Event(), threading.Event()

    def pages() -> Iterator[int]:
        yield 1
        asked.set()
        never.wait(30)
        yield 2

    ahead = one_ahead(pages())
    next(ahead)
    assert asked.wait(5)
    begun = time.monotonic()
    ahead.close()
    waited = time.monotonic() - begun
    never.set()

    assert waited < 5


def test_the_thread_works_in_the_context_of_the_run():
    """Traces of the calls that fetch a page belong to its run."""
    WHO.set("the run")

    assert list(one_ahead(WHO.get() for _ in range(1))) == ["the run"]
