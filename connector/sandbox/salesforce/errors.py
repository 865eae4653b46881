"""The one error of the org's API, in the shapes that its callers print it in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class ApiError(Exception):
    """A refusal with the CRM's code; `fields` is set for refusals of one row."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        fields: Sequence[str] | None = None,
    ) -> None:
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields
        super().__init__(f"{code}: {message}")

    def body(self) -> list[dict[str, Any]]:
        """The JSON body of a refused request: always a list."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            error["fields"] = list(self.fields)
        return [error]

    def row(self) -> dict[str, Any]:
        """The error of one row of a collection, which says statusCode where others say errorCode."""
        return {
            "statusCode": self.code,
            "message": self.message,
            "fields": list(self.fields or ()),
        }


class UnsupportedError(ApiError):
    """The sandbox does not model this; the fault is the sandbox's, not the caller's."""

    def __init__(self, what: str) -> None:
        super().__init__("SANDBOX_UNSUPPORTED", f"the sandbox does not model {what}", status=501)


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """Nothing is at this address."""
    return ApiError("NOT_FOUND", message, status=404)


def row_error(code: str, message: str, *fields: str) -> ApiError:
    """One row is refused."""
    return ApiError(code, message, fields=fields)
