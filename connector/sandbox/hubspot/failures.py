"""Refusals in the shapes that HubSpot answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

VALIDATION = "VALIDATION_ERROR"
NOT_FOUND = "OBJECT_NOT_FOUND"


class ApiFailure(Exception):  # noqa: N818 — it is an answer, not a fault of the program
    """An answer other than success, with what its body says."""

    def __init__(
        self,
        status: int,
        message: str,
        category: str | None = None,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        context: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.category = category
        self.errors = list(errors)
        self.context = dict(context or {})
        self.extra: dict[str, Any] = {}
        self.headers: dict[str, str] = {}

    def adding(self, **extra: Any) -> Self:
        """Put more fields beside the usual ones of the body."""
        self.extra |= extra
        return self

    def body(self, correlation: str) -> dict[str, Any]:
        """Make the answer's body."""
        body: dict[str, Any] = {"status": "error", "message": self.message}
        body |= {"correlationId": correlation}
        if self.errors:
            body["errors"] = self.errors
        if self.context:
            body["context"] = self.context
        if self.category:
            body["category"] = self.category
        return body | self.extra

    def entry(self, trace: str | None = None) -> dict[str, Any]:
        """Make the entry that stands for this failure in a 207 answer."""
        entry: dict[str, Any] = {"status": "error", "category": self.category or VALIDATION}
        if "subCategory" in self.extra:
            entry["subCategory"] = self.extra["subCategory"]
        entry["message"] = self.message
        context = dict(self.context)
        if self.category == "CONFLICT" and "Existing ID: " in self.message:
            context["existingId"] = [self.message.rpartition("Existing ID: ")[2]]
        if trace is not None:
            context["objectWriteTraceId"] = [trace]
        entry["context"] = context
        if self.errors:
            entry["errors"] = self.errors
        return entry


@dataclass(frozen=True, slots=True)
class PropertyError:
    """One refused value of a record."""

    name: str
    code: str
    message: str


def invalid(message: str, **more: Any) -> ApiFailure:
    """Refuse with 400 VALIDATION_ERROR."""
    return ApiFailure(400, message, VALIDATION, **more)


def invalid_properties(found: Sequence[PropertyError]) -> ApiFailure:
    """Refuse a record for its values: the details are a JSON array inside the message, too."""
    details = [
        {"isValid": False, "message": e.message, "error": e.code, "name": e.name} for e in found
    ]
    return invalid(
        f"Property values were not valid: {orjson.dumps(details).decode()}",
        errors=[
            {"message": e.message, "code": e.code, "context": {"propertyName": [e.name]}}
            for e in found
        ],
    )


def resource_not_found() -> ApiFailure:
    """Answer 404 for an id that nobody has."""
    return ApiFailure(404, "resource not found")


def not_numeric(identifier: str) -> ApiFailure:
    """Answer 404 for an id that is not a number."""
    message = "Object not found.  objectId are usually numeric."
    return ApiFailure(404, message, NOT_FOUND, context={"id": [identifier]})


def unknown_type(name: str) -> ApiFailure:
    """Refuse an object type that the portal does not have."""
    return ApiFailure(400, f"Unable to infer object type from: {name}")


def some_not_found(label: str, ids: Iterable[str]) -> ApiFailure:
    """Report every missing record of a batch in one entry."""
    message = (
        f"Could not get some {label} objects, they may be deleted or not exist. "
        "Check that ids are valid."
    )
    return ApiFailure(207, message, NOT_FOUND, context={"ids": list(ids)})


def duplicate_ids(ids: Sequence[str]) -> ApiFailure:
    """Refuse a batch that names a record twice."""
    message = f"Duplicate IDs found in batch input: [{', '.join(ids)}]. IDs must be unique"
    return invalid(message, context={"ids": ids})


def email_taken(existing: int | None) -> ApiFailure:
    """Refuse a contact whose e-mail address another one has (None: one of the same batch)."""
    known = "" if existing is None else f". Existing ID: {existing}"
    return ApiFailure(409, f"Contact already exists{known}", "CONFLICT")


def missing_scopes(any_of: Sequence[str]) -> ApiFailure:
    """Refuse a token that lacks the rights; any one of the scopes would do."""
    message = (
        "This app hasn't been granted all required scopes to make this call. "
        "Read more about required scopes here: https://developers.hubspot.com/scopes."
    )
    detail = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": list(any_of)},
    }
    return ApiFailure(403, message, "MISSING_SCOPES", errors=[detail])
