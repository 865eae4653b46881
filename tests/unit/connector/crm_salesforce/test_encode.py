"""Leave, clear and write are three things, in JSON and in CSV, for every text there is."""

from __future__ import annotations

import csv
import io

import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.crm.salesforce import encode
from mappings.schema import Field, ObjectSchema

KINDS = {"Notes": "text", "Score": "number", "Hot": "boolean", "Day": "date", "At": "datetime"}
SCHEMA = ObjectSchema("Lead", {name: Field(name, kind) for name, kind in KINDS.items()})


def frame(**columns):
    """A frame of changes of one row: field to (text, change)."""
    made = pl.DataFrame({"@id": ["00Q1"]})
    for name, (text, change) in columns.items():
        made = made.with_columns(
            pl.lit(text, dtype=pl.String).alias(f"to:{name}"),
            pl.lit(change).alias(f"change:{name}"),
        )
    return made


def as_json(changes):
    """What a collections call would carry for the row, without its head."""
    body = orjson.loads(encode.collection(encode.json_records(changes, SCHEMA)))
    assert body["allOrNone"] is False
    (record,) = body["records"]
    assert record.pop("attributes") == {"type": "Lead"}
    assert record.pop("id") == "00Q1"
    return record


def as_csv(changes):
    """The header and the row of a bulk upload."""
    text = encode.bulk_csv(changes, SCHEMA).decode()
    return next(iter(csv.DictReader(io.StringIO(text, newline=""))))


def test_leave_clear_and_write_differ():
    """What is left is absent or empty, what is cleared is null or marked, the rest is written."""
    changes = frame(Notes=(None, True), Score=("87.5", True), Hot=("true", False), Day=("x", False))

    assert as_json(changes) == {"Notes": None, "Score": 87.5}
    assert as_csv(changes) == {"Id": "00Q1", "Notes": "#N/A", "Score": "87.5", "Hot": "", "Day": ""}


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_any_text_arrives_as_it_is(text):
    """Quotes, newlines, emoji and control characters survive both ways of writing."""
    changes = frame(Notes=(text, True))
    blank = not text.strip()

    sent = as_json(changes)["Notes"]

    assert (sent is None) if pl.Series([text]).str.strip_chars()[0] == "" else sent == text
    if not blank and "\x00" not in text:
        assert as_csv(changes)["Notes"] == text


@pytest.mark.parametrize(
    ("text", "number"),
    [("87", 87), ("1e2", 1e2), ("+5", 5), ("007", 7), ("-0.5", -0.5), (".5", 0.5)],
)
def test_numbers_go_as_numbers(text, number):
    """A number's text becomes a JSON number, also where JSON has another form for it."""
    assert as_json(frame(Score=(text, True)))["Score"] == number


def test_a_checkbox_is_never_blank():
    """Clearing a checkbox unticks it: Salesforce has no third state."""
    assert as_json(frame(Hot=(None, True))) == {"Hot": False}
    assert as_csv(frame(Hot=(None, True)))["Hot"] == "false"
    assert as_json(frame(Hot=("True", True))) == {"Hot": True}


@pytest.mark.parametrize(
    ("name", "text", "fits"),
    [
        ("Score", "12.5", True),
        ("Score", "NaN", False),
        ("Score", "twelve", False),
        ("Hot", "yes", False),
        ("Hot", "FALSE", True),
        ("Day", "2026-11-22", True),
        ("Day", "22.11.2026", False),
        ("At", "2026-11-22T08:00:00Z", True),
        ("At", "2026-11-22T08:00:00.000+0100", True),
        ("At", "2026-11-22", False),
        ("Notes", "anything", True),
        ("Unknown", "anything", True),
    ],
)
def test_values_that_do_not_fit_are_found_before_sending(name, text, fits):
    """One misfit would make Salesforce refuse the whole request, so it is found here."""
    found = encode.first_unfit(frame(**{name: (text, True)}), SCHEMA).to_list()

    assert found == [None if fits else name]
    assert encode.first_unfit(frame(**{name: (text, False)}), SCHEMA).to_list() == [None]


def test_the_mark_that_clears_cannot_be_sent_as_a_text_by_bulk():
    """A lead that really says #N/A goes by REST."""
    marked = pl.concat(
        [frame(Notes=("#N/A", True)), frame(Notes=(" #N/A ", True)), frame(Notes=("N/A", True))]
    )

    assert marked.select(encode.only_by_rest(marked)).to_series().to_list() == [True, True, False]


def test_a_row_without_changes_is_known():
    """A row whose flags are all off has nothing to send."""
    rows = pl.concat([frame(Notes=("a", False)), frame(Notes=("a", True))])

    assert rows.select(encode.changes_nothing(rows)).to_series().to_list() == [True, False]


def test_a_bulk_file_has_line_feeds_and_quotes_only():
    """A carriage return stays inside quotes: a bare one would fail the whole job."""
    text = encode.bulk_csv(frame(Notes=("a\rb", True)), SCHEMA)

    assert text == b'"Id","Notes"\n"00Q1","a\rb"\n'
