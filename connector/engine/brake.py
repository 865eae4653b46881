"""The brake: a run that would decide far more than usual stops before it writes anything.

What is counted, per run: moves into each stage ("to sql"), "conversions", "clears" (records of which
a field is emptied), "disqualifications", "expected rejects" (lines that the CRM's own schema will
not take) and "touches" (leads that are to be brought back). New scores alone move nobody and are not
counted.

What is usual: the last finished runs of the connection, without the very first one (it reads what
has gathered over years) and without runs that were released. The limit is the usual median plus
`factor` spreads, and never less than `floor`. The spread is the larger of two: the median absolute
deviation, scaled by 1.4826 so that it estimates a standard deviation, and the square root of the
median, which is the deviation of counts that come by themselves (Poisson). A run of `revive` is
compared with its like. At night and on quiet days nobody is touched; runs that touched somebody tell
what is usual as soon as there are three of them. Median and median
absolute deviation because up to half of the past may be odd without moving either (Hampel 1974;
Leys et al. 2013, "Detecting outliers", J. Exp. Soc. Psychol. 49, 764–766).

With fewer than three such runs nothing is usual yet; then the share of the leads that would be
touched counts, and must not be above `first_run_share`.
"""

from __future__ import annotations

import re
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import polars as pl
from pydantic import BeforeValidator, Field

from connector.engine.plan import changes_of
from scoring.document import Schema

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger
    from connector.engine.runs import RunKind, RunReport
    from mappings.schema import Field as CrmField

RUNS = 20
"""How many runs tell what is usual."""

ENOUGH = 3
"""With fewer runs nothing is usual yet."""

TOUCHES = "touches"
_JUDGING: tuple[RunKind, ...] = ("sync", "apply", "rescore")

_LOOK_BACK = 500
_NORMAL = 1.4826
_PERCENT = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*%\s*$")


def _share(value: object) -> object:
    """A share of one, from "40%" or 0.4."""
    found = _PERCENT.match(value) if isinstance(value, str) else None
    return float(found.group(1)) / 100 if found else value


class BrakeKeys(Schema):
    """The `brake:` section, of the project or of one connection; what is left out is inherited."""

    first_run_share: Annotated[
        float | None, BeforeValidator(_share), Field(default=None, gt=0, le=1)
    ]
    factor: Annotated[float | None, Field(default=None, gt=0, le=1000)]
    floor: Annotated[int | None, Field(default=None, ge=0)]


@dataclass(frozen=True)
class Brake:
    """When a run is stopped."""

    first_run_share: float = 1.0
    factor: float = 5.0
    floor: int = 50

    def with_keys(self, keys: BrakeKeys | None) -> Brake:
        """The same brake with what these keys say otherwise."""
        given = {} if keys is None else keys.model_dump(exclude_none=True)
        return Brake(**(self.__dict__ | given))

    def limit(self, usual: Sequence[int]) -> int:
        """The most that is not abnormal after these counts."""
        median = statistics.median(usual)
        deviation = statistics.median(abs(count - median) for count in usual)
        spread = max(_NORMAL * deviation, median**0.5)
        return max(self.floor, int(median + self.factor * spread))

    def complaints(self, decided: Mapping[str, int], past: Sequence[RunReport]) -> list[str]:
        """What is abnormal, in words with numbers; nothing while nothing is usual yet."""
        if len(past) < ENOUGH:
            return []
        found = []
        for kind, count in sorted(decided.items()):
            usual = _usual(kind, past)
            limit = self.limit(usual)
            if count > limit:
                median = statistics.median(usual)
                found.append(
                    f"{kind}: {count:,}, usual are {median:,.4g} (median of {len(usual)} runs), "
                    f"the limit is {limit:,}"
                )
        return found

    def complaint_of_first(self, touched: int, leads: int) -> str | None:
        """What is said of a first run that touches too large a share of the leads."""
        if not leads or touched <= self.first_run_share * leads:
            return None
        return (
            f"{touched:,} of {leads:,} leads would be touched ({touched / leads:.0%}); "
            f"first_run_share is {self.first_run_share:.0%}"
        )


def check_brake(
    brake: Brake, connection: Connection, ledger: Ledger, report: RunReport
) -> tuple[dict[str, int], list[str]]:
    """What the run's plan decides, by kind, and what is abnormal about it."""
    decided, touched = decisions(connection, ledger, report.run)
    kinds: Collection[RunKind] = ("revive",) if report.kind == "revive" else _JUDGING
    past = usual_runs(ledger.runs(connection.name, _LOOK_BACK), kinds)
    found = brake.complaints(decided, past)
    if len(past) < ENOUGH:
        leads = max(report.read, ledger.count_leads(connection.name))
        first = brake.complaint_of_first(touched, leads)
        found += [first] if first else []
    return decided, found


def stop_words(report: RunReport, found: Sequence[str]) -> str:
    """Why the run was stopped, and what to do."""
    again = "apply FILE" if report.kind == "apply" else f"{report.kind} {report.connection}"
    look = f"plan {report.connection}"
    if report.kind == "revive":
        look = f"revive {report.connection} --plan"
    return (
        f"Stopped before anything was written: {'; '.join(found)}. "
        f"Look at it with: leadgate {look}. "
        f'If it is meant: leadgate {again} --release "why"'
    )


def usual_runs(
    reports: Sequence[RunReport], kinds: Collection[RunKind] = _JUDGING
) -> list[RunReport]:
    """The runs that tell what is usual, newest first, of all runs of a connection, newest first."""
    finished = [
        report
        for report in reports
        if report.kind in kinds and report.state in ("done", "done with rejects")
    ]
    without_first = finished[:-1] if len(reports) < _LOOK_BACK else finished
    return [report for report in without_first if report.released is None][:RUNS]


def _usual(kind: str, past: Sequence[RunReport]) -> list[int]:
    """What such runs decided of this kind."""
    counts = [report.decisions.get(kind, 0) for report in past]
    some = [count for count in counts if count]
    return some if kind == TOUCHES and len(some) >= ENOUGH else counts


def decisions(connection: Connection, ledger: Ledger, run: str) -> tuple[dict[str, int], int]:
    """How many decisions of each kind the undecided lines of a run hold; how many leads they touch."""
    counts: dict[str, int] = {}
    touched = 0
    for page in ledger.lines(run, undecided_only=True):
        touched += page["id"].n_unique()
        for kind, count in _of_page(connection, page).items():
            counts[kind] = counts.get(kind, 0) + count
    return {kind: count for kind, count in sorted(counts.items()) if count}, touched


def _of_page(connection: Connection, page: pl.DataFrame) -> dict[str, int]:
    changes = page.filter(pl.col("kind") == "change")
    converts = page.filter(pl.col("kind") == "convert")
    touches = page.filter(pl.col("kind") == "touch").height
    counts = {"conversions": converts.height, TOUCHES: touches}
    counts["expected rejects"] = _unfit(connection, converts)
    if changes.is_empty():
        return counts
    fields = connection.outbound.fields
    frame = changes_of(changes, fields)
    cleared = [
        pl.col(f"change:{n}") & pl.col(f"to:{n}").is_null() & pl.col(f"from:{n}").is_not_null()
        for n in fields
    ]
    counts["clears"] = int(frame.select(pl.any_horizontal(cleared).sum()).item())
    counts["expected rejects"] += int(frame.select(_refused(connection).sum()).item())
    return counts | _moves(connection, frame)


def _moves(connection: Connection, changes: pl.DataFrame) -> dict[str, int]:
    """Moves into each stage, by the stage's own name."""
    entry = connection.mapping.write.get("stage")
    if entry is None or f"to:{entry.field}" not in changes.columns:
        return {}
    stages = {word: stage for stage, word in connection.mapping.words("stage").items()}
    moved = changes.filter(pl.col(f"change:{entry.field}"))[f"to:{entry.field}"].drop_nulls()
    counts: dict[str, int] = {}
    for word, count in moved.value_counts().iter_rows():
        stage = stages.get(word, word)
        kind = "disqualifications" if stage == "disqualified" else f"to {stage}"
        counts[kind] = counts.get(kind, 0) + count
    return counts


def _refused(connection: Connection) -> pl.Expr:
    """Whether a change holds a value that its restricted field does not know."""
    known = connection.schema.lead.fields
    refused = [
        pl.col(f"change:{name}") & _unknown(pl.col(f"to:{name}"), known[name])
        for name in connection.outbound.fields
        if name in known and known[name].restricted and known[name].type == "picklist"
    ]
    return pl.any_horizontal([pl.lit(value=False), *refused])


def _unknown(value: pl.Expr, field: CrmField) -> pl.Expr:
    return value.is_not_null() & ~value.is_in(list(field.values))


def _unfit(connection: Connection, lines: pl.DataFrame) -> int:
    """How many conversions lack a value that a new opportunity needs."""
    if connection.converter is None or lines.is_empty():
        return 0
    needed = [name for name, field in connection.converter.targets.items() if field.required]
    blank = [pl.col("body").str.json_path_match(f'$["{name}"]').is_null() for name in needed]
    return int(lines.select(pl.any_horizontal([pl.lit(value=False), *blank]).sum()).item())
