"""Forgetting walks every table that there is: a table that is added later is not forgotten."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import String, insert

from connector.engine.runs import RunStart
from connector.ledger import open_ledger
from connector.ledger.tables import Instant, metadata
from connector.ledger.traces import LEAD_COLUMNS, Trace, lead_columns, rows_with, text_columns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Column, Table

    from connector.ledger import SqlLedger

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ADDRESS = "planted.person@private.example"
KNOWN = '{"email": "planted.person@private.example"}'
SPARE = ("connection", "run", *LEAD_COLUMNS)
TABLES = sorted(metadata.tables)
OF_LEADS = [name for name in TABLES if lead_columns(metadata.tables[name])]
OTHERS = [
    name
    for name in TABLES
    if name not in OF_LEADS
    and any(column.name not in SPARE for column in text_columns(metadata.tables[name]))
]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    """A ledger of one connection that has run once."""
    opened = open_ledger(f"sqlite:///{tmp_path}/leadgate.db", clock=lambda: NOW)
    with closing(opened):
        opened.begin_run(RunStart("r1", "acme", "sync", NOW, "2026-11-22", "m", "d"))
        yield opened


def planted(column: Column[Any]) -> Any:
    """A value for a column; texts hold the address."""
    if column.name in SPARE:
        return {"connection": "acme", "run": "r1"}.get(column.name, "L1")
    if isinstance(column.type, String):
        return KNOWN
    if isinstance(column.type, Instant):
        return NOW
    return 1


def plant(ledger: SqlLedger, table: Table) -> None:
    """A row whose every text holds the address."""
    row = {column.name: planted(column) for column in table.columns}
    row |= {"merged_into": None, "gone": None} if table.name == "leads" else {}
    with ledger.writing() as transaction:
        transaction.execute(insert(table).values(**row))


def left(ledger: SqlLedger) -> list[str]:
    """The tables in which the address stands."""
    trace = Trace("address", (ADDRESS,))
    with ledger.reading() as transaction:
        return [
            name
            for name, table in sorted(metadata.tables.items())
            if any(rows_with(transaction, table, trace))
        ]


def test_the_address_goes_from_every_table_of_leads(ledger: SqlLedger) -> None:
    """Whatever column it stands in: touches, answers, arms and opt-outs of a lead, too."""
    for name in OF_LEADS:
        plant(ledger, metadata.tables[name])
    assert {"leads", "verdicts", "lines", "touches", "answers", "conversions"} <= set(left(ledger))

    done = ledger.forget_person(ADDRESS, holder="test")

    assert left(ledger) == []
    assert done.clean
    assert done.searched >= len(TABLES)


@pytest.mark.parametrize("name", [name for name in OTHERS if name not in ("runs", "leases")])
def test_an_address_where_none_belongs_is_told(ledger: SqlLedger, name: str) -> None:
    """A table that is nobody's holds no persons; if one ever does, forgetting is not called done."""
    plant(ledger, metadata.tables[name])

    done = ledger.forget_person(ADDRESS, holder="test")

    assert not done.clean
    assert set(done.left) == {name}
