"""Plan lines as data: what a line's body says is what will be written, to the letter."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from connector.engine.plan import LINES, changed, changes_of, conversions_of

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
FIELDS = ("Score__c", "Stage__c", "odd name-ö")

texts = st.none() | st.text(max_size=20)
pairs = st.none() | st.tuples(texts, texts)
bodies = st.lists(st.fixed_dictionaries(dict.fromkeys(FIELDS, pairs)), min_size=1, max_size=8)


def lines_of(found: list[dict[str, object]], kind: str = "change") -> pl.DataFrame:
    """Lines with these bodies."""
    rows = [
        {"line": n, "id": f"id{n}", "kind": kind, "base": NOW, "body": orjson.dumps(body).decode()}
        for n, body in enumerate(found)
    ]
    return pl.DataFrame([row | {"reason": "because"} for row in rows], schema=LINES)


@given(bodies)
def test_changes_invert_the_body(
    found: list[dict[str, tuple[str | None, str | None] | None]],
) -> None:
    """Whatever a body holds, the changes frame gives back: from, to, and whether it changes at all.

    Blank, clear and leave stay three different things.
    """
    changes = changes_of(lines_of(found), FIELDS)
    assert changes["@id"].to_list() == [f"id{n}" for n in range(len(found))]
    assert changes["@modified_at"].to_list() == [NOW] * len(found)
    for row, body in zip(changes.iter_rows(named=True), found, strict=True):
        for name in FIELDS:
            pair = body[name]
            assert row[f"change:{name}"] is (pair is not None)
            assert (row[f"from:{name}"], row[f"to:{name}"]) == (pair or (None, None))


@given(bodies)
def test_body_of_a_frame_comes_back(
    found: list[dict[str, tuple[str | None, str | None] | None]],
) -> None:
    """Encoded by polars as the plan does it, and decoded again, nothing is lost."""
    changes = changes_of(lines_of(found), FIELDS)
    encoded = changes.select(
        pl.struct(
            pl.when(f"change:{name}").then(pl.concat_list(f"from:{name}", f"to:{name}")).alias(name)
            for name in FIELDS
        )
        .struct.json_encode()
        .alias("body")
    )["body"]
    again = changes_of(lines_of(found).with_columns(encoded), FIELDS)
    assert again.equals(changes)


def test_fields_that_a_body_does_not_name_are_left() -> None:
    """A saved plan holds only what changes; a field that is missing in it stays as it is."""
    changes = changes_of(lines_of([{"Score__c": ["1", "2"]}]), FIELDS)
    assert changes.select("to:Score__c", "change:Stage__c").row(0) == ("2", False)


@given(
    st.lists(
        st.fixed_dictionaries({"@owner_id": texts, "Name": texts, "Amount": texts}), min_size=1
    )
)
def test_conversions_invert_the_body(found: list[dict[str, str | None]]) -> None:
    """A conversion's body gives owner, key and every opportunity field; the key is the lead's id."""
    frame = conversions_of(lines_of(list(found), "convert"), ("Name", "Amount"))
    assert frame["@key"].to_list() == frame["@id"].to_list()
    for row, body in zip(frame.iter_rows(named=True), found, strict=True):
        assert row["@owner_id"] == body["@owner_id"]
        assert (row["to:Name"], row["to:Amount"]) == (body["Name"], body["Amount"])


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=6))
def test_a_row_changes_when_any_field_does(flags: list[tuple[bool, bool]]) -> None:
    """One changing field is enough; without fields nothing ever changes."""
    frame = pl.DataFrame(
        flags, schema={"change:a": pl.Boolean, "change:b": pl.Boolean}, orient="row"
    )
    found = frame.select(changed(["a", "b"]).alias("x"))["x"].to_list()
    assert found == [one or other for one, other in flags]
    assert frame.select(changed([]).alias("x"))["x"].any() is False
