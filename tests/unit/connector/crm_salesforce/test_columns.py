"""One frame from two forms: JSON and CSV of the same records give the same columns."""

from __future__ import annotations

import csv
import io

import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from connector.crm.salesforce.columns import Layout
from mappings.schema import Field, ObjectSchema

SCHEMA = ObjectSchema(
    "Lead",
    {
        name: Field(name, kind)
        for name, kind in {
            "Id": "id",
            "SystemModstamp": "datetime",
            "IsDeleted": "boolean",
            "MasterRecordId": "id",
            "IsConverted": "boolean",
            "OwnerId": "id",
            "Company": "text",
            "Revenue": "money",
            "Seen": "datetime",
        }.items()
    },
)
LAYOUT = Layout.of(SCHEMA, ["Company", "Revenue", "Seen", "Owner.Name"])


def java(number):
    """A double as the bulk API writes it: 87.0, 3.5E8, 1.0E-4."""
    if number is None:
        return ""
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        return format(number, "f") if number == int(number) and abs(number) < 1 else repr(number)
    digits, exponent = f"{number:.17e}".split("e")
    shortest = next(
        (s for p in range(17) if float(s := f"{number:.{p}e}") == number), f"{digits}e{exponent}"
    )
    digits, exponent = shortest.split("e")
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def both(records):
    """The same records read from JSON and from CSV."""
    told = [
        {
            "Id": f"00Q{n:015d}",
            "SystemModstamp": "2026-01-31T12:00:00.000+0000",
            "IsDeleted": False,
            "MasterRecordId": None,
            "IsConverted": bool(n % 2),
            "OwnerId": "005",
            "Company": company,
            "Revenue": revenue,
            "Seen": "2026-02-01T00:00:00.000+0000",
            "Owner": {"attributes": {"type": "Name"}, "Name": owner} if owner else None,
        }
        for n, (company, revenue, owner) in enumerate(records)
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(LAYOUT.select)
    for row in told:
        cells = row | {
            "Owner.Name": (row["Owner"] or {}).get("Name"),
            "Revenue": java(row["Revenue"]),
        }
        writer.writerow([_cell(cells[name]) for name in LAYOUT.select])
    parsed = orjson.loads(orjson.dumps(told))
    return LAYOUT.from_records(parsed), LAYOUT.from_csv(text.getvalue().encode())


def _cell(value):
    if isinstance(value, bool):
        return str(value).lower()
    return (value or "").replace("+0000", "Z")


texts = st.none() | st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=1
)
numbers = st.none() | st.floats(
    allow_nan=False, allow_infinity=False, min_value=-1e17, max_value=1e17
)


@given(st.lists(st.tuples(texts, numbers, texts), min_size=1, max_size=8))
def test_both_forms_give_the_same_frame(records):
    """Whatever text or number a field holds, JSON and CSV tell it with the same characters."""
    from_json, from_csv = both(records)

    assert_frame_equal(from_json, from_csv)


@pytest.mark.parametrize(
    ("number", "text"),
    [(350000000.0, "350000000"), (87.0, "87"), (0.25, "0.25"), (-0.0, "0"), (1e-4, "0.0001")],
)
def test_numbers_have_one_text(number, text):
    """No needless fraction and no exponent."""
    from_json, from_csv = both([(None, number, None)])

    assert (from_json["Revenue"][0], from_csv["Revenue"][0]) == (text, text)


def test_an_empty_value_is_null_and_a_word_stays():
    """A company that is really called N/A is not nothing."""
    _, frame = both([("N/A", None, "null"), (None, 1.0, None)])

    assert frame["Company"].to_list() == ["N/A", None]
    assert frame["Owner.Name"].to_list() == ["null", None]


def test_whole_numbers_of_any_size_stay_exact():
    """An integer beyond a double's precision keeps all its digits."""
    frame = LAYOUT.from_records([{"Id": "a", "Revenue": 123456789012345678}])

    assert frame["Revenue"].to_list() == ["123456789012345678"]


def test_a_page_tells_leads_from_gone():
    """Deleted and merged records leave the leads and say into what they were merged."""
    raw = LAYOUT.from_records(
        [
            {"Id": "a", "IsDeleted": False, "IsConverted": True, "OwnerId": "005"},
            {"Id": "b", "IsDeleted": True, "MasterRecordId": "a"},
            {"Id": "c", "IsDeleted": True, "MasterRecordId": None},
        ]
    )

    leads, gone = LAYOUT.leads(raw), LAYOUT.gone(raw)

    assert leads.select("@id", "@converted", "@owner_id", "@opportunity_id").rows() == [
        ("a", True, "005", None)
    ]
    assert gone.rows() == [("b", "a"), ("c", None)]


def test_fields_keep_the_callers_spelling():
    """A mapping may spell a field in another case; its own spelling names the column."""
    layout = Layout.of(SCHEMA, ["COMPANY"])

    leads = layout.leads(layout.from_records([{"Id": "a", "Company": "Acme"}]))

    assert leads["COMPANY"].to_list() == ["Acme"]


def test_no_rows_have_the_same_columns():
    """A page without records can be joined to any other."""
    empty = LAYOUT.leads(LAYOUT.from_records([]))

    assert empty.schema == LAYOUT.leads(both([("x", 1.0, "y")])[0]).schema
    assert isinstance(LAYOUT.gone(LAYOUT.from_records([])), pl.DataFrame)
