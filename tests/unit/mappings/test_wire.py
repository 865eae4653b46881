"""The canonical text of CRM values."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.wire import canonical
from tests.unit.mappings.builders import field


def formed(texts, kind, **more):
    """The canonical forms of texts in a field of this type."""
    frame = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)})
    return frame.select(canonical(pl.col("text"), field("F", kind, **more))).to_series().to_list()


SAME = [
    ("number", {"scale": 2}, ["87.0", "87", "87.00", "8.7E1", " 87 "], "87"),
    ("number", {"scale": 2}, ["87.125", "87.13"], "87.13"),
    ("number", {"scale": 2}, ["-87.125", "-87.13"], "-87.13"),
    ("number", {}, ["24.00", "24"], "24"),
    ("number", {}, ["0.0000001", "1e-7"], "0.0000001"),
    ("money", {"scale": 0}, ["1.0E7", "10000000"], "10000000"),
    ("money", {"scale": 2}, ["1.0E22"], "10000000000000000000000"),
    ("integer", {}, ["25.0", "25", "2.5e1"], "25"),
    ("percent", {"scale": 1}, ["-0.0", "0", "-0.04"], "0"),
    ("boolean", {}, ["true", "TRUE", "1", "yes"], "true"),
    ("date", {}, ["2026-01-31", "1769817600000", "2026-01-31T00:00:00Z"], "2026-01-31"),
    ("datetime", {}, ["2026-01-31T12:00:00.000+0000", "2026-01-31T12:00:00.000Z", "1769860800000", "2026-01-31T13:00:00+01:00"], "2026-01-31T12:00:00Z"),
    ("datetime", {}, ["2026-01-31T12:00:00.120Z", "1769860800120"], "2026-01-31T12:00:00.120Z"),
    ("multi_picklist", {}, ["b;a", "a;b", "a; b;a;", ";a;b"], "a;b"),
    ("text", {}, [" Acme ", "Acme\n", "Acme"], "Acme"),
    ("long_text", {}, ["a\r\nb", "a\nb", "a\rb"], "a\nb"),
    ("long_text", {"length": 5}, ["abcdefg", "abcdxyz"], "abcd…"),
    ("picklist", {}, ["Hot "], "Hot"),
    ("text", {}, ["", "   ", None], None),
    ("number", {}, ["", None], None),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "more", "texts", "form"), SAME)
def test_equal_values_have_equal_text(kind, more, texts, form):
    """However a CRM or an API spells a value, it has one form."""
    assert formed(texts, kind, **more) == [form] * len(texts)


@pytest.mark.parametrize("kind", ["number", "boolean", "date", "datetime"])
def test_what_is_not_a_value_stays_and_differs(kind):
    """Text in a field of another type is neither lost nor taken for blank."""
    assert formed(["??"], kind) == ["??"]


KINDS = st.sampled_from(
    ["text", "long_text", "picklist", "multi_picklist", "boolean", "integer", "number", "money", "percent", "date", "datetime", "email"]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=30),
    st.floats().map(str),
    st.integers().map(str),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")),
    st.sampled_from(["true", "No", "a;b;;a", " x ", "1769860800000"]),
)


@settings(max_examples=400, deadline=None)
@given(TEXTS, KINDS, st.sampled_from([0, 1, 5, 255]), st.sampled_from([None, 0, 2, 5]))
def test_the_canonical_form_is_its_own_canonical_form(text, kind, length, scale):
    """Bringing a value to its form twice changes nothing the second time."""
    once = formed([text], kind, length=length, scale=scale)

    assert formed(once, kind, length=length, scale=scale) == once


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=40), st.integers(1, 30))
def test_text_never_exceeds_its_field(text, length):
    """What is written fits, counted in characters."""
    (form,) = formed([text], "text", length=length)

    assert form is None or len(form) <= length


@pytest.mark.parametrize(
    "kind", ["text", "multi_picklist", "boolean", "number", "date", "datetime"]
)
def test_a_column_keeps_its_name(kind):
    """Columns brought to their form replace themselves in a frame."""
    frame = pl.DataFrame({"A": ["1"]}).with_columns(canonical(pl.col("A"), field("A", kind)))

    assert frame.columns == ["A"]
