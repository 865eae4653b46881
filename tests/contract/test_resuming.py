"""A pull of one process goes on in another one, after any of its pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.crm.hubspot import pulling
from connector.crm.salesforce import bulk
from connector.engine.ports import Window
from tests.contract.sites import window_after
from tests.contract.test_reading import everything, leads_of, pages_of

if TYPE_CHECKING:
    from connector.engine.ports import Crm
    from tests.contract.sites import Site

TIED = 405


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of about a hundred records, where the CRM lets us choose."""
    monkeypatch.setattr(pulling, "_ROWS", 100)
    monkeypatch.setattr(bulk, "PAGE_ROWS", 100)


def goes_on_after_each_page(site: Site, window: Window, **settings: object) -> int:
    """Whatever page was the last, another pull brings the others; how many places there are."""
    pages = pages_of(site.open(**settings), window, [site.typed])
    known = leads_of(pages)["@id"].to_list()
    told = [page.expected for page in pages if page.expected is not None]
    placed = [number for number, page in enumerate(pages) if page.place is not None]
    for number in placed:
        rest = list(site.open(**settings).pull(window, [site.typed], after=pages[number].place))
        done = leads_of(pages[: number + 1])["@id"].to_list()
        left = [lead for page in rest for lead in page.leads["@id"]]
        assert sorted(done + left) == sorted(known)
        again = [page.expected for page in rest if page.expected is not None]
        assert all(expected == told[-1] for expected in again[-1:])
    return len(placed)


@pytest.mark.needs("windows", "network")
def test_full_pull_goes_on_after_each_page(site: Site) -> None:
    """Of everything only what was not read is read."""
    assert goes_on_after_each_page(site, everything(site)) > 2


@pytest.mark.needs("windows", "network")
def test_pull_goes_on_in_the_middle_of_ties(site: Site) -> None:
    """More leads of one modified time than a page holds: none is missed and none comes twice."""
    since = window_after(site)
    site.edit(site.lead_ids()[:TIED], "Edited at once")
    assert goes_on_after_each_page(site, Window(since, site.now())) > 2


@pytest.mark.needs("windows", "network")
def test_pull_of_a_job_goes_on_after_each_page(site: Site) -> None:
    """Where many rows come by a job, its results are read on from the next page."""
    if site.name != "salesforce":
        pytest.skip("only Salesforce has query jobs")
    assert goes_on_after_each_page(site, everything(site), bulk_above=200) > 2


@pytest.mark.parametrize("place", ["", "nonsense", "{}", "[1]", '{"last":["x","y\'"],"rows":1}'])
def test_unknown_place_begins_anew(site: Site, crm: Crm, place: str) -> None:
    """A place that another version has written, or nobody, is no reason to miss a lead."""
    pages = list(crm.pull(everything(site), [site.email], after=place))
    assert set(site.lead_ids()) <= set(leads_of(pages)["@id"])
