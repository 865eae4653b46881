"""What the CRM rejected stays away until somebody else changes the record, or the mapping."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from connector.engine.plan import LINES
from connector.engine.ports import INSTANT, OUTCOMES
from connector.engine.quarantine import after_own_write, hold, without_held
from connector.ledger import open_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector.ledger import SqlLedger

REJECTED_AT = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    """A ledger of its own."""
    opened = open_ledger(f"sqlite:///{tmp_path}/l.db", clock=lambda: REJECTED_AT)
    yield opened
    opened.close()


def connection(now: datetime = REJECTED_AT, mapping: str = "m" * 64) -> Any:
    """As much of a connection as quarantine looks at."""
    crm = SimpleNamespace(now=lambda: now)
    digest = SimpleNamespace(digest=mapping)
    return SimpleNamespace(name="acme", crm=crm, mapping=digest, verdict_key="v" * 16)


def line(kind: str, base: datetime) -> pl.DataFrame:
    """A plan of one line on the lead 00Q1, as pulled with this modified time."""
    rows = {
        "line": [0],
        "id": ["00Q1"],
        "kind": [kind],
        "base": [base],
        "body": ["{}"],
        "reason": [""],
    }
    return pl.DataFrame(rows, schema=LINES)


def rejected() -> pl.DataFrame:
    """The CRM's no to a line on that lead."""
    row = dict.fromkeys(OUTCOMES) | {"@id": "00Q1", "outcome": "rejected", "code": "X"}
    return pl.DataFrame([row], schema=OUTCOMES)


def tried(ledger: SqlLedger, kind: str, base: datetime, mapping: str = "m" * 64) -> bool:
    """Whether such a line would be tried now."""
    memory = ledger.seen("acme", ["00Q1"])
    return without_held(connection(mapping=mapping), line(kind, base), memory).height == 1


def test_a_rejected_line_is_left_alone(ledger: SqlLedger) -> None:
    """The same record, even with our own write of that second on it, is not tried again."""
    hold(connection(), ledger, "convert", rejected())

    assert not tried(ledger, "convert", REJECTED_AT - timedelta(days=3))
    assert not tried(ledger, "convert", REJECTED_AT + timedelta(milliseconds=700))


def test_other_lines_of_the_record_go_on(ledger: SqlLedger) -> None:
    """A conversion that was refused does not keep the lead's score from being written."""
    hold(connection(), ledger, "convert", rejected())

    assert tried(ledger, "change", REJECTED_AT)


def test_a_later_change_of_the_record_ends_it(ledger: SqlLedger) -> None:
    """What a person has changed since is tried again."""
    hold(connection(), ledger, "change", rejected())

    assert tried(ledger, "change", REJECTED_AT + timedelta(seconds=2))


def test_a_new_mapping_ends_it(ledger: SqlLedger) -> None:
    """A mapping that was mended is tried at once."""
    hold(connection(), ledger, "change", rejected())

    assert tried(ledger, "change", REJECTED_AT, mapping="n" * 64)


def test_our_own_later_write_does_not_end_it(ledger: SqlLedger) -> None:
    """A score that lands next week leaves the refused conversion where it is."""
    week = timedelta(days=7)
    hold(connection(), ledger, "convert", rejected())
    memory = ledger.seen("acme", ["00Q1"])
    after_own_write(connection(now=REJECTED_AT + week), ledger, "r", "change", memory)

    assert not tried(ledger, "convert", REJECTED_AT + week)
    assert tried(ledger, "convert", REJECTED_AT + week + timedelta(seconds=2))


def test_kinds_are_held_and_freed_one_by_one(ledger: SqlLedger) -> None:
    """Both may be held; the one that lands is free again, and then nothing is left."""
    hold(connection(), ledger, "convert", rejected())
    hold(connection(), ledger, "change", rejected())
    both = (tried(ledger, "change", REJECTED_AT), tried(ledger, "convert", REJECTED_AT))
    after_own_write(connection(), ledger, "r", "change", ledger.seen("acme", ["00Q1"]))
    one = (tried(ledger, "change", REJECTED_AT), tried(ledger, "convert", REJECTED_AT))
    after_own_write(connection(), ledger, "r", "convert", ledger.seen("acme", ["00Q1"]))

    assert both == (False, False)
    assert one == (True, False)
    assert ledger.seen("acme", ["00Q1"])["quarantine_key"].item() is None


def test_nothing_held_costs_nothing() -> None:
    """Without a quarantine the plan passes as it is."""
    schema = {"id": pl.String(), "quarantine_key": pl.String(), "modified_at": INSTANT}
    plan = line("change", REJECTED_AT)

    assert without_held(connection(), plan, pl.DataFrame(schema=schema)).equals(plan)
