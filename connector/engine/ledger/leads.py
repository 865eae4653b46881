"""What the engine asks of the ledger about what is remembered of every lead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    import polars as pl

    from connector.engine.ports import Window


class LeadStore(Protocol):
    """The leads as they were last seen, and what is known of them."""

    def count_modified(self, connection: str, window: Window) -> int:
        """How many living leads were last changed in the window, as far as the ledger knows."""
        ...

    def seen(self, connection: str, ids: Sequence[str] | pl.Series) -> pl.DataFrame:
        """What is remembered of these leads (the memory frame; unknown ids are left out)."""
        ...

    def remember(self, connection: str, run: str, leads: pl.DataFrame) -> None:
        """Insert or replace the memory of judged leads: the columns given replace, the rest stays."""
        ...

    def forget_gone(self, connection: str, run: str, gone: pl.DataFrame) -> int:
        """Mark deleted and merged leads; a merged one hands its history on. How many were new."""
        ...

    def outdated(
        self,
        connection: str,
        run: str,
        as_of: date,
        *,
        also: Sequence[str] | pl.Series = (),
        after: str | None = None,
    ) -> Iterator[pl.DataFrame]:
        """The living leads not judged as of this day, and `also`, if this run has not met them.

        In the order of their ids, `after` that one.
        """
        ...

    def addresses(self, connection: str) -> pl.DataFrame:
        """The e-mail address of every living lead that has one: id, email, modified_at."""
        ...

    def touched_since(self, connection: str, than: str) -> pl.DataFrame:
        """The living leads (id) learnt of since the last complete run of another connection began."""
        ...

    def there(self, connection: str, ids: Sequence[str]) -> pl.DataFrame:
        """What is in the CRM as far as we know, and what of it is ours; unknown leads are left out.

        Columns: id, there, written, quarantine_key.
        """
        ...

    def judged_as_of(self, connection: str, as_of: date) -> None:
        """Every living lead has been judged as of this day."""
        ...

    def record_problems(self, connection: str, run: str, problems: pl.DataFrame) -> None:
        """Replace the data problems of these leads (id, problems List[Struct])."""
        ...

    def record_engagement(self, connection: str, days: pl.DataFrame) -> None:
        """Add days on which leads showed interest (id, day Date); known ones stay."""
        ...

    def count_leads(self, connection: str) -> int:
        """How many living leads are remembered."""
        ...

    def leads_facts(self, connection: str, *, size: int = 50_000) -> Iterator[pl.DataFrame]:
        """Every living lead: id, facts and written as JSON objects, and more."""
        ...

    def lead(self, connection: str, lead: str) -> dict[str, Any] | None:
        """All that is known of one lead: facts, last verdict, lines, problems; None if unknown."""
        ...
