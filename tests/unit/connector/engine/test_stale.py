"""Lines whose record has changed since the plan are skipped; all others are left to be applied."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import orjson
import polars as pl
import pytest

from connector.engine.apply import Applied
from connector.engine.plan import LINES
from connector.engine.ports import INSTANT
from connector.engine.stale import skip_stale
from tests.unit.mappings.builders import schema

PLANNED = datetime(2026, 3, 2, 10, tzinfo=UTC)
LATER = PLANNED + timedelta(minutes=5)
FIELD = "Score__c"


class World:
    """A CRM with one record as it is now, and a ledger with one line about it."""

    def __init__(self, kind: str, body: dict[str, object]) -> None:
        row = ("1", kind, PLANNED, orjson.dumps(body).decode(), "why")
        self.line = pl.DataFrame([(0, *row)], schema=LINES, orient="row")
        self.record: tuple[datetime, bool, str | None] | None = (PLANNED, False, None)
        self.told: list[tuple[str, str]] = []

    def fetch(self, ids: list[str], _fields: object) -> pl.DataFrame:
        """The record as the CRM has it now, if it is there."""
        rows = [] if self.record is None else [(ids[0], *self.record)]
        names = {
            "@id": pl.String,
            "@modified_at": INSTANT,
            "@converted": pl.Boolean,
            FIELD: pl.String,
        }
        return pl.DataFrame(rows, schema=names, orient="row")

    def lines(self, _run: str, **_: object) -> list[pl.DataFrame]:
        """The line."""
        return [self.line]

    def record_outcomes(self, _run: str, kind: str, outcomes: pl.DataFrame) -> None:
        """What became of it."""
        self.told += [(kind, code) for code in outcomes["code"]]

    def check(self) -> Applied:
        """Skip what is stale."""
        connection = SimpleNamespace(
            crm=self, outbound=SimpleNamespace(fields=(FIELD,)), schema=schema([FIELD])
        )
        applied = Applied()
        skip_stale(connection, self, "r1", applied)
        return applied


def change(old: str | None, new: str | None) -> World:
    """A line that would change the field."""
    return World("change", {FIELD: [old, new]})


@pytest.mark.parametrize("value", ["10", None])
def test_untouched_record_is_fresh(value: str | None) -> None:
    """Not modified since, the line stays."""
    world = change(value, "20")
    world.record = (PLANNED, False, value)
    assert world.check().skipped == 0
    assert world.told == []


def test_touched_record_is_fresh_as_long_as_our_field_is_as_it_was() -> None:
    """A person edited something else: our change still replaces what it meant to replace."""
    world = change("10", "20")
    world.record = (LATER, False, "10")
    assert world.check().skipped == 0


@pytest.mark.parametrize(("was", "now"), [("10", "11"), (None, "11"), ("10", None)])
def test_changed_value_makes_a_line_stale(was: str | None, now: str | None) -> None:
    """What would be replaced is no longer there: the line is skipped, and it is said."""
    world = change(was, "20")
    world.record = (LATER, False, now)
    assert world.check().skipped == 1
    assert world.told == [("change", "STALE")]


def test_record_that_has_gone_makes_a_line_stale() -> None:
    """A deleted record is not written to."""
    for world in (change("10", "20"), World("convert", {"@owner_id": "u"})):
        world.record = None
        assert world.check().skipped == 1


def test_converted_record_makes_a_change_stale() -> None:
    """Somebody converted the lead meanwhile: it is left alone."""
    world = change("10", "20")
    world.record = (LATER, True, "10")
    assert world.check().skipped == 1


def test_any_touch_makes_a_conversion_stale() -> None:
    """A conversion moves many values, so it is planned anew after any edit."""
    world = World("convert", {"@owner_id": "u"})
    assert world.check().skipped == 0
    world.record = (LATER, False, None)
    assert world.check().skipped == 1
    assert world.told == [("convert", "STALE")]
