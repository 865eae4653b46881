"""Drift: the CRM's schema has changed under a mapping that fitted it.

The schema of the fields that a mapping uses is kept in the ledger with every sync that found it
fitting. A later sync compares it with the live one. What changed is told with its consequence: the
mapping's entries, the rules, gates and questions that look at the facts, and how many leads it hits.
The run goes on with everything else (see unaffected.py) and ends with exit code 3.

The new schema becomes the one to compare with when the mapping has been mended and fits, or when
somebody accepts it: `leadgate check --accept-drift`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import orjson

from connector.engine.impact import count_hit, who_asks
from connector.engine.unaffected import NOT_AT_ALL, Lost, Use, unaffected, uses
from mappings.described import lead_field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Mapping as Lookup

    from connector.engine.ledger import Ledger
    from mappings.mapping import Mapping
    from mappings.schema import CrmSchema, Field
    from scoring.document import Document
    from scoring.judge import Judge
    from scoring.problem import Problem

Kept = dict[str, dict[str, dict[str, Any]]]
"""Object → field → what is kept of it."""

_ABOUT = ("type", "length", "writable", "createable", "required", "calculated")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference from the schema that fitted.

    `option` is the value that went, or `came`; `gone` says that the whole field did.
    """

    object: str
    field: str
    what: str
    option: str | None = None
    came: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Drift:
    """A change of the schema and what follows from it.

    `entries` are places in the mapping file, `asks` the rules, gates and questions that look at
    what is read there, `leads` how many leads of the ledger are hit, `then` what the run does.
    """

    object: str
    field: str
    what: str
    entries: tuple[str, ...]
    asks: tuple[str, ...]
    leads: int
    then: str

    def as_json(self) -> dict[str, Any]:
        """The drift as reports keep it."""
        return asdict(self)


@dataclass(frozen=True)
class Watched:
    """What came of the comparison: the mapping to go on with, and the errors that still stop.

    `fields` is the live schema as the ledger keeps it.
    """

    mapping: Mapping
    errors: tuple[Problem, ...]
    drifts: tuple[Drift, ...]
    fields: str
    digest: str


@dataclass(frozen=True)
class Watch:
    """What is compared: a connection's files and the schema that its CRM has now."""

    connection: str
    mapping: Mapping
    document: Document
    schema: CrmSchema
    judge: Judge
    errors_of: Callable[[Mapping], list[Problem]]

    def compare(self, ledger: Ledger) -> Watched:
        """The live schema against the kept one."""
        every = uses(self.mapping)
        live = orjson.dumps(_snapshot(self.schema, every), option=orjson.OPT_SORT_KEYS).decode()
        errors = self.errors_of(self.mapping)
        kept = ledger.kept_schema(self.connection)
        plain = Watched(self.mapping, tuple(errors), (), live, self.mapping.digest)
        if kept is None:
            return plain
        digest, fields = kept
        mended = digest != self.mapping.digest and not errors
        changes = [] if mended else list(_changes(orjson.loads(fields), self.schema, every))
        if not changes:
            return plain
        hit = [use for use in every if any(_concerns(c, use) for c in changes)]
        reduced = unaffected(self.mapping, hit, _lost(changes), self.errors_of)
        drifts = self._drifts(ledger, changes, hit, reduced.then)
        left = tuple(self.errors_of(reduced.mapping))
        return Watched(reduced.mapping, left, drifts, live, self.mapping.digest)

    def _drifts(
        self, ledger: Ledger, changes: list[Change], hit: list[Use], then: Lookup[Use, str]
    ) -> tuple[Drift, ...]:
        concerned = [[use for use in hit if _concerns(change, use)] for change in changes]
        options = [change.option for change in changes]
        counts = count_hit(self.connection, ledger, self.mapping, concerned, options)
        found = []
        for change, theirs, leads in zip(changes, concerned, counts, strict=True):
            acts = dict.fromkeys(then[use] for use in theirs if use in then)
            if change.option is not None and not (leads or acts):
                continue  # a value that nobody has and that no map names
            facts = {use.name for use in theirs if use.way == "read"}
            asks = [who for fact in sorted(facts) for who in who_asks(self.judge, fact)]
            found.append(
                Drift(
                    object=change.object,
                    field=change.field,
                    what=change.what,
                    entries=tuple(self.document.where(*use.path) for use in theirs),
                    asks=tuple(dict.fromkeys(asks)),
                    leads=leads,
                    then="; ".join(acts) or NOT_AT_ALL,
                )
            )
        return tuple(found)


def _concerns(change: Change, use: Use) -> bool:
    """Whether a use of the mapping rests on what changed."""
    if change.field == "" and use.way == "convert":
        return True
    if use.object != change.object or use.field != change.field:
        return False
    return not (change.came and use.way != "read")


def _lost(changes: list[Change]) -> Lost:
    lead = [change for change in changes if change.object == "lead"]
    return Lost(
        frozenset(c.field for c in lead if c.gone),
        frozenset((c.field, c.option) for c in lead if c.option is not None and not c.came),
    )


def _snapshot(schema: CrmSchema, every: list[Use]) -> Kept:
    """What is kept of every field that is used, and of those that a new opportunity needs."""
    kept: Kept = {"lead": {}, "opportunity": {}}
    for use in every:
        field = _live(schema, use.object, use.field)
        if field is not None:
            kept[use.object][use.field] = _kept(field)
    opportunity = schema.opportunity.fields if schema.opportunity else {}
    needed = {n: _kept(f) for n, f in opportunity.items() if f.required and f.createable}
    return kept | {"opportunity": needed | kept["opportunity"]}


def _kept(field: Field) -> dict[str, Any]:
    about = {name: getattr(field, name) for name in _ABOUT}
    return about | {"values": list(field.values)}


def _live(schema: CrmSchema, object_: str, name: str) -> Field | None:
    if object_ == "lead":
        return lead_field(schema, name)
    return schema.opportunity.fields.get(name) if schema.opportunity else None


def _changes(before: Kept, schema: CrmSchema, every: list[Use]) -> Iterator[Change]:
    """Every difference that a use of the mapping rests on, each once."""
    ways: dict[tuple[str, str], list[Use]] = {}
    for use in every:
        if use.field in before.get(use.object, {}):
            ways.setdefault((use.object, use.field), []).append(use)
    for (object_, name), theirs in ways.items():
        known = before[object_][name]
        live = _live(schema, object_, name)
        if live is None:
            what = f'"{name}" is gone, or hidden from this user.'
            yield Change(object_, name, what, gone=True)
            continue
        for what in _differences(known, live, {use.way for use in theirs}):
            yield Change(object_, name, f'"{name}" {what}')
        if live.type == known["type"]:
            yield from _options(known["values"], live, object_, theirs)
    yield from _newly_required(before, schema, ways)


def _differences(known: dict[str, Any], live: Field, ways: set[str]) -> Iterator[str]:
    if live.type != known["type"]:
        yield f"was a {known['type']} field and is a {live.type} field."
    if "write" in ways and known["writable"] and not live.writable:
        yield "can no longer be written by this user."
    if "convert" in ways and known["createable"] and not live.createable:
        yield "can no longer be given to a new opportunity by this user."
    shorter = live.length > 0 and (not known["length"] or live.length < known["length"])
    if ways & {"write", "convert"} and shorter:
        yield f"holds {live.length} characters now, and held {known['length'] or 'more'}."


def _options(known: list[str], live: Field, object_: str, theirs: list[Use]) -> Iterator[Change]:
    """Values that went; and values that came to a field whose map does not say them."""
    for value in known:
        if value not in live.values:
            what = f'"{live.name}" has lost its value "{value}".'
            yield Change(object_, live.name, what, value)
    for value in live.values:
        told = all(use.says(value) for use in theirs if use.way == "read")
        if value not in known and not told:
            what = f'"{live.name}" has a new value "{value}", which the map does not say.'
            yield Change(object_, live.name, what, value, came=True)


def _newly_required(
    before: Kept, schema: CrmSchema, ways: Lookup[tuple[str, str], object]
) -> Iterator[Change]:
    """Fields that a new opportunity has come to need; conversions fail without them."""
    fields = schema.opportunity.fields if schema.opportunity else {}
    converts = any(object_ == "opportunity" for object_, _ in ways)
    for name, field in fields.items():
        known = before["opportunity"].get(name, {})
        needed = field.required and field.createable
        if converts and needed and not known.get("required") and ("opportunity", name) not in ways:
            yield Change("opportunity", "", f'"{name}" is required for a new opportunity now.')
