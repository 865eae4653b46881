"""What the engine needs from the outside, and the records and frames that cross the border.

Frames and their columns
------------------------
Columns that begin with `@` are about the record; every other column of a raw frame is a CRM field.

raw page (`Page.leads`), all CRM fields as text exactly as the CRM sent them, null where blank:
    @id String, @modified_at Datetime(us, UTC), @converted Boolean, @opportunity_id String,
    @owner_id String, then one String column per requested field
gone (`Page.gone`): deleted, archived and merged records
    @id String, @merged_into String (null when it was deleted)
changes, the input of `Crm.write`; one row per record:
    @id, @modified_at (as pulled), and for each field F that is written by the plan
    `to:F` String (the CRM's text form; null means clear) and `change:F` Boolean (false: leave)
conversions, the input of `Crm.convert`; one row per lead:
    @id, @owner_id, @key String (unique key of the conversion), `to:F` String per opportunity field
outcomes, what every writing call answers; exactly one row per input row:
    @id, outcome String ("applied" | "skipped" | "rejected"), code String, field String,
    message String (the CRM's words without the rejected value), remedy String
conversion outcomes: outcomes plus @opportunity_id String
opportunities, what became of them:
    @opportunity_id String, state String ("open" | "won" | "lost"), reason String (why it was lost,
    where the CRM says so), closed_at Datetime (null while it is open)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from connector.engine.calls import Allowance, CallStore
    from mappings.mapping import Conversion
    from mappings.schema import CrmSchema, NewField
    from scoring.document import Schema

INSTANT = pl.Datetime("us", "UTC")

PAGE_META: dict[str, pl.DataType] = {
    "@id": pl.String(),
    "@modified_at": INSTANT,
    "@converted": pl.Boolean(),
    "@opportunity_id": pl.String(),
    "@owner_id": pl.String(),
}
GONE: dict[str, pl.DataType] = {"@id": pl.String(), "@merged_into": pl.String()}
OUTCOMES: dict[str, pl.DataType] = {
    "@id": pl.String(),
    "outcome": pl.String(),
    "code": pl.String(),
    "field": pl.String(),
    "message": pl.String(),
    "remedy": pl.String(),
}
CONVERSION_OUTCOMES: dict[str, pl.DataType] = OUTCOMES | {"@opportunity_id": pl.String()}

OPPORTUNITIES: dict[str, pl.DataType] = {
    "@opportunity_id": pl.String(),
    "state": pl.String(),
    "reason": pl.String(),
    "closed_at": INSTANT,
}

Outcome = Literal["applied", "skipped", "rejected"]


@dataclass(frozen=True, slots=True)
class Window:
    """Modified times that a pull covers: from `since` (inclusive; None: everything) up to `until`.

    Without `gone`, deleted and merged records need not be looked for: nothing is remembered yet.
    """

    since: datetime | None
    until: datetime
    gone: bool = True


@dataclass(frozen=True)
class Page:
    """A bounded part of a pull, parsed into frames."""

    leads: pl.DataFrame
    gone: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=GONE))
    expected: int | None = None
    """How many leads the CRM says the whole pull has, where it says so (any page may carry it)."""
    place: str | None = None
    """Where the same pull goes on after this page and all before it; None: where it did before."""


@dataclass(frozen=True, slots=True)
class FieldOutcome:
    """What became of one field that setup was to create."""

    field: NewField
    outcome: Outcome
    message: str = ""


class Crm(Protocol):
    """One connection to one CRM. An instance lives as long as one command.

    Every call may raise the errors of `connector.errors` and no others. Retries, renewed sessions
    and rate limits happen inside. `write` and `convert` may be repeated with the same input:
    they never do a thing twice.
    """

    name: str
    lead_object: str
    overlap_seconds: int
    """How far before the last watermark changes may still turn up (late commits, search lag)."""
    writes_converted: bool
    """Whether a lead can still be written when it is an opportunity."""

    @property
    def api_calls(self) -> int:
        """HTTP requests sent so far."""
        ...

    def allowance(self) -> Allowance | None:
        """What the CRM's day still has for this connection; None where calls are not counted."""
        ...

    def cost(
        self, *, reads: int = 0, changes: int = 0, conversions: int = 0, tasks: int = 0
    ) -> int:
        """About how many calls it takes to read so many records by id, and to write so many."""
        ...

    def describe(self) -> CrmSchema:
        """The lead and opportunity objects as the connected user sees them."""
        ...

    def now(self) -> datetime:
        """The CRM's own clock (the local one runs differently)."""
        ...

    def pull(
        self, window: Window, fields: Sequence[str], *, after: str | None = None
    ) -> Iterator[Page]:
        """Every lead changed in the window, each once, and what has gone since.

        `after` is the place of a page of an earlier pull of this very window and these fields:
        what that pull has read needs not be read again. A place that is of no use any more, or
        that an adapter does not know, begins the window anew.
        """
        ...

    def count(self, window: Window) -> int | None:
        """How many leads were last changed in the window; None where counting costs a reading."""
        ...

    def fetch(self, ids: Sequence[str], fields: Sequence[str]) -> pl.DataFrame:
        """The raw page frame of these leads, read by id; missing ones are left out."""
        ...

    def find(self, text: str, fields: Sequence[str]) -> pl.DataFrame:
        """The raw page frame of the leads with this id or e-mail address."""
        ...

    def write(self, changes: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Write changed fields; yields outcome frames as the batches are answered."""
        ...

    def convert(self, conversions: pl.DataFrame, how: Conversion) -> Iterator[pl.DataFrame]:
        """Make one opportunity per lead, with the mapped fields; yields conversion outcomes.

        A lead that is converted already answers "applied" with its opportunity's id.
        """
        ...

    def retract(self, conversions: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Take back opportunities that we made, where nobody has done anything to them since.

        The conversions frame with `@opportunity_id`, `to:F` being what we gave the new opportunity.
        Yields conversion outcomes: "applied" is taken back, "skipped" stays, and says why.
        """
        ...

    def opportunities(self, ids: Sequence[str], since: datetime | None) -> pl.DataFrame:
        """What has become of these opportunities (the opportunities frame), in few calls.

        With `since` those that were not changed since may be left out; unknown ones are.
        """
        ...

    def setup(self, fields: Sequence[NewField]) -> list[FieldOutcome]:
        """Create these fields where they are missing, readable and writable for the user."""
        ...

    def field_name(self, name: str) -> bool:
        """Whether `name` is one that `setup` could create here (Salesforce: ends in __c)."""
        ...

    def link(self, record_id: str) -> str:
        """The address where a person opens the lead, or an empty text."""
        ...

    def guard(self, check: Callable[[], None]) -> None:
        """Make this check before each request is sent; what it raises stops the call, unsent."""
        ...

    def close(self) -> None:
        """Give connections back. Closing twice does nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Runtime:
    """What an adapter is given by the program around it.

    `clock` tells the local time in UTC. `secret_changed` keeps a secret that the CRM has rotated
    (its settings key and its new value) before the new one is used for the first time. `calls` counts
    calls for all processes that share a ledger; without it each counts for itself.
    """

    clock: Callable[[], datetime]
    secret_changed: Callable[[str, str], None]
    calls: CallStore | None = None


class Plugin(Protocol):
    """A CRM as found through the entry-point group `leadgate.crms`. Importing one is cheap."""

    name: str

    def settings_type(self) -> type[Schema]:
        """The checked schema of the connection keys that only this CRM has."""
        ...

    def open(self, settings: Any, runtime: Runtime) -> Crm:
        """A connection from checked settings; nothing is sent before the first call."""
        ...


class Progress(Protocol):
    """Who is told how far a run has come."""

    def begin(self, step: str, total: int | None) -> None:
        """A step begins ("pull", "write", "convert"); `total` rows are expected where known."""
        ...

    def advance(self, rows: int) -> None:
        """So many rows more are through the current step."""
        ...


def utc(text: str) -> datetime:
    """An ISO 8601 instant, `Z` or an offset at its end, as an aware datetime in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def instant(moment: datetime) -> str:
    """A moment as users read it: `2026-11-22T08:30:00Z`, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def chunks(frame: pl.DataFrame, size: int) -> Iterator[pl.DataFrame]:
    """The frame in slices of at most `size` rows; nothing for an empty frame."""
    yield from frame.iter_slices(size) if frame.height else ()
