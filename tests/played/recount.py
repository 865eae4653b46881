"""What the words of model.yaml make of every lead, worked out one lead at a time in plain Python.

It knows nothing of the product: only what is in the CRM before each sync, and what it remembers of
the syncs before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

LADDER = ("lead", "mql", "sal", "sql", "opportunity", "customer")
WORDS = {
    ("firms", "mql"): "two visits; a score of 30",
    ("firms", "sal"): "a rep accepts",
    ("firms", "sql"): "the need fits; money, time or will; it is known who decides",
    ("firms", "opportunity"): "a decision maker; a score of 60",
    ("persons", "mql"): "a visit",
    ("persons", "sal"): "a score of 35",
    ("persons", "opportunity"): "wants to buy; the need fits",
}
BY_HAND = "a person has moved it in the CRM"
FOUND = "it was there when it was first read"


@dataclass
class Lead:
    """A lead as it stands in the CRM. `opportunity` is what became of it: None, open, won or lost."""

    firm: bool = False
    created: datetime | None = None
    source: str | None = None
    visits: float | None = None
    last_visit: date | None = None
    clicks: float | None = None
    need: bool | None = None
    authority: bool | None = None
    budget_approved: bool | None = None
    timeline: float | None = None
    ready: bool | None = None
    accepted: bool | None = None
    disqualified: bool | None = None
    opted_out: bool | None = None
    bounced: bool = False
    stage: str | None = None
    converted: bool = False
    opportunity: str | None = None
    lost_reason: str | None = None


@dataclass(frozen=True)
class Move:
    """A step from one stage (None: first seen) to another, at a sync, and why."""

    at: datetime
    origin: str | None
    to: str
    reason: str | None


@dataclass
class Known:
    """What is remembered of a lead from one sync to the next.

    `shown` is the stage in the CRM after the last sync: what a person changes after that counts.
    """

    lead: Lead
    shown: str | None = None
    stage: str | None = None
    since: datetime | None = None
    converted: bool = False
    opportunity: str | None = None
    lost_reason: str | None = None
    moves: list[Move] = field(default_factory=list)


@dataclass
class Recount:
    """Every lead through every sync."""

    known: dict[str, Known] = field(default_factory=dict)

    def sync(self, now: datetime, leads: Mapping[str, Lead]) -> None:
        """One sync over the leads that there are; those that are there no more are forgotten."""
        self.known = {name: self.known.get(name) or Known(lead) for name, lead in leads.items()}
        for name, lead in leads.items():
            self._one(now, self.known[name], lead)

    def _one(self, now: datetime, known: Known, lead: Lead) -> None:
        known.lead = lead
        if known.converted:  # asked for before the leads are read, so not in the first sync
            known.opportunity, known.lost_reason = lead.opportunity, lead.lost_reason
        converted = lead.converted or known.converted
        came = lead.stage if lead.stage != known.shown else None
        came = came or known.stage or lead.stage
        since = known.since if came == known.stage else None
        case = Case(known, lead, came, since, now.date(), converted)
        stage, reason = case.decide()
        if stage == came and stage != (known.stage or "lead"):
            reason = FOUND if known.stage is None else BY_HAND
        if stage != known.stage:
            known.moves.append(Move(now, known.stage, stage, reason))
        if stage != known.stage or stage != came or known.since is None:
            known.since = now
        known.stage = stage
        known.converted = converted

    def settle(self, after: Mapping[str, Lead]) -> None:
        """What stands in the CRM after the sync: who became an opportunity, which stage is shown."""
        for name, lead in after.items():
            self.known[name].converted |= lead.converted
            self.known[name].shown = lead.stage

    def stages(self) -> dict[str, str | None]:
        """The stage of every lead."""
        return {name: known.stage for name, known in self.known.items()}


@dataclass
class Case:
    """One lead at one sync: what it came in as, and what is known."""

    known: Known
    lead: Lead
    came: str | None
    since: datetime | None
    today: date
    converted: bool

    def decide(self) -> tuple[str, str | None]:
        """The stage, and why if it is not the one that the lead came in with."""
        if self.known.opportunity == "won" or (self.came == "customer" and not self.lost):
            return self._moved("customer", "its opportunity was won")
        for aside, why in self._beside():
            return self._moved(aside, why)
        start, reason = self._start()
        stage, climbed = self._climb(start, may=reason is None)
        if stage == (self.came or "lead"):
            for aside, why in self._stalled():
                return self._moved(aside, why)
        if climbed:
            reason = WORDS[self.cycle, stage]
        elif reason is None:
            reason = "it is an opportunity" if self.converted else "it has come back"
        return self._moved(stage, reason)

    def _moved(self, stage: str, reason: str | None) -> tuple[str, str | None]:
        return stage, reason if stage != (self.came or "lead") else None

    @property
    def cycle(self) -> str:
        """Which of the two cycles applies."""
        return "firms" if self.lead.firm else "persons"

    @property
    def lost(self) -> bool:
        """Whether its opportunity was lost."""
        return self.known.opportunity == "lost"

    @property
    def live(self) -> bool:
        """Whether it is an opportunity that is not lost."""
        return self.converted and not self.lost

    @property
    def open(self) -> bool:
        """Before sales: the rules of the cycle have the say."""
        return not self.live and (self.lost or self.came not in ("opportunity", "customer"))

    @property
    def days(self) -> int | None:
        """For how many days it has been where it came in, where that is known."""
        return None if self.since is None else (self.today - self.since.date()).days

    def score(self) -> float:
        """The points of all rules, between 0 and 100."""
        lead, points = self.lead, 0
        points += 15 * (lead.authority is True)
        points += 20 * (lead.need is True)
        points -= 10 * (lead.opted_out is True)
        points += 20 * ((lead.visits or 0) >= 2)
        points += 10 * ((lead.visits or 0) >= 6)
        points += 15 * self._visited(21)
        points += 10 * ((lead.clicks or 0) >= 1)
        return max(0, min(100, points))

    def _visited(self, days: int) -> bool:
        last = self.lead.last_visit
        return last is not None and (self.today - last).days <= days

    def _beside(self) -> Iterable[tuple[str, str]]:
        """Where beside the ladder the lead belongs and why, the first reason first."""
        stays = not self._returns() and not self.live
        yield from (("disqualified", why) for why in self._refused())
        if self.came == "disqualified" and stays:
            yield "disqualified", ""
        if self.open and self.cycle == "firms" and self.lead.bounced:
            yield "recycled", "cannot be reached"
        if self._lost_now():
            said = self.known.lost_reason
            yield "recycled", "its opportunity was lost" + (f": {said}" if said else "")
        if self.came == "recycled" and stays:
            yield "recycled", ""

    def _refused(self) -> Iterable[str]:
        lead, firms = self.lead, self.cycle == "firms"
        if lead.disqualified:
            yield "a rep has disqualified the lead"
        if self.open and firms and lead.need is False:
            yield "no need"
        if self.open and not firms and lead.ready is False and lead.need is False:
            yield "neither wants nor needs it"
        if self._lost_now() and firms and "rival" in (self.known.lost_reason or "").lower():
            yield "bought from a rival"

    def _lost_now(self) -> bool:
        return self.lost and self.came in ("opportunity", "customer", None)

    def _returns(self) -> str | None:
        """The stage that a rule brings a lead back to that is beside the ladder."""
        if self.cycle != "firms" or self.days is None:
            return None
        lead = self.lead
        if self.came == "recycled" and self._visited(9) and not lead.bounced and self.days >= 14:
            return "lead"
        refused = lead.disqualified is not False
        if self.came == "disqualified" and lead.need is True and not refused and self.days >= 10:
            return "mql"
        return None

    def _start(self) -> tuple[int, str | None]:
        """Where the lead climbs from, and why it may not climb at all."""
        back, rank = None, LADDER.index(self.came) if self.came in LADDER else 0
        returns = self._returns()
        if returns is not None:
            rank = LADDER.index(returns)
        elif self._given_back():
            rank, back = LADDER.index("mql"), "back to MQL: the rep has given it back"
        if self.live:
            rank = max(rank, LADDER.index("opportunity"))
        return rank, back

    def _given_back(self) -> bool:
        firms = self.open and self.cycle == "firms"
        return firms and self.came == "sal" and self.lead.accepted is False

    def _climb(self, rank: int, *, may: bool) -> tuple[str, bool]:
        began = rank
        if not may:
            return LADDER[rank], False
        gates = (
            ("mql", "sal", "sql", "opportunity")
            if self.cycle == "firms"
            else ("mql", "sal", "opportunity")
        )
        for stage in gates:
            above = LADDER.index(stage)
            if above <= rank:
                continue
            one = self.cycle == "persons" and (rank > began or self._moved_today(rank))
            if one or not self._ripe(LADDER[rank]) or not self._passes(stage):
                break
            if stage == "opportunity" and self.lost:
                break
            rank = above
        return LADDER[rank], rank > began

    def _moved_today(self, rank: int) -> bool:
        """Whether a person came to its stage today; it moves one stage a day."""
        return self.days == 0 and self.came not in (None, "lead") and LADDER[rank] == self.came

    def _ripe(self, stage: str) -> bool:
        least = {("firms", "mql"): 2, ("persons", "lead"): 1}.get((self.cycle, stage))
        if least is None:
            return True
        return (self.came or "lead") == stage and self.days is not None and self.days >= least

    def _passes(self, stage: str) -> bool:
        lead, visits = self.lead, self.lead.visits or 0
        within = lead.timeline is not None and lead.timeline <= 180
        asked = {
            ("firms", "mql"): visits >= 2 and self.score() >= 30,
            ("firms", "sal"): lead.accepted is True,
            ("firms", "sql"): lead.need is True
            and lead.authority is not None
            and (lead.budget_approved is True or within or lead.ready is True),
            ("firms", "opportunity"): lead.authority is True and self.score() >= 60,
            ("persons", "mql"): visits >= 1,
            ("persons", "sal"): self.score() >= 35,
            ("persons", "opportunity"): lead.ready is True and lead.need is True,
        }
        return asked[self.cycle, stage]

    def _stalled(self) -> Iterable[tuple[str, str]]:
        if self.cycle == "firms" and self.days is not None:
            if self.came in ("mql", "sal") and self.days > 25:
                yield "recycled", "nothing moved for 25 days"
            if self.came == "sql" and self.days > 40:
                yield "disqualified", "vetted in vain"


def funnel(recount: Recount) -> list[dict[str, Any]]:
    """The funnel of all leads: per stage reached, now, aside, open and the median days in it."""
    stays: dict[str, list[float]] = {stage: [] for stage in LADDER}
    furthest: dict[str, int] = {}
    for name, known in recount.known.items():
        moves = known.moves
        furthest[name] = max(LADDER.index(m.to) if m.to in LADDER else 0 for m in moves)
        for move, left in pairwise(moves):
            entered = move.at
            if move is moves[0] and move.to == "lead" and known.lead.created:
                entered = min(entered, known.lead.created)
            if move.to in stays:
                stays[move.to].append((left.at - entered).total_seconds() / 86_400)
    rows: list[dict[str, Any]] = []
    for rank, stage in enumerate(LADDER):
        at = [name for name in furthest if furthest[name] == rank]
        beside = sum(recount.known[name].stage not in LADDER for name in at)
        rows.append(
            {
                "stage": stage,
                "reached": sum(each >= rank for each in furthest.values()),
                "now": sum(known.stage == stage for known in recount.known.values()),
                "aside": beside,
                "open": len(at) - beside,
                "median_days": median(stays[stage]) if stays[stage] else None,
            }
        )
    return rows
