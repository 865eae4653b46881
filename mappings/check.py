"""A mapping against a CRM's described schema: what fits, what does not, what setup can create."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mappings.check_conversion import check_conversion_fields
from mappings.described import lead_field, lead_field_names
from mappings.fit import (
    Findings,
    check_any_text,
    check_digits,
    check_length,
    check_words,
    own_words,
    readable_types,
    writable_types,
)
from mappings.missing import missing_fields
from mappings.transforms import natural
from scoring.problem import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mappings.entries import ReadField, WriteField
    from mappings.mapping import Mapping
    from mappings.schema import CrmSchema, Field, NewField
    from scoring.document import Document, Path
    from scoring.lead import Kind
    from scoring.problem import Problem

_SPELLED_BOOLEANS = ("true", "false")
"""Words that a value map may keep for orgs where the field is a checkbox."""


@dataclass(frozen=True)
class Checked:
    """What came of a check.

    A mapping with `errors` must not run; `missing` are the fields among them that setup can make.
    """

    errors: list[Problem]
    warnings: list[Problem]
    missing: list[NewField]


def check_mapping(
    mapping: Mapping,
    document: Document,
    schema: CrmSchema,
    *,
    supports_setup: Callable[[str], bool],
    connection: str = "CONNECTION",
) -> Checked:
    """Every way in which the mapping does not fit the CRM, each with its place in the file.

    `supports_setup` says of a field name whether setup could create it; `connection` is named in
    the commands that the messages recommend.
    """
    check = _Check(mapping, schema, Findings(document), connection)
    missing = [new for new in missing_fields(mapping, schema) if supports_setup(new.name)]
    makeable = {(new.object, new.name) for new in missing}
    for name, path, source in _read_entries(mapping, document):
        check.read(name, path, source)
    for name, entry in mapping.write.items():
        check.write(name, ("write", name), entry, makeable=("lead", entry.field) in makeable)
    check.history()
    check_conversion_fields(
        mapping, schema, check.found, setup=check.setup_command, makeable=makeable
    )
    return Checked(check.found.errors, check.found.warnings, missing)


def _read_entries(mapping: Mapping, document: Document) -> Iterable[tuple[str, Path, ReadField]]:
    for name, entries in mapping.read.items():
        listed = isinstance(document.data["read"][name], list)
        for index, entry in enumerate(entries):
            yield name, ("read", name, index) if listed else ("read", name), entry
    for name, extra in mapping.extra.items():
        yield name, ("read", "extra", name), extra


@dataclass(frozen=True)
class _Check:
    mapping: Mapping
    schema: CrmSchema
    found: Findings
    connection: str

    @property
    def setup_command(self) -> str:
        return f"Create it with: leadgate setup {self.connection} --yes"

    def read(self, name: str, path: Path, entry: ReadField) -> None:
        source = lead_field(self.schema, entry.field)
        if source is None:
            if not entry.optional:
                self._unknown(path, entry.field, lead_field_names(self.schema))
            return
        if source.calculated:
            what = f'"{source.name}" is calculated: when only it changes, the record does not count as modified.'
            fix = "Its news arrive with the record's next change, or set reread_hours: 24 in the connection."
            self.found.warn(path, what, fix)
        if entry.values:
            self._read_values(path, entry, source)
        else:
            self._read_type(path, entry, source, name=name)

    def history(self) -> None:
        """The fields that training looks at."""
        given = self.mapping.history
        known = lead_field_names(self.schema)
        facts = (*self.mapping.read, *self.mapping.extra)
        for key, name in (("target", given.target), ("time", given.time)) if given else ():
            if name is not None and lead_field(self.schema, name) is None:
                self._unknown(("history", key), name, known)
        for place, name in enumerate(given.exclude if given else ()):
            if name not in facts and lead_field(self.schema, name) is None:
                self._unknown(("history", "exclude", place), name, (*known, *facts))

    def _read_type(self, path: Path, entry: ReadField, source: Field, *, name: str) -> None:
        transform = entry.transform or natural(name, self.mapping.kind(name)).name
        types = readable_types(transform)
        if types is not None and source.type not in types:
            what = f'"{source.name}" is a {source.type} field, and {transform} cannot read that.'
            self.found.error(path, what, f"It reads: {', '.join(dict.fromkeys(types))}.")

    def _read_values(self, path: Path, entry: ReadField, source: Field) -> None:
        if source.type not in ("picklist", "multi_picklist") or not source.options:
            return
        options = {option.value.strip().lower(): option.value for option in source.options}
        words = {word.strip().lower(): word for word in entry.values}
        for folded, word in words.items():
            if folded not in options and folded not in _SPELLED_BOOLEANS:
                near = nearest(word, options.values())
                fix = f'Did you mean "{near}"?' if near else ""
                self.found.warn(
                    (*path, "values", word), f'"{source.name}" has no value "{word}".', fix
                )
        left = [v for v in source.values if v.strip().lower() not in words]
        if left and entry.otherwise is None:
            what = f'"{source.name}" also has {_listed(left)}, which the map does not say.'
            self.found.warn((*path, "values"), what, "Add them, or say otherwise:")

    def write(self, name: str, path: Path, entry: WriteField, *, makeable: bool) -> None:
        target = self.schema.lead.fields.get(entry.field)
        if target is None:
            fix = self.setup_command if makeable else ""
            self._unknown(path, entry.field, self.schema.lead.fields, fix=fix)
            return
        if not target.writable and entry.rule != "never":
            why = "is calculated" if target.calculated else "cannot be written by this user"
            self.found.error(path, f'"{target.name}" {why}.', "Map to another field.")
            return
        words = tuple(self.mapping.words(name).values()) or own_words(name)
        kind: Kind = self.mapping.kind(name)
        if not self.mapping.words(name) and target.type not in writable_types(kind):
            what = f'"{target.name}" is a {target.type} field, and {name} is a {kind}.'
            fits = ", ".join(dict.fromkeys(writable_types(kind)))
            self.found.error(path, what, f"It fits: {fits}.")
        elif words:
            check_words(self.found, path, words, target)
        elif kind == "text":
            check_any_text(self.found, path, target)
        check_digits(self.found, path, name, target)
        check_length(self.found, path, entry.max_length, target)

    def _unknown(self, path: Path, name: str, known: Iterable[str], fix: str = "") -> None:
        what = f'"{name}" is not a field of {self.schema.lead.name}, or field-level security hides it from this user.'
        near = nearest(name, known)
        listing = f"List them: leadgate fields {self.connection}"
        self.found.error(
            path, what, fix or (f'Did you mean "{near}"? {listing}' if near else listing)
        )


def _listed(words: list[str], most: int = 5) -> str:
    shown = ", ".join(f'"{word}"' for word in words[:most])
    return shown if len(words) <= most else f"{shown} and {len(words) - most} more"
