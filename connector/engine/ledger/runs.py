"""What the engine asks of the ledger about runs, leases, watermarks and the schema that last fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime

    from connector.engine.runs import RunReport, RunStart


class RunStore(Protocol):
    """Who works on a connection, since when, and how far it has come."""

    def begin_run(self, start: RunStart) -> None:
        """Write the run before its first call."""
        ...

    def end_run(self, report: RunReport) -> None:
        """Write the run's end and its figures."""
        ...

    def runs(self, connection: str | None = None, limit: int = 20) -> list[RunReport]:
        """The latest runs, newest first."""
        ...

    def run(self, run: str) -> RunReport | None:
        """The report of one run, or None for an unknown id."""
        ...

    def last_full_sync(self, connection: str) -> datetime | None:
        """When the latest sync began that has read everything, and came to its end."""
        ...

    def keep_position(self, run: str, position: str | None) -> None:
        """Write how far a run has come, or None: there is nothing to go on with."""
        ...

    def unfinished_run(self, connection: str) -> tuple[RunStart, str] | None:
        """The oldest run that has a position, and that position; None where all came to an end."""
        ...

    def drop_positions(self, connection: str, *, but: str) -> None:
        """No run of the connection is gone on with, `but` this one."""
        ...

    def bury_runs(self, connection: str, *, but: str) -> None:
        """No run of the connection is running any more, `but` this one, which holds the lease."""
        ...

    def together(self) -> AbstractContextManager[None]:
        """All that this thread reads and writes in the block is one writing transaction."""
        ...

    def take_lease(  # noqa: PLR0913 — who takes what, for how long, and from whom
        self,
        connection: str,
        holder: str,
        now: datetime,
        seconds: int,
        *,
        process: str | None = None,
        from_dead: str | None = None,
    ) -> bool:
        """Take the connection's lease; False while another holder's has not run out.

        `process` is the new holder's. `from_dead` names a process that is provably gone: a lease of
        its is free.
        """
        ...

    def prolong_lease(self, connection: str, holder: str, until: datetime) -> bool:
        """Keep the lease until then; False if it is not this holder's any more."""
        ...

    def lease_process(self, connection: str) -> str | None:
        """Which process holds the connection's lease; None for nobody and for one that is unknown."""
        ...

    def fenced(self, connection: str, holder: str) -> AbstractContextManager[None]:
        """In the block this thread writes only while the lease is as it is now."""
        ...

    def check_fence(self) -> None:
        """Raise `LeaseLostError` if the lease under which this thread works is another's by now."""
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

    def pruned(self, run: str) -> datetime | None:
        """When the run's lines were pruned, as too old to be kept; None while they are there."""
        ...

    def prune_when_due(self, connection: str) -> None:
        """Let go of what is older than the ledger is to keep, if a day has passed since the last time."""
        ...

    def kept_schema(self, connection: str) -> tuple[str, str] | None:
        """The mapping's digest and the fields (JSON) of the last schema that fitted."""
        ...

    def keep_schema(self, connection: str, run: str, mapping: str, fields: str) -> None:
        """Keep the schema that fits now."""
        ...
