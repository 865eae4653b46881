"""A verdict of an earlier day, made again from the facts and the model of that day."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import orjson

from connector.engine.lead import facts_frame, shared_of
from connector.engine.models import kept_judge
from connector.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.engine.lead import Shared
    from connector.engine.ledger import Ledger
    from scoring.explanation import Explanation
    from scoring.judge import Judge
    from scoring.lead import Kind

MadeBy = Literal["present model", "kept model", "lost"]

COMPARED = (
    "score", "fit", "engagement", "grade", "engagement_level", "priority", "genuine", "stage",
    "cycle", "unmet", "next_question", "probability", "coverage",
)  # fmt: skip
"""What a verdict made again is compared in with the one that was stored."""


@dataclass(frozen=True)
class Replayed:
    """The verdict in force on a day: as it was stored, and as it comes out when made again.

    `explanation` is None where the facts or the model of that day were not kept; then `made_by` or
    `why_not` says so. `differs` names what came out otherwise: nothing, unless this program judges
    otherwise than the one of that day did.
    """

    connection: str
    day: date
    stored: Mapping[str, Any]
    answers: Sequence[Mapping[str, Any]]
    made_by: MadeBy
    explanation: Explanation | None
    differs: tuple[str, ...]
    why_not: str | None
    shared: Shared | None = None

    def as_json(self) -> dict[str, Any]:
        """All of it; the stored verdict without the facts."""
        return {
            "connection": self.connection,
            "as_of": self.day.isoformat(),
            "verdict": {k: v for k, v in self.stored.items() if k not in ("facts", "facts_key")},
            "facts": orjson.loads(self.stored["facts"]) if self.stored["facts"] else None,
            "answers": list(self.answers),
            "made_by": self.made_by,
            "explanation": asdict(self.explanation) if self.explanation else None,
            "shared": self.shared.as_json() if self.shared else None,
            "differs": list(self.differs),
            "why_not": self.why_not,
        }


def replay(
    ledger: Ledger, connection: str, lead: str, day: date, present: tuple[Judge, Mapping[str, Kind]]
) -> Replayed:
    """The verdict on a lead that was in force on a day.

    `present` is today's judge with the team's own facts. Raises `ConfigurationError` if the lead
    had not been judged by then.
    """
    stored = _in_force(ledger, connection, lead, day)
    answers = [
        each for each in ledger.answers(connection, lead) if each["at"] <= stored["judged_at"]
    ]
    digest, facts = stored["model"], stored["facts"]
    made_by, judge, extra = _judge(ledger, connection, digest, present)
    why_not = None
    if judge is None:
        why_not = "the model of that day was not kept, or is read otherwise by this program"
    elif facts is None:
        why_not = "the facts of that day were not kept"
    if judge is None or facts is None:
        return Replayed(connection, day, stored, answers, made_by, None, (), why_not)
    kept = orjson.loads(facts)
    frame = facts_frame(lead, kept, extra)
    explanation = judge.explain(frame, date.fromisoformat(stored["as_of"]))
    differs = tuple(n for n in COMPARED if not _same(stored[n], getattr(explanation, n)))
    shared = shared_of(judge, kept)
    return Replayed(connection, day, stored, answers, made_by, explanation, differs, None, shared)


def _in_force(ledger: Ledger, connection: str, lead: str, day: date) -> dict[str, Any]:
    history = ledger.verdict_history(connection, lead)
    made = [row for row in history if row["as_of"] <= day.isoformat()]
    if made:
        return made[-1]
    if not history:
        raise ConfigurationError("The lead was never judged.")
    first = history[0]["as_of"]
    raise ConfigurationError(
        f"The lead had not been judged by {day.isoformat()}; its first verdict is of {first}."
    )


def _judge(
    ledger: Ledger, connection: str, digest: str, present: tuple[Judge, Mapping[str, Kind]]
) -> tuple[MadeBy, Judge | None, Mapping[str, Kind]]:
    """The judge of the model with this digest: today's if it is the same, else the kept one."""
    if present[0].model.digest == digest:
        return "present model", *present
    kept = kept_judge(ledger, connection, digest)
    return ("lost", None, {}) if kept is None else ("kept model", *kept)


def _same(stored: Any, made: Any) -> bool:
    if isinstance(stored, float) and isinstance(made, int | float):
        return bool(abs(stored - made) < 1e-9)  # noqa: PLR2004 — the same number in binary or decimal
    return bool(stored == made)
