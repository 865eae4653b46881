"""Rejected lines by cause, and which of them a change of the mapping helps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from mappings.remedies import Remedy, remedy_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mappings.mapping import Mapping
    from mappings.schema import CrmSchema

RETRIED = ("change", "convert")
"""The kinds of rejected lines that can be tried again; touches have a command of their own."""

_LIMIT = re.compile(r"max length=(\d+)")


@dataclass(frozen=True)
class Mended:
    """What the mapping can do about rejected lines, and what it cannot.

    `remedies` are the changes, each once; `ids` the leads that they help; `rest` the lines, as they
    came, that need a person.
    """

    remedies: tuple[Remedy, ...]
    ids: tuple[str, ...]
    rest: pl.DataFrame


def retried_ids(rejected: pl.DataFrame, cause: str | None = None) -> list[str]:
    """The leads of rejected lines (of one cause) that can be tried again, each once."""
    lines = rejected.filter(pl.col("kind").is_in(RETRIED))
    if cause is not None:
        lines = lines.filter(pl.col("code") == cause)
    return lines["id"].unique(maintain_order=True).to_list()


def mended(rejected: pl.DataFrame, mapping: Mapping, schema: CrmSchema) -> Mended:
    """What changes of the mapping do about these lines, by what the CRM says of itself now."""
    remedies: dict[Remedy, None] = {}
    helped: dict[str, None] = {}
    rest: list[bool] = []
    for line in rejected.iter_rows(named=True):
        found = _remedy(line, mapping, schema)
        rest.append(found is None)
        if found is not None:
            helped[line["id"]] = None
            remedies[found] = None
    needed = tuple(each for each in remedies if each.action != "nothing")
    return Mended(_once(needed), tuple(helped), rejected.filter(pl.Series(rest, dtype=pl.Boolean)))


def _remedy(line: dict[str, Any], mapping: Mapping, schema: CrmSchema) -> Remedy | None:
    """The first remedy among the fields that the CRM blames, or among all that were sent."""
    if line["kind"] != "change":
        return None
    limit = _LIMIT.search(line["message"] or "")
    for field, value in _blamed(line):
        found = remedy_for(mapping, schema, field, value, limit=int(limit[1]) if limit else 0)
        if found is not None:
            return found
    return None


def _blamed(line: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    pairs = {name: pair for name, pair in orjson.loads(line["body"]).items() if pair}
    named = [name.strip() for name in (line["field"] or "").split(",")]
    for name in [name for name in named if name in pairs] or ([] if any(named) else list(pairs)):
        yield name, pairs[name][1]


def _once(remedies: tuple[Remedy, ...]) -> tuple[Remedy, ...]:
    """Of several lengths of one entry the shortest; everything else as it is."""
    shortest: dict[object, Remedy] = {}
    for each in remedies:
        key = (each.action, each.name, each.key)
        known = shortest.get(key)
        if known is None or each.length < known.length:
            shortest[key] = each
    return tuple(shortest.values())
