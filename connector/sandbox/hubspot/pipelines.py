"""The portal's pipelines and owners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.sandbox.hubspot.clock import iso
from connector.sandbox.hubspot.failures import ApiFailure, resource_not_found
from connector.sandbox.hubspot.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a pipeline; a probability of 1.0 is won, of 0.0 is lost (None: has none)."""

    id: str
    label: str
    probability: str | None = None
    state: str | None = None

    @property
    def closed(self) -> bool:
        """Whether a deal in this stage is won or lost."""
        return self.probability in ("1.0", "0.0")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline and its stages in order."""

    id: str
    label: str
    stages: tuple[Stage, ...]

    def body(self, created_at: int) -> dict[str, Any]:
        """Describe the pipeline as the API does."""
        stages = [
            self.stage_body(place, stage, created_at) for place, stage in enumerate(self.stages)
        ]
        dates = {"createdAt": iso(created_at), "updatedAt": iso(created_at), "archived": False}
        return {"label": self.label, "displayOrder": 0, "id": self.id, "stages": stages} | dates

    @staticmethod
    def stage_body(place: int, stage: Stage, created_at: int) -> dict[str, Any]:
        """Describe a stage as the API does."""
        metadata: dict[str, str] = {}
        if stage.probability is not None:
            metadata = {
                "isClosed": str(stage.closed).lower(),
                "probability": stage.probability,
            }
        if stage.state is not None:
            metadata = {"leadState": stage.state}
        return {
            "label": stage.label, "displayOrder": place, "metadata": metadata, "id": stage.id,
            "createdAt": iso(created_at), "updatedAt": iso(created_at), "archived": False,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        }  # fmt: skip


_DEALS = Pipeline(
    "default",
    "Sales Pipeline",
    (
        Stage("appointmentscheduled", "Appointment Scheduled", "0.2"),
        Stage("qualifiedtobuy", "Qualified To Buy", "0.4"),
        Stage("presentationscheduled", "Presentation Scheduled", "0.6"),
        Stage("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
        Stage("contractsent", "Contract Sent", "0.9"),
        Stage("closedwon", "Closed Won", "1.0"),
        Stage("closedlost", "Closed Lost", "0.0"),
    ),
)
_LEADS = Pipeline(
    "lead-pipeline-id",
    "Lead pipeline",
    (
        Stage("new-stage-id", "New", state="NEW"),
        Stage("attempting-stage-id", "Attempting", state="IN_PROGRESS"),
        Stage("connected-stage-id", "Connected", state="IN_PROGRESS"),
        Stage("qualified-stage-id", "Qualified", state="QUALIFIED"),
        Stage("unqualified-stage-id", "Disqualified", state="UNQUALIFIED"),
    ),
)
_CONTACTS = Pipeline(
    "contacts-lifecycle-pipeline",
    "Lifecycle Stage Pipeline",
    tuple(
        Stage(name, label)
        for name, label in (
            ("subscriber", "Subscriber"), ("lead", "Lead"),
            ("marketingqualifiedlead", "Marketing Qualified Lead"),
            ("salesqualifiedlead", "Sales Qualified Lead"), ("opportunity", "Opportunity"),
            ("customer", "Customer"), ("evangelist", "Evangelist"), ("other", "Other"),
        )
    ),
)  # fmt: skip


class Pipelines:
    """Every pipeline of the portal, by object type."""

    def __init__(self, created_at: int) -> None:
        self._created_at = created_at
        self._of = {
            kind: {pipeline.id: pipeline}
            for kind, pipeline in (("deals", _DEALS), ("leads", _LEADS), ("contacts", _CONTACTS))
        }

    def add(self, type_name: str, pipeline: Pipeline) -> None:
        """Give an object type one more pipeline."""
        self._of[type_name][pipeline.id] = pipeline

    def put(self, type_name: str, pipelines: Iterable[Pipeline]) -> None:
        """Give an object type these pipelines and no others."""
        self._of[type_name] = {pipeline.id: pipeline for pipeline in pipelines}

    def known(self, type_name: str) -> dict[str, Pipeline]:
        """Look up the pipelines of an object type by id."""
        return self._of.get(type_name, {})

    def stage(self, type_name: str, pipeline: str | None, stage: str | None) -> Stage | None:
        """Find a stage of a pipeline."""
        found = self.known(type_name).get(pipeline or "")
        return next((s for s in found.stages if s.id == stage), None) if found else None

    def bodies(self, name: str) -> list[dict[str, Any]]:
        """Describe all pipelines of an object type; raises `ApiFailure` for other types."""
        kind = kind_of(name)
        if kind.name not in self._of:
            raise ApiFailure(400, f"Object type {kind.name} does not support pipelines.")
        return [pipeline.body(self._created_at) for pipeline in self._of[kind.name].values()]

    def body(self, name: str, pipeline: str) -> dict[str, Any]:
        """Describe one pipeline; raises `ApiFailure` 404."""
        for described in self.bodies(name):
            if described["id"] == pipeline:
                return described
        raise resource_not_found()


@dataclass(frozen=True, slots=True)
class Owner:
    """A person who may own records. `id` goes into hubspot_owner_id; `user_id` never does."""

    id: str
    email: str
    first_name: str
    last_name: str
    user_id: int
    archived: bool = False

    def body(self, created_at: int) -> dict[str, Any]:
        """Describe the owner as the API does."""
        return {
            "id": self.id, "email": self.email, "type": "PERSON", "firstName": self.first_name,
            "lastName": self.last_name, "userId": None if self.archived else self.user_id,
            "userIdIncludingInactive": self.user_id, "createdAt": iso(created_at),
            "updatedAt": iso(created_at), "archived": self.archived,
        }  # fmt: skip
