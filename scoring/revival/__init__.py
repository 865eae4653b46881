"""Revival: who is stalled and why, what may be done about it, when, and whether it helps.

Pure: judged leads and what was done before go in, decisions come out (`Revival.decide`). One lead
is a frame of one row. The order in which a lead is looked at is that of `decide.py`.
"""

from __future__ import annotations

from scoring.revival.decide import DECISIONS, Revival, compile_revival
from scoring.revival.lift import Lift, measure_lift
from scoring.revival.past import Past
from scoring.revival.permission import REASONS
from scoring.revival.persons import HELD_OUT, TREATED, companies, persons
from scoring.revival.section import RevivalSection

__all__ = [
    "DECISIONS",
    "HELD_OUT",
    "REASONS",
    "TREATED",
    "Lift",
    "Past",
    "Revival",
    "RevivalSection",
    "companies",
    "compile_revival",
    "measure_lift",
    "persons",
]
