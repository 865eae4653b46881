"""Play so many days, sync every few of them, and compare all that comes out with the recount."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from connector import wiring
from connector.engine.lead import facts_frame, remembered
from connector.engine.replay import COMPARED
from connector.ledger import open_ledger
from connector.settings import load_project
from scoring.least_change import changed, standing
from tests.played.recount import LADDER, Recount, funnel
from tests.played.world import BEGIN, WORLDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector.engine.lead import Found
    from connector.ledger import SqlLedger
    from tests.played.world import Played


CAP, CAP_DAYS, CAP_TOTAL = 2, 20, 3
"""The caps of a lead in model.yaml: so many touches in so many days, and so many ever."""


@dataclass
class Differences:
    """What came out otherwise than it had to, by what was looked at; empty lists are good."""

    second_sync: list[str] = field(default_factory=list)
    stage: list[str] = field(default_factory=list)
    stage_in_crm: list[str] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)
    funnel: list[str] = field(default_factory=list)
    explain: list[str] = field(default_factory=list)
    least_change: list[str] = field(default_factory=list)
    outreach: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    """What a play came to."""

    leads: int = 0
    syncs: int = 0
    moves: int = 0
    written: int = 0
    converted: int = 0
    rejected: int = 0
    explained: int = 0
    advised: int = 0
    touched: int = 0
    held_out: int = 0
    stages: dict[str, int] = field(default_factory=dict)
    differences: Differences = field(default_factory=Differences)

    @property
    def wrong(self) -> dict[str, list[str]]:
        """Only what differs."""
        return {name: found for name, found in vars(self.differences).items() if found}


def play(
    crm: str,
    folder: Path,
    leads: int,
    *,
    days: int = 90,
    every: int = 6,
    explain: int | None = None,
) -> Outcome:
    """Play the days and compare; everything through the command line and over HTTP.

    `explain` is how many leads are explained at the end (None: all); each of them takes long.
    """
    world = WORLDS[crm](folder, leads)
    with closing(world):
        recount, outcome = Recount(), Outcome()
        for day in range(days + 1):
            if day:
                world.day(day)
            if day % every == 0:
                for again in (False, True):
                    world.clock.until(BEGIN + timedelta(days=day, hours=5 + again))
                    _sync(world, recount, outcome, again=again)
                _revive(world, outcome)
        with closing(_ledger(world)) as ledger:
            _compare_moves(world, recount, ledger, outcome)
            _compare_explanations(world, ledger, outcome, explain)
            _compare_touches(world, ledger, outcome)
        _compare_funnel(world, recount, outcome)
        return outcome


def _ledger(world: Played) -> SqlLedger:
    return open_ledger(f"sqlite:///{world.folder / 'leadgate.db'}", clock=world.clock)


def _sync(world: Played, recount: Recount, outcome: Outcome, *, again: bool) -> None:
    before, now = world.leads(), world.clock()
    ran = world.run("sync", world.crm, "--json")
    assert ran.code in (0, 3), ran.err
    recount.sync(now, before)
    after = world.leads()
    recount.settle(after)
    report = ran.json
    outcome.syncs += 1
    outcome.written += report["written"]
    outcome.converted += report["converted"]
    outcome.rejected += report["rejected"]
    if again and report["planned"]:
        outcome.differences.second_sync.append(f"{now:%m-%d}: {report['planned']} planned")
    with closing(_ledger(world)) as ledger:
        pages = ledger.leads_facts(world.crm)
        stages = {i: s for page in pages for i, s in page.select("id", "stage").iter_rows()}
    must = recount.stages()
    outcome.leads, outcome.stages = len(must), _counted(must)
    outcome.differences.stage += [
        f"{now:%m-%d} {name}: {stages.get(name)}, must be {must.get(name)}"
        for name in sorted(stages.keys() | must.keys())
        if stages.get(name) != must.get(name)
    ]
    # What a person has typed since our last write stays; everything else is ours.
    outcome.differences.stage_in_crm += [
        f"{now:%m-%d} {name}: {lead.stage}, must be {must[name]}"
        for name, lead in after.items()
        if lead.stage != must[name] and not lead.converted and name not in world.moved
    ]


def _revive(world: Played, outcome: Outcome) -> None:
    """Bring stalled leads back, twice: nobody who has opted out is touched, and nobody twice."""
    before = len(world.touches())
    first, again = (world.run("revive", world.crm, "--json") for _ in range(2))
    assert {first.code, again.code} <= {0, 3}, first.err + again.err
    fresh = world.touches()[before:]
    leads = world.leads()
    told = (first.json["touched"], again.json["touched"])
    # What is refused is no touch, and leaves its place in the company's cap to a colleague.
    if len(fresh) != sum(told) or again.json["touched"] > first.json["rejected"]:
        outcome.differences.outreach.append(f"{len(fresh)} tasks, told are {told}")
    outcome.differences.outreach += [
        f"{name} has opted out" for name, _ in fresh if leads[name].opted_out
    ]


def _compare_touches(world: Played, ledger: SqlLedger, outcome: Outcome) -> None:
    """No cap of the model is ever exceeded, and nobody who was held out was touched."""
    touches = world.touches()
    arms = dict(ledger.enrolments(world.crm).select("id", "arm").iter_rows())
    outcome.touched = len(touches)
    outcome.held_out = sum(arm == "held_out" for arm in arms.values())
    for name in {name for name, _ in touches}:
        days = sorted(day for each, day in touches if each == name)
        close = [d for d in days if sum(0 <= (e - d).days < CAP_DAYS for e in days) > CAP]
        if len(days) > CAP_TOTAL or close or arms.get(name) != "treated":
            found = f"{name} ({arms.get(name)}) was touched on {', '.join(map(str, days))}"
            outcome.differences.outreach.append(found)


def _counted(stages: dict[str, str | None]) -> dict[str, int]:
    every = list(stages.values())
    return {str(stage): every.count(stage) for stage in sorted(set(every), key=str)}


def _compare_moves(world: Played, recount: Recount, ledger: SqlLedger, outcome: Outcome) -> None:
    """Every move is in the ledger's history, on its day and with its reason, and no other."""
    for name, known in recount.known.items():
        history, was, found = ledger.verdict_history(world.crm, name), None, []
        for row in history:
            if row["stage"] != was:
                found.append((row["as_of"], was, row["stage"], row["stage_reason"]))
                was = row["stage"]
        must = [(m.at.date().isoformat(), m.origin, m.to, m.reason) for m in known.moves]
        outcome.moves += len(must)
        if found != must:
            outcome.differences.moves.append(f"{name}: {found}, must be {must}")


def _compare_explanations(
    world: Played, ledger: SqlLedger, outcome: Outcome, most: int | None
) -> None:
    """What is explained is what was stored, and the least change does advance the lead."""
    judge = wiring.load_judge(load_project(world.folder, world.environment), world.crm)
    ids = sorted(world.leads())
    ids = ids if most is None else world.chance.sample(ids, most)
    for found in remembered(judge, wiring.own_kinds(judge), ledger, world.crm, ids):
        outcome.explained += 1
        verdict, told = found.known["verdict"], found.explanation
        outcome.differences.explain += [
            f"{told.id}: {name} is {getattr(told, name)}, stored is {verdict[name]}"
            for name in COMPARED
            if verdict[name] != getattr(told, name)
        ]
        outcome.differences.least_change += _not_advanced(found, judge)
        outcome.advised += bool(found.least.changes)


def _not_advanced(found: Found, judge: Any) -> Iterator[str]:
    """The lead if the least change, once made, does not bring it to the next stage."""
    if not found.least.changes:
        return
    day = date.fromisoformat(found.known["verdict"]["as_of"])
    lead = facts_frame(found.explanation.id, found.known["facts"], {})
    here = standing(judge, lead, judge.assess(lead, day).row(0, named=True))
    stage = judge(changed(judge, here, found.least.changes), day)["stage"].item()
    if stage not in LADDER[LADDER.index(str(found.least.target)) :]:
        yield f"{found.explanation.id}: {found.least.words}, but it is {stage} then"


def _compare_funnel(world: Played, recount: Recount, outcome: Outcome) -> None:
    ran = world.run("funnel", world.crm, "--json")
    rows = {row["stage"]: row for row in ran.json["stages"]}
    for must in funnel(recount):
        row = rows[str(must["stage"])]
        for name in ("reached", "now", "aside", "open"):
            if row[name] != must[name]:
                outcome.differences.funnel.append(
                    f"{must['stage']} {name}: {row[name]}, must be {must[name]}"
                )
        ours, theirs = row["median_days"], must["median_days"]
        if (ours is None) != (theirs is None) or abs((ours or 0) - (theirs or 0)) > 0.11:
            outcome.differences.funnel.append(f"{must['stage']} days: {ours}, must be {theirs}")
