"""`keep:` in leadgate.yaml: how long the ledger keeps the history of verdicts and runs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

FEWEST_DAYS = 30
"""The least that may be asked for."""

_DAYS = re.compile(r"\s*(\d{1,5})\s*d(?:ays?)?\s*")


def _length(value: object) -> object:
    """A length of time from "400d"."""
    if value is None:
        return None
    found = _DAYS.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be a number of days such as 400d")
    if int(found.group(1)) < FEWEST_DAYS:
        raise ValueError(
            f"must be at least {FEWEST_DAYS}d: undo, replay and the brake rest on what is kept"
        )
    return timedelta(days=int(found.group(1)))


Keep = Annotated[timedelta | None, BeforeValidator(_length)]
"""A length of time in days, as `400d`; None keeps everything."""
