"""An opt-out, on its way into the CRM: the field that feeds `email_opt_out` is set, and no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from connector.engine.ledger.opt_outs import person_digest
from connector.outreach.settings import signing_key
from connector.outreach.tokens import Unsubscriber, claimed_connection, read_token
from scoring.revival.persons import persons

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import SecretStr

    from connector.engine.ports import Crm
    from mappings.entries import ReadField
    from mappings.mapping import Mapping
    from mappings.schema import CrmSchema

FACT = "email_opt_out"


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one lead's opt-out field: "applied", "skipped" or "rejected", and why."""

    connection: str
    lead: str
    outcome: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """The field that says that a lead has opted out, and the text that says it."""

    field: str
    text: str


def digest_of_address(address: str) -> str:
    """The digest by which the person with this e-mail address is known."""
    frame = pl.DataFrame({"id": [""], "email": [address]}, schema_overrides={"email": pl.String})
    return person_digest(str(persons(frame).item()))


def believed(token: str, secret: SecretStr | None) -> Unsubscriber | None:
    """Who an unsubscribe token speaks of; None unless it was signed with this secret."""
    return read_token(signing_key(secret), token) if secret is not None else None


def token_connection(token: str) -> str | None:
    """The connection that a token claims to be of; None for a text that is no token."""
    return claimed_connection(token.strip())


def write_opt_out(
    name: str, crm: Crm, known: tuple[CrmSchema, Mapping], ids: Sequence[str]
) -> list[Written]:
    """Set the opt-out field of these leads where it is not set yet; one row for each of them."""
    place = _place(*known)
    if isinstance(place, str):
        return [Written(name, one, "skipped", place) for one in ids]
    raw = crm.fetch(ids, [place.field])
    there = set(raw["@id"])
    told = [
        Written(name, one, "skipped", "it is no longer in the CRM")
        for one in ids
        if one not in there
    ]
    done = raw[place.field].eq_missing(pl.Series([place.text] * raw.height, dtype=pl.String))
    told += [Written(name, one, "skipped", "it says so already") for one in raw.filter(done)["@id"]]
    open_ = raw.filter(~done)
    if not crm.writes_converted:
        kept = open_.filter("@converted")["@id"]
        told += [Written(name, one, "skipped", "it is converted and read-only") for one in kept]
        open_ = open_.filter(~pl.col("@converted"))
    return told + _written(name, crm, place, open_)


def _written(name: str, crm: Crm, place: _Place, raw: pl.DataFrame) -> list[Written]:
    if raw.is_empty():
        return []
    changes = raw.select(
        "@id",
        "@modified_at",
        pl.lit(place.text).alias(f"to:{place.field}"),
        pl.lit(value=True).alias(f"change:{place.field}"),
    )
    outcomes = pl.concat(list(crm.write(changes)))
    told = outcomes.select("@id", "outcome", pl.col("message").fill_null(""))
    return [Written(name, *row) for row in told.iter_rows()]


def _place(schema: CrmSchema, mapping: Mapping) -> _Place | str:
    """Where the opt-out is written, or why it cannot be."""
    why = f"the mapping reads no field into {FACT}"
    for entry in mapping.read.get(FACT, ()):
        field = schema.lead.fields.get(entry.field)
        if field is None:
            why = f"{entry.field} is not there, or not to be seen"
        elif not field.writable:
            why = f"{entry.field} is read-only for this user; opt the lead out in the CRM as well"
        elif text := _yes(entry, boolean=field.type == "boolean"):
            return _Place(entry.field, text)
        else:
            why = f"no value of {entry.field} is known to mean yes"
    return why


def _yes(entry: ReadField, *, boolean: bool) -> str | None:
    """The CRM's text that reads as yes."""
    words = [text for text, value in entry.values.items() if value is True]
    if words or not boolean:
        return next(iter(words), None)
    return "true"
