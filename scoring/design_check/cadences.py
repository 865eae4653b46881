"""Cadences of revival that never begin, or cannot come to their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.criteria.tree import Comparison
from scoring.revival.section import WRITING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.design_check.design import Design
    from scoring.design_check.finding import Finding
    from scoring.design_check.solve import Goal
    from scoring.document import Path
    from scoring.revival.section import Cadence, Cause, RevivalSection, StalledStage

_ALLOWED: list[Goal] = [
    (Comparison(fact, "is", value=True, path=()), "not true")
    for fact in ("email_opt_out", "do_not_call")
]
"""What must hold of everybody who is touched."""


def check_cadences(design: Design) -> Iterator[Finding]:
    """Cadences that nobody can be in, and those with more steps than the caps let anybody have."""
    section = design.model.file.revival
    for index, cadence in enumerate(section.cadences if section else ()):
        assert section is not None  # noqa: S101 — its cadences come from there
        path: Path = ("revival", "cadences", index)
        never = [
            *_of_nobody(design, cadence, path),
            *_of_no_cause(design, section, cadence, path),
            *_to_nobody(design, section, cadence, path),
        ]
        yield from never or _too_long(design, section, cadence, path)


def _of_nobody(design: Design, cadence: Cadence, path: Path) -> Iterator[Finding]:
    """Its condition holds for nobody, or only for those who must not be touched."""
    goals: list[Goal] = [(cadence.when, "true")]
    at = (*path, "when")
    if not design.solver.satisfiable(goals):
        what = f"{cadence.name} never begins: its condition contradicts itself."
        witness = design.witness([], None, stage=cadence.stages[0])
        yield design.finding("error", at, what, "Change or remove it.", witness=witness)
    elif not design.solver.satisfiable([*goals, *_ALLOWED]):
        what = f"{cadence.name} never begins: it is for leads that have opted out or must not be called."
        fix = "Nobody of them is ever touched; change it."
        yield design.finding(
            "error", at, what, fix, witness=design.witness(goals, None, stage=cadence.stages[0])
        )


def _of_no_cause(
    design: Design, section: RevivalSection, cadence: Cadence, path: Path
) -> Iterator[Finding]:
    """None of its causes is ever that of leads in its stages."""
    stages = [stage for stage in cadence.stages if stage in section.stalled]
    if any(set(cadence.causes) & _causes(section, stage) for stage in stages):
        return
    what = (
        f"{cadence.name} never begins: who stalls as {', '.join(stages)} does so because of "
        f"{' or '.join(sorted(set().union(*(_causes(section, stage) for stage in stages))))}."
    )
    fix = "Name such a cause; a gate is one where stalled is less than silent_days."
    witness = design.witness([], None, stage=stages[0]) if stages else None
    yield design.finding("error", (*path, "causes"), what, fix, witness=witness)


def _causes(section: RevivalSection, stage: StalledStage) -> set[Cause]:
    """Why leads may stall in a stage: see scoring/revival/activity.py."""
    if stage == "recycled":
        return {"dropped"}
    if section.stalled[stage] >= section.silent_days:
        return {"silent", "dropped"}
    return {"silent", "dropped", "gate"}


def _to_nobody(
    design: Design, section: RevivalSection, cadence: Cadence, path: Path
) -> Iterator[Finding]:
    """A step that writes, where nobody may be written to anywhere."""
    writing = section.writing
    asked = bool(writing.opt_in) or writing.elsewhere == "opt_in"
    if writing.opt_out or writing.elsewhere == "opt_out" or (asked and writing.consent):
        return
    for number, step in enumerate(cadence.steps):
        if step.channel in WRITING:
            what = f"{cadence.name} never comes to step {number + 1}: nobody may be written to."
            fix = "Say who has agreed (revival.writing.consent), or where it needs no consent."
            goals: list[Goal] = [(cadence.when, "true"), *_ALLOWED]
            witness = design.witness(goals, None, stage=cadence.stages[0])
            at = (*path, "steps", number, "channel")
            yield design.finding("error", at, what, fix, witness=witness)
            return


def _too_long(
    design: Design, section: RevivalSection, cadence: Cadence, path: Path
) -> Iterator[Finding]:
    """More steps than the caps let any of its leads have."""
    cap = "mql" if set(cadence.stages) == {"mql"} else "lead"
    most = getattr(section.caps, cap).total
    if len(cadence.steps) > most:
        what = f"has {len(cadence.steps)} steps, and caps.{cap} allows {most} touches in all."
        fix = f"Leave steps out, or raise revival.caps.{cap}.total."
        yield design.finding("warning", (*path, "steps"), what, fix)
