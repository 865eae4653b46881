"""The portal's deal pipelines with their stages: what the properties alone do not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.crm.hubspot.api import results
from connector.crm.hubspot.objects import DEALS
from connector.crm.hubspot.translate import MissingScopesError
from connector.engine.rehearsing import SalesProcess, SalesStage

if TYPE_CHECKING:
    from connector.crm.hubspot.api import Api
    from connector.engine.rehearsing import State


def sales_process(api: Api) -> SalesProcess:
    """The pipelines in one call; nothing where the token may not see deals."""
    try:
        found = results(
            api.call("read the pipelines of deals", api.sdk.pipelines.get_all, DEALS.name)
        )
    except MissingScopesError:
        return SalesProcess()
    return SalesProcess(
        stages=tuple(
            _stage(stage, str(pipeline["id"]))
            for pipeline in found
            for stage in pipeline.get("stages") or ()
            if not stage.get("archived")
        ),
        pipelines={str(each["id"]): str(each.get("label") or "") for each in found},
    )


def _stage(said: dict[str, Any], pipeline: str) -> SalesStage:
    """Won is a probability of one, lost one of none; that is how HubSpot itself tells."""
    told = str((said.get("metadata") or {}).get("probability") or "")
    probability = float(told or 0)
    state: State = "won" if probability == 1 else "lost" if told and not probability else "open"
    return SalesStage(
        value=str(said["id"]),
        label=str(said.get("label") or ""),
        state=state,
        probability=probability,
        pipeline=pipeline,
    )
