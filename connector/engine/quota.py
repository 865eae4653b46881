"""The day's calls: what a plan will need, what goes first when they are short, and the pause.

A plan is costed by the CRM's own formulas before anything is written. Where its day has fewer calls
left than the plan needs, conversions go first, with the changes of the leads that are converted
(afterwards a CRM may not take them any more); then the changes that move a stage; then the rest by
score. What is still undecided when the calls are spent stays planned: the run ends as paused, and the
next one goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from connector.engine.ports import instant
from connector.errors import QuotaSpentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector.engine.calls import Allowance
    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger
    from connector.engine.ports import Crm

PAUSED: Final = "paused: quota"
"""The state of a run whose calls of the day are spent."""

SIZE = 10_000
"""Lines that are looked at together when calls are short."""

_COUNTED = {"change": "changes", "convert": "conversions"}


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many calls a plan needs, and what the CRM's day has left for us."""

    needs: int
    allowance: Allowance | None = None

    @property
    def short(self) -> bool:
        """Whether the day has fewer calls left than the plan needs."""
        return self.allowance is not None and self.needs > self.allowance.left

    def as_json(self) -> dict[str, Any]:
        """For reports: the calls needed; what is left, of how many, of a day of how many.

        Nothing where no call is needed.
        """
        day = self.allowance
        if day is None:
            return {"needs": self.needs} if self.needs else {}
        back = instant(day.back_at) if day.back_at else None
        found = {"needs": self.needs, "left": day.left, "of": day.share, "day": day.day}
        return found | {"back_at": back}


def forecast(connection: Connection, ledger: Ledger, run: str, *, reads: bool = False) -> Forecast:
    """What the undecided lines of a run need. With `reads` every record is read again before."""
    planned = ledger.undecided_counts(run)
    counts = {name: planned.get(kind, 0) for kind, name in _COUNTED.items()}
    again = sum(counts.values()) if reads else 0
    needs = connection.crm.cost(reads=again, **counts)
    return Forecast(needs, connection.crm.allowance() if needs else None)


def by_worth(
    connection: Connection, ledger: Ledger, run: str
) -> Iterator[tuple[str, pl.DataFrame]]:
    """The undecided lines of a run by kind, the most worth first.

    Raises `QuotaSpentError` before the first lines that the rest of the day has no calls for, so that
    no conversion is begun that cannot be finished.
    """
    for kind, lines in _in_order(connection, ledger, run):
        room = _room(connection.crm, kind, lines.height)
        if room:
            yield kind, lines.head(room)
        if room < lines.height:
            raise _does_not_suffice(connection.crm)


def _in_order(
    connection: Connection, ledger: Ledger, run: str
) -> Iterator[tuple[str, pl.DataFrame]]:
    for conversions in ledger.lines_by_score(run, "convert", size=SIZE):
        before = _changes_of(ledger, run, conversions)
        if not before.is_empty():
            yield "change", before
        yield "convert", conversions
    entry = connection.mapping.write.get("stage")
    moved = pl.lit(value=False)
    if entry is not None:
        moved = pl.col("body").str.json_path_match(f'$["{entry.field}"]').is_not_null()
    for condition in (moved, ~moved):
        for lines in ledger.lines_by_score(run, "change", size=SIZE):
            chosen = lines.filter(condition)
            if not chosen.is_empty():
                yield "change", chosen


def _changes_of(ledger: Ledger, run: str, conversions: pl.DataFrame) -> pl.DataFrame:
    """The undecided changes of the leads that these lines convert."""
    found = [
        lines.join(conversions.select("id"), on="id", how="semi", maintain_order="left")
        for lines in ledger.lines(run, kind="change", undecided_only=True)
    ]
    return pl.concat(found) if found else pl.DataFrame()


def _room(crm: Crm, kind: str, lines: int) -> int:
    """For how many of these lines the day has calls left."""
    allowance = crm.allowance()
    if allowance is None:
        return lines
    fits, too_many = 0, lines + 1
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if crm.cost(**{_COUNTED[kind]: middle}) <= allowance.left:
            fits = middle
        else:
            too_many = middle
    return fits


def _does_not_suffice(crm: Crm) -> QuotaSpentError:
    allowance = crm.allowance()
    back = allowance.back_at if allowance else None
    when = f" More come from {instant(back)} on." if back else ""
    return QuotaSpentError(
        f"{crm.name}: the calls that are left today do not suffice for more.{when}", back_at=back
    )


def paused_words(
    spent: QuotaSpentError, left: Mapping[str, int], connection: str, again: str
) -> str:
    """What a paused run says: why, what remains, when calls come back, and how to go on."""
    counts = [
        f"{left[kind]:,} {word if left[kind] > 1 else word[:-1]}"
        for kind, word in _COUNTED.items()
        if left.get(kind)
    ]
    what = f" Planned and not yet done: {' and '.join(counts)}." if counts else ""
    return f"{spent.message}{what} Nothing is lost; go on later with: leadgate {again} {connection}"
