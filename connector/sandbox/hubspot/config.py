"""How a sandbox portal is set up: limits, lags and habits that differ between real portals."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class PortalConfig:
    """Settings of a portal; they may be changed while it runs. A limit of 0 is switched off.

    `index_lag_seconds` is how long the search goes on showing old values. `scopes` of None grants
    all. `retry_after_seconds` adds the header of that name to refusals for too many calls.
    """

    burst: int = 190
    oauth_burst: int = 110
    burst_window_seconds: float = 10.0
    search_per_second: int = 5
    daily: int = 625_000
    search_ceiling: int = 10_000
    index_lag_seconds: float = 0.0
    access_ttl_seconds: float = 1800.0
    rotate_refresh_tokens: bool = False
    shuffle_batch: bool = True
    deal_sets_lifecycle: bool = True
    url_limit: int = 16_000
    retry_after_seconds: float | None = None
    scopes: tuple[str, ...] | None = None
