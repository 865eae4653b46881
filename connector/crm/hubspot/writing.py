"""Changed properties into records, a hundred at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from connector.crm.hubspot.api import results
from connector.crm.hubspot.batches import Answers, Batch, Input
from connector.crm.hubspot.faults import Fault
from connector.crm.hubspot.outcomes import APPLIED, Row, refused
from connector.crm.hubspot.reading import BATCH
from connector.engine.ports import OUTCOMES, chunks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.crm.hubspot.api import Api
    from connector.crm.hubspot.objects import LeadObject

LIFECYCLE = "lifecyclestage"
_NOTHING = Row("skipped", "NOTHING_TO_WRITE", message="no property of this record changes")


class Writer:
    """Batch updates; doing one twice is the same as doing it once."""

    def __init__(self, api: Api, lead_object: LeadObject) -> None:
        self._api = api
        self._object = lead_object
        self._updates = Batch(self._update, lambda record: str(record["id"]), api.wait)

    def write(self, changes: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The changes frame of `connector.engine.ports`; an outcome frame per hundred rows.

        HubSpot refuses an id that stands twice in a batch, so a second row for the same record
        goes into a later one.
        """
        numbered = changes.with_columns(pl.col("@id").cum_count().over("@id").alias("@turn"))
        for turn in numbered.partition_by("@turn", maintain_order=True):
            for chunk in chunks(turn, BATCH):
                yield self._write_chunk(chunk)

    def update(self, inputs: list[Input]) -> Answers:
        """Settle updates of at most a hundred different records."""
        return self._updates.settle(inputs)

    def _write_chunk(self, chunk: pl.DataFrame) -> pl.DataFrame:
        inputs = [_input(row) for row in chunk.iter_rows(named=True)]
        sent = [item for item in inputs if item["properties"]]
        answers = self._move_back(sent, self.update(sent))
        rows = [_outcome(item, answers).columns(item["id"]) for item in inputs]
        return pl.DataFrame(rows, schema=OUTCOMES)

    def _move_back(self, sent: list[Input], answers: Answers) -> Answers:
        """Set lifecycle stages that HubSpot has kept, silently, because they lie further back.

        Clearing and setting are two requests; in one, the stage is kept just the same.
        """
        kept = [item for item in self._with_stage(sent, answers) if _stage(item) != item["seen"]]
        if not kept:
            return answers
        cleared = self.update([_only_stage(item, "") for item in kept])
        again = self.update(
            [
                _only_stage(item, _stage(item))
                for item in kept
                if not isinstance(cleared[item["id"]], Fault)
            ]
        )
        refusals = {
            name: found for name, found in (cleared | again).items() if isinstance(found, Fault)
        }
        still = self._with_stage([item for item in kept if item["id"] not in refusals], again)
        stuck = {
            item["id"]: Fault("LIFECYCLE_STAGE_KEPT", field=LIFECYCLE)
            for item in still
            if _stage(item) != item["seen"]
        }
        return answers | refusals | stuck

    def _with_stage(self, sent: list[Input], answers: Answers) -> list[Input]:
        """The updates that set a stage, with the stage that was `seen` in the answer.

        An answer without the property is looked up.
        """
        found = []
        for item in sent:
            answer = answers.get(item["id"])
            if item["properties"].get(LIFECYCLE) and isinstance(answer, dict):
                found.append(
                    item | {"seen": (answer.get("properties") or {}).get(LIFECYCLE, _UNSEEN)}
                )
        unseen = [item["id"] for item in found if item["seen"] is _UNSEEN]
        if unseen:
            stages = self._read_stages(unseen)
            found = [
                item | {"seen": stages.get(item["id"])} if item["seen"] is _UNSEEN else item
                for item in found
            ]
        return found

    def _read_stages(self, ids: list[str]) -> dict[str, str | None]:
        request = {"inputs": [{"id": one} for one in ids], "properties": [LIFECYCLE]}
        name = self._object.name
        answer = self._api.call(f"read {name}", self._api.sdk.batches.read, name, request)
        return {one["id"]: one["properties"].get(LIFECYCLE) for one in results(answer)}

    def _update(self, inputs: list[Input]) -> dict[str, Any]:
        name = self._object.name
        answer: dict[str, Any] = self._api.call(
            f"update {name}", self._api.sdk.batches.update, name, {"inputs": inputs}
        )
        return answer


_UNSEEN = object()


def _input(row: dict[str, Any]) -> Input:
    """A row of the changes frame as an input of a batch update; an empty text clears."""
    properties = {
        name.removeprefix("change:"): row[f"to:{name.removeprefix('change:')}"] or ""
        for name, change in row.items()
        if name.startswith("change:") and change
    }
    return {"id": row["@id"], "properties": properties}


def _outcome(item: Input, answers: Answers) -> Row:
    if not item["properties"]:
        return _NOTHING
    answer = answers[item["id"]]
    return refused(answer) if isinstance(answer, Fault) else APPLIED


def _stage(item: Input) -> str:
    return str(item["properties"][LIFECYCLE])


def _only_stage(item: Input, stage: str) -> Input:
    return {"id": item["id"], "properties": {LIFECYCLE: stage}}
