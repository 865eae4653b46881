"""Lead frames from what the ledger remembers: many leads at once, and two connections side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import polars as pl

from connector.errors import ConfigurationError
from scoring.lead import DTYPES
from scoring.parity import Parity, compare_copies, pair_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from scoring.judge import Judge
    from scoring.lead import Kind

PAIRS = 5_000
"""So many persons are compared at a time."""


class Copies(Protocol):
    """What the ledger says of whole connections."""

    def addresses(self, connection: str) -> pl.DataFrame:
        """The e-mail address of every living lead that has one: id, email, modified_at."""
        ...

    def facts_of(self, connection: str, ids: pl.Series) -> pl.DataFrame:
        """The facts last seen of these leads: id, facts (a JSON object)."""
        ...


def lead_frame(page: pl.DataFrame, kinds: Mapping[str, Kind]) -> pl.DataFrame:
    """The lead frame of a page with `id` and `facts` (JSON objects); facts it lacks are unknown."""
    dtype = pl.Struct({name: DTYPES[kind] for name, kind in kinds.items()})
    facts = page["facts"].str.json_decode(dtype, infer_schema_length=None).struct.unnest()
    return facts.insert_column(0, page["id"])


def segments(judge: Judge, pages: Iterable[pl.DataFrame], as_of: date) -> pl.DataFrame:
    """The segment of every lead by the model as it is now: id, segment."""
    found = [pl.DataFrame(schema={"id": pl.String, "segment": pl.String})]
    found += [
        judge.assess(lead_frame(page, judge.kinds), as_of).select("id", "segment") for page in pages
    ]
    return pl.concat(found)


def compare_connections(
    ledger: Copies, names: tuple[str, str], judges: tuple[Judge, Judge], as_of: date
) -> Iterator[Parity]:
    """Compare the persons that both connections have, page by page.

    Raises `ConfigurationError` if a team's own fact is not of the same kind in both mappings.
    """
    first, second = names
    pairs = pair_up(ledger.addresses(first), ledger.addresses(second))
    kinds = _common_kinds(judges[0].kinds, judges[1].kinds)
    for page in pairs.iter_slices(PAIRS):
        copies = [
            page.select(id=pl.col(key)).join(
                ledger.facts_of(name, page[key]), on="id", how="left", maintain_order="left"
            )
            for name, key in ((first, "a"), (second, "b"))
        ]
        # A copy that has gone since its address was read is a lead of which nothing is known.
        known = [each.with_columns(pl.col("facts").fill_null("{}")) for each in copies]
        a, b = (lead_frame(each, kinds) for each in known)
        yield compare_copies(page, (a, b), judges, as_of)


def _common_kinds(first: Mapping[str, Kind], second: Mapping[str, Kind]) -> dict[str, Kind]:
    both = dict(second) | dict(first)
    for name, kind in both.items():
        if second.get(name, kind) != kind:
            raise ConfigurationError(
                f'The fact "{name}" is of kind {kind} in one mapping and {second[name]} in the '
                "other: the copies cannot be compared. Give it one `type` in both."
            )
    return both
