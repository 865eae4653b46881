"""Updates against a whole portal: one outcome per row, and only what was asked is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from connector.engine.ports import OUTCOMES
from connector.sandbox.hubspot import Fault
from tests.unit.connector.crm_hubspot.scripted import START
from tests.unit.connector.crm_hubspot.test_pull import contacts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.crm.hubspot.adapter import HubSpotCrm
    from connector.sandbox.hubspot import HubSpotPortal


def changes(ids: Sequence[str], **values: Any) -> pl.DataFrame:
    """A changes frame; a value is one for all rows or one per row."""
    columns: dict[str, Any] = {"@id": list(ids), "@modified_at": [START] * len(ids)}
    for name, given in values.items():
        each = list(given) if isinstance(given, list) else [given] * len(ids)
        columns |= {
            f"to:{name}": pl.Series(each, dtype=pl.String),
            f"change:{name}": [True] * len(ids),
        }
    return pl.DataFrame(columns)


def write(crm: HubSpotCrm, frame: pl.DataFrame) -> list[dict[str, Any]]:
    """All outcome rows, after a look at their columns."""
    found = pl.concat(crm.write(frame))
    assert found.schema == pl.Schema(OUTCOMES)
    return found.to_dicts()


def stored(portal: HubSpotPortal, record_id: str) -> Mapping[str, str]:
    """The properties of a contact as the portal holds them."""
    return portal.records.stores["contacts"].records[int(record_id)].properties


def test_values_land_by_the_hundred(crm: HubSpotCrm, portal: HubSpotPortal) -> None:
    """140 records take two calls, and each gets its own value and an outcome in its own place."""
    ids = contacts(portal)[:140]

    rows = write(crm, changes(ids, jobtitle=[f"Title {one}" for one in ids]))

    assert [row["@id"] for row in rows] == ids
    assert {row["outcome"] for row in rows} == {"applied"}
    assert crm.api_calls == 2
    assert all(stored(portal, one)["jobtitle"] == f"Title {one}" for one in ids)


def test_null_clears_and_unchanged_fields_are_left(crm: HubSpotCrm, portal: HubSpotPortal) -> None:
    """A null clears the property; a field that is not to change is not even sent."""
    one, other = contacts(portal)[:2]
    for record_id in (one, other):
        portal.admin.update("contacts", record_id, {"jobtitle": "Old", "city": "Turin"})
    frame = changes([one, other], jobtitle=None, city="Rome").with_columns(
        pl.Series("change:city", [True, False])
    )

    write(crm, frame)

    assert "jobtitle" not in stored(portal, one) or not stored(portal, one)["jobtitle"]
    assert (stored(portal, one)["city"], stored(portal, other)["city"]) == ("Rome", "Turin")


def test_a_row_without_changes_is_skipped_without_a_call(
    crm: HubSpotCrm, portal: HubSpotPortal
) -> None:
    """Nothing to write is not written."""
    frame = changes(contacts(portal)[:1], city="Rome").with_columns(
        pl.Series("change:city", [False])
    )

    rows = write(crm, frame)

    assert [(row["outcome"], row["code"]) for row in rows] == [("skipped", "NOTHING_TO_WRITE")]
    assert crm.api_calls == 0


def test_one_record_in_two_rows_goes_in_two_calls(crm: HubSpotCrm, portal: HubSpotPortal) -> None:
    """HubSpot refuses an id twice in a batch; both rows land, the later one last."""
    one = contacts(portal)[0]

    rows = write(crm, changes([one, one], city=["Rome", "Oslo"]))

    assert [row["outcome"] for row in rows] == ["applied", "applied"]
    assert stored(portal, one)["city"] == "Oslo"


def test_a_bad_value_stops_its_own_record_only(crm: HubSpotCrm, portal: HubSpotPortal) -> None:
    """The culprit is named with field, code and remedy, not with its value; the others land."""
    ids = contacts(portal)[:50]
    sizes = ["1-5"] * 50
    sizes[17] = "a secret size"

    rows = write(crm, changes(ids, numemployees=sizes, city="Rome"))
    bad = rows[17]

    assert (bad["outcome"], bad["code"], bad["field"]) == (
        "rejected", "INVALID_OPTION", "numemployees",
    )  # fmt: skip
    assert bad["remedy"]
    assert "secret" not in str(bad)
    assert sum(row["outcome"] == "applied" for row in rows) == 49
    assert all(stored(portal, one)["city"] == "Rome" for one in ids if one != ids[17])


def test_what_is_gone_is_skipped(crm: HubSpotCrm, portal: HubSpotPortal) -> None:
    """Deleted and unknown records are skipped, all of them from one entry of the answer."""
    one, deleted = contacts(portal)[:2]
    portal.admin.archive("contacts", deleted)

    rows = write(crm, changes([one, deleted, "999999999"], city="Rome"))

    assert [row["outcome"] for row in rows] == ["applied", "skipped", "skipped"]
    assert {row["code"] for row in rows[1:]} == {"OBJECT_NOT_FOUND"}


@pytest.mark.parametrize(
    "fault",
    [
        Fault("drop_before", path="batch/update"),
        Fault("drop_after", path="batch/update"),
        Fault("truncate", path="batch/update"),
        Fault("status", path="batch/update", status=502, applied=True),
        Fault("status", path="batch/update", status=503, times=3),
        Fault("rate_limit", path="batch/update", times=2),
        Fault("lock", path="batch/update"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}-{fault.times}",
)
def test_every_row_has_an_outcome_whatever_the_wire_does(
    crm: HubSpotCrm, portal: HubSpotPortal, fault: Fault
) -> None:
    """Lost, refused and late answers are settled by doing it again."""
    ids = contacts(portal)[:120]
    portal.faults.add(fault)

    rows = write(crm, changes(ids, city="Rome"))

    assert fault.struck > 0
    assert [row["@id"] for row in rows] == ids
    assert {row["outcome"] for row in rows} == {"applied"}
    assert all(stored(portal, one)["city"] == "Rome" for one in ids)


def test_the_lifecycle_stage_moves_back(crm: HubSpotCrm, portal: HubSpotPortal) -> None:
    """HubSpot keeps a later stage silently; it is cleared, set again, and then checked."""
    ids = contacts(portal)[:20]
    for one in ids:
        portal.admin.update("contacts", one, {"lifecyclestage": "opportunity"})

    rows = write(crm, changes(ids, lifecyclestage="marketingqualifiedlead", city="Rome"))

    assert {row["outcome"] for row in rows} == {"applied"}
    assert {stored(portal, one)["lifecyclestage"] for one in ids} == {"marketingqualifiedlead"}
    assert crm.api_calls == 3


def test_moving_forward_takes_one_call(crm: HubSpotCrm, portal: HubSpotPortal) -> None:
    """Where HubSpot takes the stage at once, nothing is cleared."""
    ids = contacts(portal)[:20]
    for one in ids:
        portal.admin.update("contacts", one, {"lifecyclestage": "lead"})

    write(crm, changes(ids, lifecyclestage="salesqualifiedlead"))

    assert crm.api_calls == 1
