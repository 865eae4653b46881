"""What the engine asks of the ledger about runs, leases, watermarks and the schema that last fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
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

    def kept_schema(self, connection: str) -> tuple[str, str] | None:
        """The mapping's digest and the fields (JSON) of the last schema that fitted."""
        ...

    def keep_schema(self, connection: str, run: str, mapping: str, fields: str) -> None:
        """Keep the schema that fits now."""
        ...
