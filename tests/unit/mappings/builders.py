"""Small CRMs, mappings and raw pages for the tests of the mappings."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from mappings.mapping import load_mapping
from mappings.schema import CrmSchema, Field, FieldType, ObjectSchema, Option
from scoring.document import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping as Lookup

    from mappings.mapping import Mapping
    from scoring.document import Document

MOMENT = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)


def document(text: str) -> Document:
    """A mapping file named m.yaml."""
    return parse_yaml(text, "m.yaml")


def mapping(text: str) -> Mapping:
    """The mapping of a YAML text."""
    return load_mapping(document(text))


def field(name: str, kind: FieldType = "text", **more: Any) -> Field:
    """A field of a described CRM."""
    if isinstance(more.get("options"), tuple):
        more["options"] = tuple(Option(value, value) for value in more["options"])
    return Field(name, kind, **more)


def schema(
    lead: Iterable[Field | str], opportunity: Iterable[Field] | None = (), crm: str = "salesforce"
) -> CrmSchema:
    """A described CRM; a lead field that is only named is of text."""
    fields = [field(each) if isinstance(each, str) else each for each in lead]
    return CrmSchema(
        crm,
        ObjectSchema("Lead", {each.name: each for each in fields}),
        None
        if opportunity is None
        else ObjectSchema("Opportunity", {each.name: each for each in opportunity}),
        parents={"Owner": ("Name",)},
    )


def page(columns: Lookup[str, list[str | None]]) -> pl.DataFrame:
    """A raw page with these columns; ids count from 1."""
    height = len(next(iter(columns.values())))
    meta = {
        "@id": pl.Series([str(number + 1) for number in range(height)], dtype=pl.String),
        "@modified_at": pl.Series([MOMENT] * height, dtype=pl.Datetime("us", "UTC")),
        "@converted": pl.Series([False] * height, dtype=pl.Boolean),
        "@opportunity_id": pl.Series([None] * height, dtype=pl.String),
        "@owner_id": pl.Series([None] * height, dtype=pl.String),
    }
    texts = {name: pl.Series(values, dtype=pl.String) for name, values in columns.items()}
    return pl.DataFrame(meta | texts)
