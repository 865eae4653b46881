"""Records that are made once, whatever answer is lost: looked for first, and again before any retry."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from connector.crm.salesforce import outcomes
from connector.crm.salesforce.errors import TRANSIENT_ROWS, unreadable
from connector.crm.salesforce.outcomes import RowError
from connector.engine.channel import TOUCH_OUTCOMES
from connector.errors import LostAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from connector.crm.salesforce.client import Client

log = logging.getLogger("leadgate.crm.salesforce")

Record = dict[str, Any]
BATCH = 100
"""Records that one call makes: their keys fit the address of the query that looks for them."""
_ROUNDS = 5
_TAKEN = "DUPLICATE_VALUE"


@dataclass
class Made:
    """What became of some records, by key: their ids, or why they were refused."""

    ids: dict[str, str] = field(default_factory=dict)
    errors: dict[str, RowError] = field(default_factory=dict)
    lost: LostAnswerError | None = None
    """The answer that was lost last, where records are left of which nobody knows."""

    def open(self, keys: Iterable[str]) -> list[str]:
        """The keys of which nothing is known."""
        return [key for key in keys if key not in self.ids and key not in self.errors]


class Creator:
    """Makes records of one kind. `find` tells which keys have a record, and its id.

    `jitter` gives numbers from 0 to 1 that spread the repetitions.
    """

    def __init__(
        self,
        client: Client,
        find: Callable[[Sequence[str]], dict[str, str]],
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._find = find
        self._jitter = jitter

    def make(self, records: Mapping[str, Record]) -> Made:
        """Up to a hundred records by key. What is there already is left as it is."""
        made = Made(ids=self._find(list(records)) if records else {})
        for attempt in range(_ROUNDS):
            todo = made.open(records)
            if not todo:
                made.lost = None
                return made
            if attempt:
                self._client.sleep(2 ** (attempt - 1) * (0.5 + self._jitter()))
            if made.lost is not None:  # nobody knows what became of the last call
                made.ids |= self._find(todo)
                todo = made.open(records)
                made.lost = None
            if todo:
                self._post(made, {key: records[key] for key in todo}, last=attempt == _ROUNDS - 1)
        if made.lost is not None and made.open(records):
            made.ids |= self._find(made.open(records))
        return made

    def _post(self, made: Made, records: Mapping[str, Record], *, last: bool) -> None:
        """One call; a lost answer is kept, and rows that were locked stay open."""
        try:
            answer = self._client.json(
                "POST",
                "composite/sobjects",
                repeatable=False,
                json={"allOrNone": False, "records": list(records.values())},
            )
            if not isinstance(answer, list) or len(answer) != len(records):
                raise unreadable("Salesforce: POST composite/sobjects")
        except LostAnswerError as error:
            log.warning("%s; reading back what was made", error)
            made.lost = error
            return
        for key, row in zip(records, answer, strict=True):
            if row.get("success"):
                made.ids[key] = str(row["id"])
                continue
            refused = RowError.of(row.get("errors") or ())
            if last or refused.code not in TRANSIENT_ROWS:
                made.errors[key] = refused
        self._recognise(made, records)

    def _recognise(self, made: Made, records: Mapping[str, Record]) -> None:
        """A key that is taken belongs to a record that another call of ours has made."""
        taken = [key for key in records if _code(made, key) == _TAKEN]
        if not taken:
            return
        found = self._find(taken)
        made.ids |= found
        for key in found:
            del made.errors[key]


def _code(made: Made, key: str) -> str:
    return made.errors[key].code if key in made.errors else ""


def touch_outcomes(
    rows: Sequence[Mapping[str, Any]], made: Made, values: Callable[[Mapping[str, Any]], list[str]]
) -> pl.DataFrame:
    """The touch outcomes of the rows of which something is known.

    `values` tells what was sent of a row, so that no refusal repeats it.
    """
    told = []
    for row in rows:
        key = row["@key"]
        if key in made.errors:
            told.append(outcomes.outcome(row["@id"], made.errors[key], values(row)))
        elif key in made.ids:
            told.append({"@id": row["@id"], "outcome": "applied", "@touch_id": made.ids[key]})
    return pl.DataFrame(told, schema=TOUCH_OUTCOMES)
