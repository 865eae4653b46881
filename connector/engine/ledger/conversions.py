"""What the engine asks of the ledger about conversions and their opportunities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import polars as pl


class ConversionStore(Protocol):
    """Conversions, from the intent to what became of the opportunity."""

    def intend_conversions(self, connection: str, run: str, keys: pl.DataFrame) -> None:
        """Write that these leads (id, key) are about to be converted, before the call."""
        ...

    def settle_conversions(self, connection: str, run: str, outcomes: pl.DataFrame) -> None:
        """Write how conversions ended; applied ones mark the lead converted."""
        ...

    def unfinished_conversions(self, connection: str) -> pl.DataFrame:
        """Conversions that were intended and whose end nobody knows: id, key, run."""
        ...

    def settle_retracted(self, connection: str, outcomes: pl.DataFrame) -> None:
        """The applied ones are no longer converted, and may be converted again."""
        ...

    def unsettled_opportunities(self, connection: str) -> pl.DataFrame:
        """Converted leads whose opportunity is open or unknown: id, opportunity_id, state."""
        ...

    def record_opportunities(self, connection: str, run: str, states: pl.DataFrame) -> None:
        """Keep states (id, state, reason); leads whose opportunity is closed are to be judged again."""
        ...
