"""Changing a mapping file as a person would: the entries in question, and nothing else.

Comments, order, quotes and layout stay; a short form is written out where it has to say more.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from mappings.entries import scalar_text
from mappings.values import KEEP

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mappings.mapping import Mapping
    from mappings.remedies import Remedy

_SEQUENCE = re.compile(r"^( *)\S[^\n]*:[ ]*(?:#[^\n]*)?\n( *)- ", re.MULTILINE)


def edited(text: str, mapping: Mapping, remedies: Iterable[Remedy]) -> str:
    """The text of a mapping file with these remedies in it; `mapping` is what it says now."""
    wanted = list(remedies)
    for remedy in wanted:
        if remedy.action == "drop":
            text = _without(text, remedy.name)
    changes = [remedy for remedy in wanted if remedy.action in ("value", "length", "never")]
    if not changes:
        return text
    yaml = _round_trip(text)
    content = yaml.load(text)
    for remedy in changes:
        _change(_entry(content["write"], remedy.name), mapping, remedy)
    written = io.StringIO()
    yaml.dump(content, written)
    return written.getvalue()


def _round_trip(text: str) -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 10_000
    found = _SEQUENCE.search(text)
    offset = len(found[2]) - len(found[1]) if found else 0
    yaml.indent(mapping=2, sequence=offset + 2, offset=offset)
    return yaml


def _entry(section: CommentedMap, name: str) -> CommentedMap:
    """An entry under `write`, in its long form."""
    entry = section[name]
    if not isinstance(entry, CommentedMap):
        # In one line: comments after the short form would otherwise come between key and value.
        section[name] = _in_one_line(field=entry)
    long: CommentedMap = section[name]
    return long


def _in_one_line(**values: Any) -> CommentedMap:
    made = CommentedMap(values)
    made.fa.set_flow_style()
    return made


def _change(entry: CommentedMap, mapping: Mapping, remedy: Remedy) -> None:
    match remedy.action:
        case "value":
            _give_word(entry, mapping, remedy)
        case "length":
            _set(entry, "max_length", remedy.length)
        case _:
            _set(entry, "rule", "never")


def _give_word(entry: CommentedMap, mapping: Mapping, remedy: Remedy) -> None:
    words = entry.get("values")
    if words is None:
        words = _in_one_line(**mapping.words(remedy.name))
        if not words:  # all other words go on as they are
            _set(entry, "otherwise", KEEP)
        _set(entry, "values", words)
    known = next((key for key in words if scalar_text(key) == remedy.key), None)
    _set(words, remedy.key if known is None else known, remedy.to)


def _set(node: CommentedMap, key: Any, value: Any) -> None:
    """Set a key; a new one goes before the last, whose comments may belong to what follows."""
    if key in node:
        node[key] = value
    else:
        node.insert(min(1, len(node)), key, value)


def _without(text: str, name: str) -> str:
    """The text without an entry under `write`; comments and blank lines after it stay."""
    section = YAML(typ="rt").load(text)["write"]
    if section.fa.flow_style():
        return _without_in_line(text, name)
    first, column = section.lc.key(name)
    lines = text.splitlines(keepends=True)
    last = first + 1
    for number in range(first + 1, len(lines)):
        bare = lines[number].strip()
        if not bare or bare.startswith("#"):
            continue
        if len(lines[number]) - len(lines[number].lstrip()) <= column:
            break
        last = number + 1
    return "".join(lines[:first] + lines[last:])


def _without_in_line(text: str, name: str) -> str:
    yaml = _round_trip(text)
    content = yaml.load(text)
    del content["write"][name]
    written = io.StringIO()
    yaml.dump(content, written)
    return written.getvalue()
