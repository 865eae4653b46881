"""YAML files with the line of every key, and their validation."""

from __future__ import annotations

import io
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field
from ruamel.yaml import YAML

from scoring.document import Document, Schema, parse_yaml, validate
from scoring.problem import ProblemsError

TEXT = """\
# a comment
country: NO
read:
  email: Email
  employees:
    field: Employees

    scale: 1
  list:
    - one
    - {two: 2}
"""


class Inner(Schema):
    """A section."""

    field: str
    scale: int = 0


class Outer(Schema):
    """A file."""

    name: str
    inner: Inner | None = None
    many: list[Inner] = Field(default_factory=list)
    named: dict[str, Inner] = Field(default_factory=dict)


def problems(text: str, schema: type[Schema] = Outer) -> list[str]:
    """Everything wrong with a file, as users read it."""
    with pytest.raises(ProblemsError) as raised:
        validate(parse_yaml(text, "f.yaml"), schema)
    return [str(problem) for problem in raised.value.problems]


def test_every_key_knows_its_line() -> None:
    """Lines count from 1; comments, blank lines and flow style do not confuse them."""
    lines = parse_yaml(TEXT, "f.yaml").lines
    assert lines[("country",)] == 2
    assert lines[("read", "email")] == 4
    assert lines[("read", "employees", "scale")] == 8
    assert lines[("read", "list", 0)] == 10
    assert lines[("read", "list", 1, "two")] == 11


def test_place_of_a_key_that_is_not_there_is_its_nearest_parent() -> None:
    """A missing key is placed at the section that lacks it; nothing known is line 1."""
    document = parse_yaml(TEXT, "f.yaml")
    assert document.where("read", "employees", "nope") == "f.yaml:5: read.employees.nope"
    assert document.where("nope") == "f.yaml:1: nope"
    assert document.where() == "f.yaml:1"


@pytest.mark.parametrize("word", ["NO", "no", "yes", "on", "off", "y", "n"])
def test_words_stay_words(word: str) -> None:
    """In YAML 1.2 Norway is no boolean."""
    assert parse_yaml(f"country: {word}\n", "f.yaml").data == {"country": word}


def test_scalars_are_plain() -> None:
    """What is read are ordinary Python values, not the parser's own."""
    data = parse_yaml("a: 1\nb: 1.5\nc: true\nd: text\ne:\nf: 'q'\ng: 007\n", "f.yaml").data
    assert data == {"a": 1, "b": 1.5, "c": True, "d": "text", "e": None, "f": "q", "g": 7}
    kinds = (int, float, bool, str, type(None), str, int)
    assert tuple(type(value) for value in data.values()) == kinds


# A plain scalar that begins with a question mark is what the writer used here gets wrong, not the
# reader: it writes it bare, where YAML wants quotes.
_keys = st.text(min_size=1, max_size=8).filter(lambda key: not key.startswith("?"))
_plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(max_size=12).filter(lambda text: not text.startswith("?")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(_keys, _plain, min_size=1, max_size=5))
def test_whatever_is_written_is_read(content: dict[str, Any]) -> None:
    """Any tree of plain values comes back as it was, and every key has a line within the file."""
    stream = io.StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.allow_unicode = False
    writer.width = 1_000_000
    writer.dump(content, stream)
    text = stream.getvalue()
    document = parse_yaml(text, "f.yaml")
    assert document.data == content
    last = text.count("\n")
    assert all(1 <= line <= last for line in document.lines.values())
    assert {(key,) for key in content} <= set(document.lines)


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a: 1\nb: [1\nc: 2\n", 3, "not valid YAML"),
        ("a: 1\na: 2\n", 2, 'duplicate key "a"'),
        ("a:\n  b: 1\n  b: 2\n", 3, 'duplicate key "b"'),
        ("a: 1\n\tb: 2\n", 2, "not valid YAML"),
        ("a: 'never closed\n", 2, "not valid YAML"),
        ("a: \x01\n", 1, "not valid YAML"),
    ],
)
def test_broken_yaml_is_refused_with_its_line(text: str, line: int, word: str) -> None:
    """Syntax errors and keys given twice name file and line in one sentence."""
    with pytest.raises(ProblemsError) as raised:
        parse_yaml(text, "f.yaml")
    (problem,) = raised.value.problems
    assert problem.where == f"f.yaml:{line}"
    assert word in problem.what
    assert "\n" not in str(problem)


def test_valid_file_becomes_its_schema() -> None:
    """A file that fits is a typed object."""
    made = validate(parse_yaml("name: x\ninner: {field: F}\n", "f.yaml"), Outer)
    assert made == Outer(name="x", inner=Inner(field="F"))


def test_part_of_a_file_is_validated_in_its_place() -> None:
    """With `at` the messages still name the line and key of the whole file."""
    document = parse_yaml("top:\n  part:\n    fild: F\n", "f.yaml")
    with pytest.raises(ProblemsError) as raised:
        validate(document, Inner, at=("top", "part"))
    assert sorted(str(p) for p in raised.value.problems) == [
        'f.yaml:2: top.part.field: "field" is missing.',
        'f.yaml:3: top.part.fild: "fild" is not a key here. Did you mean "field"?',
    ]


def test_every_violation_is_told() -> None:
    """Unknown, missing and wrong keys of one file come in one error, each with line and name."""
    found = problems("nmae: x\ninner:\n  field: F\n  scale: big\n")
    assert len(found) == 3
    assert any(p.startswith('f.yaml:1: nmae: "nmae" is not a key') and '"name"' in p for p in found)
    assert any('"name" is missing' in p for p in found)
    assert any(p.startswith("f.yaml:4: inner.scale: ") for p in found)


def test_unknown_key_deep_inside_is_compared_with_the_keys_of_its_section() -> None:
    """In lists and in named sections the nearest name is one of that section."""
    assert "f.yaml:3: many.0.scael" in problems("name: x\nmany:\n- {field: F, scael: 2}\n")[0]
    (found,) = problems("name: x\nnamed:\n  a: {feild: F, field: G}\n")
    assert found == 'f.yaml:3: named.a.feild: "feild" is not a key here. Did you mean "field"?'


def test_a_word_is_compared_with_those_allowed() -> None:
    """As a value and as a key: all that is allowed, and the nearest of it."""

    class Words(Schema):
        side: Literal["fit", "engagement"]
        by: dict[Literal["mql", "sal"], int]

    found = problems("side: fitt\nby: {mqll: 1}\n", Words)

    assert found == [
        'f.yaml:1: side: must be one of: fit, engagement. Did you mean "fit"?',
        'f.yaml:2: by.mqll: must be one of: mql, sal. Did you mean "mql"?',
    ]


@pytest.mark.parametrize("text", ["", "just text\n", "- a\n- b\n", "3\n"])
def test_file_that_is_no_mapping_is_refused(text: str) -> None:
    """An empty file, a list or a word is not what was asked for."""
    assert problems(text) == ["f.yaml:1: must be a mapping of keys to values, and is not."]


def test_document_is_not_changed_by_validation() -> None:
    """What was read stays as it was."""
    document = parse_yaml("name: x\n", "f.yaml")
    validate(document, Outer)
    assert document == Document("f.yaml", {"name": "x"}, {("name",): 1})
