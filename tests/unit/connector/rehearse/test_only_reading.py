"""The guard: what a rehearsal holds of the live CRM cannot write, whatever is asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector.engine.ports import Crm
from connector.engine.rehearsing import OnlyReading
from connector.errors import RunAbortedError

if TYPE_CHECKING:
    from collections.abc import Callable

WRITING = ("write", "convert", "retract", "setup")


class Remembering:
    """Stands for a live adapter and remembers what was asked of it."""

    name, lead_object, overlap_seconds, writes_converted = "salesforce", "Lead", 600, False

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def ask(*_: Any, **__: Any) -> None:
            self.asked.append(name)

        return ask


@pytest.mark.parametrize("act", WRITING)
def test_writing_is_refused_before_the_adapter_hears_of_it(act: str) -> None:
    """Each writing method raises, and nothing reaches the live adapter."""
    live = Remembering()

    with pytest.raises(RunAbortedError, match="never writes to the live CRM"):
        getattr(OnlyReading(live), act)([], object())  # type: ignore[arg-type]

    assert live.asked == []


def test_every_method_of_the_port_either_reads_or_refuses() -> None:
    """A method that the port may get one day is missing here, and so cannot be called."""
    port = {name for name in vars(Crm) if not name.startswith("_")}
    guard = {name for name in vars(OnlyReading) if not name.startswith("_")}

    assert port - set(WRITING) <= guard
    assert not hasattr(OnlyReading(Remembering()), "reach")  # type: ignore[arg-type]
