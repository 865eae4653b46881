"""How records are associated: types in both directions, primaries, and the labels people see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.sandbox.hubspot.failures import invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from connector.sandbox.hubspot.store import Record

HUBSPOT = "HUBSPOT_DEFINED"
CUSTOM = "USER_DEFINED"


@dataclass(frozen=True, slots=True)
class LinkType:
    """One association type, in one direction."""

    id: int
    source: str
    target: str
    label: str | None = None
    category: str = HUBSPOT
    reverse: int = 0
    name: str | None = None

    def body(self) -> dict[str, Any]:
        """Describe the type as it stands beside an associated record."""
        return {"category": self.category, "typeId": self.id, "label": self.label}

    def spec(self) -> dict[str, Any]:
        """Describe the type as a request names it."""
        return {"associationCategory": self.category, "associationTypeId": self.id}


_PAIRS = (
    # from, to, unlabelled, its reverse, primary, its reverse
    ("contacts", "companies", 279, 280, 1, 2),
    ("deals", "contacts", 3, 4, 0, 0),
    ("deals", "companies", 341, 342, 5, 6),
    ("leads", "contacts", 608, 609, 578, 579),
    ("leads", "companies", 610, 611, 580, 581),
    ("leads", "deals", 1037, 1038, 582, 583),
    ("tasks", "contacts", 204, 203, 0, 0),
    ("tasks", "companies", 192, 191, 0, 0),
    ("tasks", "deals", 216, 215, 0, 0),
    ("tasks", "leads", 647, 646, 0, 0),
    ("notes", "contacts", 202, 201, 0, 0),
    ("notes", "companies", 190, 189, 0, 0),
    ("notes", "deals", 214, 213, 0, 0),
    ("notes", "leads", 855, 854, 0, 0),
)


class LinkTypes:
    """The association types of a portal."""

    def __init__(self) -> None:
        self._types: dict[tuple[str, str, int], LinkType] = {}
        self._default: dict[tuple[str, str], LinkType] = {}
        self._primary: dict[tuple[str, str], LinkType] = {}
        self._next = 10_001
        for source, target, plain, back, primary, primary_back in _PAIRS:
            self._default[source, target] = self._add(LinkType(plain, source, target, reverse=back))
            self._default[target, source] = self._add(LinkType(back, target, source, reverse=plain))
            if primary:
                first = LinkType(primary, source, target, "Primary", reverse=primary_back)
                self._primary[source, target] = self._add(first)
                second = LinkType(primary_back, target, source, "Primary", reverse=primary)
                self._primary[target, source] = self._add(second)

    def _add(self, link: LinkType) -> LinkType:
        self._types[link.source, link.target, link.id] = link
        return link

    def between(self, source: str, target: str) -> list[LinkType]:
        """List the types from one object type to another."""
        return [t for (a, b, _), t in self._types.items() if (a, b) == (source, target)]

    def get(self, source: str, target: str, type_id: int) -> LinkType:
        """Find a type in a direction; raises `ApiFailure` 400."""
        found = self._types.get((source, target, type_id))
        if found is None:
            message = f"Association type {type_id} is not valid from {source} to {target}."
            raise invalid(message).adding(subCategory="crm.associations.INVALID_ASSOCIATION_TYPE")
        return found

    def default(self, source: str, target: str) -> LinkType:
        """Find the unlabelled type; raises `ApiFailure` 400 when the types cannot be associated."""
        found = self._default.get((source, target))
        if found is None:
            raise invalid(f"No default association type exists from {source} to {target}.")
        return found

    def primary(self, source: str, target: str) -> LinkType | None:
        """Find the type that marks the one main record."""
        return self._primary.get((source, target))

    def define(self, source: str, target: str, label: str, name: str) -> list[LinkType]:
        """Make a label of the team's own, in both directions."""
        there, back = self._next, self._next + 1
        self._next += 2
        made = [LinkType(there, source, target, label, CUSTOM, back, name)]
        made.append(LinkType(back, target, source, label, CUSTOM, there, name))
        return [self._add(link) for link in made]

    def forward(self, wanted: Sequence[LinkType]) -> list[LinkType] | None:
        """Turn types round where the other record is the one that can have a primary one."""
        one = wanted[0]
        if any(pair[:2] == (one.source, one.target) for pair in _PAIRS):
            return None
        return [self.get(each.target, each.source, each.reverse) for each in wanted]

    def named(self, source: str, target: str, specs: object) -> list[LinkType]:
        """Read the types that a request names; raises `ApiFailure` 400 for a wrong one."""
        if not isinstance(specs, list) or not specs:
            raise invalid("Invalid input JSON: association types must be a list that is not empty")
        return [self._read(source, target, spec) for spec in specs]

    def _read(self, source: str, target: str, spec: Mapping[str, Any]) -> LinkType:
        try:
            category, type_id = spec["associationCategory"], int(spec["associationTypeId"])
        except (KeyError, TypeError, ValueError):
            raise invalid(
                "Invalid input JSON: some of required attributes are not set "
                "[associationCategory, associationTypeId]"
            ) from None
        found = self.get(source, target, type_id)
        if found.category != category:
            raise invalid(f"Association type {type_id} is not of category {category}.")
        return found


def link(
    types: LinkTypes,
    source: Record,
    target: Record,
    wanted: Iterable[LinkType],
    others: Callable[[int], Record],
) -> bool:
    """Associate two records, in both directions; says whether anything was new.

    A label brings the unlabelled association with it. The first company becomes primary; a new
    primary record takes the mark from the one before, which `others` finds by id.
    """
    wanted = list(wanted)
    one = wanted[0]
    every = [types.default(one.source, one.target), *wanted]
    primary = types.primary(one.source, one.target)
    if primary is not None and one.target == "companies" and not source.linked(one.target):
        every.append(primary)
    if primary is not None and primary in every:
        for other_id, held in source.linked(one.target).items():
            if primary.id in held and other_id != target.id:
                held.discard(primary.id)
                others(other_id).links[one.source][source.id].discard(primary.reverse)
    before = set(source.linked(one.target).get(target.id, ()))
    for each in every:
        source.links.setdefault(each.target, {}).setdefault(target.id, set()).add(each.id)
        target.links.setdefault(each.source, {}).setdefault(source.id, set()).add(each.reverse)
    return source.links[one.target][target.id] != before


def unlink(
    source: Record, target: Record, names: tuple[str, str], only: Iterable[LinkType] = ()
) -> None:
    """Take associations away: those given, or all between the two records.

    `names` are the object types of source and target.
    """
    source_type, target_type = names
    labels = list(only)
    there = source.links.get(target_type, {}).get(target.id, set())
    back = target.links.get(source_type, {}).get(source.id, set())
    for each in labels:
        there.discard(each.id)
        back.discard(each.reverse)
    if not labels or not there:
        source.links.get(target_type, {}).pop(target.id, None)
        target.links.get(source_type, {}).pop(source.id, None)
