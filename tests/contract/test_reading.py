"""What every CRM must answer when it is read.

The suite knows no CRM. It takes each from the table in `tests.contract.sites`, whose docstring says
how the adapter of a third party joins it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connector.engine.ports import GONE, PAGE_META, Window
from mappings.check import check_mapping
from mappings.mapping import load_mapping
from scoring.document import parse_yaml
from tests.contract.sites import window_after

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.engine.ports import Crm, Page
    from tests.contract.sites import Site


def pages_of(crm: Crm, window: Window, fields: Sequence[str]) -> list[Page]:
    """Every page of a pull."""
    return list(crm.pull(window, fields))


def leads_of(pages: list[Page]) -> pl.DataFrame:
    """The leads of these pages in one frame."""
    return pl.concat([page.leads for page in pages])


def gone_of(pages: list[Page]) -> dict[str, str | None]:
    """The records that these pages say are gone, and what they were merged into."""
    return dict(pl.concat([page.gone for page in pages]).iter_rows())


def everything(site: Site) -> Window:
    """The window of a full pull."""
    return Window(None, site.now() + timedelta(seconds=1))


def test_describes_the_fields_that_the_mapping_names(site: Site, crm: Crm) -> None:
    """The mapping fits what is described, apart from fields that setup can create."""
    document = parse_yaml(site.mapping(), "mapping.yaml")
    checked = check_mapping(
        load_mapping(document), document, crm.describe(), supports_setup=crm.field_name
    )
    unmade = [p for p in checked.errors if not any(f.name in p.what for f in checked.missing)]
    assert unmade == []
    described = crm.describe().lead.fields
    assert {site.typed, site.email, *site.texts} <= set(described)
    assert all(described[name].writable for name in site.texts)


def test_schema_names_each_field_by_its_key(crm: Crm) -> None:
    """The schema's keys are the fields' names, and it has an opportunity beside the lead."""
    schema = crm.describe()
    assert schema.crm == crm.name
    assert schema.lead.name == crm.lead_object
    assert schema.opportunity is not None
    for described in (schema.lead, schema.opportunity):
        assert all(name == field.name for name, field in described.fields.items())


def test_clock_is_the_present(crm: Crm) -> None:
    """The CRM tells the time, in UTC."""
    now = crm.now()
    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)


def test_full_pull_reads_every_lead_once(site: Site, crm: Crm) -> None:
    """Over several pages each lead comes exactly once, and the count that is told is true."""
    pages = pages_of(crm, everything(site), [site.email])
    found = leads_of(pages)
    assert found["@id"].is_unique().all()
    assert set(site.lead_ids()) <= set(found["@id"])
    unconverted = found.filter(~pl.col("@converted"))["@id"].to_list()
    assert sorted(unconverted) == sorted(site.lead_ids())
    told = [page.expected for page in pages if page.expected is not None]
    assert all(expected == found.height for expected in told[-1:])


def test_pages_have_the_columns_of_the_port(site: Site, crm: Crm) -> None:
    """Every page has the record's columns and one text column per field that was asked for."""
    fields = [site.email, *site.texts]
    for page in pages_of(crm, everything(site), fields):
        assert page.leads.schema == PAGE_META | dict.fromkeys(fields, pl.String())
        assert page.gone.schema == GONE
        assert page.leads["@modified_at"].null_count() == 0
        assert (page.leads[site.email] == "").sum() == 0


@pytest.mark.needs("windows")
def test_incremental_pull_reads_what_changed(site: Site, crm: Crm) -> None:
    """After an edit a window reads the edited lead with its new value, and no others."""
    since = window_after(site)
    edited = site.lead_ids()[7]
    site.edit([edited], "Edited 7")
    found = leads_of(pages_of(crm, Window(since, site.now()), [site.typed]))
    assert found.select("@id", site.typed).rows() == [(edited, "Edited 7")]
    assert found["@modified_at"].item() >= since


def test_source_that_did_not_change_gives_nothing(site: Site, crm: Crm) -> None:
    """A window after the last change is empty."""
    site.pass_time(120)
    since = site.now() + timedelta(seconds=1)
    pages = pages_of(crm, Window(since, since + timedelta(minutes=1)), [site.typed])
    assert sum(page.leads.height for page in pages) == 0


def test_edit_is_read_by_the_next_pull(site: Site, crm: Crm) -> None:
    """A pull that begins before an edit reads it, with overlap rows allowed."""
    since = window_after(site)
    edited = site.lead_ids()[3]
    site.edit([edited], "Edited 3")
    pages = pages_of(site.open(), Window(since, site.now() + timedelta(seconds=1)), [site.typed])
    found = dict(leads_of(pages).select("@id", site.typed).iter_rows())
    assert found[edited] == "Edited 3"


@pytest.mark.needs("windows")
def test_ties_at_one_moment_are_all_read(site: Site, crm: Crm) -> None:
    """More leads of one and the same modified time than a page holds are all read, each once."""
    since = window_after(site)
    edited = site.lead_ids()[:405]
    site.edit(edited, "Edited at once")
    found = leads_of(pages_of(crm, Window(since, site.now()), [site.typed]))
    assert found["@modified_at"].n_unique() == 1
    assert sorted(found["@id"]) == sorted(edited)


@pytest.mark.needs("windows", "gone")
def test_deleted_leads_are_told_as_gone(site: Site, crm: Crm) -> None:
    """A deleted record is in `gone` without a successor, and not among the leads."""
    since = window_after(site)
    deleted = site.lead_ids()[5]
    site.delete(deleted)
    pages = pages_of(crm, Window(since, site.now()), [site.typed])
    assert gone_of(pages) == {deleted: None}
    assert deleted not in leads_of(pages)["@id"]


@pytest.mark.needs("windows", "merges")
def test_merged_leads_are_told_with_their_successor(site: Site, crm: Crm) -> None:
    """What a merge takes away is in `gone` and names the record that stays, which is read."""
    since = window_after(site)
    winner, loser = site.lead_ids()[10:12]
    stays, gone = site.merge(winner, loser)
    pages = pages_of(crm, Window(since, site.now()), [site.typed])
    assert gone_of(pages) == dict.fromkeys(gone, stays)
    assert leads_of(pages)["@id"].to_list() == [stays]


def test_fetch_reads_by_id(site: Site, crm: Crm) -> None:
    """Leads are read by id in the form of a page; ids that nobody has are left out."""
    wanted = site.lead_ids()[:3]
    unknown = wanted[0][:-3] + "998"
    site.edit(wanted, "Fetched")
    found = crm.fetch([*wanted, unknown], [site.typed])
    assert found.schema == PAGE_META | {site.typed: pl.String()}
    assert sorted(found["@id"]) == sorted(wanted)
    assert found[site.typed].unique().to_list() == ["Fetched"]
    assert crm.fetch([], [site.typed]).height == 0


def test_find_by_address_and_by_id(site: Site, crm: Crm) -> None:
    """A lead is found by its e-mail address, in whatever case, and by its id; else nothing is."""
    known = leads_of(pages_of(crm, everything(site), [site.email])).filter(~pl.col("@converted"))
    once = known.filter(pl.col(site.email).is_not_null() & pl.col(site.email).is_unique())
    lead, address = once.select("@id", site.email).row(0)
    assert crm.find(address, [site.email])["@id"].to_list() == [lead]
    assert lead in crm.find(address.upper(), [site.email])["@id"]
    assert crm.find(lead, [site.email])["@id"].to_list() == [lead]
    assert crm.find("nobody@nowhere.example", [site.email]).height == 0
