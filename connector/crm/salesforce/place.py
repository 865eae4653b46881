"""Where a pull of a window goes on in another process: after a row, or at a page of a bulk job."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

import orjson

from connector.crm.salesforce.bulk import Spot

_MOMENT = re.compile(r"^[\d:T.+-]+Z?$")
_ID = re.compile(r"^[A-Za-z0-9]{15,18}$")


@dataclass(frozen=True, slots=True)
class Place:
    """How many rows and leads of a window were read, how many were told of, and what comes next.

    `last` is the SystemModstamp and Id of the last row, in whose order the rest follows; `spot` the
    page of a bulk job. One of them is set.
    """

    rows: int
    leads: int
    told: int | None
    spot: Spot | None = None
    last: tuple[str, str] | None = None

    def as_text(self) -> str:
        """As JSON."""
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def from_text(cls, text: str | None) -> Place | None:
        """The place from its JSON; None for one that is of no use, so that all is read."""
        try:
            found = orjson.loads(text or "")
            spot, last = found.pop("spot"), found.pop("last")
            place = cls(
                **found, spot=spot and Spot(**spot), last=(last[0], last[1]) if last else None
            )
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            return None
        if place.last is not None and not (
            _MOMENT.match(place.last[0]) and _ID.match(place.last[1])
        ):
            return None
        return place if place.spot or place.last else None
