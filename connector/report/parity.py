"""What a comparison of two connections comes to: counts over all pages, and the widest gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from scoring.parity import COMPARED

if TYPE_CHECKING:
    from scoring.judge import Judge
    from scoring.parity import Parity

_FACTS = {
    "fact": pl.String(), "asked": pl.Boolean(), "differs": pl.Int64(), "decides": pl.Int64(),
    "points": pl.Float64(),
}  # fmt: skip
_COUNTS = ("persons", "same", "several_records", "by_model", *COMPARED)


class ParityReport:
    """Takes pages of a comparison and keeps only counts and the `limit` persons that differ most.

    Values of facts are kept only `with_values`; e-mail addresses and names never are.
    """

    def __init__(
        self,
        connections: tuple[str, str],
        judges: tuple[Judge, Judge],
        *,
        limit: int,
        with_values: bool,
    ) -> None:
        self.connections = connections
        self._models = tuple(judge.model for judge in judges)
        self._limit = limit
        self._with_values = with_values
        self._counts = dict.fromkeys(_COUNTS, 0)
        self._facts = pl.DataFrame(schema=_FACTS)
        self._widest: pl.DataFrame | None = None
        self._reasons: pl.DataFrame | None = None

    def add(self, page: Parity) -> None:
        """Count one page."""
        counts = page.persons.select(_counted()).row(0, named=True)
        self._counts = {name: count + counts[name] for name, count in self._counts.items()}
        facts = pl.concat([self._facts, _by_fact(page)])
        self._facts = facts.group_by("fact", "asked").agg(pl.all().sum())
        apart = page.persons.filter(~pl.col("same"))
        widest = _joined(self._widest, apart).sort(_gap(), "a", descending=[True, False])
        self._widest = widest.head(self._limit)
        reasons = _joined(self._reasons, page.differences.filter(pl.col("asked")))
        self._reasons = reasons.join(self._widest, on=("a", "b"), how="semi")

    def summary(self) -> dict[str, Any]:
        """Whether the models are the same, how many persons there are, and what sets them apart."""
        counts = self._counts
        facts = self._facts.sort(
            "decides", "differs", "fact", descending=[True, True, False]
        ).with_columns((pl.col("points") / pl.col("decides")).fill_nan(None).round(1))
        first, second = self._models
        return {
            "connections": list(self.connections),
            "same_model": first.digest == second.digest,
            "models": [{"name": each.name, "version": each.version} for each in self._models],
            "persons": counts["persons"],
            "same_verdict": counts["same"],
            "different_verdict": counts["persons"] - counts["same"],
            "different": {name: counts[name] for name in COMPARED},
            "several_records": counts["several_records"],
            "by_model": counts["by_model"],
            "facts": facts.filter("asked").drop("asked").to_dicts(),
            "not_asked": facts.filter(~pl.col("asked")).select("fact", "differs").to_dicts(),
        }

    def persons(self) -> list[dict[str, Any]]:
        """The persons whose verdicts differ most, each with the facts that make the difference."""
        if self._widest is None or self._reasons is None:
            return []
        reasons = self._reasons.partition_by("a", as_dict=True)
        return [self._person(row, reasons.get((row["a"],))) for row in self._widest.to_dicts()]

    def _person(self, row: dict[str, Any], reasons: pl.DataFrame | None) -> dict[str, Any]:
        first, second = self.connections
        found = [] if reasons is None else reasons.sort(_reach(row), "fact").to_dicts()
        return {
            "records": {first: row["a"], second: row["b"]},
            "records_with_this_address": {first: row["records_a"], second: row["records_b"]},
            "verdicts": {
                first: {name: row[f"{name}:a"] for name in COMPARED},
                second: {name: row[f"{name}:b"] for name in COMPARED},
            },
            "facts": [self._reason(row, each) for each in found],
        }

    def _reason(self, row: dict[str, Any], reason: dict[str, Any]) -> dict[str, Any]:
        first, second = self.connections
        values = {first: reason["value_a"], second: reason["value_b"]}
        blank = [name for name, value in values.items() if value is None]
        moved = {
            name: [row[f"{name}:a"], reason[name]]
            for name in COMPARED
            if reason["decides"] and row[f"{name}:a"] != reason[name]
        }
        shown = {"values": values} if self._with_values else {}
        return {"fact": reason["fact"], "decides": reason["decides"], "moves": moved,
                "blank_in": blank, **shown}  # fmt: skip


def _counted() -> list[pl.Expr]:
    several = (pl.col("records_a") > 1) | (pl.col("records_b") > 1)
    return [
        pl.len().alias("persons"),
        pl.col("same").sum(),
        several.sum().alias("several_records"),
        pl.col("model_differs").sum().alias("by_model"),
        *(pl.col(f"{n}:a").ne_missing(pl.col(f"{n}:b")).sum().alias(n) for n in COMPARED),
    ]


def _by_fact(page: Parity) -> pl.DataFrame:
    """Per fact: for how many persons it differs, decides, and by how many points in all."""
    before = page.persons.select("a", "b", pl.col("score:a").alias("score_before"))
    joined = page.differences.join(before, on=("a", "b"))
    moved = (pl.col("score") - pl.col("score_before")).abs()
    counted = joined.group_by("fact", "asked").agg(
        differs=pl.len(),
        decides=pl.col("decides").sum(),
        points=moved.filter(pl.col("decides")).sum(),
    )
    return counted.cast(dict(_FACTS))  # type: ignore[arg-type]


def _joined(before: pl.DataFrame | None, new: pl.DataFrame) -> pl.DataFrame:
    return new if before is None else pl.concat([before, new])


def _gap() -> pl.Expr:
    return (pl.col("score:a") - pl.col("score:b")).abs().fill_null(0)


def _reach(row: dict[str, Any]) -> pl.Expr:
    """Sorts facts that decide first, those that move the score most before others."""
    moved = (pl.col("score") - pl.lit(row["score:a"], pl.Float64)).abs().fill_null(0)
    return pl.when("decides").then(-1 - moved).otherwise(0)
