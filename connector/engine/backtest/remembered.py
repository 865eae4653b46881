"""The history that the ledger keeps, as it stood: snapshots of facts, each from before the outcome.

A lead's history ends on the day on which it became an opportunity: whatever was read later may have
been written by the sale itself. What a snapshot says of the stage counts only where a person has put
the lead there; what our own model wrote is left to each model's own way.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import polars as pl

from connector.engine.facts import decoded_facts
from connector.errors import ConfigurationError
from scoring.backtest import PastPage, no_days
from scoring.backtest.past import recounted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from connector.engine.backtest.order import Order
    from scoring.backtest import Span
    from scoring.lead import Kind

TARGETS = ("customer", "converted")
"""What the ledger knows of outcomes: the opportunity was won, or there is one at all."""

CONVERTED_BEFORE = "were converted already when they were first read, so nothing of before is known"
DECIDED_BEFORE = "had become opportunities before the period begins"
SEEN_LATER = "were first read after the period ends"
NO_FACTS = "have no facts that were kept with a verdict"

_READ_LATER = 0
"""Stands for the key of facts that were read by a run which moved no verdict."""

_DEALS = ("opportunity", "customer")
_STATE: dict[str, Kind] = {
    "stage": "text", "stage_since": "datetime", "converted": "boolean", "opportunity_state": "text",
}  # fmt: skip


class Remembered(Protocol):
    """What the ledger says of whole connections in the past."""

    def recorded_days(self, connection: str) -> tuple[date, date] | None:
        """The first and the last day of a verdict whose facts were kept; None if there is none."""
        ...

    def pasts(
        self, connection: str, *, size: int = 5_000
    ) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]]:
        """Leads, their verdicts and their days of interest, so many leads at a time."""
        ...


@dataclass
class RememberedPast:
    """Pages of the ledger's history; `left_out` counts the leads that have none, by reason."""

    ledger: Remembered
    order: Order
    span: Span
    target: str
    counts_days: bool
    """Whether `active_days` is counted from recorded days (no mapping feeds it)."""
    left_out: Counter[str] = field(default_factory=Counter)

    def pages(self) -> Iterator[tuple[PastPage, PastPage]]:
        """Each page twice: as it stood day by day, and as it stands on the last day."""
        for leads, verdicts, days in self.ledger.pasts(self.order.connection, size=self.order.page):
            known = (
                days.with_columns(pl.col("day").str.to_date()) if self.counts_days else no_days()
            )
            facts, rows = self._rows(leads, verdicts)
            yield self._past(leads, facts, rows, known), self._present(leads, facts, rows, known)

    def _rows(
        self, leads: pl.DataFrame, verdicts: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The facts, and the judgements in order with the facts that each rests on.

        Beside the verdicts stands what a later run has read that moved no verdict.
        """
        seen = leads.select(
            "id",
            "run",
            pl.col("run_as_of").alias("as_of"),
            pl.col("run_at").alias("judged_at"),
            "stage",
            pl.lit(None, pl.String()).alias("model"),
            "facts",
            pl.lit(_READ_LATER, pl.Int64()).alias("facts_key"),
        ).drop_nulls(["as_of", "judged_at"])
        later = seen.join(verdicts, on=["id", "run"], how="anti")
        rows = pl.concat([verdicts.select(seen.columns), later]).sort("id", "as_of", "judged_at")
        rows = rows.filter(pl.col("facts_key").is_not_null())
        kept = pl.col("facts").is_not_null()
        rows = rows.with_columns(
            pl.when(kept).then(kept.cum_sum().cast(pl.Int64) - 1).alias("row"),
            pl.when(kept).then("facts_key").alias("row_key"),
        ).with_columns(
            pl.col("row", "row_key").forward_fill().over("id", pl.col("facts_key") == _READ_LATER)
        )
        rows = rows.filter(pl.col("row_key") == pl.col("facts_key"))
        facts = self._decoded(rows["facts"].drop_nulls())
        rows = rows.select(
            "id",
            pl.col("as_of").str.to_date().alias("day"),
            pl.col("judged_at").alias("at"),
            pl.col("stage").alias("verdict"),
            "model",
            "row",
        )
        state = facts.select(_STATE.keys())[rows["row"]]
        return facts.drop("stage", "stage_since"), _with_people(rows.hstack(state))

    def _decoded(self, facts: pl.Series) -> pl.DataFrame:
        kinds = self.order.judges[0].kinds
        asked = {name: kinds[name] for name in sorted(self.order.facts)} | _STATE
        try:
            return decoded_facts(facts, asked, problems=True)
        except pl.exceptions.ComputeError:
            raise ConfigurationError(
                "Facts of earlier days are of another kind than the mapping says now. "
                "Give the team's own facts the `type` that they had, or choose a later --from."
            ) from None

    def _past(
        self, leads: pl.DataFrame, facts: pl.DataFrame, rows: pl.DataFrame, days: pl.DataFrame
    ) -> PastPage:
        ends = _ends(leads, rows)
        open_rows = rows.filter(~pl.col("after")).join(ends, on="id", maintain_order="left")
        before = (pl.col("day") <= pl.col("ended")).fill_null(value=True)
        kept = open_rows.filter(before & (pl.col("day") <= self.span.last))
        kept = self._from_the_first_day(kept)
        about = ends.join(_outcomes(leads, rows, ends, self.target), on="id")
        about = about.join(kept.select("id").unique(), on="id", how="semi")
        self._count_left_out(leads, rows, open_rows, kept)
        ordered = kept.sort("day", "at", "id").with_columns(
            nth=pl.int_range(pl.len()).over("id", "day"),
            recorded=pl.when(pl.col("model") == self.order.judges[0].model.digest).then("verdict"),
        )
        columns = ("id", "day", "nth", "at", "said", "stage", "stage_since", "recorded", "row")
        return PastPage(about, ordered.select(columns), facts, days)

    def _from_the_first_day(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The judgements of the period; a lead of before begins where it then stood."""
        inside = pl.col("day") >= self.span.first
        midnight = pl.lit(self.span.first).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        before = rows.filter(~inside & (pl.col("ended") >= self.span.first).fill_null(value=True))
        last = before.unique("id", keep="last", maintain_order=True).with_columns(
            pl.lit(self.span.first).alias("day"),
            midnight.alias("at"),
            said=pl.lit(value=True),
            stage=pl.col("verdict"),
            stage_since=pl.col("verdict_since"),
            model=pl.lit(None, pl.String()),
        )
        return pl.concat([last, rows.filter(inside)])

    def _present(
        self, leads: pl.DataFrame, facts: pl.DataFrame, rows: pl.DataFrame, days: pl.DataFrame
    ) -> PastPage:
        """Every lead as it stands, converted ones too: what the next run will judge."""
        last = rows.sort("day", "at").unique("id", keep="last", maintain_order=True).sort("id")
        state = ("stage", "stage_since", "converted", "opportunity_state", "lost_reason")
        joined = last.select("id", "row").join(leads.select("id", *state), on="id")
        midnight = pl.lit(self.span.last).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        snapshots = joined.select(
            "id",
            pl.lit(self.span.last).alias("day"),
            pl.lit(0, pl.Int64()).alias("nth"),
            midnight.alias("at"),
            pl.lit(value=True).alias("said"),
            "stage",
            "stage_since",
            pl.lit(None, pl.String()).alias("recorded"),
            pl.int_range(pl.len()).alias("row"),
        )
        now = facts[joined["row"]].with_columns(
            joined[name] for name in ("converted", "opportunity_state", "lost_reason")
        )
        until = days.filter(pl.col("day") <= self.span.last)
        aged = recounted(now.with_columns(joined["id"]), until, self.span.last).drop("id")
        about = joined.select(
            "id",
            pl.lit(None, pl.Date()).alias("ended"),
            pl.lit(None, pl.Boolean()).alias("won"),
            pl.lit(None, pl.Date()).alias("won_on"),
        )
        return PastPage(about, snapshots, aged, no_days())

    def _count_left_out(
        self, leads: pl.DataFrame, rows: pl.DataFrame, open_: pl.DataFrame, kept: pl.DataFrame
    ) -> None:
        reasons = [
            (NO_FACTS, leads, rows),
            (CONVERTED_BEFORE, rows, open_),
            (SEEN_LATER, open_, open_.filter(pl.col("day") <= self.span.last)),
            (DECIDED_BEFORE, open_.filter(pl.col("day") <= self.span.last), kept),
        ]
        for reason, some, fewer in reasons:
            self.left_out[reason] += some["id"].n_unique() - fewer["id"].n_unique()


def _with_people(rows: pl.DataFrame) -> pl.DataFrame:
    """The judgements with `said` (a person has put the lead into its stage), `after` (the lead was a
    deal by then, or had been), and since when it stood where the verdict left it.
    """  # noqa: D205 — one sentence
    first = pl.col("id") != pl.col("id").shift(1, fill_value="")
    moved = pl.col("stage").is_not_null() & (
        pl.col("stage") != pl.col("verdict").shift(1).over("id")
    )
    told = rows.with_columns(said=first | moved.fill_null(value=True))
    deal = (
        pl.col("converted").fill_null(value=False)
        | pl.col("opportunity_state").is_not_null()
        | (pl.col("said") & pl.col("stage").is_in(_DEALS))
    )
    stay = (pl.col("verdict") != pl.col("verdict").shift(1)).fill_null(value=True).cum_sum()
    return told.with_columns(
        after=deal.fill_null(value=False).cum_max().over("id"), stay=stay.over("id")
    ).with_columns(verdict_since=pl.col("at").min().over("id", "stay"))


def _ends(leads: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The last day before each lead's outcome: id, ended (null: it is still open)."""
    converted = leads.filter(pl.col("converted") | pl.col("opportunity_state").is_not_null())["id"]
    became = pl.col("verdict").is_in(_DEALS) & pl.col("id").is_in(converted.implode())
    found = rows.group_by("id", maintain_order=True).agg(
        pl.col("day").filter(became).min().alias("became"),
        pl.col("day").filter("after").min().alias("after_on"),
        pl.col("day").filter(~pl.col("after")).max().alias("open_on"),
    )
    day_before = pl.col("after_on") - pl.duration(days=1)
    until = pl.when(pl.col("after_on").is_not_null()).then(pl.max_horizontal("open_on", day_before))
    return found.select("id", pl.min_horizontal("became", until).alias("ended"))


def _outcomes(
    leads: pl.DataFrame, rows: pl.DataFrame, ends: pl.DataFrame, target: str
) -> pl.DataFrame:
    """Whether each lead was won, and when: id, won, won_on."""
    if target == "converted":
        return ends.select("id", pl.col("ended").is_not_null().alias("won"), won_on="ended")
    customers = rows.group_by("id").agg(
        pl.col("day").filter(pl.col("verdict") == "customer").min().alias("customer_on"),
        pl.col("day").max().alias("latest"),
    )
    known = leads.select("id", "opportunity_state").join(customers, on="id")
    won = pl.col("customer_on").is_not_null() | pl.col("opportunity_state").eq_missing(
        pl.lit("won")
    )
    return known.select(
        "id",
        won.alias("won"),
        pl.when(won).then(pl.coalesce("customer_on", "latest")).alias("won_on"),
    )
