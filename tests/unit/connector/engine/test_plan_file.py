"""A plan as a file: it comes back as it was, and an edited one does not come back at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.engine.plan import LINES, changes_of, conversions_of
from connector.engine.plan_file import PlanHeader, read_plan, readable_lines, write_plan
from connector.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 2, 10, 0, 0, 123456, tzinfo=UTC)
FIELDS = ("Score__c", "Stage__c")
HEADER = PlanHeader("acme", "salesforce", "r1", "2026-03-02T10:00:00Z", "2026-03-02", "m", "p", 2)

texts = st.none() | st.text(max_size=15)
change = st.dictionaries(st.sampled_from(FIELDS), st.none() | st.tuples(texts, texts))
convert = st.fixed_dictionaries({"@owner_id": texts, "Name": texts})
bodies = st.lists(change.map(lambda b: ("change", b)) | convert.map(lambda b: ("convert", b)))


def lines_of(found: list[tuple[str, dict[str, object]]]) -> pl.DataFrame:
    """Lines of both kinds with these bodies."""
    rows = [
        (n, f"id{n}", kind, NOW + timedelta(seconds=n), orjson.dumps(body).decode(), "Grund – ok")
        for n, (kind, body) in enumerate(found)
    ]
    return pl.DataFrame(rows, schema=LINES, orient="row")


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A plan file of two lines."""
    lines = lines_of(
        [("change", {"Score__c": ["1", "2"]}), ("convert", {"@owner_id": "u", "Name": "N"})]
    )
    path = tmp_path / "acme.plan"
    write_plan(path, HEADER, [lines.head(1), lines.tail(1)])
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies)
def test_plan_comes_back_as_it_was(
    tmp_path: Path, found: list[tuple[str, dict[str, object]]]
) -> None:
    """Header and lines survive the file: what is applied is what was planned, blank or not."""
    lines = lines_of(found)
    path = tmp_path / "any.plan"
    write_plan(path, HEADER, [lines])
    header, again = read_plan(path)
    assert header == HEADER
    assert again.drop("body").equals(lines.drop("body"))
    for kind, inverse in (("change", changes_of), ("convert", conversions_of)):
        fields = FIELDS if kind == "change" else ("Name",)
        part, part_again = (frame.filter(pl.col("kind") == kind) for frame in (lines, again))
        if not part.is_empty():
            assert inverse(part_again, fields).equals(inverse(part, fields))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0), bit=st.integers(0, 7))
def test_any_flipped_bit_is_found(plan: Path, place: int, bit: int) -> None:
    """A file in which a single bit has changed is refused, wherever it is."""
    content = bytearray(plan.read_bytes())
    content[place % len(content)] ^= 1 << bit
    edited = plan.with_name("edited.plan")
    edited.write_bytes(bytes(content))
    try:
        header, lines = read_plan(edited)
    except ConfigurationError:
        return
    # What still reads is white space or case in the seal's own line; the plan itself is whole.
    original = read_plan(plan)
    assert header == original[0]
    assert lines.equals(original[1])


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_missing_line_is_found(plan: Path, gone: int) -> None:
    """A plan from which a line was taken is refused."""
    rows = plan.read_bytes().splitlines(keepends=True)
    del rows[gone]
    plan.write_bytes(b"".join(rows))
    with pytest.raises(ConfigurationError):
        read_plan(plan)


def test_added_line_is_found(plan: Path) -> None:
    """A line that was put in is not carried out."""
    rows = plan.read_bytes().splitlines(keepends=True)
    plan.write_bytes(b"".join([*rows[:2], rows[1], *rows[2:]]))
    with pytest.raises(ConfigurationError, match="was changed after it was made"):
        read_plan(plan)


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"[1]\n[2]\n", b"text\n", b"\xff\xfe\n"])
def test_other_file_is_no_plan(tmp_path: Path, content: bytes) -> None:
    """Any other file is refused with the command that makes a plan."""
    path = tmp_path / "x.plan"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="is not a plan"):
        read_plan(path)


def test_plan_of_another_format_is_refused(plan: Path) -> None:
    """A newer program's plan is not guessed at."""
    plan.write_bytes(plan.read_bytes().replace(b'"leadgate_plan":1', b'"leadgate_plan":2'))
    with pytest.raises(ConfigurationError, match="format 2"):
        read_plan(plan)


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    """Neither is a traceback."""
    with pytest.raises(ConfigurationError, match="does not exist"):
        read_plan(tmp_path / "none.plan")
    with pytest.raises(ConfigurationError, match="is not a plan"):
        read_plan(tmp_path)


def test_file_is_private_and_whole(plan: Path) -> None:
    """Only its owner may read it, and no half-written file stays behind."""
    assert plan.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in plan.parent.iterdir()] == ["acme.plan"]


def test_lines_read_by_people_hold_only_what_changes() -> None:
    """A change line shows its fields from what to what; fields that stay are not there."""
    lines = lines_of([("change", {"Score__c": ["1", None], "Stage__c": None})])
    (line,) = readable_lines(lines)
    assert line["fields"] == {"Score__c": {"from": "1", "to": None}}
    assert line["reason"] == "Grund – ok"
