"""What is remembered of leads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.ledger import SqlLedger, open_ledger
from connector.ledger.memory import MEMORY

if TYPE_CHECKING:
    from collections.abc import Callable

START = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
GONE = {"@id": pl.String, "@merged_into": pl.String}


def _gone(pairs: dict[str, str | None]) -> pl.DataFrame:
    return pl.DataFrame({"@id": list(pairs), "@merged_into": list(pairs.values())}, schema=GONE)


def _ids(ledger: SqlLedger) -> list[str]:
    pages = [page["id"] for page in ledger.leads_facts("acme")]
    return pl.concat(pages).to_list() if pages else []


def _row(ledger: SqlLedger, lead: str) -> dict[str, object]:
    return ledger.seen("acme", [lead]).row(0, named=True)


moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 — the zone comes with it
texts = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
memories = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.text("abcdefXYZ0189-_", min_size=1, max_size=6),
            "modified_at": st.none() | moments,
            "stage": texts,
            "stage_since": st.none() | moments,
            "verdict_key": texts,
            "written": texts,
            "converted": st.booleans(),
            "opportunity_id": st.none() | st.text("0016", min_size=1),
        }
    ),
    max_size=20,
    unique_by=lambda row: row["id"],
)
SCHEMA = {
    "id": pl.String, "modified_at": pl.Datetime("us", "UTC"),
    "stage": pl.String, "stage_since": pl.Datetime("us", "UTC"),
    "verdict_key": pl.String, "written": pl.String, "converted": pl.Boolean,
    "opportunity_id": pl.String,
}  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(first=memories, second=memories)
def test_what_is_remembered_is_seen(
    first: list[dict[str, object]],
    second: list[dict[str, object]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Every lead comes back as it was last remembered, whichever page it was in."""
    path = tmp_path_factory.mktemp("memory") / "ledger.db"
    ledger = open_ledger(f"sqlite:///{path}", clock=lambda: START)
    expected = {row["id"]: row for row in first}
    for row in second:
        known = expected.get(row["id"], {}).get("opportunity_id")
        expected[row["id"]] = row | {"opportunity_id": row["opportunity_id"] or known}
    for run, rows in (("r1", first), ("r2", second)):
        ledger.remember("acme", run, pl.DataFrame(rows, schema=SCHEMA))
    found = ledger.seen("acme", [str(lead) for lead in expected]).select(*SCHEMA)
    ledger.close()

    assert expected == {row["id"]: row for row in found.iter_rows(named=True)}


def test_memory_frame_has_its_columns_when_empty(ledger: SqlLedger) -> None:
    """Unknown leads give a frame of no rows with every column in its type."""
    frame = ledger.seen("acme", ["nobody"])

    assert [*MEMORY, "facts", "there", "run", "days", "answers"] == frame.columns
    assert {name: frame.schema[name] for name in SCHEMA} == SCHEMA
    assert frame.is_empty()


def test_columns_not_given_stay(ledger: SqlLedger) -> None:
    """Remembering the stage alone leaves what we last wrote as it was."""
    ledger.remember("acme", "r1", pl.DataFrame({"id": ["1"], "written": ["{}"], "score": [5.0]}))
    ledger.remember("acme", "r2", pl.DataFrame({"id": ["1"], "stage": ["mql"]}))

    row = ledger.lead("acme", "1")
    assert row is not None
    assert (
        row["written"], row["score"], row["stage"], row["converted"], row["run"],
    ) == ({}, 5.0, "mql", False, "r2")  # fmt: skip


def test_connections_are_apart(ledger: SqlLedger) -> None:
    """The same id in two connections is two leads."""
    ledger.remember("acme", "r1", pl.DataFrame({"id": ["1"], "stage": ["mql"]}))
    ledger.remember("globex", "r1", pl.DataFrame({"id": ["1"], "stage": ["sql"]}))

    assert _row(ledger, "1")["stage"] == "mql"


def test_fifty_thousand_leads_at_once(ledger: SqlLedger) -> None:
    """A whole page is remembered and seen again, whatever the order of its ids."""
    ids = [f"{(number * 7919) % 50_000:08d}" for number in range(50_000)]
    page = pl.DataFrame({"id": ids}).with_columns(
        pl.lit('{"email": "a@example.com", "source": "Web", "company": "Acme"}').alias("facts"),
        pl.lit(START).alias("modified_at"),
        pl.lit(50.0).alias("score"),
        pl.lit("mql").alias("stage"),
    )
    ledger.remember("acme", "r1", page)

    assert ledger.seen("acme", page["id"]).height == 50_000
    assert [p.height for p in ledger.leads_facts("acme", size=20_000)] == [20_000] * 2 + [10_000]


def test_unknown_column_is_an_error(ledger: SqlLedger) -> None:
    """A column that the ledger does not have is a mistake, not something to be dropped."""
    with pytest.raises(KeyError, match="scorr"):
        ledger.remember("acme", "r1", pl.DataFrame({"id": ["1"], "scorr": [1.0]}))


def test_deleted_leads_are_counted_once_and_their_facts_dropped(ledger: SqlLedger) -> None:
    """A lead deleted in the CRM leaves no personal facts; marking it again is nothing new."""
    facts = pl.DataFrame({"id": ["1", "2"], "facts": ['{"email": "a@b.c"}'] * 2})
    ledger.remember("acme", "r1", facts)
    counts = [ledger.forget_gone("acme", "r2", _gone({"1": None, "9": None})) for _ in range(2)]

    assert counts == [1, 0]
    assert _ids(ledger) == ["2"]
    known = ledger.lead("acme", "1")
    assert known is not None
    assert (known["gone"], known["facts"]) == ("deleted", {})


def test_resurrected_lead_lives_again(ledger: SqlLedger) -> None:
    """A lead taken out of the bin counts again once it is seen."""
    ledger.remember("acme", "r1", pl.DataFrame({"id": ["1"], "facts": ["{}"]}))
    ledger.forget_gone("acme", "r2", _gone({"1": None}))
    ledger.remember("acme", "r3", pl.DataFrame({"id": ["1"], "facts": ["{}"]}))

    assert _ids(ledger) == ["1"]
    assert ledger.forget_gone("acme", "r4", _gone({"1": None})) == 1


def test_merged_lead_hands_on_to_the_last_winner(ledger: SqlLedger) -> None:
    """Along a chain of merges the conversion and the written values reach the record that is left."""
    ledger.remember("acme", "r1", pl.DataFrame({"id": ["a", "b"], "written": ['{"F": "1"}', None]}))
    ledger.intend_conversions("acme", "r1", pl.DataFrame({"id": ["a"], "key": ["k"]}))
    ledger.settle_conversions(
        "acme",
        "r1",
        pl.DataFrame({"@id": ["a"], "outcome": ["applied"], "@opportunity_id": ["006"]}),
    )
    ledger.forget_gone("acme", "r2", _gone({"b": "c"}))
    ledger.forget_gone("acme", "r3", _gone({"a": "b"}))

    row = _row(ledger, "c")
    assert (
        row["written"], row["converted"], row["opportunity_id"],
    ) == ('{"F": "1"}', True, "006")  # fmt: skip
    found = ledger.conversions("acme", ["a", "b", "c"])
    assert found.select("id", "key", "state").rows() == [("c", "k", "done")]


def test_winner_keeps_its_own(ledger: SqlLedger) -> None:
    """A winner that was written to and converted keeps both."""
    ledger.remember("acme", "r1", pl.DataFrame({"id": ["a", "c"], "written": ['{"F": "1"}', "{}"]}))
    ledger.intend_conversions("acme", "r1", pl.DataFrame({"id": ["a", "c"], "key": ["k", "l"]}))
    outcomes = {"outcome": ["applied"] * 2, "@opportunity_id": ["1", "2"]}
    ledger.settle_conversions("acme", "r1", pl.DataFrame({"@id": ["a", "c"]} | outcomes))
    ledger.forget_gone("acme", "r2", _gone({"a": "c"}))

    assert (_row(ledger, "c")["written"], _row(ledger, "c")["opportunity_id"]) == ("{}", "2")
    assert ledger.conversions("acme", ["c"]).select("id", "key").rows() == [("c", "l")]


def test_circle_of_merges_ends(ledger: SqlLedger) -> None:
    """Nonsense from a CRM (two leads merged into each other) does not hang the run."""
    ledger.remember("acme", "r1", pl.DataFrame({"id": ["a", "b"], "written": ["{}", "{}"]}))

    assert ledger.forget_gone("acme", "r2", _gone({"a": "b", "b": "a"})) == 2


def test_quarantine_and_release(ledger: SqlLedger) -> None:
    """A lead is held with the reason and the key that ends it, until it is released."""
    held = pl.DataFrame({"id": ["1", "2"], "why": ["too long"] * 2, "key": ["k"] * 2})
    ledger.quarantine("acme", held)

    about = ledger.lead("acme", "1")
    assert about is not None
    assert (about["quarantine"], _row(ledger, "1")["quarantine_key"]) == ("too long", "k")
    assert ledger.release("acme", ["1", "7"]) == 1
    assert _row(ledger, "1")["quarantine_key"] is None
    assert (ledger.release("acme"), ledger.release("acme")) == (1, 0)


def test_rescoring_reads_every_lead_once_while_others_write(
    ledger: SqlLedger, opened: Callable[[], SqlLedger]
) -> None:
    """Pages stay in step although rows are written between them, and no lead comes twice."""
    page = pl.DataFrame({"id": [f"{n:03d}" for n in range(100)], "facts": ["{}"] * 100})
    ledger.remember("acme", "r1", page)
    other, found = opened(), []
    for part in ledger.leads_facts("acme", size=30):
        found += part["id"].to_list()
        other.remember("acme", "r2", part.select("id", score=pl.lit(1.0)))

    assert page["id"].to_list() == found


def test_moments_of_other_zones_are_stored_in_utc(ledger: SqlLedger) -> None:
    """A frame in another time zone or unit says the same moment when it comes back."""
    frame = pl.DataFrame({"id": ["1"], "modified_at": [START + timedelta(milliseconds=5)]})
    other = frame.with_columns(
        pl.col("modified_at").dt.convert_time_zone("Asia/Tokyo").dt.cast_time_unit("ms")
    )
    ledger.remember("acme", "r1", other)

    assert START + timedelta(milliseconds=5) == _row(ledger, "1")["modified_at"]


def test_known_opportunity_is_kept(ledger: SqlLedger) -> None:
    """A CRM that does not tell the opportunity of a converted lead makes us forget nothing."""
    ledger.remember("acme", "r1", pl.DataFrame({"id": ["1"], "opportunity_id": ["006"]}))
    blank = pl.DataFrame(
        {"id": ["1"], "opportunity_id": [None]}, schema_overrides={"opportunity_id": pl.String}
    )
    ledger.remember("acme", "r2", blank)

    assert _row(ledger, "1")["opportunity_id"] == "006"


def test_winner_is_judged_anew(ledger: SqlLedger) -> None:
    """A winner that inherits a conversion is no longer settled."""
    ledger.remember(
        "acme",
        "r1",
        pl.DataFrame({"id": ["a", "c"], "written": ["{}", None], "verdict_key": ["k", "k"]}),
    )
    ledger.forget_gone("acme", "r2", _gone({"a": "c"}))

    assert _row(ledger, "c")["verdict_key"] is None
