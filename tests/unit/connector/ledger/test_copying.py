"""A ledger moves from one database to another: whole, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Float, Integer, insert, select

from connector.errors import ConfigurationError, RunAbortedError
from connector.ledger import copying, open_ledger
from connector.ledger.tables import Flag, Instant, leases, metadata, runs, workers
from tests.postgresql import empty_postgresql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Column

    from connector.engine.runs import RunStart
    from connector.ledger import SqlLedger
    from tests.unit.connector.ledger.conftest import Clock

MOMENT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def _value(column: Column[Any], number: int) -> Any:
    """A value of the column's kind; keys differ by number, what may be blank sometimes is."""
    if column.nullable and number % 2:
        return None
    if isinstance(column.type, Instant):
        return MOMENT.replace(second=number)
    if isinstance(column.type, Flag):
        return bool(number % 2)
    if isinstance(column.type, Float):
        return number + 0.1
    if isinstance(column.type, Integer):
        return -(2**62) + number
    return f'{number} "Ünï"\n\\,\t'


def _fill(ledger: SqlLedger, count: int = 5) -> None:
    with ledger.writing() as transaction:
        for table in metadata.sorted_tables:
            rows = [{c.name: _value(c, n) for c in table.columns} for n in range(count)]
            transaction.execute(insert(table), rows)
        transaction.execute(leases.update().values(holder=None))


def _content(ledger: SqlLedger) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table; who works on it left out."""
    left_out = {leases.c.process, *workers.columns}
    with ledger.reading() as transaction:
        return {
            table.name: sorted(
                tuple(row)
                for row in transaction.execute(
                    select(*(c for c in table.columns if c not in left_out))
                )
            )
            for table in metadata.sorted_tables
            if table is not workers
        }


@pytest.fixture
def other(url: str, tmp_path: Path, clock: Clock) -> Iterator[SqlLedger]:
    """An empty ledger in the other kind of database."""
    here = url.startswith("postgresql")
    address = f"sqlite:///{tmp_path / 'other.db'}" if here else empty_postgresql()
    opened = open_ledger(address, clock=clock)
    yield opened
    opened.close()


def test_everything_arrives(
    ledger: SqlLedger, other: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From SQLite to PostgreSQL and back: every row of every table is as it was."""
    monkeypatch.setattr(copying, "PROLONG_EVERY", 1)
    _fill(ledger)
    told: list[tuple[str, int]] = []
    counts = ledger.copy_to(other, holder="c1", advance=lambda *each: told.append(each))

    assert _content(other) == _content(ledger)
    assert counts == dict(told) == {t.name: 5 for t in metadata.sorted_tables if t is not workers}


def test_full_target_is_refused_unless_it_is_to_be_replaced(
    opened: Callable[[], SqlLedger], tmp_path: Path, clock: Clock
) -> None:
    """What a ledger holds is not mixed with another's, and goes only when asked."""
    ledger, full = opened(), open_ledger(f"sqlite:///{tmp_path / 'full.db'}", clock=clock)
    _fill(ledger, 3)
    _fill(full, 4)
    with pytest.raises(ConfigurationError, match=r"holds \d+ rows already.*--replace"):
        ledger.copy_to(full, holder="c1")
    before = len(_content(full)["runs"])
    ledger.copy_to(full, holder="c1", replace=True)

    assert before == 4
    assert _content(full) == _content(ledger)
    full.close()


def test_ledger_is_not_copied_onto_itself(opened: Callable[[], SqlLedger]) -> None:
    """Whatever the two addresses look like: nothing is deleted, and the leases are free again."""
    ledger, again = opened(), opened()
    _fill(ledger)
    before = _content(ledger) | {"leases": []}
    with pytest.raises(ConfigurationError, match="the ledger that is to be copied"):
        ledger.copy_to(again, holder="c1", replace=True)

    assert _content(ledger) | {"leases": []} == before
    with ledger.reading() as transaction:
        assert set(transaction.execute(select(leases.c.holder)).scalars()) == {None}


def test_nothing_is_copied_while_a_run_is_under_way(
    ledger: SqlLedger, other: SqlLedger, clock: Clock, begun: Callable[..., RunStart]
) -> None:
    """Not from a ledger that somebody works on, and not onto one."""
    for each in (ledger, other):
        each.begin_run(begun("r1"))
        each.take_lease("acme", "r1", clock(), 60)
        with pytest.raises(RunAbortedError, match='run of "acme" is under way'):
            ledger.copy_to(other, holder="c1", replace=True)
        ledger.release_lease("acme", "r1")
        kept = other.run("r1")
        assert (kept is None) == (each is ledger)


def test_run_that_begins_meanwhile_undoes_the_copy(
    ledger: SqlLedger, other: SqlLedger, begun: Callable[..., RunStart]
) -> None:
    """The first run of a new connection holds no lease that could be taken; nothing is kept then."""
    ledger.begin_run(begun("r1"))

    def begin(table: str, _rows: int) -> None:
        if table == runs.name:
            ledger.begin_run(begun("r2", connection="new"))

    with pytest.raises(RunAbortedError, match="A run began"):
        ledger.copy_to(other, holder="c1", advance=begin)

    assert other.run("r1") is None


def test_rows_that_do_not_arrive_undo_the_copy(
    ledger: SqlLedger, other: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counts are compared before anything is kept."""
    _fill(ledger)
    whole = copying.upsert
    monkeypatch.setattr(copying, "upsert", lambda sink, table, page: whole(sink, table, page[1:]))
    with pytest.raises(RunAbortedError, match="5 rows were to be copied and 4 arrived"):
        ledger.copy_to(other, holder="c1")

    assert set(map(len, _content(other).values())) == {0}


def test_figures_name_the_place_without_a_password(ledger: SqlLedger, url: str) -> None:
    """Where it is, which database, how large, which schema, and the rows of every table."""
    _fill(ledger, 3)
    found = ledger.figures()

    assert found.where == ledger.where
    assert found.database.startswith("SQLite 3" if url.startswith("sqlite") else "PostgreSQL 1")
    assert set(found.rows.values()) == {3}
    assert found.rows.keys() == metadata.tables.keys()
    assert found.size > 50_000
    assert found.schema
