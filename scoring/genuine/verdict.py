"""From evidence to lamb, unsure or spam, with the confidence and the reasons, strongest first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from scoring.genuine.checks import CHECKS
from scoring.genuine.parts import READ, TOLD, WRITTEN, keys_by_part, summed, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

BETWEEN = "; "
NOTHING_KNOWN = "nothing is known of the lead"
NOTHING_FOUND = "nothing speaks against it"
LITTLE_FOUND = "not enough speaks against it"
PERSON_SAID = {
    True: "a person has said that it is junk",
    False: "a person has said that it is genuine",
}
LISTED = {
    "allow": "on the list of those always let in",
    "deny": "on the list of those always kept out",
}
WHO = ("first_name", "last_name", "email", "phone", "mobile", "company")
DECIDED_BY = "genuine:decided"
BLANK = "genuine:blank"
KEPT = (READ, WRITTEN, TOLD, DECIDED_BY, BLANK)
"""What a judged frame keeps beside the outcome: the sums of the evidence, who has decided in words,
and whether nothing says who the lead is."""
_NO_EVIDENCE = pl.Series("evidence", [], dtype=pl.Float64)
_WORTH_SAYING = 0.2
"""Evidence of less log-odds than this is counted and not told."""


@dataclass(frozen=True, slots=True)
class Odds:
    """Probabilities of junk: before any evidence, and from which a lead is unsure or spam."""

    usual_share: float
    unsure_above: float
    spam_above: float

    def probability(self, evidence: pl.Expr) -> pl.Expr:
        """The probability of junk of so much evidence in log-odds."""
        before = math.log(self.usual_share / (1 - self.usual_share))
        return 1.0 / (1.0 + (-(evidence + before)).exp())


def with_verdict(frame: pl.DataFrame, checks: Sequence[str], odds: Odds) -> pl.DataFrame:
    """`genuine`, `genuine:text` and `genuine:confidence` (0–100) of each row.

    The frame has the evidence of the checks by their keys, the lead fields that say who it is,
    `junk`, and whether the lead is on a list (`allow`, `deny`). The columns of `KEPT` come along.
    """
    sums = [summed(part, keys) for part, keys in keys_by_part(checks).items()]
    judged = frame.with_columns(*sums, _decided().alias(DECIDED_BY), _blank().alias(BLANK))
    judged = judged.with_columns(outcomes(judged, odds))
    reasons = pl.concat([judged.select("genuine"), _reasons(judged, checks)], how="horizontal")
    judged = judged.with_columns(_text(reasons).alias("genuine:text"))
    return judged.select("genuine", "genuine:text", "genuine:confidence", *KEPT)


def outcomes(kept: pl.DataFrame, odds: Odds) -> pl.DataFrame:
    """`genuine` and `genuine:confidence` of a frame with the columns of `KEPT`."""
    weighed = kept.select(odds.probability(whole()).alias("@junk"), DECIDED_BY, BLANK)
    found = weighed.with_columns(_outcome(odds).alias("genuine"))
    return found.select("genuine", _confidence().alias("genuine:confidence"))


def decides() -> pl.Expr:
    """Whether a person or a list has decided, whatever the evidence: lamb, spam, or null."""
    return _outcome_of(_decided())


def _outcome_of(decided: pl.Expr) -> pl.Expr:
    return decided.replace_strict(
        {
            **{PERSON_SAID[said]: _of(said=said) for said in (True, False)},
            LISTED["allow"]: "lamb",
            LISTED["deny"]: "spam",
        },
        default=None,
        return_dtype=pl.String,
    )


def _of(*, said: bool) -> str:
    return "spam" if said else "lamb"


def _decided() -> pl.Expr:
    """Who has decided, in words."""
    return (
        pl.when(pl.col("junk"))
        .then(pl.lit(PERSON_SAID[True]))
        .when(~pl.col("junk"))
        .then(pl.lit(PERSON_SAID[False]))
        .when(pl.col("allow"))
        .then(pl.lit(LISTED["allow"]))
        .when(pl.col("deny"))
        .then(pl.lit(LISTED["deny"]))
    )


def _blank() -> pl.Expr:
    filled = (pl.col(fact).str.strip_chars().str.len_bytes() > 0 for fact in WHO)
    return ~pl.any_horizontal(*(expression.fill_null(value=False) for expression in filled))


def _outcome(odds: Odds) -> pl.Expr:
    return (
        pl.when(pl.col(DECIDED_BY).is_not_null())
        .then(_outcome_of(pl.col(DECIDED_BY)))
        .when(pl.col(BLANK))
        .then(pl.lit("unsure"))
        .when(pl.col("@junk") >= odds.spam_above)
        .then(pl.lit("spam"))
        .when(pl.col("@junk") >= odds.unsure_above)
        .then(pl.lit("unsure"))
        .otherwise(pl.lit("lamb"))
    )


def _confidence() -> pl.Expr:
    """How sure the outcome is; of an unsure lead, how likely it is junk."""
    junk = pl.col("@junk") * 100
    sure = pl.when(pl.col("genuine") == "lamb").then(100 - junk).otherwise(junk)
    decided = pl.col(DECIDED_BY).is_not_null()
    return pl.when(decided).then(100.0).when(pl.col(BLANK)).then(50.0).otherwise(sure.round(1))


def _reasons(frame: pl.DataFrame, checks: Sequence[str]) -> pl.DataFrame:
    """What was found, strongest first, in two texts per row: for junk, and against it."""
    texts = pl.Series([CHECKS[key].text for key in checks], dtype=pl.String)
    # The evidence of one check after the other: where a number stands tells its check and its row.
    found = (
        pl.concat([frame[key].alias("evidence") for key in checks] or [_NO_EVIDENCE])
        .to_frame()
        .with_row_index("at")
        .filter(pl.col("evidence").abs() >= _WORTH_SAYING)
        .select(
            "evidence",
            (pl.col("at") % frame.height).alias("row"),
            (pl.col("at") // frame.height).alias("place"),
        )
        .sort("row", pl.col("evidence").abs(), "place", descending=[False, True, False])
        .with_columns(pl.lit(texts).gather("place").alias("text"))
    )
    said = found.group_by("row", maintain_order=True).agg(
        pl.col("text").filter(pl.col("evidence") > 0).str.join(BETWEEN).alias("for"),
        pl.col("text").filter(pl.col("evidence") < 0).str.join(BETWEEN).alias("against"),
    )
    rows = frame.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"), DECIDED_BY, BLANK)
    return rows.join(said, on="row", how="left", maintain_order="left").drop("row")


def _text(reasons: pl.DataFrame) -> pl.Series:
    """Of spam why it is junk, of a lamb why it is not, of an unsure lead both."""
    both = pl.concat_str(
        "for",
        pl.when(pl.col("against") != "").then(pl.lit("but: ") + pl.col("against")),
        separator=BETWEEN,
        ignore_nulls=True,
    )
    told = (
        pl.when(pl.col("genuine") == "spam")
        .then(pl.col("for"))
        .when(pl.col("genuine") == "unsure")
        .then(both)
        .otherwise(pl.col("against"))
    )
    found = pl.when(pl.col("for") != "").then(pl.lit(LITTLE_FOUND)).otherwise(pl.lit(NOTHING_FOUND))
    filled = pl.when(told != "").then(told).otherwise(found)
    text = pl.coalesce(DECIDED_BY, pl.when(pl.col(BLANK)).then(pl.lit(NOTHING_KNOWN)), filled)
    return reasons.select(text).to_series()
