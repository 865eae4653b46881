"""Records become raw frames exactly as the engine's ports describe them."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from connector.crm.hubspot.frames import merged_frame, raw_frame
from connector.crm.hubspot.objects import CONTACTS, LEADS
from connector.engine.ports import GONE, PAGE_META


def record(number: str, **properties: str | None) -> dict[str, object]:
    """A record as HubSpot sends it."""
    return {"id": number, "properties": properties, "updatedAt": "2026-01-01T00:00:00Z"}


def test_columns_and_types() -> None:
    """The columns about the record come first, then the fields, all of the types agreed."""
    frame = raw_frame([record("1", email="a@b.example")], ["email", "company"], CONTACTS)

    assert frame.schema == pl.Schema(PAGE_META | {"email": pl.String, "company": pl.String})
    assert raw_frame([], ["email"], CONTACTS).schema == pl.Schema(PAGE_META | {"email": pl.String})


def test_instants_with_and_without_fraction() -> None:
    """HubSpot leaves out the fraction when its milliseconds are zero; both are read."""
    frame = raw_frame(
        [
            record("1", lastmodifieddate="2026-02-28T03:30:17.883Z"),
            record("2", lastmodifieddate="2026-02-28T03:30:17Z"),
        ],
        [],
        CONTACTS,
    )

    expected = [
        datetime(2026, 2, 28, 3, 30, 17, 883000, tzinfo=UTC),
        datetime(2026, 2, 28, 3, 30, 17, tzinfo=UTC),
    ]

    assert frame["@modified_at"].to_list() == expected


def test_the_modified_time_differs_by_object() -> None:
    """Contacts and leads keep it in different properties; else the record's own is taken."""
    times = {
        "lastmodifieddate": "2026-03-03T00:00:00Z",
        "hs_lastmodifieddate": "2026-04-04T00:00:00Z",
    }

    found = [
        raw_frame([record("1", **given)], [], kind)["@modified_at"][0].month
        for kind, given in ((CONTACTS, times), (LEADS, times), (CONTACTS, {}))
    ]

    assert found == [3, 4, 1]


def test_blank_is_null_and_text_stays_text() -> None:
    """An empty text is blank; every other value stays exactly as it was sent."""
    frame = raw_frame(
        [record("1", amount="24.00", note=" x ", empty="", none=None, hubspot_owner_id="7")],
        ["amount", "note", "empty", "none"],
        CONTACTS,
    )

    assert frame.select("amount", "note", "empty", "none").row(0) == ("24.00", " x ", None, None)
    assert frame["@owner_id"].to_list() == ["7"]


def test_merged_records_name_the_old_ids() -> None:
    """Each old id is a gone row that leads to the new one; an id never leads to itself."""
    frame = merged_frame(
        [
            record("9", hs_merged_object_ids="1;2"),
            record("8", hs_merged_object_ids=None),
            record("7", hs_merged_object_ids="7; 3;"),
        ]
    )

    assert frame.schema == pl.Schema(GONE)
    assert frame.rows() == [("1", "9"), ("2", "9"), ("3", "7")]
    assert merged_frame([]).schema == pl.Schema(GONE)
