"""How far a run has come with what it was ordered to do, as the ledger keeps it between processes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

import orjson
import polars as pl

from connector.engine.ports import Window

if TYPE_CHECKING:
    from connector.engine.ledger import Ledger

Step = Literal["pull", "overlap", "rescore", "apply"]
"""The parts of a sync, in order; the other kinds of run have only the last."""


@dataclass
class Pulled:
    """What a pull has come to so far; `again` counts versions that were judged before.

    `looked_at` are the ids of the leads of a plan, which the ledger does not learn of.
    """

    read: int = 0
    again: int = 0
    judged: int = 0
    rescored: int = 0
    unchanged: int = 0
    planned: int = 0
    quarantined: int = 0
    gone: int = 0
    data_problems: int = 0
    expected: int | None = None
    stages: dict[str, int] = field(default_factory=dict)
    priorities: dict[str, int] = field(default_factory=dict)
    looked_at: list[pl.Series] = field(default_factory=list)

    def met(self) -> pl.DataFrame:
        """The leads that a plan has met, as a frame of `id`; of a sync the ledger knows them."""
        none = pl.Series("id", [], dtype=pl.String)
        return pl.concat([none, *(ids.alias("id") for ids in self.looked_at)]).to_frame()


@dataclass
class Position:
    """An order, and how far it is done.

    The order: which windows, judged as of which day, by which model and mapping. `told` is how many
    leads the CRM has promised for the window in hand; `place` names the page after which that
    window goes on, in the CRM adapter's own words, or in a rescoring the lead.
    """

    window: Window
    overlap: Window | None
    full: bool
    as_of: date
    verdict_key: str
    step: Step = "pull"
    place: str | None = None
    told: int | None = None
    pulled: Pulled = field(default_factory=Pulled)
    decisions: dict[str, int] = field(default_factory=dict)
    released: str | None = None
    undo_of: str | None = None
    kept_for: str | None = None
    """The run for which the ledger keeps it; None for a run that nobody goes on with."""
    resumed: bool = False
    """Whether an earlier process has come so far."""

    def keep(self, ledger: Ledger) -> None:
        """Write it into the ledger, in the transaction in hand if there is one."""
        if self.kept_for is not None:
            ledger.keep_position(self.kept_for, self.as_text())

    def enter(self, step: Step) -> None:
        """Begin the next step. What the last window promised is added up."""
        if self.told is not None:
            self.pulled.expected = (self.pulled.expected or 0) + self.told
        self.step, self.place, self.told = step, None, None

    def as_text(self) -> str:
        """As JSON."""
        values = {name: getattr(self, name) for name in _PLAIN}
        windows = {name: _window_out(getattr(self, name)) for name in ("window", "overlap")}
        return orjson.dumps(values | windows | {"pulled": self._figures()}).decode()

    @classmethod
    def from_text(cls, text: str, kept_for: str) -> Position:
        """The position of a run from its JSON. Raises ValueError, KeyError or TypeError if it is none."""
        found = orjson.loads(text)
        window = _window_in(found["window"])
        if window is None:
            raise ValueError("a position without a window")
        return cls(
            **{name: found[name] for name in _PLAIN if name != "as_of"},
            as_of=date.fromisoformat(found["as_of"]),
            window=window,
            overlap=_window_in(found["overlap"]),
            pulled=Pulled(**found["pulled"]),
            kept_for=kept_for,
            resumed=True,
        )

    def _figures(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self.pulled).items() if name != "looked_at"}


_PLAIN = (
    "full",
    "as_of",
    "verdict_key",
    "step",
    "place",
    "told",
    "decisions",
    "released",
    "undo_of",
)


def _window_out(window: Window | None) -> dict[str, Any] | None:
    return None if window is None else asdict(window)


def _window_in(kept: dict[str, Any] | None) -> Window | None:
    if kept is None:
        return None
    since = kept["since"]
    return Window(
        since=None if since is None else datetime.fromisoformat(since),
        until=datetime.fromisoformat(kept["until"]),
        gone=kept["gone"],
    )
