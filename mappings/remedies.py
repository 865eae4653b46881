"""What a change of the mapping does about values that a CRM refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from scoring.problem import nearest

if TYPE_CHECKING:
    from mappings.mapping import Mapping
    from mappings.schema import CrmSchema, Field

_TEXTS = ("text", "long_text")


@dataclass(frozen=True, slots=True)
class Remedy:
    """One change of one entry under `write`.

    `value` gives the word `key` the option `to`; `length` cuts text at `length` characters; `never`
    keeps the field for reading alone; `drop` removes the entry, since its field is gone.
    `nothing` means that the file is right already: what was refused would not be sent any more.
    """

    action: Literal["value", "length", "never", "drop", "nothing"]
    name: str = ""
    field: str = ""
    key: str = ""
    to: str = ""
    length: int = 0

    @property
    def words(self) -> str:
        """What is done, for people."""
        return {
            "value": f'write.{self.name}: "{self.key}" is written as "{self.to}"',
            "length": f"write.{self.name}: text is cut at {self.length} characters",
            "never": f"write.{self.name}: {self.field} may not be written, so it never is",
            "drop": f"write.{self.name}: {self.field} is gone or hidden, so the entry is dropped",
            "nothing": "the mapping fits already",
        }[self.action]


def remedy_for(
    mapping: Mapping, schema: CrmSchema, field: str, value: str | None, *, limit: int = 0
) -> Remedy | None:
    """What to change so that this field of the lead is not refused again; None where that is no matter of the mapping.

    `value` is the text that was refused, `limit` the length in characters that the CRM named.
    """
    name = next((n for n, entry in mapping.write.items() if entry.field == field), None)
    if name is None or mapping.write[name].rule == "never":
        return Remedy("nothing")
    target = schema.lead.fields.get(field)
    if target is None:
        return Remedy("drop", name, field)
    if not target.writable:
        return Remedy("never", name, field)
    if value is None:
        return None
    if target.values and value not in target.values:
        return _other_word(mapping, name, target, value)
    return _shorter(mapping, name, target, value=value, limit=limit)


def _other_word(mapping: Mapping, name: str, target: Field, value: str) -> Remedy | None:
    """The option that says the same: by its value or label in other letters, else the nearest."""
    words = mapping.words(name)
    key = next((key for key, word in words.items() if word == value), None)
    if key is None and words:
        return Remedy("nothing")  # the file has another word for it by now
    same = {
        text.casefold(): o.value for o in target.options if o.active for text in (o.label, o.value)
    }
    to = same.get(value.casefold()) or same.get((key or "").casefold())
    to = to or nearest(value, target.values)
    return Remedy("value", name, target.name, key=key or value, to=to) if to else None


def _shorter(
    mapping: Mapping, name: str, target: Field, *, value: str, limit: int
) -> Remedy | None:
    if target.type not in _TEXTS:
        return None
    room = [n for n in (target.length, mapping.write[name].max_length or 0) if n]
    if room and len(value) > min(room):
        return Remedy("nothing")  # it is cut by now
    return Remedy("length", name, target.name, length=limit) if 0 < limit < len(value) else None
