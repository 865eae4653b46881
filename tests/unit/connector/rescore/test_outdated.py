"""The ledger's side: who was not judged as of a day."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connector.engine.there import decoded, read_there, written_there
from connector.ledger import open_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector.ledger import SqlLedger

DAY = date(2026, 11, 22)
LATER = date(2026, 11, 23)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    """A ledger with five leads of one run."""
    now = datetime(2026, 11, 22, 8, tzinfo=UTC)
    with closing(open_ledger(f"sqlite:///{tmp_path / 'l.db'}", clock=lambda: now)) as opened:
        frame = pl.DataFrame({"id": list("abcde")}).with_columns(
            facts=pl.lit("{}"), there=pl.lit("{}")
        )
        opened.remember("acme", "run1", frame)
        yield opened


def outdated(ledger: SqlLedger, run: str, day: date, size: int = 2) -> list[str]:
    """The ids that are outdated."""
    return [i for page in ledger.outdated("acme", run, day, size=size) for i in page["id"]]


def test_leads_are_outdated_until_their_day(ledger: SqlLedger) -> None:
    """Never judged or judged on an earlier day; all pages, each lead once, in order."""
    assert outdated(ledger, "run2", DAY) == list("abcde")

    ledger.judged_as_of("acme", DAY)

    assert outdated(ledger, "run2", DAY) == []
    assert outdated(ledger, "run2", LATER) == list("abcde")


def test_a_later_day_stays(ledger: SqlLedger) -> None:
    """A run of an earlier day does not make leads older than they are."""
    ledger.judged_as_of("acme", LATER)
    ledger.judged_as_of("acme", DAY)

    assert outdated(ledger, "run2", LATER) == []


def test_some_are_left_out(ledger: SqlLedger) -> None:
    """Those met in this run, those gone, and those of which we do not know what is in the CRM."""
    ledger.remember("acme", "run2", pl.DataFrame({"id": ["a"]}))
    ledger.remember(
        "acme",
        "run1",
        pl.DataFrame({"id": ["b"], "there": [None]}, schema_overrides={"there": pl.String}),
    )
    gone = pl.DataFrame(
        {"@id": ["c"], "@merged_into": [None]}, schema_overrides={"@merged_into": pl.String}
    )
    ledger.forget_gone("acme", "run1", gone)

    assert outdated(ledger, "run2", DAY) == ["d", "e"]
    assert outdated(ledger, "run3", DAY) == ["a", "d", "e"]


def test_what_is_there_follows_what_was_written() -> None:
    """Written fields take the new text, a clear becomes null, the others stay; unknown stays so."""
    difference = pl.DataFrame(
        {"from:A": ['a "1"', None], "from:B": ["b", "ü"]},
        schema={"from:A": pl.String, "from:B": pl.String},
    )
    objects = difference.select(
        read_there(["A", "B"], pl.Series(["o1", None]), pl.Series([None, "mql"])).alias("there")
    )["there"]
    changes = pl.DataFrame(
        {
            "to:A": ["new", "x"],
            "change:A": [True, False],
            "to:B": [None, "y"],
            "change:B": [True, False],
        },
        schema_overrides={"to:B": pl.String},
    )

    after = written_there(["A", "B"], objects, changes)
    unknown = written_there(["A", "B"], pl.Series([None, None], dtype=pl.String), changes)

    assert decoded(["A", "B"], objects)["A"].to_list() == ['a "1"', None]
    assert decoded(["A", "B"], after).rows() == [
        ("new", None, "o1", None),
        (None, "ü", None, "mql"),
    ]
    assert unknown.to_list() == [None, None]
