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
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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

Outcome = Literal["applied", "skipped", "rejected"]


@dataclass(frozen=True, slots=True)
class Window:
    """Modified times that a pull covers: from `since` (inclusive; None: everything) up to `until`."""

    since: datetime | None
    until: datetime


@dataclass(frozen=True)
class Page:
    """A bounded part of a pull, parsed into frames."""

    leads: pl.DataFrame
    gone: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=GONE))
    expected: int | None = None
    """How many leads the CRM says the whole pull has, where it says so (any page may carry it)."""


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
    """How far before the last watermark a pull must begin again (late commits, search lag)."""

    @property
    def api_calls(self) -> int:
        """HTTP requests sent so far."""
        ...

    def describe(self) -> CrmSchema:
        """The lead and opportunity objects as the connected user sees them."""
        ...

    def now(self) -> datetime:
        """The CRM's own clock (the local one runs differently)."""
        ...

    def pull(self, window: Window, fields: Sequence[str]) -> Iterator[Page]:
        """Every lead changed in the window, each once, and what has gone since."""
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

    def setup(self, fields: Sequence[NewField]) -> list[FieldOutcome]:
        """Create these fields where they are missing, readable and writable for the user."""
        ...

    def field_name(self, name: str) -> bool:
        """Whether `name` is one that `setup` could create here (Salesforce: ends in __c)."""
        ...

    def link(self, record_id: str) -> str:
        """The address where a person opens the lead, or an empty text."""
        ...

    def close(self) -> None:
        """Give connections back. Closing twice does nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Runtime:
    """What an adapter is given by the program around it.

    `clock` tells the local time in UTC. `secret_changed` keeps a secret that the CRM has rotated
    (its settings key and its new value) before the new one is used for the first time.
    """

    clock: Callable[[], datetime]
    secret_changed: Callable[[str, str], None]


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


RunKind = Literal["sync", "plan", "apply", "convert"]
RunState = Literal["running", "done", "done with rejects", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class RunStart:
    """What is known of a run when it begins."""

    run: str
    connection: str
    kind: RunKind
    started_at: datetime
    as_of: str
    model: str
    mapping: str


@dataclass(frozen=True)
class RunReport:
    """What a run did, as `--json` prints it and as the ledger keeps it."""

    run: str
    connection: str
    crm: str
    kind: RunKind
    state: RunState
    started_at: str
    as_of: str
    model: str = ""
    mapping: str = ""
    read: int = 0
    judged: int = 0
    unchanged: int = 0
    planned: int = 0
    written: int = 0
    rejected: int = 0
    skipped: int = 0
    converted: int = 0
    gone: int = 0
    data_problems: int = 0
    stages: dict[str, int] = field(default_factory=dict)
    priorities: dict[str, int] = field(default_factory=dict)
    api_calls: int = 0
    window_from: str | None = None
    complete_to: str | None = None
    gap: str | None = None
    seconds: float = 0.0
    message: str = ""


class Ledger(Protocol):
    """The database of runs, watermarks, last seen leads, verdicts, plan lines and outcomes.

    Frames
    ------
    memory (`seen`): id, modified_at, verdict_key (model and mapping under which this version of the
        record was settled; null while something is still to be written), stage, stage_since,
        written String (JSON object of CRM field → what we last wrote), converted Boolean,
        opportunity_id, quarantine_key (null unless rejected: what must differ before it is tried
        again)
    lines (`save_lines`, `lines`): see connector/engine/plan.py
    """

    def begin_run(self, start: RunStart) -> None:
        """Write the run before its first call."""
        ...

    def end_run(self, report: RunReport) -> None:
        """Write the run's end and its figures."""
        ...

    def runs(self, connection: str | None = None, limit: int = 20) -> list[RunReport]:
        """The latest runs, newest first."""
        ...

    def take_lease(self, connection: str, holder: str, now: datetime, seconds: int) -> bool:
        """Take or prolong the connection's lease; False while another holder's has not run out."""
        ...

    def release_lease(self, connection: str, holder: str) -> None:
        """Give the lease back; a lease of another holder stays."""
        ...

    def watermark(self, connection: str) -> datetime | None:
        """Up to when the connection has been read completely; None before the first run."""
        ...

    def verdict_key(self, connection: str) -> str | None:
        """The model and mapping under which the watermark was reached."""
        ...

    def set_watermark(self, connection: str, at: datetime, run: str, verdict_key: str) -> None:
        """Move the watermark; it never moves back."""
        ...

    def seen(self, connection: str, ids: Sequence[str]) -> pl.DataFrame:
        """What is remembered of these leads (the memory frame; unknown ids are left out)."""
        ...

    def remember(self, connection: str, run: str, leads: pl.DataFrame) -> None:
        """Insert or replace the memory of judged leads: the columns given replace, the rest stays."""
        ...

    def forget_gone(self, connection: str, run: str, gone: pl.DataFrame) -> int:
        """Mark deleted and merged leads; a merged one hands its history on. How many were new."""
        ...

    def record_verdicts(
        self, connection: str, run: str, judged: pl.DataFrame, as_of: date, model: str
    ) -> None:
        """Add to the history every verdict that differs from the lead's last one."""
        ...

    def record_problems(self, connection: str, run: str, problems: pl.DataFrame) -> None:
        """Replace the data problems of these leads (id, problems List[Struct])."""
        ...

    def record_disagreements(self, connection: str, run: str, kept: pl.DataFrame) -> None:
        """Keep where a person's edit was left standing: id, field, ours, theirs."""
        ...

    def save_lines(self, run: str, lines: pl.DataFrame) -> None:
        """Add lines to a run's plan, without outcomes."""
        ...

    def lines(
        self, run: str, *, kind: str | None = None, undecided_only: bool = False, size: int = 50_000
    ) -> Iterator[pl.DataFrame]:
        """A run's lines in order, in frames of at most `size`; safe while outcomes are recorded."""
        ...

    def record_outcomes(self, run: str, kind: str, outcomes: pl.DataFrame) -> None:
        """Write what became of lines, found by kind and `@id`."""
        ...

    def intend_conversions(self, connection: str, run: str, keys: pl.DataFrame) -> None:
        """Write that these leads (id, key) are about to be converted, before the call."""
        ...

    def settle_conversions(self, connection: str, run: str, outcomes: pl.DataFrame) -> None:
        """Write how conversions ended; applied ones mark the lead converted."""
        ...

    def lead(self, connection: str, lead: str) -> dict[str, Any] | None:
        """All that is known of one lead: facts, last verdict, lines, problems; None if unknown."""
        ...

    def unfinished_conversions(self, connection: str) -> pl.DataFrame:
        """Conversions that were intended and whose end nobody knows: id, key, run."""
        ...

    def quarantine(self, connection: str, rejected: pl.DataFrame) -> None:
        """Leave these leads (id, why, key) alone while their quarantine key stays the same."""
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
