"""What every CRM must do when leads are converted; see `tests.contract.sites`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from connector.engine.ports import CONVERSION_OUTCOMES
from tests.contract.sites import conversions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.engine.ports import Crm
    from tests.contract.sites import Site


@pytest.fixture
def ready(site: Site, crm: Crm) -> Crm:
    """A connection whose CRM has the fields that a conversion needs."""
    if site.new_for_conversion:
        crm.setup(site.new_for_conversion)
    return crm


def converted(crm: Crm, site: Site, ids: Sequence[str]) -> pl.DataFrame:
    """The outcomes of a conversion, in one frame."""
    return pl.concat(list(crm.convert(conversions(crm, site, ids), site.conversion)))


def test_conversion_makes_one_opportunity_with_the_mapped_fields(site: Site, ready: Crm) -> None:
    """Each lead gets one opportunity, with the given values, and the outcome names it."""
    leads = site.convertible()[:3]
    told = converted(ready, site, leads)
    assert told.schema == CONVERSION_OUTCOMES
    assert sorted(told["@id"]) == sorted(leads)
    assert set(told["outcome"]) == {"applied"}
    for lead, opportunity in told.select("@id", "@opportunity_id").iter_rows():
        assert site.opportunities(lead) == {opportunity: site.opportunity}


@pytest.mark.needs("audit")
def test_conversion_writes_no_other_field(site: Site, ready: Crm) -> None:
    """Only mapped fields move, beside those that the adapter declares to need."""
    converted(ready, site, site.convertible()[:2])
    extra = site.opportunity_fields_written() - set(site.opportunity)
    assert extra <= site.conversion_extras


def test_repeated_conversion_gives_the_same_opportunity(site: Site, ready: Crm) -> None:
    """Converted again, by the same connection and by another, a lead keeps its one opportunity."""
    leads = site.convertible()[:2]
    first = converted(ready, site, leads).sort("@id")
    again = converted(ready, site, leads).sort("@id")
    other = site.open()
    third = converted(other, site, leads).sort("@id")
    other.close()
    for told in (again, third):
        assert told.select("@id", "outcome", "@opportunity_id").equals(
            first.select("@id", "outcome", "@opportunity_id")
        )
    assert [len(site.opportunities(lead)) for lead in leads] == [1, 1]


def test_lead_that_has_gone_is_not_converted(site: Site, ready: Crm) -> None:
    """A lead deleted since the pull gets no opportunity; the others do, and all are answered."""
    gone, there = site.convertible()[:2]
    frame = conversions(ready, site, [gone, there])
    ready.close()
    site.delete(gone)
    crm = site.open()
    told = pl.concat(list(crm.convert(frame, site.conversion)))
    crm.close()
    found = {row["@id"]: row for row in told.iter_rows(named=True)}
    assert found[there]["outcome"] == "applied"
    assert found[gone]["outcome"] != "applied"
    assert found[gone]["@opportunity_id"] is None
    assert len(site.opportunities(there)) == 1


def test_empty_frame_converts_nothing(site: Site, ready: Crm) -> None:
    """No rows, no outcomes."""
    frame = conversions(ready, site, site.convertible()[:1]).clear()
    assert sum(told.height for told in ready.convert(frame, site.conversion)) == 0


@pytest.mark.needs("network")
def test_lost_answer_to_a_conversion_makes_nothing_twice(site: Site, ready: Crm) -> None:
    """The CRM converts, the answer is lost: each lead still has one opportunity, and it is told."""
    leads = site.convertible()[:4]
    site.lose_answers("convert")
    told = converted(ready, site, leads)
    assert set(told["outcome"]) == {"applied"}
    for lead, opportunity in told.select("@id", "@opportunity_id").iter_rows():
        assert site.opportunities(lead) == {opportunity: site.opportunity}
