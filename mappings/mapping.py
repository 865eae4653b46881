"""The mapping file: which CRM field feeds which lead field, and which result goes where."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from mappings.entries import (
    Conversion,
    ConversionField,
    Entry,
    ExtraField,
    History,
    ReadField,
    Scalar,
    Sections,
    WriteField,
    scalar_text,
)
from mappings.entry_checks import (
    check_conversion,
    check_defaults,
    check_names,
    check_read,
    check_targets,
    check_write,
)
from mappings.short_forms import resolved_conversion, usable_sections, written_out
from mappings.transforms.base import Options
from mappings.values import inverse
from scoring import lead, verdict
from scoring.document import Document, Schema, validate
from scoring.problem import Problem, ProblemsError, refuse

if TYPE_CHECKING:
    from scoring.lead import Kind

__all__ = ["Conversion", "ConversionField", "Mapping", "load_mapping"]

_S = TypeVar("_S", bound=Schema)


@dataclass(frozen=True)
class Mapping:
    """A checked mapping file.

    `read` gives, per lead field, the CRM fields that feed it, first non-blank first. `extra` are
    the team's own facts. `history` says where to learn from; it moves no score. `digest` is the
    SHA-256 of what the file says beside that, whatever its layout.
    """

    read: dict[str, tuple[ReadField, ...]] = field(default_factory=dict)
    extra: dict[str, ExtraField] = field(default_factory=dict)
    write: dict[str, WriteField] = field(default_factory=dict)
    convert: Conversion | None = None
    history: History | None = None
    region: str | None = None
    time_zone: str = "UTC"
    currency: str | None = None
    digest: str = ""

    def options(self, entry: Entry) -> Options:
        """What the transforms of an entry need to know: its own words, else the file's."""
        return Options(
            region=entry.region or self.region,
            time_zone=entry.time_zone or self.time_zone,
            currency=entry.currency or self.currency,
            format=entry.format,
            separator=entry.separator or ";",
            decimal=entry.decimal or ".",
        )

    def kind(self, name: str) -> Kind:
        """The kind of a verdict field, lead field or extra fact."""
        if name in self.extra:
            return self.extra[name].kind
        return (verdict.FIELDS.get(name) or lead.FIELDS[name]).kind

    def words(self, name: str) -> dict[str, str]:
        """A written field's text → the CRM's word for it; empty where the text goes as it is.

        An answer without a map of its own goes back by the map that it is read by.
        """
        entry = self.write[name]
        if entry.values:
            return {key: _word(value) for key, value in entry.values.items()}
        sources = (*self.read.get(name, ()), *self._extra_source(name))
        read = next((r for r in sources if r.field == entry.field and r.values), None)
        return inverse(read, name, self.kind(name)) if read else {}

    def _extra_source(self, name: str) -> tuple[ReadField, ...]:
        return (self.extra[name],) if name in self.extra else ()

    def stage_words(self) -> dict[str, str]:
        """The CRM's word → the stage, for reading a rep's move; empty when nobody's move counts.

        Words that stand for several stages are left out: the ledger knows which it was. Under the
        rule `always` ours wins, so what stands in the field says nothing new.
        """
        entry = self.write.get("stage")
        if entry is None or entry.rule in ("always", "never") or "stage" in self.read:
            return {}
        words = self.words("stage") or {s: s for s in (*verdict.STAGES, *verdict.ASIDE)}
        spelled = list(words.values())
        return {word: stage for stage, word in words.items() if word and spelled.count(word) == 1}


def _word(value: Scalar | None) -> str:
    return "" if value is None else scalar_text(value)


def load_mapping(document: Document) -> Mapping:
    """The mapping that a YAML document holds.

    Raises `ProblemsError` with everything that is wrong with the file by itself; whether the CRM
    has the fields is what `mappings.check` finds out.
    """
    if not isinstance(document.data, dict):
        raise ProblemsError([document.problem((), "is empty: it needs `read:` and `write:`.")])
    loader = _Loader(Document(document.name, written_out(document.data), document.lines))
    mapping = loader.load()
    refuse(loader.problems)
    return mapping


class _Loader:
    """Reads a file entry by entry, so that one wrong entry hides no other."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def load(self) -> Mapping:
        top = self._checked(Sections, ())
        sections = top or Sections.model_construct(**usable_sections(self.document.data))
        self.problems += check_defaults(self.document, sections)
        read, extra = self._read(sections.read)
        kinds: dict[str, Kind] = {name: each.kind for name, each in extra.items()}
        return Mapping(
            read=read,
            extra=extra,
            write=self._write(sections.write, kinds),
            convert=self._convert(sections, kinds),
            history=None if sections.history is None else self._checked(History, ("history",)),
            region=sections.region,
            time_zone=sections.time_zone or "UTC",
            currency=sections.currency,
            digest=_digest(self.document.data),
        )

    def _read(
        self, section: dict[str, Any]
    ) -> tuple[dict[str, tuple[ReadField, ...]], dict[str, ExtraField]]:
        names = {name: entries for name, entries in section.items() if name != "extra"}
        extras = section.get("extra") or {}
        self.problems += check_names(self.document, names, extras)
        read = {
            name: tuple(self._sources(name, entries))
            for name, entries in names.items()
            if name in lead.READABLE
        }
        extra: dict[str, ExtraField] = {}
        for name in extras if isinstance(extras, dict) else ():
            path = ("read", "extra", name)
            if entry := self._checked(ExtraField, path):
                self.problems += check_read(self.document, path, entry, name, entry.kind)
                extra[name] = entry
        return read, extra

    def _sources(self, name: str, entries: Any) -> list[ReadField]:
        paths: list[tuple[str | int, ...]] = [("read", name)]
        if isinstance(entries, list):
            paths = [("read", name, index) for index in range(len(entries))]
        found = []
        for path in paths:
            if entry := self._checked(ReadField, path):
                kind = lead.FIELDS[name].kind
                self.problems += check_read(self.document, path, entry, name, kind)
                found.append(entry)
        return found

    def _write(self, section: dict[str, Any], extra: dict[str, Kind]) -> dict[str, WriteField]:
        write: dict[str, WriteField] = {}
        for name in section:
            path = ("write", name)
            if entry := self._checked(WriteField, path):
                self.problems += check_write(self.document, path, entry, name, extra)
                write[name] = entry
        self.problems += check_targets(self.document, write)
        return write

    def _convert(self, sections: Sections, extra: dict[str, Kind]) -> Conversion | None:
        if sections.convert is None:
            return None
        known = {**lead.FIELDS, **verdict.FIELDS, **extra}
        resolved = resolved_conversion(self.document.data["convert"], known)
        document = Document(
            self.document.name,
            {**self.document.data, "convert": resolved},
            self.document.lines,
        )
        loader = _Loader(document)
        conversion = loader._checked(Conversion, ("convert",))
        self.problems += loader.problems
        if conversion is not None:
            self.problems += check_conversion(document, conversion, known)
        return conversion

    def _checked(self, schema: type[_S], path: tuple[str | int, ...]) -> _S | None:
        try:
            return validate(self.document, schema, at=path)
        except ProblemsError as error:
            self.problems += error.problems
            return None


def _digest(content: dict[Any, Any]) -> str:
    options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    moving = {key: value for key, value in content.items() if key != "history"}
    return hashlib.sha256(orjson.dumps(moving, option=options, default=str)).hexdigest()
