"""Answers that the ledger keeps, as facts of the leads.

An answer feeds its fact until the CRM says otherwise. What the CRM said when the answer was given is
kept with it (`was`): where the CRM is blank, or still says the same, the answer is the newer word;
where a person has put something else into the CRM since, that counts. Whole records cannot be
compared by their modified time, because our own writing of a score moves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from scoring.criteria import known
from scoring.lead import DTYPES, FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.lead import Kind


def with_answers(leads: pl.DataFrame, memory: pl.DataFrame) -> pl.DataFrame:
    """The lead frame with the answers that the ledger remembers (`answers` of the memory frame)."""
    if "answers" not in memory.columns:
        return leads
    told = memory.select("id", "answers").drop_nulls().join(leads.select("id"), on="id", how="semi")
    if told.is_empty():
        return leads
    kinds = _kinds(leads)
    dtype = pl.Struct(
        {fact: pl.Struct({"value": DTYPES[k], "was": DTYPES[k]}) for fact, k in kinds.items()}
    )
    each = told["answers"].str.json_decode(dtype).struct.unnest()
    facts = [fact for fact in kinds if each[fact].is_not_null().any()]
    answers = each.select(
        told["id"],
        *(pl.col(f).struct.field("value").alias(f"{f}:value") for f in facts),
        *(pl.col(f).struct.field("was").alias(f"{f}:was") for f in facts),
    )
    joined = leads.join(answers, on="id", how="left", maintain_order="left")
    return joined.with_columns(_newest(fact, kinds[fact]) for fact in facts).select(leads.columns)


def _newest(fact: str, kind: Kind) -> pl.Expr:
    """The answer where the CRM is blank or says what it said before the answer; else the CRM."""
    answer, said = pl.col(f"{fact}:value"), pl.col(fact)
    older = ~known(fact, kind) | said.eq_missing(pl.col(f"{fact}:was"))
    return pl.when(answer.is_not_null() & older).then(answer).otherwise(said).alias(fact)


def _kinds(leads: pl.DataFrame) -> Mapping[str, Kind]:
    """The kinds of the frame's facts; the team's own by their types."""
    canonical: dict[str, Kind] = {n: f.kind for n, f in FIELDS.items() if n in leads.columns}
    by_type: dict[pl.DataType, Kind] = {dtype: kind for kind, dtype in DTYPES.items()}
    own = {
        name: by_type[dtype]
        for name, dtype in leads.schema.items()
        if name not in canonical and name != "id" and dtype in by_type
    }
    return canonical | own
