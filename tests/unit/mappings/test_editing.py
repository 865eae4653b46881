"""Mapping files changed as a person would change them."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import pytest

from mappings.defaults import default_mapping_text
from mappings.editing import edited
from mappings.mapping import load_mapping
from mappings.remedies import Remedy
from scoring.document import parse_yaml

if TYPE_CHECKING:
    from mappings.mapping import Mapping


def loaded(text: str) -> Mapping:
    """The mapping of a text."""
    return load_mapping(parse_yaml(text, "mapping.yaml"))


def changed(before: str, after: str) -> list[str]:
    """The lines that went and came."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[0] in "+-"]


@pytest.mark.parametrize("crm", ["salesforce", "hubspot", "csv"])
def test_only_the_entries_in_question_change(crm: str) -> None:
    """Everything else of the files that ship stays to the letter: comments, order and layout."""
    before = default_mapping_text(crm)
    mapping = loaded(before)
    grade, reasons = mapping.write["grade"].field, mapping.write["reasons"].field
    remedies = [
        Remedy("value", "grade", grade, key="A", to="Top"),
        Remedy("length", "reasons", reasons, length=80),
        Remedy("drop", "next_question"),
    ]

    after = edited(before, mapping, remedies)

    assert sorted(changed(before, after)) == sorted(
        [
            f"-   grade: {grade}",
            f"+   grade: {{field: {grade}, values: {{A: Top}}, otherwise: keep}}",
            f"-   reasons: {reasons}",
            f"+   reasons: {{field: {reasons}, max_length: 80}}",
            f"-   next_question: {mapping.write['next_question'].field}",
        ]
    )
    told = loaded(after)
    assert told.words("grade") == {"A": "Top"}
    assert told.write["reasons"].max_length == 80
    assert "next_question" not in told.write


def test_answer_keeps_the_words_that_it_is_read_by() -> None:
    """An entry that goes back by its read map gets that map, so that no other word is lost."""
    text = "read:\n  budget_approved: {field: B, values: {Ja: true, Nein: false}}\nwrite:\n  budget_approved: B\n"
    mapping = loaded(text)

    after = edited(
        text, mapping, [Remedy("value", "budget_approved", "B", key="true", to="Jawohl")]
    )

    assert loaded(after).words("budget_approved") == {"true": "Jawohl", "false": "Nein"}


def test_entry_of_many_lines_is_dropped_whole() -> None:
    """Its lines go; the comment before the next section stays."""
    text = "write:\n  score: S\n  stage: # why\n    field: T\n    # a rule\n    rule: never\n\n# next\nregion: DE\n"

    after = edited(text, loaded(text), [Remedy("drop", "stage")])

    assert after == "write:\n  score: S\n\n# next\nregion: DE\n"
