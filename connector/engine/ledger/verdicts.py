"""What the engine asks of the ledger about verdicts, answers and the models behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import polars as pl


class VerdictStore(Protocol):
    """What was decided on leads, by which model, and what people answered."""

    def record_verdicts(  # noqa: PLR0913 — what was judged, when, by which model
        self,
        connection: str,
        run: str,
        judged: pl.DataFrame,
        as_of: date,
        model: str,
        *,
        quiet: Sequence[str] = (),
        facts: pl.Expr | None = None,
    ) -> None:
        """Add to the history every verdict that differs from the lead's last one.

        Differences in the columns named in `quiet` alone do not count. `facts` makes from the frame
        what each verdict rests on (a JSON object), which is kept with it.
        """
        ...

    def verdict_history(self, connection: str, lead: str) -> list[dict[str, Any]]:
        """Every verdict on one lead, oldest first, with `facts` (JSON; None if they were not kept)."""
        ...

    def take_back_verdicts(self, connection: str, run: str) -> None:
        """Forget what a stopped run has decided, as if it had never judged."""
        ...

    def record_disagreements(self, connection: str, run: str, kept: pl.DataFrame) -> None:
        """Keep where a person's edit was left standing: id, field, ours, theirs."""
        ...

    def record_answers(self, connection: str, run: str, given: pl.DataFrame) -> None:
        """Add answers: id, fact, value and was (JSON or null), label, person, source."""
        ...

    def answers(self, connection: str, lead: str) -> list[dict[str, Any]]:
        """Every answer of one lead, oldest first."""
        ...

    def keep_model(self, connection: str, model: Mapping[str, Any]) -> None:
        """Keep a model word for word: digest, name, version, text, extra."""
        ...

    def model(self, connection: str, digest: str) -> dict[str, Any] | None:
        """The kept model with this digest; None if it was never kept."""
        ...
