"""One lead: what is remembered of it, judged again by the same computation, and its conversion."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from connector.engine.connection import judge_page
from connector.engine.facts import decoded_facts
from connector.engine.plan import conversion_lines
from connector.engine.sharing import open_sharing
from connector.errors import ConfigurationError
from scoring.lead import FIELDS
from scoring.least_change import least_change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger
    from scoring.asking import Asked
    from scoring.explanation import Explanation
    from scoring.judge import Judge
    from scoring.lead import Kind
    from scoring.least_change import LeastChange


@dataclass(frozen=True, slots=True)
class Move:
    """A lead's step from one stage (None: it was first seen) to another: as of when, and why."""

    origin: str | None
    to: str
    as_of: str
    at: datetime
    reason: str | None
    run: str


@dataclass(frozen=True, slots=True)
class SharedFact:
    """A fact's value, what this connection knows itself, and the connection it came from."""

    value: Any
    own: Any
    origin: str


@dataclass(frozen=True)
class Shared:
    """What came from other connections, and for each line of the score that rests on it from which.

    `apart` says why nothing did, where an address belongs to several leads.
    """

    facts: Mapping[str, SharedFact]
    lines: Mapping[str, str]
    apart: str | None

    def as_json(self) -> dict[str, Any]:
        """The facts with their origin as `from`, and why there are none."""
        facts = {
            name: {"value": each.value, "own": each.own, "from": each.origin}
            for name, each in self.facts.items()
        }
        return {"facts": facts, "apart": self.apart}


@dataclass(frozen=True)
class Found:
    """A remembered lead: why it is where it is, what could bring it on, what to ask, what was.

    `current` is False when the model has changed since the lead was judged: then the explanation
    is by the model as it is now, and `verdict` is the older one. `history` are its verdicts and
    `answers` what people took down of it, oldest first.
    """

    connection: str
    known: Mapping[str, Any]
    explanation: Explanation
    current: bool
    least: LeastChange
    asked: tuple[Asked, ...]
    history: Sequence[Mapping[str, Any]]
    answers: Sequence[Mapping[str, Any]]
    shared: Shared
    touches: Sequence[Mapping[str, Any]]

    @property
    def moves(self) -> list[Move]:
        """The verdicts that gave the lead another stage than the one before, oldest first."""
        before = [None, *(row["stage"] for row in self.history)]
        return [
            Move(was, row["stage"], row["as_of"], row["judged_at"], row["stage_reason"], row["run"])
            for was, row in zip(before, self.history, strict=False)
            if row["stage"] != was
        ]

    def as_json(self) -> dict[str, Any]:
        """The explanation and what the ledger has of the lead."""
        return {
            "connection": self.connection,
            "explanation": asdict(self.explanation),
            "current": self.current,
            "least_change": asdict(self.least),
            "questions": [asdict(each) for each in self.asked],
            "shared": self.shared.as_json(),
            "moves": [asdict(move) for move in self.moves],
            "history": [_without_facts(row) for row in self.history],
            "answers": list(self.answers),
            "touches": list(self.touches),
            **{
                name: value
                for name, value in self.known.items()
                if name not in ("written", "there")
            },
        }


def remembered(
    judge: Judge, extra: Mapping[str, Kind], ledger: Ledger, connection: str, ids: Sequence[str]
) -> list[Found]:
    """The explanations of remembered leads, from the facts and the day of their last verdict."""
    found = []
    for lead in ids:
        known = ledger.lead(connection, lead)
        if known is not None and known["verdict"] is not None:
            facts = facts_frame(lead, known["facts"], extra)
            verdict = known["verdict"]
            day = as_date(verdict["as_of"])
            found.append(
                Found(
                    connection,
                    known,
                    judge.explain(facts, day),
                    verdict["model"] == judge.model.digest,
                    least_change(judge, facts, day),
                    judge.ask(facts, day),
                    ledger.verdict_history(connection, lead),
                    ledger.answers(connection, lead),
                    shared_of(judge, known["facts"]),
                    ledger.touches_of(connection, lead),
                )
            )
    return found


def shared_of(judge: Judge, facts: Mapping[str, Any]) -> Shared:
    """What stands in remembered facts of where they came from."""
    told = facts.get("shared") or {}
    came = {
        fact: SharedFact(facts.get(fact), each.get("own"), each["from"])
        for fact, each in told.items()
        if fact != "apart" and each
    }
    lines = {
        line.key: ", ".join(dict.fromkeys(came[fact].origin for fact in line.facts if fact in came))
        for line in judge.lines
    }
    return Shared(came, {key: names for key, names in lines.items() if names}, told.get("apart"))


def _without_facts(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("facts", "facts_key")}


def facts_frame(lead: str, facts: Mapping[str, Any], extra: Mapping[str, Kind]) -> pl.DataFrame:
    """A frame of one lead from its remembered facts, with the data problems beside them."""
    kinds: dict[str, Kind] = {name: field.kind for name, field in FIELDS.items()} | dict(extra)
    text = pl.Series([orjson.dumps(dict(facts)).decode()])
    frame = decoded_facts(text, kinds, problems=True)
    return frame.insert_column(0, pl.Series("id", [lead]))


def as_date(value: str | date) -> date:
    """A day, from a date or its ISO form."""
    return date.fromisoformat(value[:10]) if isinstance(value, str) else value


def conversion_of(connection: Connection, ledger: Ledger, text: str, as_of: date) -> pl.DataFrame:
    """The conversion line of the one lead with this id or e-mail address, read from the CRM now.

    Raises `ConfigurationError` when there is no such lead, several, or one that was converted.
    """
    if connection.converter is None:
        raise ConfigurationError(
            f'The mapping of "{connection.name}" has no `convert` part, so nothing would move.'
        )
    raw = connection.crm.find(text, connection.fields)
    if raw.height != 1:
        count = "no lead" if raw.is_empty() else f"{raw.height} leads"
        hint = "" if raw.is_empty() else " Name it by its id: " + ", ".join(raw["@id"]) + "."
        raise ConfigurationError(
            f"{connection.name} has {count} with this id or e-mail address.{hint}"
        )
    memory = ledger.seen(connection.name, raw["@id"].to_list())
    judged = judge_page(connection, raw, memory, as_of, open_sharing(connection, ledger))
    if judged["converted"].item():
        raise ConfigurationError(f"{raw['@id'].item()} is converted already.")
    return conversion_lines(connection, judged.with_columns(raw["@owner_id"]))
