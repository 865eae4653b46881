"""Who the leads are to revival: persons, companies, and what was done with them before."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from scoring.address import address_key
from scoring.revival import Past, companies, persons
from scoring.revival.past import ARMS, OPTED_OUT, OWNERS, TOUCHES
from scoring.stage_rules import RANK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.engine.ledger import Ledger

_SAME_RUN = timedelta(minutes=5)
_NUMBERS = ("phone", "mobile")
_CONTACTS = ("email", *_NUMBERS)


def with_people(ledger: Ledger, leads: pl.DataFrame) -> pl.DataFrame:
    """Add `arm_key`, and `person` and `company_key` as the ledger knows them."""
    keys = persons(leads)
    return leads.with_columns(
        keys.alias("arm_key"),
        ledger.pseudonyms(keys).alias("person"),
        ledger.pseudonyms(companies(leads)).alias("company_key"),
    )


def with_since(ledger: Ledger, connection: str, leads: pl.DataFrame) -> pl.DataFrame:
    """The leads with `reached`, the highest stage ever, and `stage_since` for those never moved.

    The ledger counts the stage of a lead from when it first met it. Where it has seen no move since,
    the lead has been there since it was created, as far as anybody knows.
    """
    seen = ledger.stages_seen(connection, leads["id"])
    rank = pl.col("stage").replace_strict(RANK, default=-1, return_dtype=pl.Int64)
    met = seen.group_by("id").agg(
        pl.len().alias("@stages"),
        pl.col("at").min().alias("@met"),
        pl.col("stage").sort_by(rank).last().alias("reached"),
    )
    frame = leads.join(met, on="id", how="left", maintain_order="left")
    never = (pl.col("@stages") == 1) & (pl.col("stage_since") <= pl.col("@met") + _SAME_RUN)
    since = pl.when(never).then(pl.min_horizontal("created_at", "stage_since"))
    return frame.with_columns(since.otherwise("stage_since").alias("stage_since")).drop(
        "@stages", "@met"
    )


def past_of(ledger: Ledger, connection: str, leads: pl.DataFrame, objections: pl.DataFrame) -> Past:
    """What was done with these leads (see `with_people`), their persons and companies.

    `objections` are those of all connections, as the ledger has them.
    """
    ids = leads.select(pl.lit(connection).alias("connection"), "id")
    touched = ledger.touched_before(ids, leads["person"], leads["company_key"])
    enrolled = ledger.enrolled_before(ids, leads["person"])
    return Past(
        touches=_ours(touched.rename({"company": "company_key"}), connection, TOUCHES),
        arms=_ours(enrolled, connection, ARMS),
        opted_out=_opted_out(ledger, connection, leads, objections),
        owners=ledger.new_owners(connection, leads["id"]).select(
            pl.col(n).cast(t) for n, t in OWNERS.items()
        ),
    )


def _ours(frame: pl.DataFrame, connection: str, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The frame with the ids of this connection only; ids of others mean nothing here."""
    own = pl.when(pl.col("connection") == connection).then("id").alias("id")
    return frame.with_columns(own).select(pl.col(n).cast(t) for n, t in schema.items())


def _opted_out(
    ledger: Ledger, connection: str, leads: pl.DataFrame, objections: pl.DataFrame
) -> pl.DataFrame:
    """Persons who have opted out anywhere but in the record itself, and where."""
    rows = objections.with_row_index("@row")
    # A number that many share says no for all of them only to calls.
    callable_ = [pl.when("do_not_call").then(name).alias(name) for name in _NUMBERS]
    elsewhere = _contacts(rows.with_columns(callable_))
    mine = _contacts(leads.with_row_index("@row"))
    pairs = mine.join(elsewhere, on="key", suffix=":there").join(
        rows.select("@row", "connection", there="id"), left_on="@row:there", right_on="@row"
    )
    pairs = pairs.join(leads.with_row_index("@row").select("@row", "id", "person"), on="@row")
    others = pairs.filter((pl.col("connection") != connection) | (pl.col("there") != pl.col("id")))
    found = others.select("person", pl.format("has opted out in {}", "connection").alias("why"))
    keys = leads["arm_key"].unique().drop_nulls().to_list()
    gone = leads.filter(pl.col("arm_key").is_in(list(ledger.opted_out(keys))))
    unsubscribed = gone.select("person", pl.lit("has unsubscribed").alias("why"))
    return pl.concat([found.unique(), unsubscribed.unique()]).select(
        pl.col(n).cast(t) for n, t in OPTED_OUT.items()
    )


def _contacts(leads: pl.DataFrame) -> pl.DataFrame:
    """Every address and number of every row in the form in which they are compared: @row, key."""
    absent = [pl.lit(None, pl.String).alias(n) for n in _CONTACTS if n not in leads.columns]
    frame = leads.with_columns(absent)
    email = pl.DataFrame({"@row": frame["@row"], "key": address_key(frame["email"])})
    numbers = [
        frame.select("@row", (pl.lit("tel:") + pl.col(name).str.strip_chars()).alias("key"))
        for name in _NUMBERS
    ]
    return pl.concat([email, *numbers]).drop_nulls("key").filter(pl.col("key") != "tel:").unique()
