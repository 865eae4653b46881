"""The adapter against a local org over real HTTP: what is read, what is written, at what cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from connector.engine.ports import GONE, PAGE_META, Window

SOON = datetime(2026, 3, 2, 11, tzinfo=UTC)
PATCHES = "/composite/sobjects$"


def read(crm, fields, since=None, until=SOON):
    """All leads of a window by id, what has gone, and the CRM's own count."""
    pages = list(crm.pull(Window(since, until), fields))
    leads = pl.concat([page.leads for page in pages]).sort("@id")
    (*_, counted) = (page.expected for page in pages if page.expected is not None)
    return leads, pl.concat([page.gone for page in pages]), counted


def scores(leads, by=7):
    """Changes that give each of these leads a score."""
    return leads.select(
        "@id",
        ((pl.int_range(pl.len()) * by) % 100).cast(pl.String).alias("to:NumberOfEmployees"),
        pl.lit(value=True).alias("change:NumberOfEmployees"),
    )


def outcomes(crm, changes):
    """All outcomes, after checking that each row has exactly one."""
    told = pl.concat(list(crm.write(changes)))

    assert sorted(told["@id"]) == sorted(changes["@id"])
    return dict(told.group_by("outcome").len().iter_rows())


@pytest.fixture
def every_field(join):
    """Every field that a mapping could read, and a parent's."""
    return [*join().describe().lead.fields, "Owner.Name"]


def test_rest_and_bulk_give_identical_frames(join, org, every_field):
    """Every field of every lead is told with the same characters, whichever way it came."""
    (gone,) = org.mutate({"object": "Lead", "fields": {"LastName": "Short", "Company": "Lived"}})
    org.mutate({"object": "Lead", "id": gone, "delete": True})

    by_rest, rest_gone, counted = read(join(bulk_above=100_000), every_field)
    by_bulk, bulk_gone, _ = read(join(bulk_above=200), every_field)

    assert_frame_equal(by_rest, by_bulk)
    assert by_rest.height == counted > 200
    assert_frame_equal(rest_gone.sort("@id"), bulk_gone.sort("@id"))
    assert gone in rest_gone["@id"].to_list()
    assert dict(list(by_rest.schema.items())[:5]) == PAGE_META


@pytest.mark.parametrize(("bulk_above", "calls"), [(100_000, 2), (200, 4)])
def test_a_full_pull_costs_few_calls(join, bulk_above, calls):
    """A count and one page, or a count, a job, one poll and one page."""
    crm = join(bulk_above=bulk_above)
    crm.describe()
    assert crm.api_calls == 3

    read(crm, ["Email"])

    assert crm.api_calls - 3 == calls


def test_what_happens_to_leads_comes_in_one_call(join, org):
    """Edits, deletions and merges since the watermark are in the same page."""
    crm = join()
    leads, _, _ = read(crm, ["Company"])
    edited, deleted, master, victim = leads.filter(~pl.col("@converted"))["@id"][:4]
    since = crm.now() + timedelta(seconds=30)
    org.advance(60)
    org.mutate(
        [
            {"object": "Lead", "id": edited, "fields": {"Company": 'N/A "Söhne"\nGmbH'}},
            {"object": "Lead", "id": deleted, "delete": True},
            {"object": "Lead", "merge": {"master": master, "victims": [victim]}},
        ]
    )
    before = crm.api_calls

    found, gone, counted = read(crm, ["Company"], since)

    assert crm.api_calls - before == 1
    assert sorted(gone.iter_rows()) == sorted([(deleted, None), (victim, master)])
    assert gone.schema == GONE
    assert found.filter(pl.col("@id") == edited)["Company"].to_list() == ['N/A "Söhne"\nGmbH']
    assert (set(found["@id"]), counted) == ({edited, master}, 2)


def test_a_lead_is_found_by_either_id_and_by_address(join):
    """Fifteen characters, eighteen, or an e-mail address; and fetched like pulled."""
    crm = join()
    leads, _, _ = read(crm, ["Email", "Owner.Name"])
    lead = leads.filter(pl.col("Email").is_not_null()).head(1)
    record, email = lead["@id"][0], lead["Email"][0]

    for text in (record, record[:15], email):
        assert record in crm.find(text, ["Email"])["@id"].to_list()
    assert_frame_equal(crm.fetch([record], ["Email", "Owner.Name"]), lead)


FAULTS = [
    {"kind": "drop_after", "path": PATCHES, "times": 2},
    {"kind": "drop_before", "path": PATCHES, "times": 1},
    {"kind": "truncate", "path": PATCHES, "times": 1},
    {"kind": "status", "path": PATCHES, "times": 2, "status": 503},
    {"kind": "expire_session", "path": PATCHES, "times": 1},
    {"kind": "lock_row", "object": "Lead", "times": 9},
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["kind"])
@pytest.mark.parametrize("bulk_above", [2000, 200])
def test_every_row_has_one_outcome_whatever_fails(join, org, fault, bulk_above):
    """Lost, cut, refused and locked: in the end all rows are written and no owner has changed."""
    crm = join(bulk_above=bulk_above)
    leads, _, _ = read(crm, ["NumberOfEmployees"])
    changes = scores(leads.filter(~pl.col("@converted")))
    if bulk_above == 200:
        fault = fault | {"path": "/jobs/ingest" if "path" in fault else ""}
    org.faults([fault])

    assert outcomes(crm, changes) == {"applied": changes.height}
    assert sum(org.stats()["faults_fired"].values()) > 0
    now, _, _ = read(join(), ["NumberOfEmployees"])
    written = changes.join(now, on="@id", maintain_order="left")
    assert written["NumberOfEmployees"].to_list() == changes["to:NumberOfEmployees"].to_list()
    assert not org.audit()["taken_by_assignment_rule"]


@pytest.mark.parametrize("bulk_above", [2000, 200])
def test_converted_and_deleted_leads_are_skipped(join, org, bulk_above):
    """Nobody is blamed for what can no longer be written."""
    crm = join(bulk_above=bulk_above)
    leads, _, _ = read(crm, ["Company"])
    org.mutate(
        {"object": "Lead", "id": leads.filter(~pl.col("@converted"))["@id"][0], "delete": True}
    )
    converted = leads["@converted"].sum()

    told = outcomes(crm, scores(leads))

    assert told == {"skipped": converted + 1, "applied": leads.height - converted - 1}


FLAWS = [
    {"kind": "truncate", "path": "/query", "times": 1},
    {"kind": "status", "path": "/query", "times": 2, "status": 502},
    {"kind": "drop_after", "path": "/query", "times": 1},
    {"kind": "expire_session", "path": "/query", "times": 1},
]


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw["kind"])
@pytest.mark.parametrize("bulk_above", [100_000, 200])
def test_a_pull_survives_a_bad_network(join, org, flaw, bulk_above):
    """The same leads come, each once."""
    crm = join(bulk_above=bulk_above)
    crm.describe()
    org.faults([flaw])

    leads, _, counted = read(crm, ["Email"])

    assert leads["@id"].n_unique() == leads.height == counted
    assert sum(org.stats()["faults_fired"].values()) > 0
