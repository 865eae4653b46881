"""One lead: what is remembered of it, judged again by the same computation, and its conversion."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from connector.engine.connection import judge_page
from connector.engine.plan import conversion_lines
from connector.errors import ConfigurationError
from scoring.lead import DTYPES, FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.engine.connection import Connection
    from connector.engine.ports import Ledger
    from scoring.explanation import Explanation
    from scoring.judge import Judge
    from scoring.lead import Kind


@dataclass(frozen=True)
class Found:
    """A remembered lead and why it is where it is.

    `current` is False when the model has changed since the lead was judged: then the explanation
    is by the model as it is now, and `verdict` is the older one.
    """

    connection: str
    known: Mapping[str, Any]
    explanation: Explanation
    current: bool

    def as_json(self) -> dict[str, Any]:
        """The explanation and what the ledger has of the lead."""
        return {
            "connection": self.connection,
            "explanation": asdict(self.explanation),
            "current": self.current,
            **{name: value for name, value in self.known.items() if name != "written"},
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
            explanation = judge.explain(facts, as_date(verdict["as_of"]))
            current = verdict["model"] == judge.model.digest
            found.append(Found(connection, known, explanation, current))
    return found


def facts_frame(lead: str, facts: Mapping[str, Any], extra: Mapping[str, Kind]) -> pl.DataFrame:
    """A frame of one lead from its remembered facts."""
    kinds: dict[str, Kind] = {name: field.kind for name, field in FIELDS.items()} | dict(extra)
    dtype = pl.Struct({name: DTYPES[kind] for name, kind in kinds.items()})
    text = pl.Series([orjson.dumps(dict(facts)).decode()])
    return text.str.json_decode(dtype).struct.unnest().insert_column(0, pl.Series("id", [lead]))


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
    judged = judge_page(connection, raw, ledger.seen(connection.name, raw["@id"].to_list()), as_of)
    if judged["converted"].item():
        raise ConfigurationError(f"{raw['@id'].item()} is converted already.")
    return conversion_lines(connection, judged.with_columns(raw["@owner_id"]))
