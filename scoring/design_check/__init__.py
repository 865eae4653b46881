"""A check of the design of a model: stages that nobody reaches, rules that undo each other, and more.

What criteria allow is worked out over the few values of each fact that matter (`values`, `solve`,
`reach`); whatever looks like a fault is shown by a lead on which the judge was run. What cannot be
shown is not reported.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from scoring.design_check.bands import check_bands
from scoring.design_check.cadences import check_cadences
from scoring.design_check.cycles import check_cycles, check_segments
from scoring.design_check.design import Design
from scoring.design_check.facts import check_fed, check_questions, check_required
from scoring.design_check.finding import Finding, told
from scoring.design_check.flips import check_flips
from scoring.design_check.gates import check_gates
from scoring.design_check.rules import check_rules
from scoring.judge import compile_judge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.document import Document
    from scoring.lead import Kind
    from scoring.model import Model

__all__ = ["Finding", "check_design", "told"]

ANY_DAY = date(2026, 1, 1)
"""The day as of which leads are tried; criteria count days before it."""


def check_design(
    model: Model,
    document: Document,
    *,
    extra_facts: Mapping[str, Kind] | None = None,
    fed: frozenset[str] | None = None,
    as_of: date = ANY_DAY,
) -> list[Finding]:
    """Every fault of a model's design that a lead shows, errors first.

    `document` is the file that problems are placed in; `extra_facts` are the team's own facts,
    `fed` all facts that the mapping reads (None: not known, so none is missed). Raises
    ProblemsError if the model cannot be compiled at all.
    """
    design = Design(model, compile_judge(model, extra_facts), document, as_of)
    found = [
        *check_segments(design),
        *check_cycles(design),
        *check_gates(design),
        *check_flips(design),
        *check_rules(design),
        *check_bands(design),
        *check_questions(design),
        *check_required(design),
        *check_cadences(design),
        *(check_fed(design, fed) if fed is not None else ()),
    ]
    return sorted(found, key=lambda finding: finding.level != "error")
