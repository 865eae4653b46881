"""What came of a rehearsal, as `--json` prints it and as the terminal shows it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from connector.engine.plan_file import readable_lines

if TYPE_CHECKING:
    import polars as pl

    from connector.engine.runs import RunReport
    from connector.ledger import SqlLedger
    from connector.rehearsal.snapshot import Taken
    from connector.rehearsal.syncing import Syncs

_FEW = 5
_EDGES = (0, 20, 40, 60, 80)
MANY = 1_000_000

FAILED_JOB = "InternalServerError"
"""What the copy answers for a bulk job that is failed on purpose."""


@dataclass(frozen=True)
class Struck:
    """One fault of a rehearsal: how often it struck; `possible` is false where it cannot be."""

    name: str
    words: str
    times: int
    possible: bool = True


@dataclass(frozen=True)
class Findings:
    """Everything that a rehearsal tells.

    `before` and `after` count the sampled leads by stage, as the CRM said and as the first sync
    judged. `writes` counts values by CRM field. `second` is what the last sync planned: nothing, or
    something is wrong. `doubled` are leads that have got more than one opportunity, `lost` counts
    conversions that the ledger knows of and the copy does not have, `waiting` leads that were
    refused and wait for a change.
    """

    connection: str
    crm: str
    leads: int
    of: int | None
    live_calls: int
    left_today: int | None
    whole_calls: int | None
    created: list[str]
    runs: list[RunReport]
    before: dict[str, int]
    after: dict[str, int]
    scores: dict[str, int]
    priorities: dict[str, int]
    writes: dict[str, int]
    conversions: int
    rejects: list[dict[str, Any]]
    brake: str | None
    faults: list[Struck]
    opportunities: int | None
    doubled: list[str]
    lost: int
    waiting: int
    second: int
    stand_ins: bool = False
    seconds: float = 0.0
    kept: str | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing was lost, nothing was doubled, and the last sync had nothing to do."""
        return not (self.second or self.doubled or self.lost or self.failed)

    @property
    def paused(self) -> bool:
        """Whether the calls that the live CRM has left today were too few even for the sample."""
        return bool(self.runs) and self.runs[-1].state == "paused: quota"

    @property
    def failed(self) -> bool:
        """Whether the last run did not come to its end."""
        return not self.runs or self.runs[-1].state not in ("done", "done with rejects")


def findings_of(
    syncs: Syncs, struck: list[Struck], taken: Taken | None, *, stubborn: str | None = None
) -> Findings:
    """Look at what the syncs left in their ledger and on the copy.

    `taken` is what was read of the live CRM (None: a file), `stubborn` the lead that was refused on
    purpose.
    """
    name, ledger, working = syncs.files.settings.name, syncs.ledger, syncs.working
    judged = working[-1]
    converted = sum(report.converted for report in working)
    audit = syncs.local.audit() if syncs.local else None
    leads = taken.snapshot.leads.height if taken else judged.read
    return Findings(
        connection=name,
        crm=syncs.files.settings.plugin.name,
        leads=leads,
        of=taken.total if taken else leads,
        live_calls=taken.api_calls if taken else 0,
        left_today=taken.allowance.left if taken and taken.allowance else None,
        whole_calls=taken.whole_calls if taken else None,
        created=syncs.created,
        runs=syncs.reports,
        before=taken.stages if taken else {},
        after=ledger.stage_counts(name),
        scores=scores_of(ledger, name),
        priorities=judged.priorities,
        writes=writes_by_field(ledger, working),
        conversions=converted,
        rejects=rejects_of(ledger, name, syncs.reports, stubborn=stubborn),
        brake=syncs.brake,
        faults=struck,
        opportunities=audit.opportunities if audit else None,
        doubled=list(audit.doubled) if audit else [],
        lost=max(0, converted - audit.opportunities) if audit else 0,
        waiting=ledger.standing_rejects(name)["id"].n_unique(),
        second=syncs.reports[-1].planned if syncs.done else 0,
    )


def writes_by_field(ledger: SqlLedger, runs: list[RunReport]) -> dict[str, int]:
    """How many values the runs have planned for each CRM field, most first."""
    counted: Counter[str] = Counter()
    for run in (each for each in runs if each.state != "stopped"):
        for page in ledger.lines(run.run):
            for line in readable_lines(page):
                names = line.get("fields") or line.get("opportunity") or {}
                prefix = "" if "fields" in line else "opportunity: "
                counted.update(prefix + name for name in names)
    return dict(counted.most_common())


def scores_of(ledger: SqlLedger, connection: str) -> dict[str, int]:
    """How many living leads have a score in each fifth of the scale."""
    scores = ledger.hottest(connection, MANY)["score"]
    bands = Counter(max(edge for edge in _EDGES if edge <= score) for score in scores)
    return {
        f"{edge}–{edge + 20 if edge == _EDGES[-1] else edge + 19}": bands[edge] for edge in _EDGES
    }


def rejects_of(
    ledger: SqlLedger, connection: str, runs: list[RunReport], *, stubborn: str | None = None
) -> list[dict[str, Any]]:
    """What was refused, one entry for each cause, with the remedy and some of the records.

    `fault` names the fault that made it; `stubborn` is the lead that a fault had refused.
    """
    found: list[dict[str, Any]] = []
    for run in runs:
        frame: pl.DataFrame = ledger.rejects(connection, run.run)
        for (code, name, remedy), group in frame.group_by(
            "code", "field", "remedy", maintain_order=True
        ):
            found.append(
                {
                    "code": code,
                    "field": name,
                    "leads": group["id"].n_unique(),
                    "message": group["message"].drop_nulls().first(),
                    "remedy": remedy,
                    "ids": group["id"].unique(maintain_order=True).head(_FEW).to_list(),
                    "fault": _fault(str(code), group["id"].to_list(), stubborn),
                }
            )
    return _without_twins(found)


def _fault(code: str, ids: list[str], stubborn: str | None) -> str | None:
    if code == FAILED_JOB:
        return "bulk-failed"
    return "bad-value" if stubborn is not None and set(ids) == {stubborn} else None


def _without_twins(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same cause of the same records is told once, though several runs met it."""
    seen: dict[bytes, dict[str, Any]] = {}
    for each in found:
        seen.setdefault(orjson.dumps([each["code"], each["field"], each["ids"]]), each)
    return list(seen.values())
