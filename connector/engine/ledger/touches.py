"""What the engine asks of the ledger about revival: touches, arms, new owners, who has objected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl


class TouchStore(Protocol):
    """Touches from the intent to the outcome.

    Persons and companies are kept as pseudonyms: salted digests that mean nothing elsewhere.
    """

    def pseudonyms(self, keys: pl.Series) -> pl.Series:
        """The pseudonym of each key, the same as ever; null stays null."""
        ...

    def intend_touches(self, connection: str, run: str, touches: pl.DataFrame) -> pl.Series:
        """Write that these touches are about to be made, before the call; the keys that may be.

        A key that is intended already, or whose touch was made or may have been, is left out.
        The frame has the columns of the table of touches but the outcome's; `at` is now.
        """
        ...

    def settle_touches(self, connection: str, outcomes: pl.DataFrame) -> None:
        """Write how touches ended: key, state, touch_id, code, message."""
        ...

    def unfinished_touches(self, connection: str) -> pl.DataFrame:
        """Touches that were intended and whose end nobody knows, as the table has them."""
        ...

    def touched_before(
        self, ids: pl.DataFrame, persons: pl.Series, companies: pl.Series
    ) -> pl.DataFrame:
        """Every touch of these records (connection, id), persons and companies, in any connection."""
        ...

    def objections(self) -> pl.DataFrame:
        """The remembered leads of all connections that say no to e-mails or calls.

        Columns: connection, id, email, phone, mobile, email_opt_out, do_not_call.
        """
        ...

    def stages_seen(self, connection: str, ids: pl.Series) -> pl.DataFrame:
        """The stages that these leads were ever judged to be in, and when first: id, stage, at."""
        ...

    def touches_of(self, connection: str, lead: str) -> list[dict[str, Any]]:
        """Every touch and hold-out of one lead, oldest first."""
        ...


class ArmStore(Protocol):
    """The arms that touches are measured by, and who has owned a lead since when."""

    def enrolled_before(self, ids: pl.DataFrame, persons: pl.Series) -> pl.DataFrame:
        """Every arm of these records and persons, in any connection."""
        ...

    def enrol(self, connection: str, run: str, arms: pl.DataFrame) -> None:
        """Keep arms: id, person, cadence, began, arm, stage, cause, digest, at; known ones stay."""
        ...

    def enrolments(self, connection: str) -> pl.DataFrame:
        """Every arm of a connection's records: id, cadence, began, arm, stage, back_at, back_by."""
        ...

    def came_back(self, connection: str, found: pl.DataFrame) -> None:
        """Keep that leads came back: id, cadence, began, back_at, back_by; the first time stays."""
        ...

    def watch_owners(self, connection: str, owners: pl.DataFrame, now: datetime) -> None:
        """Keep the owners (id, owner); one that differs from the last is new since now."""
        ...

    def new_owners(self, connection: str, ids: pl.Series) -> pl.DataFrame:
        """Since when these leads have an owner other than the first one seen: id, since."""
        ...
