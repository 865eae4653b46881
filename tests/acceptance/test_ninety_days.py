"""A funnel played over ninety days on each CRM, against a recount that knows only the model's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.played.play import play

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_ninety_days(crm: str, tmp_path: Path) -> None:
    """Every stage, move, reason and figure is as recounted; a second sync never plans anything.

    Nobody who has opted out or is held out is touched, and no cap is exceeded.
    """
    outcome = play(crm, tmp_path, leads=60, every=15, explain=12)

    assert outcome.wrong == {}
    assert outcome.moves > outcome.leads + 50
    assert outcome.converted > 0
    assert outcome.advised > 0
    assert outcome.touched > outcome.held_out > 0
    assert {"customer", "recycled", "disqualified", "sal"} <= outcome.stages.keys()
