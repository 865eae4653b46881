"""Ids and relative dates."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.salesforce.clock import end_of_quarter
from connector.sandbox.salesforce.ids import lengthened, make_id, normalised
from connector.sandbox.salesforce.soql_dates import period

TODAY = date(2026, 3, 4)  # a Wednesday


def test_a_documented_id_gets_its_documented_checksum() -> None:
    """The case checksum is the one that the vendor's manual prints."""
    assert lengthened("001D000000IRFma") == "001D000000IRFmaIAH"


@given(st.integers(min_value=0, max_value=62**6 - 1), st.integers(min_value=0, max_value=62**6 - 1))
def test_ids_differ_even_when_case_is_ignored(left: int, right: int) -> None:
    """Two numbers never give ids that differ in case only, and ids are their own normal form."""
    first, second = make_id("00Q", left), make_id("00Q", right)

    assert (first.lower() == second.lower()) == (left == right)
    assert normalised(first) == first == normalised(first[:15])


@pytest.mark.parametrize("wrong", ["", "00Q", "00QSb0000000002MAB", "00QSb000000000é", None, 5])
def test_what_is_not_an_id_is_not_normalised(wrong: object) -> None:
    """A wrong length, checksum or letter is no id."""
    assert normalised(wrong) is None


@pytest.mark.parametrize(
    ("literal", "first", "after"),
    [
        ("TODAY", "2026-03-04", "2026-03-05"),
        ("YESTERDAY", "2026-03-03", "2026-03-04"),
        ("LAST_N_DAYS:30", "2026-02-02", "2026-03-05"),
        ("NEXT_N_DAYS:2", "2026-03-05", "2026-03-07"),
        ("N_DAYS_AGO:3", "2026-03-01", "2026-03-02"),
        ("THIS_WEEK", "2026-03-01", "2026-03-08"),
        ("LAST_MONTH", "2026-02-01", "2026-03-01"),
        ("LAST_N_MONTHS:2", "2026-01-01", "2026-03-01"),
        ("THIS_QUARTER", "2026-01-01", "2026-04-01"),
        ("NEXT_QUARTER", "2026-04-01", "2026-07-01"),
        ("LAST_YEAR", "2025-01-01", "2026-01-01"),
        ("LAST_90_DAYS", "2025-12-04", "2026-03-05"),
    ],
)
def test_relative_dates(literal: str, first: str, after: str) -> None:
    """A date literal covers whole days, LAST_N_DAYS up to and with today."""
    assert period(literal, TODAY) == (date.fromisoformat(first), date.fromisoformat(after))


@pytest.mark.parametrize("wrong", ["SOMEDAY", "LAST_N_DAYS", "N_DAYS:3", "LAST_N_DAYS_AGO:3"])
def test_unknown_literals_are_nothing(wrong: str) -> None:
    """A word that is no literal has no period."""
    assert period(wrong, TODAY) is None


def test_the_fiscal_quarter_ends_like_the_documented_conversion() -> None:
    """A day in April 2024 closes on the last of June; December ends its own year."""
    assert end_of_quarter(date(2024, 4, 26)) == date(2024, 6, 30)
    assert end_of_quarter(date(2024, 12, 1)) == date(2024, 12, 31)
