"""What the engine asks of the ledger about plan lines, their outcomes and the quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl


class LineStore(Protocol):
    """The lines of plans, what became of them, and what is held back."""

    def save_lines(self, run: str, lines: pl.DataFrame) -> None:
        """Add lines to a run's plan, without outcomes."""
        ...

    def lines(
        self, run: str, *, kind: str | None = None, undecided_only: bool = False, size: int = 50_000
    ) -> Iterator[pl.DataFrame]:
        """A run's lines in order, in frames of at most `size`; safe while outcomes are recorded."""
        ...

    def decided_lines(self, run: str) -> list[tuple[str, str, int]]:
        """How many lines of a run have come to which end: kind, outcome, count."""
        ...

    def undecided_counts(self, run: str) -> dict[str, int]:
        """How many lines of a run have no outcome yet, by kind."""
        ...

    def lines_by_score(self, run: str, kind: str, *, size: int) -> Iterator[pl.DataFrame]:
        """A run's undecided lines of a kind, the best leads' first; safe while they are decided."""
        ...

    def record_outcomes(self, run: str, kind: str, outcomes: pl.DataFrame) -> None:
        """Write what became of lines, found by kind and `@id`."""
        ...

    def quarantine(self, connection: str, rejected: pl.DataFrame) -> None:
        """Leave these leads (id, why, key) alone while their quarantine key stays the same."""
        ...

    def release(self, connection: str, ids: Sequence[str] | None = None) -> int:
        """End the quarantine of these leads (None: of all); how many were in quarantine."""
        ...

    def release_undone(self, connection: str) -> int:
        """End the hold on what was undone; how many leads were held."""
        ...

    def settle_undone(self, connection: str, of: str, ids: Sequence[str]) -> None:
        """These leads are as they were before that run: their stage, and nothing is settled."""
        ...
