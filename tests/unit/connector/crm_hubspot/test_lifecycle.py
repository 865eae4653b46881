"""A lifecycle stage that HubSpot keeps is set in two steps, checked, and told if it still stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
import pytest

from connector.crm.hubspot.adapter import open_crm
from connector.crm.hubspot.settings import HubSpotSettings
from tests.unit.connector.crm_hubspot.scripted import START, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.crm.hubspot.adapter import HubSpotCrm
    from tests.unit.connector.crm_hubspot.scripted import Runtime, Script

CHANGE = pl.DataFrame(
    {
        "@id": ["1"],
        "@modified_at": [START],
        "to:lifecyclestage": ["lead"],
        "change:lifecyclestage": [True],
    }
)


@pytest.fixture
def crm(script: Script, runtime: Runtime) -> Iterator[HubSpotCrm]:
    """A connection to the script."""
    settings = HubSpotSettings(token="t", base_url=script.url)
    opened = open_crm(settings, runtime, pace=runtime.time.pace)
    yield opened
    opened.close()


def record(**properties: str | None) -> Said:
    """An answer with one contact."""
    return Said({"results": [{"id": "1", "properties": properties}]})


def sent(script: Script) -> list[Any]:
    """The stages that were sent, call by call; None for a read."""
    bodies = [orjson.loads(heard.body) for heard in script.heard]
    return [body["inputs"][0].get("properties", {}).get("lifecyclestage") for body in bodies]


def outcome(crm: HubSpotCrm) -> dict[str, Any]:
    """The one outcome of the change."""
    return next(crm.write(CHANGE)).row(0, named=True)


def test_a_kept_stage_is_cleared_and_set_in_two_calls(crm: HubSpotCrm, script: Script) -> None:
    """The answer still shows the later stage: clear, then set, then believe the answer."""
    script.says(
        record(lifecyclestage="customer"),
        record(lifecyclestage=None),
        record(lifecyclestage="lead"),
    )

    assert outcome(crm)["outcome"] == "applied"
    assert sent(script) == ["lead", "", "lead"]


def test_a_stage_that_stays_is_told(crm: HubSpotCrm, script: Script) -> None:
    """If it does not stick even then, the row is rejected instead of called written."""
    script.says(record(lifecyclestage="customer"))

    found = outcome(crm)

    assert (found["outcome"], found["code"]) == ("rejected", "LIFECYCLE_STAGE_KEPT")
    assert found["field"] == "lifecyclestage"
    assert found["remedy"]


def test_an_answer_without_the_stage_is_checked_by_reading(crm: HubSpotCrm, script: Script) -> None:
    """Silence about the stage is no proof; it is read."""
    script.says(record(), record(lifecyclestage="lead"))

    assert outcome(crm)["outcome"] == "applied"
    assert [heard.path.rpartition("/")[2] for heard in script.heard] == ["update", "read"]


def test_a_refusal_on_the_way_is_told(crm: HubSpotCrm, script: Script) -> None:
    """Where clearing is refused, that refusal is the outcome."""
    refused = {
        "category": "VALIDATION_ERROR",
        "errors": [{"code": "READ_ONLY_VALUE", "context": {"propertyName": ["lifecyclestage"]}}],
    }
    script.says(record(lifecyclestage="customer"), Said(refused, 400))

    assert outcome(crm)["code"] == "READ_ONLY_VALUE"
