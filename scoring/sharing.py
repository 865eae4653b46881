"""What other connections saw of the same person, beside what this one saw (`share: [engagement]`).

Counters take the highest number and not the sum: two trackers that see one visit must not count it
twice. Moments take the latest, days of interest their union, and a refusal to be contacted counts
wherever it was said. Each value keeps where it came from, and what this connection saw itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from scoring.lead import DTYPES, FIELDS

if TYPE_CHECKING:
    from collections.abc import Sequence

HIGHEST = (
    "visits", "page_views", "emails_delivered", "emails_opened", "emails_clicked", "forms", "events",
    "time_on_site", "last_visit_at", "last_email_open_at", "last_email_click_at", "last_form_at",
    "last_engaged_at", "last_activity_at",
)  # fmt: skip
"""Counters and moments of which the highest or latest counts."""

REFUSALS = ("email_opt_out", "do_not_call")
"""What counts as said if it was said anywhere."""

SHAREABLE = (*HIGHEST, "active_days", *REFUSALS)
"""Every fact that can come from another connection."""

SHARED = pl.Struct(
    {fact: pl.Struct({"own": DTYPES[FIELDS[fact].kind], "from": pl.String()}) for fact in SHAREABLE}
    | {"apart": pl.String()}
)
"""Per fact that came from elsewhere: what is known here (`own`) and from which connection it came.

`apart` says why nothing is shared, where an address belongs to several leads.
"""


@dataclass(frozen=True)
class Elsewhere:
    """The same persons in another connection, row for row.

    `frame` has `records` (how many leads there have the person's address), the facts of
    `SHAREABLE` and `days` (List of Date) of the one lead, and refusals of any of them.
    """

    connection: str
    frame: pl.DataFrame


def with_shared(
    leads: pl.DataFrame, days: pl.Series, several: pl.Series, elsewhere: Sequence[Elsewhere]
) -> pl.DataFrame:
    """The lead frame with what was seen elsewhere, and `shared` (see `SHARED`; null: nothing).

    `days` (List of Date) are the days of interest known here; `several` says how many leads here
    have the address of each. Where an address belongs to several leads on one side, only refusals
    are shared: nobody knows which of them is the person.
    """
    frame = leads.with_columns(days.alias("@days"), several.alias("@several"))
    for index, other in enumerate(elsewhere):
        frame = frame.hstack(other.frame.select(pl.all().name.prefix(f"@{index}:")))
    names = [other.connection for other in elsewhere]
    best = {fact: _highest(fact, names) for fact in HIGHEST}
    best["active_days"] = _active_days(names)
    best |= {fact: _refused(fact, names) for fact in REFUSALS}
    found = frame.select(
        *(value.alias(fact) for fact, (value, _) in best.items()),
        *(_origin(fact, origin).alias(f"@{fact}") for fact, (_, origin) in best.items()),
        _apart(names).alias("@apart"),
    )
    parts = [pl.col(f"@{fact}").alias(fact) for fact in best]
    struct = pl.struct(*parts, pl.col("@apart").alias("apart"))
    some = pl.any_horizontal(pl.col("@apart", *(f"@{fact}" for fact in best)).is_not_null())
    shared = found.select(pl.when(some).then(struct).alias("shared"))["shared"]
    return leads.with_columns(*(found[fact] for fact in best), shared)


def as_seen_here(leads: pl.DataFrame) -> pl.DataFrame:
    """The lead frame with what this connection saw itself; unchanged without a column `shared`."""
    if "shared" not in leads.columns:
        return leads
    return leads.with_columns(
        pl.when(_from(fact).is_not_null())
        .then(pl.col("shared").struct.field(fact).struct.field("own"))
        .otherwise(fact)
        .alias(fact)
        for fact in SHAREABLE
        if fact in leads.columns
    )


def _from(fact: str) -> pl.Expr:
    return pl.col("shared").struct.field(fact).struct.field("from")


def _origin(fact: str, origin: pl.Expr) -> pl.Expr:
    """What is known here and where the value came from instead; null where it did not."""
    pair = pl.struct(pl.col(fact).alias("own"), origin.alias("from"))
    return pl.when(origin.is_not_null()).then(pair)


def _theirs(fact: str, index: int) -> pl.Expr:
    """A fact of the one lead elsewhere; null where either side has several."""
    alone = (pl.col("@several") == 1) & (pl.col(f"@{index}:records") == 1)
    return pl.when(alone).then(f"@{index}:{fact}")


def _highest(fact: str, names: Sequence[str]) -> tuple[pl.Expr, pl.Expr]:
    others = [_theirs(fact, index) for index in range(len(names))]
    best = pl.max_horizontal(fact, *others)
    first = [
        pl.when(best == theirs).then(pl.lit(name))
        for name, theirs in zip(names, others, strict=True)
    ]
    return best, pl.when(best.ne_missing(pl.col(fact))).then(pl.coalesce(first))


def _active_days(names: Sequence[str]) -> tuple[pl.Expr, pl.Expr]:
    """The days of all together; what a mapping counts itself stands if it is more."""
    none = pl.lit([], dtype=pl.List(pl.Date()))
    others = [_theirs("days", index) for index in range(len(names))]
    union = pl.concat_list(pl.coalesce(days, none) for days in (pl.col("@days"), *others))
    number = union.list.n_unique().cast(pl.Float64())
    told = pl.when(number > 0).then(number)
    best = pl.max_horizontal(
        "active_days", told, *(_theirs("active_days", i) for i in range(len(names)))
    )
    said = pl.concat_str(
        *(
            pl.when((days.list.len() > 0) | _theirs("active_days", i).is_not_null()).then(
                pl.lit(names[i])
            )
            for i, days in enumerate(others)
        ),
        separator=", ",
        ignore_nulls=True,
    )
    more = best.ne_missing(pl.col("active_days")) & (said != "")
    return pl.when(more).then(best).otherwise("active_days"), pl.when(more).then(said)


def _refused(fact: str, names: Sequence[str]) -> tuple[pl.Expr, pl.Expr]:
    """Also where the address belongs to several: who does not want to be asked is not asked."""
    said = [
        pl.when(pl.col(f"@{index}:{fact}")).then(pl.lit(name)) for index, name in enumerate(names)
    ]
    origin = pl.when(~pl.col(fact).fill_null(value=False)).then(pl.coalesce(said))
    return pl.when(origin.is_not_null()).then(pl.lit(value=True)).otherwise(fact), origin


def _apart(names: Sequence[str]) -> pl.Expr:
    """Why nothing is shared, where an address belongs to several leads; null otherwise."""
    here = [pl.col(f"@{index}:records") >= 1 for index in range(len(names))]
    ours = pl.when(pl.any_horizontal(here) & (pl.col("@several") > 1)).then(
        pl.format("{} leads here have this address", "@several")
    )
    theirs = [
        pl.when(pl.col(f"@{index}:records") > 1).then(
            pl.format("{} leads of {} have this address", f"@{index}:records", pl.lit(name))
        )
        for index, name in enumerate(names)
    ]
    return pl.coalesce(ours, *theirs)
