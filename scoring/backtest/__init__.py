"""Rules tried on history: what would have become of past leads under another model."""

from __future__ import annotations

from scoring.backtest.honest import Refused, refused_columns, without_the_future
from scoring.backtest.past import PastPage, no_days
from scoring.backtest.replay import replay
from scoring.backtest.summary import Span, Summary

__all__ = [
    "PastPage",
    "Refused",
    "Span",
    "Summary",
    "no_days",
    "refused_columns",
    "replay",
    "without_the_future",
]
