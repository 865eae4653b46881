"""What can be wrong with the entries of a mapping file by themselves, without looking at a CRM."""

from __future__ import annotations

import re
import zoneinfo
from typing import TYPE_CHECKING, Any

from mappings.templates import placeholders
from mappings.transforms import TRANSFORMS, suits
from mappings.values import KEEP, typed_literal
from scoring import lead, verdict
from scoring.problem import Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mappings.entries import (
        Conversion,
        ConversionField,
        Entry,
        ReadField,
        Scalar,
        Sections,
        WriteField,
    )
    from scoring.document import Document, Path
    from scoring.lead import Kind

WORDS: dict[str, tuple[str, ...]] = {
    "stage": (*verdict.STAGES, *verdict.ASIDE),
    "grade": ("A", "B", "C", "D"),
    "priority": ("hot", "warm", "cold"),
    "genuine": ("lamb", "unsure", "spam"),
}
"""The verdict fields that have few values, and these."""

_NEVER_WRITTEN = ("created_at", "modified_at")
_YES_NO = ("true", "false")


def check_defaults(document: Document, sections: Sections) -> Iterator[Problem]:
    """The file's own region, time zone and currency."""
    yield from _places(document, (), sections)


def check_names(document: Document, read: Iterable[Any], extra: Any) -> Iterator[Problem]:
    """Every name under `read` is a lead field, every one under `read.extra` is new."""
    for name in read:
        if name in lead.READABLE:
            continue
        what = f'"{name}" is not a lead field.'
        if name in lead.FIELDS:
            what = (
                f'"{name}" is known from conversions and the ledger, and is not read from a field.'
            )
        fix = did_you_mean(str(name), lead.READABLE) or "The team's own facts go under read.extra."
        yield document.problem(("read", name), what, fix)
    if not isinstance(extra, dict):
        yield document.problem(("read", "extra"), "must be a mapping of names to fields.")
        return
    for name in extra:
        path = ("read", "extra", name)
        if name in lead.FIELDS or name in verdict.FIELDS or name == "id":
            yield document.problem(path, f'"{name}" is a field already.', "Choose another name.")
        elif not re.fullmatch(r"[a-z][a-z0-9_]*", str(name)):
            what = f'"{name}" is not a name: lower case letters, digits and _ make one.'
            yield document.problem(path, what)


def check_read(
    document: Document, path: Path, entry: ReadField, name: str, kind: Kind
) -> Iterator[Problem]:
    """One entry under `read` or `read.extra`."""
    yield from _places(document, path, entry)
    yield from _transform(document, path, entry, kind)
    for word, value in entry.values.items():
        yield from _literal(document, (*path, "values", word), value, name=name, kind=kind)
    yield from _twice(document, path, entry)
    if entry.default is not None:
        yield from _literal(document, (*path, "default"), entry.default, name=name, kind=kind)
    if entry.otherwise is None:
        return
    here = (*path, "otherwise")
    if not entry.values:
        yield document.problem(here, "says what to do beside a value map, and there is none.")
    if entry.otherwise == KEEP:
        if kind not in ("text", "list"):
            yield document.problem(here, f"cannot keep unknown text: {name} is a {kind}.")
    else:
        yield from _literal(document, here, entry.otherwise, name=name, kind=kind)


def check_write(
    document: Document, path: Path, entry: WriteField, name: str, extra: Mapping[str, Kind]
) -> Iterator[Problem]:
    """One entry under `write`."""
    known = (*verdict.FIELDS, *(n for n in lead.READABLE if n not in _NEVER_WRITTEN), *extra)
    if name not in known:
        what = f'"{name}" is not a verdict field or an answer.'
        yield document.problem(path, what, did_you_mean(name, known))
        return
    yield from _places(document, path, entry)
    kind = extra.get(name) or (verdict.FIELDS.get(name) or lead.FIELDS[name]).kind
    yield from _transform(document, path, entry, kind)
    words = _YES_NO if kind == "boolean" else WORDS.get(name, ())
    for word in entry.values:
        if words and word not in words:
            what = f'"{word}" is not a value of {name}.'
            fix = did_you_mean(word, words) or f"Known: {', '.join(words)}."
            yield document.problem((*path, "values", word), what, fix)
        elif kind != "text":
            yield from _literal(document, (*path, "values", word), word, name=name, kind=kind)
    if entry.otherwise is not None and not entry.values:
        what = "says what to do beside a value map, and there is none."
        yield document.problem((*path, "otherwise"), what)


def check_targets(document: Document, write: Mapping[str, WriteField]) -> Iterator[Problem]:
    """No CRM field is written by two entries."""
    first: dict[str, str] = {}
    for name, entry in write.items():
        owner = first.setdefault(entry.field, name)
        if owner != name:
            what = f'"{entry.field}" is written by {owner} already; only one can own a field.'
            yield document.problem(("write", name), what)


def check_conversion(
    document: Document, conversion: Conversion, known: Mapping[str, Any]
) -> Iterator[Problem]:
    """The section `convert`."""
    if not conversion.opportunity:
        what = "moves nothing: an opportunity needs at least one mapped field."
        yield document.problem(("convert", "opportunity"), what)
    for target, source in conversion.opportunity.items():
        yield from _source(document, ("convert", "opportunity", target), source, known)


def _source(
    document: Document, path: Path, source: ConversionField, known: Mapping[str, Any]
) -> Iterator[Problem]:
    yield from _places(document, path, source)
    names: list[str] = [source.field] if source.field is not None else []
    if source.template is not None:
        try:
            names = placeholders(source.template)
        except ValueError as error:
            text = str(error)
            what = (
                "has braces that do not match" if "Single" in text or "expected" in text else text
            )
            yield document.problem(path, f"the template {what}.")
    for name in names:
        if name not in known:
            what = f'"{name}" is not a lead field, extra fact or verdict field.'
            yield document.problem(path, what, did_you_mean(name, known))
    if source.field is None:
        return
    if source.transform is not None and source.transform not in TRANSFORMS:
        yield _unknown_transform(document, path, source.transform)


def _transform(document: Document, path: Path, entry: Entry, kind: Kind) -> Iterator[Problem]:
    if entry.transform is None:
        return
    transform = TRANSFORMS.get(entry.transform)
    here = (*path, "transform")
    if transform is None:
        yield _unknown_transform(document, path, entry.transform)
    elif not suits(transform, kind):
        fitting = [name for name, each in TRANSFORMS.items() if suits(each, kind)]
        what = f'"{entry.transform}" gives a {transform.kind}, and this field holds a {kind}.'
        yield document.problem(here, what, f"Fitting: {', '.join(fitting)}.")
    if entry.values:
        yield document.problem(here, "cannot be given together with values; the map does it all.")


def _unknown_transform(document: Document, path: Path, name: str) -> Problem:
    what = f'"{name}" is not a transform.'
    return document.problem((*path, "transform"), what, did_you_mean(name, TRANSFORMS))


def _literal(
    document: Document, path: Path, value: Scalar | None, *, name: str, kind: Kind
) -> Iterator[Problem]:
    if value is not None and typed_literal(name, kind, value) is None:
        what = f'"{value}" cannot be a value of {name}, which is a {kind}.'
        yield document.problem(path, what)


def _twice(document: Document, path: Path, entry: Entry) -> Iterator[Problem]:
    """Value maps do not tell upper from lower case, so two keys must differ in more."""
    seen: dict[str, str] = {}
    for word in entry.values:
        folded = word.strip().lower()
        if not folded:
            what = "maps a blank, which is never a value."
            yield document.problem((*path, "values", word), what, "Use default: for blank fields.")
        elif folded in seen:
            what = f'"{word}" and "{seen[folded]}" differ only in case.'
            yield document.problem((*path, "values", word), what)
        seen[folded] = word


def _places(document: Document, path: Path, entry: Entry | Sections) -> Iterator[Problem]:
    if entry.time_zone is not None and not _is_zone(entry.time_zone):
        what = f'"{entry.time_zone}" is not an IANA time zone.'
        fix = did_you_mean(entry.time_zone, zoneinfo.available_timezones())
        yield document.problem((*path, "time_zone"), what, fix)
    if entry.region is not None and not re.fullmatch("[A-Z]{2}", entry.region):
        what = f'"{entry.region}" is not a country code of two capital letters, such as US.'
        yield document.problem((*path, "region"), what)
    if entry.currency is not None and not re.fullmatch("[A-Z]{3}", entry.currency):
        what = f'"{entry.currency}" is not a currency code of three capital letters, such as USD.'
        yield document.problem((*path, "currency"), what)


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
