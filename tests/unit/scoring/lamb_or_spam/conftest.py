"""Helpers for the tests of Lamb or Spam: a judge of the section alone, and what it says of leads."""

from __future__ import annotations

import polars as pl
import pytest


@pytest.fixture
def spotted(judge_of, lead_frame, as_of):
    """Judge leads by the section's YAML text: one row of outcome, text and confidence per lead."""

    def make(*rows, section="{}", kinds=None, facts=None):
        judge = judge_of(f"lamb_or_spam: {section}\nscore: {{lamb_or_spam: 1}}\n", facts)
        frame = judge.evaluate(lead_frame(*rows, **(kinds or {})), as_of)
        return frame.select(
            "genuine",
            pl.col("genuine:text").alias("text"),
            pl.col("genuine:confidence").alias("confidence"),
        ).to_dicts()

    return make
