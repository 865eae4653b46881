"""What the API did to the org: the figures by which a connector is judged."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce.ids import SHORT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connector.sandbox.salesforce.store import Record


@dataclass(frozen=True, slots=True)
class Change:
    """One write of a row: what was there, what was asked for, and what came of it."""

    before: Record | None
    values: Mapping[str, Any]
    after: Record
    reassigned: bool = False
    """Whether the assignment rule gave the lead to somebody else."""


class Audit:
    """Counts every row that the API wrote, and remembers what people typed meanwhile."""

    def __init__(self) -> None:
        self.writes: Counter[str] = Counter()
        self.no_op_writes: Counter[str] = Counter()
        self.fields: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.reassigned: Counter[str] = Counter()
        self.conversions: dict[str, list[str | None]] = defaultdict(list)
        self.created: dict[str, list[Record]] = defaultdict(list)
        self.overwritten: list[dict[str, Any]] = []
        self._typed: dict[tuple[str, str], Any] = {}
        self._held: list[list[Callable[[], None]]] = []

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Count what happens inside only when no exception leaves it."""
        self._held.append([])
        try:
            yield
        except BaseException:
            self._held.pop()
            raise
        for event in self._held.pop():
            self._note(event)

    def wrote(self, table: str, change: Change) -> None:
        """Count one row written by the API."""
        self._note(lambda: self._count(table, change))

    def converted(self, lead_id: str, opportunity_id: str | None) -> None:
        """Count one conversion of a lead by the API."""
        self._note(lambda: self.conversions[lead_id].append(opportunity_id))

    def _note(self, event: Callable[[], None]) -> None:
        if self._held:
            self._held[-1].append(event)
        else:
            event()

    def _count(self, table: str, change: Change) -> None:
        before, values, after = change.before, change.values, change.after
        record_id = after["Id"]
        if change.reassigned:
            self.reassigned[record_id] += 1
        self.writes[record_id] += 1
        self.fields.update(f"{table}.{name}" for name in values)
        if before is None:
            self.created[table].append(after)
        elif all(before.get(name) == value for name, value in values.items()):
            self.no_op_writes[record_id] += 1
        for name, value in values.items():
            typed = self._typed.pop((record_id, name), value)
            if typed != value:
                self.overwritten.append(
                    {"object": table, "id": record_id, "field": name, "typed": typed, "api": value}
                )

    def typed(self, record_id: str, values: Mapping[str, Any]) -> None:
        """Remember what a person typed, until the API writes the same field."""
        self._typed.update({(record_id, name): value for name, value in values.items()})

    def opportunities(self) -> dict[str, list[str]]:
        """Opportunities of each lead that the API converted or named in an opportunity's text."""
        found: dict[str, list[str]] = {
            lead: [made for made in opportunities if made]
            for lead, opportunities in self.conversions.items()
        }
        leads = {lead[:SHORT]: lead for lead in found}
        for row in self.created["Opportunity"]:
            for lead in _leads_named(row):
                held = found.setdefault(leads.get(lead[:SHORT], lead), [])
                if row["Id"] not in held:
                    held.append(row["Id"])
        return found

    def report(self) -> dict[str, Any]:
        """Everything as plain figures; `ok` says that nothing here should worry anybody."""
        opportunities = self.opportunities()
        twice = {lead: made for lead, made in opportunities.items() if len(made) > 1}
        return {
            "ok": not (twice or self.no_op_writes or self.overwritten or self.reassigned),
            "writes": sum(self.writes.values()),
            "writes_per_record": dict(self.writes),
            "no_op_writes": dict(self.no_op_writes),
            "fields_written": dict(self.fields),
            "refused": dict(self.refused),
            "created": {table: len(rows) for table, rows in self.created.items()},
            "converted_leads": {lead: len(calls) for lead, calls in self.conversions.items()},
            "opportunities_per_lead": opportunities,
            "leads_with_several_opportunities": twice,
            "human_edits_overwritten": self.overwritten,
            "taken_by_assignment_rule": dict(self.reassigned),
        }


def _leads_named(row: Record) -> list[str]:
    texts = (value for name, value in row.items() if name.endswith("__c"))
    words = (word for text in texts if isinstance(text, str) for word in _words(text))
    return [word for word in words if word.startswith("00Q") and len(word) in {SHORT, SHORT + 3}]


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text).split()
