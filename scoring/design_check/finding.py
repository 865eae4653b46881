"""What the check of a design reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from scoring.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

Level = Literal["error", "warning"]
Lead = dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """A fault of a design: where and what, how sure, and a lead that shows it.

    An error is certainly wrong, a warning is doubtful. `witness` are the facts of a lead which the
    judge was run on: what the problem says of it was seen.
    """

    problem: Problem
    level: Level
    witness: Mapping[str, Any] | None


def told(finding: Finding) -> Problem:
    """The finding as people read it, with the lead that shows it."""
    problem, witness = finding.problem, finding.witness
    if not witness:
        return problem
    shown = ", ".join(f"{fact}: {_said(value)}" for fact, value in sorted(witness.items()))
    fix = f"{problem.fix} A lead that shows it: {{{shown}}}.".strip()
    return Problem(problem.where, problem.what, fix)


def _said(value: Any) -> str:
    """A value as model files write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, dict):
        ends = ("" if value[end] is None else f"{value[end]:g}" for end in ("low", "high"))
        return " to ".join(ends).removesuffix(" to ") or "unknown"
    return f"{value:.15g}" if isinstance(value, float) else str(value)
