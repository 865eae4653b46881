"""Single records: read by id, and found by id or e-mail address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connector.crm.salesforce import soql
from connector.crm.salesforce.columns import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from connector.crm.salesforce.client import Client
    from mappings.schema import ObjectSchema

_RETRIEVED = 2000
_IN_LIST = 300  # ids in one query: the address stays below 16 KB
_FOUND = 50
_ID = re.compile(r"^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$")
_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def is_id(text: str) -> bool:
    """Whether a text has the form of a record id."""
    return bool(_ID.match(text)) and any(map(str.isdigit, text))


def long_id(record: str) -> str:
    """The 18-character form of an id, whose last three characters tell upper from lower case."""
    short = record[:15]
    bits = (
        sum(
            character.isupper() << place for place, character in enumerate(short[start : start + 5])
        )
        for start in (0, 5, 10)
    )
    return short + "".join(_CHECKSUM[value] for value in bits)


def retrieve(
    client: Client, name: str, ids: Sequence[str], fields: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """These records of an object, up to 2,000 in a call; absent ones are left out."""
    for start in range(0, len(ids), _RETRIEVED):
        asked = {"ids": list(ids[start : start + _RETRIEVED]), "fields": list(fields)}
        answer = client.json("POST", f"composite/sobjects/{name}", json=asked)
        yield from (record for record in answer if record)


def fetch(
    client: Client, schema: ObjectSchema, ids: Sequence[str], fields: Sequence[str]
) -> pl.DataFrame:
    """The raw page frame of these records; deleted and unknown ones are left out."""
    layout = Layout.of(schema, fields)
    if any("." in name for name in layout.select):  # parents' fields come by query only
        records = list(_by_query(client, schema.name, layout, ids))
    else:
        records = list(retrieve(client, schema.name, ids, layout.select))
    return layout.leads(layout.from_records(records))


def find(client: Client, schema: ObjectSchema, text: str, fields: Sequence[str]) -> pl.DataFrame:
    """The raw page frame of the records with this id (15 or 18 characters) or e-mail address."""
    wanted = text.strip()
    if is_id(wanted):
        return fetch(client, schema, [long_id(wanted)], fields)
    layout = Layout.of(schema, fields)
    emails = [name for name, field in schema.fields.items() if field.type == "email"]
    if not emails or "@" not in wanted:
        return layout.leads(layout.from_records([]))
    searched = emails[:5]
    condition = soql.where(
        " OR ".join(f"{name} = {{}}" for name in searched), *[wanted] * len(searched)
    )
    found = client.query(soql.select(layout.select, schema.name, f"{condition} LIMIT {_FOUND}"))
    return layout.leads(layout.from_records(found["records"]))


def _by_query(
    client: Client, name: str, layout: Layout, ids: Sequence[str]
) -> Iterator[dict[str, Any]]:
    for start in range(0, len(ids), _IN_LIST):
        some = list(ids[start : start + _IN_LIST])
        answer = client.query(soql.select(layout.select, name, soql.where("Id IN {}", some)))
        yield from answer["records"]
        while not answer["done"]:
            answer = client.json("GET", answer["nextRecordsUrl"])
            yield from answer["records"]
