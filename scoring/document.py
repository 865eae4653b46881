"""A YAML file as data with the line of every key, and its validation against a schema.

Model, mapping and settings files are all read through here, so that every complaint has the same
form: file, line, key, what is wrong, what was allowed, the nearest known name.
"""

from __future__ import annotations

import copy
import re
import types
import typing
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, Union

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from scoring.problem import Problem, ProblemsError, did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]

_OF_KEY = "[key]"
"""How pydantic says that it is a mapping's key that is wrong, not what stands there."""


class Schema(BaseModel):
    """Base of every checked file section: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


@dataclass(frozen=True)
class Document:
    """One YAML file: its name as the user knows it, its data, and the line of every key (from 1)."""

    name: str
    data: Any
    lines: Mapping[Path, int] = field(default_factory=dict)

    def where(self, *path: str | int) -> str:
        """The place of a key as users read it: `mappings/acme.yaml:12: write.score`."""
        line = next(
            (self.lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.lines), 1
        )
        dotted = ".".join(str(part) for part in path)
        return f"{self.name}:{line}" + (f": {dotted}" if dotted else "")

    def problem(self, path: Path, what: str, fix: str = "") -> Problem:
        """A problem at a key of this file."""
        return Problem(self.where(*path), what, fix)


def parse_yaml(text: str, name: str) -> Document:
    """Parse YAML 1.2 text (so `NO` is a country, not a boolean).

    Raises `ProblemsError` for a syntax error or a key that is given twice.
    """
    try:
        data, lines = _parsed(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        what = (error.problem or "cannot be read").splitlines()[0]
        raise ProblemsError([Problem(f"{name}:{line}", f"not valid YAML: {what}.")]) from None
    except YAMLError as error:
        what = str(error).splitlines()[0]
        raise ProblemsError([Problem(f"{name}:1", f"not valid YAML: {what}.")]) from None
    return Document(name, copy.deepcopy(data), lines)


@lru_cache(maxsize=64)
def _parsed(text: str) -> tuple[Any, Mapping[Path, int]]:
    """The text's data and lines. A process that runs on and on reads the same files for each run."""
    data = YAML(typ="rt").load(text)
    return _plain(data), dict(_lines(data))


_S = TypeVar("_S", bound=BaseModel)


def validate(document: Document, schema: type[_S], *, at: Path = ()) -> _S:
    """The document (or the part of it at `at`) as a checked schema object.

    Raises `ProblemsError` with every violation, each with its line and the nearest known key.
    """
    data = document.data
    for part in at:
        data = data[part]
    if not isinstance(data, dict):
        raise ProblemsError(
            [document.problem(at, "must be a mapping of keys to values, and is not.")]
        )
    try:
        return schema.model_validate(data)
    except ValidationError as error:
        found = [_violation(document, schema, at, dict(item)) for item in error.errors()]
        raise ProblemsError(dict.fromkeys(found)) from None


def _violation(
    document: Document, schema: type[BaseModel], at: Path, item: dict[str, Any]
) -> Problem:
    location = _path_in(document.data, at, item["loc"])
    message = str(item["msg"]).removeprefix("Value error, ")
    message = message[0].lower() + message[1:].rstrip(".")
    message += "" if message.endswith("?") else "."
    if item["type"] == "extra_forbidden":
        key = str(item["loc"][-1])
        known = _known_keys(schema, tuple(str(p) for p in item["loc"][:-1]))
        return document.problem(location, f'"{key}" is not a key here.', did_you_mean(key, known))
    if item["type"] == "missing":
        key = str(item["loc"][-1])
        return document.problem(location, f'"{key}" is missing.')
    if item["type"] == "literal_error":
        return document.problem(location, *_none_of(str(item["input"]), item["ctx"]["expected"]))
    return document.problem(location, message)


def _none_of(given: str, expected: str) -> tuple[str, str]:
    """What is wrong with a word that is none of those expected (as pydantic lists them).

    The word itself is not repeated: in a file with secrets it may be one.
    """
    allowed = re.findall(r"'([^']*)'", expected)
    near = nearest(given, allowed)
    return f"must be one of: {', '.join(allowed)}.", f'Did you mean "{near}"?' if near else ""


def _path_in(data: Any, at: Path, loc: tuple[str | int, ...]) -> Path:
    """The part of a pydantic location that exists in the data (union branches are dropped)."""
    path = list(at)
    here: Any = data
    for part in at:
        here = here[part]
    for position, part in enumerate(loc):
        if (isinstance(here, dict) and part in here) or _has_item(here, part):
            here = here[part]
        elif position == len(loc) - 1 and isinstance(part, str) and isinstance(here, dict):
            pass
        else:
            continue
        if part != _OF_KEY:
            path.append(part)
    return tuple(path)


def _has_item(node: Any, part: str | int) -> bool:
    return isinstance(node, list) and isinstance(part, int) and part < len(node)


def _known_keys(schema: type[BaseModel], loc: tuple[str, ...]) -> list[str]:
    """The keys that the schema allows at a location, following its own field types."""
    candidates: list[type[BaseModel]] = [schema]
    for part in loc:
        following = [m for c in candidates for m in _models_under(c, part)]
        candidates = following or candidates
    return sorted({f.alias or n for c in candidates for n, f in c.model_fields.items()})


def _models_under(schema: type[BaseModel], key: str) -> Iterator[type[BaseModel]]:
    if schema.__name__ == key:
        yield schema
    for name, info in schema.model_fields.items():
        if key in (name, info.alias):
            yield from _models_in(info.annotation)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    if typing.get_origin(annotation) in (Union, types.UnionType) or typing.get_args(annotation):
        for argument in typing.get_args(annotation):
            yield from _models_in(argument)


def _plain(node: Any) -> Any:
    """Round-trip YAML nodes as plain dict, list and scalars."""
    if isinstance(node, CommentedMap):
        return {_scalar(key): _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    return _scalar(node)


def _scalar(node: Any) -> Any:
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return node if type(node) is kind else kind(node)
    return node


def _lines(node: Any, path: Path = ()) -> Iterator[tuple[Path, int]]:
    if isinstance(node, CommentedMap):
        for key, value in node.items():
            yield (*path, _scalar(key)), node.lc.key(key)[0] + 1
            yield from _lines(value, (*path, _scalar(key)))
    elif isinstance(node, CommentedSeq):
        for index, value in enumerate(node):
            yield (*path, index), node.lc.item(index)[0] + 1
            yield from _lines(value, (*path, index))
