"""Whether two copies of one person get the same verdict, and which fact makes the difference.

A person is who has the same e-mail address in both connections; nothing is ever merged. The verdicts
of both copies come from one judge and one day, so only facts can make them differ. Which ones is
found by judging the first copy again with one fact of the second copy at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from scoring.address import address_key
from scoring.judge import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from scoring.judge import Judge
    from scoring.lead import Kind

COMPARED = ("stage", "score", "grade", "priority")
"""What must be the same for two verdicts to be the same."""

APART = frozenset({"email", "modified_at"})
"""Facts that say nothing about a person: the address is the same, each CRM counts its own changes."""

_PERSONS: dict[str, pl.DataType] = {
    "a": pl.String(), "b": pl.String(), "records_a": pl.UInt32(), "records_b": pl.UInt32(),
}  # fmt: skip

_NO_VERDICTS = pl.DataFrame(schema={name: SCHEMA[name] for name in COMPARED})


@dataclass(frozen=True)
class Parity:
    """A page of persons that both connections have.

    persons: a, b (ids), records_a, records_b (records with this address), `same`, and for each of
        stage, score, grade, priority the verdicts `stage:a` and `stage:b`; `model_differs`: the
        second connection's own model says otherwise of the second copy
    differences: a, b, fact, `asked` (the model looks at it), value_a, value_b (as text, null is
        blank), `decides` (this fact alone changes the verdict), and the verdict of the first copy
        with the second one's fact: stage, score, grade, priority (null unless the verdicts differ)
    """

    persons: pl.DataFrame
    differences: pl.DataFrame


def pair_up(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """The persons that both have: a, b, records_a, records_b, sorted by `a`.

    Both frames have id, email, modified_at. Of several records with one address in a connection,
    the one that changed last stands for the person.
    """
    sides = [_newest(frame, side) for frame, side in ((first, "a"), (second, "b"))]
    joined = sides[0].join(sides[1], on="key")
    return joined.select(pl.col(n).cast(t) for n, t in _PERSONS.items()).sort("a")


def compare_copies(
    pairs: pl.DataFrame,
    copies: tuple[pl.DataFrame, pl.DataFrame],
    judges: tuple[Judge, Judge],
    as_of: date,
) -> Parity:
    """Judge both copies of each pair (row by row the same persons) and find what differs and decides.

    The first judge judges both copies; the second one is asked only if it is of another model.
    """
    a, b = copies
    judge, other = judges
    both = _verdicts(judge, a, as_of, "a").hstack(_verdicts(judge, b, as_of, "b"))
    differs = _differ(COMPARED, "a", "b")
    persons = pairs.hstack(both).with_columns(same=~differs, model_differs=pl.lit(value=False))
    if other.model.digest != judge.model.digest:
        own = _verdicts(other, b, as_of, "own").hstack(both)
        by_model = own.select(_differ(COMPARED, "own", "b").alias("model_differs"))
        persons = persons.with_columns(by_model.to_series())
    texts = (_texts(a, judge.kinds), _texts(b, judge.kinds))
    decided = [_decided(judge, copies, texts, (persons, fact), as_of) for fact in texts[0].columns]
    return Parity(persons, pl.concat(decided))


def _newest(frame: pl.DataFrame, side: str) -> pl.DataFrame:
    keyed = frame.select("id", "modified_at", address_key(frame["email"])).drop_nulls("key")
    ordered = keyed.sort("modified_at", "id", descending=[True, False], nulls_last=True)
    return ordered.group_by("key", maintain_order=True).agg(
        pl.col("id").first().alias(side), pl.len().alias(f"records_{side}")
    )


def _verdicts(judge: Judge, leads: pl.DataFrame, as_of: date, side: str) -> pl.DataFrame:
    return _judged(judge, leads, as_of).rename({name: f"{name}:{side}" for name in COMPARED})


def _judged(judge: Judge, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """What is compared of the verdicts; the reasons in words, which cost most, are not asked for."""
    stage = pl.col("stage:new")
    priority = pl.when(stage == "disqualified").then(pl.lit("cold")).otherwise("priority")
    found = judge.assess(leads, as_of).select(
        stage.alias("stage"), "score", "grade", priority.alias("priority")
    )
    return found.select(pl.col(name).cast(SCHEMA[name]) for name in COMPARED)


def _differ(names: tuple[str, ...], one: str, two: str) -> pl.Expr:
    return pl.any_horizontal(
        pl.col(f"{name}:{one}").ne_missing(pl.col(f"{name}:{two}")) for name in names
    )


def _decided(
    judge: Judge,
    copies: tuple[pl.DataFrame, pl.DataFrame],
    texts: tuple[pl.DataFrame, pl.DataFrame],
    what: tuple[pl.DataFrame, str],
    as_of: date,
) -> pl.DataFrame:
    """The persons whose copies differ in one fact, and what the second one's fact does to the first."""
    persons, fact = what
    value_a, value_b = (text[fact] for text in texts)
    rows = persons.select("a", "b", "same", pl.col(f"^({'|'.join(COMPARED)}):a$")).with_columns(
        pl.lit(fact).alias("fact"),
        pl.lit(fact in judge.facts).alias("asked"),
        value_a.alias("value_a"),
        value_b.alias("value_b"),
    )
    unlike = value_a.ne_missing(value_b)
    tried = unlike & ~persons["same"] if fact in judge.facts else unlike & pl.lit(value=False)
    tried = persons.select(tried).to_series()
    swapped = copies[0].with_columns(copies[1][fact]).filter(tried)
    verdicts = _judged(judge, swapped, as_of) if tried.any() else _NO_VERDICTS
    after = rows.filter(tried).hstack(verdicts)
    before = rows.filter(unlike & ~tried).with_columns(
        pl.lit(None, dtype=verdicts.schema[name]).alias(name) for name in COMPARED
    )
    changed = pl.any_horizontal(pl.col(n).ne_missing(pl.col(f"{n}:a")) for n in COMPARED)
    return pl.concat(
        [after.with_columns(decides=changed), before.with_columns(decides=pl.lit(value=False))]
    ).select("a", "b", "fact", "asked", "value_a", "value_b", "decides", *COMPARED)


def _texts(leads: pl.DataFrame, kinds: Mapping[str, Kind]) -> pl.DataFrame:
    """The facts of each lead as people read them; null is blank."""
    return leads.select(
        _text(name, kind)
        for name, kind in kinds.items()
        if name in leads.columns and name not in APART
    )


def _text(name: str, kind: Kind) -> pl.Expr:
    column = pl.col(name)
    if kind == "range":
        low, high = (_number(column.struct.field(end)) for end in ("low", "high"))
        whole = pl.when(low == high).then(low).otherwise(pl.concat_str(low, pl.lit("–"), high))
        text = pl.coalesce(whole, pl.concat_str(low, pl.lit(" or more")), "up to " + high)
    elif kind == "list":
        text = column.list.sort().list.join(", ")
    elif kind == "datetime":
        # To the second: one CRM keeps thousandths, the other does not.
        text = column.dt.strftime("%Y-%m-%d %H:%M:%S")
    else:
        text = _number(column) if kind == "number" else column.cast(pl.String)
    return text.alias(name)


def _number(column: pl.Expr) -> pl.Expr:
    return column.cast(pl.String).str.strip_suffix(".0")
