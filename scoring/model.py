"""The model: the YAML file in which a team says how its leads are qualified and scored.

    name: b2b
    version: 3
    score: {rules: 0.7, profile: 0.3}     # methods and their weights
    segments:                             # the first that matches; `other` if none does
      b2b: {company: {known: true}}
    groups: …                             # sections of the methods: see scoring/methods/
    rules: …
    bands: …                              # score → grade, engagement level, priority
    cycles: …                             # gates from stage to stage
    questions: …                          # what reps should ask
    share: [engagement]                   # what other connections saw of the same person counts too
    revival: …                            # whom to bring back, and how: see scoring/revival/

A section, or a part of a method's section, may live in a file of its own:
`questions: {file: questions.yaml}`, `predictive: {b2b: {file: predictive-b2b.json}}`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from scoring.criteria import Criterion
from scoring.cycle_file import Cycle, Name
from scoring.document import Document, Path, Schema, validate
from scoring.methods import METHODS, Side
from scoring.problem import Problem, ProblemsError, did_you_mean
from scoring.revival.section import RevivalSection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

STEPS = (0.5, 1, 2, 5, 10)


def _step(step: float) -> float:
    if step not in STEPS:
        raise ValueError(f"must be one of {', '.join(map(str, STEPS))}")
    return step


def _one_or_more(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


Limit = Annotated[float, Field(ge=0, le=100)]
Weight = Annotated[float, Field(gt=0, le=10)]
OTHER = "other"
"""The segment of leads that match none of the model's."""


class Band(Schema):
    """A priority: the least score and what else must hold."""

    score: Limit
    when: Criterion | None = None


class Grades(Schema):
    """The least fit of each grade; D is below them all. A grade left out is never given."""

    A: Limit | None = None
    B: Limit | None = None
    C: Limit | None = None


class Priorities(Schema):
    """The least score of each priority, or a band; cold is what is neither."""

    hot: Limit | Band | None = None
    warm: Limit | Band | None = None


Level = Literal[1, 2, 3]
_LEVELS: dict[Level, float] = {1: 60.0, 2: 30.0, 3: 10.0}


class Bands(Schema):
    """Where the grades, engagement levels and priorities begin, in points of 0–100."""

    grade: Grades = Field(default_factory=lambda: Grades(A=75, B=50, C=25))
    engagement: dict[Level, Limit] = Field(default_factory=lambda: dict(_LEVELS))
    priority: Priorities = Field(default_factory=lambda: Priorities(hot=70, warm=40))


class Question(Schema):
    """Something that a rep should ask; the answer sets the fact.

    `answers` are the choices and the fact's value that each stands for, `likely` how likely each of
    them is, in shares of any total; without it they are equally likely. Without `stage` or
    `segment` the question suits all of them.
    """

    fact: str
    text: Annotated[str, Field(min_length=1, max_length=255)]
    answers: dict[str, Any] = Field(default_factory=dict)
    likely: dict[str, Annotated[float, Field(ge=0, le=1000)]] = Field(default_factory=dict)
    stage: list[Literal["lead", "mql", "sal", "sql", "opportunity"]] = Field(default_factory=list)
    segment: str | None = None


class ModelFile(Schema):
    """The keys of a model file that belong to no method."""

    name: Name
    version: Annotated[int, Field(ge=1)]
    step: Annotated[float, AfterValidator(_step)] = 1.0
    score: Annotated[dict[str, Weight], Field(min_length=1)] = Field(
        default_factory=lambda: {"rules": 1.0}
    )
    segments: dict[Name, Criterion] = Field(default_factory=dict)
    scale: dict[Side, Annotated[float, Field(gt=0, le=1000)]] = Field(default_factory=dict)
    bands: Bands = Bands()
    cycles: list[Cycle] = Field(default_factory=list)
    questions: list[Question] = Field(default_factory=list)
    share: Annotated[list[Literal["engagement"]], BeforeValidator(_one_or_more)] = Field(
        default_factory=list
    )
    revival: RevivalSection | None = None


@dataclass(frozen=True)
class Model:
    """A checked model: its own keys, the sections of its methods, and a digest of what judges.

    The `revival` section judges nobody; it has a digest of its own (scoring/revival/).
    """

    document: Document
    file: ModelFile
    sections: Mapping[str, Schema]
    digest: str

    @property
    def name(self) -> str:
        """The model's name."""
        return self.file.name

    @property
    def version(self) -> int:
        """The model's version, as its owners count."""
        return self.file.version

    @property
    def revival(self) -> RevivalSection | None:
        """Whom the model says to bring back, and how; None where it says nothing of it."""
        return self.file.revival

    @property
    def segments(self) -> tuple[str, ...]:
        """The names of the segments, first match first, `other` last."""
        return (*self.file.segments, OTHER)


def load_model(document: Document, *, siblings: Callable[[str], Document] | None = None) -> Model:
    """The model in a parsed YAML file.

    `siblings` reads the files named by sections of the form `{file: name}`. Facts are checked when
    the model is compiled, because they depend on the mapping; all else is checked here.
    Raises ProblemsError with everything that is wrong.
    """
    if not isinstance(document.data, dict):
        raise ProblemsError([document.problem((), "a model is a mapping of keys to values.")])
    whole = _with_siblings(document, siblings)
    problems = _unknown_keys(whole)
    file = _part(whole, ModelFile, problems)
    sections = {name: _part(whole, entry.section, problems) for name, entry in METHODS.items()}
    if file is not None:
        problems += _unknown_names(whole, file)
    if file is None or problems:
        raise ProblemsError(dict.fromkeys(problems))
    return Model(whole, file, {n: s for n, s in sections.items() if s is not None}, _digest(whole))


@dataclass(frozen=True)
class _Composite(Document):
    """A document some of whose sections come from other files."""

    parts: Mapping[Path, Document] = field(default_factory=dict)

    def where(self, *path: str | int) -> str:
        """The place of a key, in the file that it comes from."""
        for length in (1, 2):
            if (part := self.parts.get(path[:length])) is not None:
                return part.where(*path[length:])
        return super().where(*path)


def _with_siblings(document: Document, siblings: Callable[[str], Document] | None) -> Document:
    parts: dict[Path, Document] = {}
    data = dict(document.data)
    for path, name in _files(document.data):
        if siblings is None or not isinstance(name, str):
            what = "names a file, which cannot be read here."
            raise ProblemsError([document.problem((*path, "file"), what)])
        part = parts[path] = siblings(name)
        section, *inner = path
        data[section] = part.data if not inner else {**data[section], inner[0]: part.data}
    return _Composite(document.name, data, document.lines, parts)


def _files(data: dict[Any, Any]) -> Iterator[tuple[Path, Any]]:
    """The sections that are files of their own, and such parts of the sections of methods."""
    methods = {key for entry in METHODS.values() for key in _keys(entry.section)}
    for key, value in data.items():
        if _names_file(value):
            yield (key,), value["file"]
        elif key in methods and isinstance(value, dict):
            named = (name for name, inner in value.items() if _names_file(inner))
            yield from (((key, name), value[name]["file"]) for name in named)


def _names_file(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"file"}


def _keys(schema: type[Schema]) -> set[str]:
    return {info.alias or name for name, info in schema.model_fields.items()}


def _unknown_keys(document: Document) -> list[Problem]:
    known = _keys(ModelFile).union(*(_keys(entry.section) for entry in METHODS.values()))
    return [
        document.problem(
            (key,), f'"{key}" is not a key here.', did_you_mean(str(key), sorted(known))
        )
        for key in document.data
        if key not in known
    ]


def _part(document: Document, schema: type[Schema], problems: list[Problem]) -> Any:
    """The keys of the document that belong to the schema, checked; None if there are problems."""
    data = {key: value for key, value in document.data.items() if key in _keys(schema)}
    if not data and schema is not ModelFile:
        return None
    try:
        return validate(replace(document, data=data), schema)
    except ProblemsError as error:
        problems += error.problems
        return None


def _unknown_names(document: Document, file: ModelFile) -> list[Problem]:
    problems = [
        document.problem(("score", name), f'"{name}" is not a method.', did_you_mean(name, METHODS))
        for name in file.score
        if name not in METHODS
    ]
    if OTHER in file.segments:
        what = '"other" is the segment of leads that match no other: choose another name.'
        problems.append(document.problem(("segments", OTHER), what))
    segments = (*file.segments, OTHER)
    for index, question in enumerate(file.questions):
        if question.segment is not None and question.segment not in segments:
            at: Path = ("questions", index, "segment")
            hint = did_you_mean(question.segment, segments)
            problems.append(document.problem(at, f'"{question.segment}" is not a segment.', hint))
    names = [cycle.name for cycle in file.cycles]
    problems += [
        document.problem(("cycles", index, "name"), f'"{name}" is the name of an earlier cycle.')
        for index, name in enumerate(names)
        if name in names[:index]
    ]
    return problems


def _digest(document: Document) -> str:
    return digest({key: value for key, value in document.data.items() if key != "revival"})


def digest(data: Any) -> str:
    """What tells this data of a file from any other: SHA-256 of its canonical JSON, in hex."""
    canonical = json.dumps(data, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
