"""What a run is known by when it begins, and what it reports when it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import datetime

RunKind = Literal[
    "sync", "plan", "rescore", "apply", "convert", "answer", "undo", "revive", "retry"
]
RunState = Literal["running", "done", "done with rejects", "failed", "stopped", "paused: quota"]

ENDED = ("done", "done with rejects", "stopped")
"""The states of runs that nobody goes on with; a run in any other has not come to its end."""


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
    rescored: int = 0
    """Leads judged again from the ledger because a day has passed, without reading the CRM."""
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
    overlap_from: str | None = None
    """From when on changes that turned up late were looked for."""
    complete_to: str | None = None
    gap: str | None = None
    seconds: float = 0.0
    message: str = ""
    decisions: dict[str, int] = field(default_factory=dict)
    """What the plan decided, by kind: see connector/engine/brake.py."""
    released: str | None = None
    """Why a run that the brake would have stopped went on, in its user's words."""
    drift: list[dict[str, Any]] = field(default_factory=list)
    """How the CRM's schema differs from the last one that fitted: see connector/engine/drift.py."""
    quota: dict[str, Any] = field(default_factory=dict)
    """Calls that the plan needed and the day had left before: see connector/engine/quota.py."""
    touched: int = 0
    """Leads that were touched to bring them back: see connector/engine/outreach/."""
    held_out: int = 0
    """Leads that would have been touched, and are held out to tell what touches are worth."""
    undo_of: str | None = None
    """The run that this one took back."""
    resumed: list[str] = field(default_factory=list)
    """Runs that had not come to their end, and that this one has brought there first."""
