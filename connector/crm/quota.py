"""The `quota` key of a connection: the share of a CRM's daily calls that may be used."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_PERCENT = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*%\s*$")


def _share(value: object) -> object:
    """A share of one, from "40%" or 0.4."""
    found = _PERCENT.match(value) if isinstance(value, str) else None
    return float(found.group(1)) / 100 if found else value


Quota = Annotated[float, BeforeValidator(_share), Field(gt=0, le=1)]
"""A share of one, above 0; written "40%" or 0.4."""
