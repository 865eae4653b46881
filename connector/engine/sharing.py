"""What the other connections of the project know of a page's persons, for models that share it.

Persons are who has the same e-mail address, as `leadgate parity` finds them. What is taken are the
facts that the other connection saw itself, so that nothing goes round between two of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from connector.engine.counts import WINDOW_DAYS, days_of_interest
from connector.engine.facts import decoded_facts
from scoring.address import address_key
from scoring.lead import DTYPES, FIELDS
from scoring.sharing import REFUSALS, SHAREABLE, Elsewhere, with_shared

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger

_DAYS = pl.List(pl.Date())


@dataclass(frozen=True)
class Sharing:
    """Where the persons of a connection are found elsewhere: id and key (address) of every lead."""

    ledger: Ledger
    connection: str
    here: pl.DataFrame
    others: Mapping[str, pl.DataFrame]

    def add(self, leads: pl.DataFrame, memory: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """The lead frame with what was seen of its persons elsewhere, and `shared`."""
        keys = leads.select("id", address_key(leads["email"]))
        begin = as_of - timedelta(days=WINDOW_DAYS - 1)
        days = (
            days_of_interest(leads, memory, as_of).group_by("id").agg(pl.col("day").alias("days"))
        )
        own = keys.join(days, on="id", how="left", maintain_order="left")["days"].cast(_DAYS)
        elsewhere = [
            Elsewhere(name, self._copies(name, keys, begin, as_of)) for name in self.others
        ]
        return with_shared(leads, own, self._several(keys), elsewhere)

    def news(self) -> pl.Series:
        """The ids of our leads whose copies elsewhere were judged since our last complete run."""
        found = [pl.Series("id", [], dtype=pl.String)]
        for name, theirs in self.others.items():
            touched = self.ledger.touched_since(name, self.connection)
            keys = theirs.join(touched, on="id", how="semi")
            found.append(self.here.join(keys, on="key", how="semi")["id"])
        return pl.concat(found).unique()

    def _several(self, keys: pl.DataFrame) -> pl.Series:
        """How many leads here have the address of each; those that were just read count too."""
        known = self.here.join(keys, on="id", how="anti")
        every = pl.concat([known.select("id", "key"), keys.drop_nulls("key")])
        counted = every.group_by("key").agg(pl.len().alias("several"))
        return keys.join(counted, on="key", how="left", maintain_order="left")["several"]

    def _copies(self, name: str, keys: pl.DataFrame, begin: date, as_of: date) -> pl.DataFrame:
        """The frame of `Elsewhere`: the copies of these persons in one other connection."""
        theirs = self.others[name].join(keys.drop_nulls("key"), on="key", how="semi")
        known = self.ledger.seen(name, theirs["id"])
        facts = decoded_facts(
            known["facts"], {fact: FIELDS[fact].kind for fact in SHAREABLE}, seen_here=True
        )
        in_time = pl.element().is_between(begin, as_of)
        days = known.select(pl.col("days").cast(_DAYS).list.filter(in_time))
        rows = pl.concat([known.select("id"), facts, days], how="horizontal").join(theirs, on="id")
        copies = rows.group_by("key").agg(
            pl.len().alias("records"),
            *(pl.col(f).any().alias(f) for f in REFUSALS),
            *(pl.col(f).first() for f in (*SHAREABLE, "days") if f not in REFUSALS),
        )
        schema = {f: DTYPES[FIELDS[f].kind] for f in SHAREABLE} | {"days": _DAYS}
        return keys.join(copies, on="key", how="left", maintain_order="left").select(
            "records", *(pl.col(fact).cast(dtype) for fact, dtype in schema.items())
        )


def open_sharing(connection: Connection, ledger: Ledger) -> Sharing | None:
    """What the connection's model shares with the project's others; None if it shares nothing."""
    if not connection.shares:
        return None
    here, *others = (_keys(ledger, name) for name in (connection.name, *connection.peers))
    return Sharing(ledger, connection.name, here, dict(zip(connection.peers, others, strict=True)))


def _keys(ledger: Ledger, connection: str) -> pl.DataFrame:
    """The address of every living lead in the form in which addresses are equal: id, key."""
    found = ledger.addresses(connection)
    return found.select("id", address_key(found["email"])).drop_nulls("key")
