"""What a mapping can still do when some of the fields that it uses have changed.

An entry that no longer fits is left out, and nothing else: a fact that cannot be read is unknown, a
field that cannot be written is not written, a value that has gone is not written.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mappings.entries import ReadField, WriteField
    from mappings.mapping import Mapping
    from scoring.document import Path
    from scoring.problem import Problem

NOT_AT_ALL = "the run is not affected"
UNKNOWN = "its fact is unknown"
NOT_WRITTEN = "it is not written"
NOT_MOVED = "it does not move into new opportunities"
NO_CONVERSION = "no lead is converted"
STAYS_IN_USE = "it is still used"


@dataclass(frozen=True)
class Use:
    """One entry of a mapping and the CRM field that it rests on.

    `name` is the fact, the verdict field or the opportunity field; `place` tells the entries of a
    fact apart; `words` are the values that a read map says, in lower case (None: it has no map).
    """

    way: Literal["read", "write", "convert"]
    object: Literal["lead", "opportunity"]
    field: str
    name: str
    path: Path
    place: int = 0
    words: frozenset[str] | None = None

    def says(self, value: str) -> bool:
        """Whether the entry knows what to make of a value."""
        return self.words is None or value.strip().lower() in self.words


@dataclass(frozen=True)
class Lost:
    """What the CRM no longer has: fields of the lead, and values of fields (field, value)."""

    fields: frozenset[str] = frozenset()
    values: frozenset[tuple[str, str]] = frozenset()

    def of(self, field: str) -> frozenset[str]:
        """The values that a field has lost."""
        return frozenset(value for name, value in self.values if name == field)


@dataclass
class Reduced:
    """The mapping without what no longer fits, and what became of each use that was looked at."""

    mapping: Mapping
    then: dict[Use, str] = field(default_factory=dict)


def uses(mapping: Mapping) -> list[Use]:
    """Every entry of the mapping with its field."""
    found = []
    for name, entries in mapping.read.items():
        for place, entry in enumerate(entries):
            path: Path = ("read", name, place) if len(entries) > 1 else ("read", name)
            found.append(Use("read", "lead", entry.field, name, path, place, _words(entry)))
    for name, extra in mapping.extra.items():
        path = ("read", "extra", name)
        found.append(Use("read", "lead", extra.field, name, path, 0, _words(extra)))
    for name, write in mapping.write.items():
        found.append(Use("write", "lead", write.field, name, ("write", name)))
    convert = mapping.convert
    for name in convert.opportunity if convert else ():
        path = ("convert", "opportunity", name)
        found.append(Use("convert", "opportunity", name, name, path))
    if convert and convert.key:
        found.append(Use("convert", "opportunity", convert.key, "key", ("convert", "key")))
    return found


def _words(entry: ReadField) -> frozenset[str] | None:
    if not entry.values or entry.otherwise is not None:
        return None
    return frozenset(word.strip().lower() for word in entry.values)


def unaffected(
    mapping: Mapping,
    hit: Iterable[Use],
    lost: Lost,
    errors_of: Callable[[Mapping], list[Problem]],
) -> Reduced:
    """The mapping without the entries among `hit` that no longer fit.

    `errors_of` checks a mapping against the live schema.
    """
    reduced = Reduced(mapping)
    hit = list(hit)
    # The last of a fact's entries first, so that the places of the others stay.
    for use in sorted((u for u in hit if u.way == "read"), key=lambda u: -u.place):
        _read(reduced, mapping, use, lost, errors_of)
    for use in hit:
        if use.way == "write":
            _write(reduced, mapping, use, lost, errors_of)
    converting = [use for use in hit if use.way == "convert"]
    if converting and mapping.convert is not None:
        _convert(reduced, mapping, converting, errors_of)
    return reduced


def _read(
    reduced: Reduced,
    mapping: Mapping,
    use: Use,
    lost: Lost,
    errors_of: Callable[[Mapping], list[Problem]],
) -> None:
    now = reduced.mapping
    bare = replace(mapping, read={}, extra={}, write={}, convert=None)
    if use.path[1] == "extra":
        extra = mapping.extra[use.name]
        alone = replace(bare, extra={use.name: extra})
        # An own fact stays one, so that rules may ask it; nothing feeds it.
        unfed = {use.name: extra.model_copy(update={"field": "", "optional": True})}
        without = replace(now, extra=now.extra | unfed)
    else:
        alone = replace(bare, read={use.name: (mapping.read[use.name][use.place],)})
        left = tuple(e for n, e in enumerate(now.read[use.name]) if n != use.place)
        read = {n: e for n, e in (now.read | {use.name: left}).items() if e}
        without = replace(now, read=read)
    if use.field in lost.fields or errors_of(alone):
        reduced.mapping = without
        reduced.then[use] = UNKNOWN
    elif any(value.strip().lower() in _named(mapping, use) for value in lost.of(use.field)):
        reduced.then[use] = STAYS_IN_USE


def _named(mapping: Mapping, use: Use) -> frozenset[str]:
    """The values that the entry's map names, in lower case."""
    extra = use.path[1] == "extra"
    entry = mapping.extra[use.name] if extra else mapping.read[use.name][use.place]
    return frozenset(word.strip().lower() for word in entry.values)


def _write(
    reduced: Reduced,
    mapping: Mapping,
    use: Use,
    lost: Lost,
    errors_of: Callable[[Mapping], list[Problem]],
) -> None:
    before = errors_of(replace(mapping, write={}, convert=None))

    def fits(entry: WriteField) -> bool:
        alone = replace(mapping, write={use.name: entry}, convert=None)
        return len(errors_of(alone)) <= len(before)

    entry = mapping.write[use.name]
    if fits(entry):
        return
    write = dict(reduced.mapping.write)
    gone = lost.of(use.field)
    words = {key: word for key, word in entry.values.items() if str(word) not in gone}
    fewer = entry.model_copy(update={"values": words})
    if words and gone and fits(fewer):
        write[use.name] = fewer
        reduced.then[use] = "this value is not written"
    else:
        del write[use.name]
        reduced.then[use] = NOT_WRITTEN
    reduced.mapping = replace(reduced.mapping, write=write)


def _convert(
    reduced: Reduced,
    mapping: Mapping,
    converting: list[Use],
    errors_of: Callable[[Mapping], list[Problem]],
) -> None:
    before = errors_of(replace(mapping, write={}, convert=None))
    convert = mapping.convert
    if convert is None or len(errors_of(replace(mapping, write={}))) <= len(before):
        return
    changed = {use.name for use in converting}
    kept = {name: e for name, e in convert.opportunity.items() if name not in changed}
    fewer = convert.model_copy(update={"opportunity": kept})
    if len(errors_of(replace(mapping, write={}, convert=fewer))) <= len(before):
        reduced.mapping = replace(reduced.mapping, convert=fewer)
        reduced.then |= dict.fromkeys(converting, NOT_MOVED)
    else:
        reduced.mapping = replace(reduced.mapping, convert=None)
        reduced.then |= dict.fromkeys(converting, NO_CONVERSION)
