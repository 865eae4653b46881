"""Reading files of leads: every row comes, or is reported with its line."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connector.crm.csv.settings import CsvSettings
from connector.crm.csv.table import BadRows, open_table
from connector.engine.ports import Window
from connector.errors import ConfigurationError, TransientError
from tests.unit.connector.crm_csv.conftest import NOW, pull

if TYPE_CHECKING:
    from tests.unit.connector.crm_csv.conftest import Files

HEAD = "id,name,city\n"


def _bad(files: Files, text: str | bytes, **keys: str) -> tuple[list[str], list[str]]:
    files.put(text)
    crm = files.open(**keys)
    return pull(crm, ["name"])["@id"].to_list(), [str(problem) for problem in crm.bad_rows]


def test_page_has_the_columns_of_the_contract(files: Files) -> None:
    """A raw page has the record's columns first, text as it was, and null where blank."""
    path = files.put("id,name,city\n1, Ann ,\n")
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    os.utime(path, (moment.timestamp(), moment.timestamp()))
    page = pull(files.open(), ["name", "city"])

    assert page.to_dicts() == [
        {
            "@id": "1", "@modified_at": moment, "@converted": False, "@opportunity_id": None,
            "@owner_id": None, "name": " Ann ", "city": None,
        }
    ]  # fmt: skip
    assert page.schema["city"] == pl.String


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (HEAD + "1,Ann\n2,Bob,Rome\n", "leads.csv:2: has 2 columns, and the header has 3."),
        (HEAD + "1,Ann,Rome,x\n2,Bob,Rome\n", "leads.csv:2: has 4 columns, and the header has 3."),
        (HEAD + '2,"Bob\nB.",Rome\n1,Ann\n', "leads.csv:4: has 2 columns, and the header has 3."),
        (HEAD + '1,"Ann,Rome\n2,Bob,Rome\n', "leads.csv:2: has a quote that is not closed"),
        (HEAD + '1,"Ann" A,Rome\n2,Bob,Rome\n', "leads.csv:2: has a quote that is not closed"),
        (HEAD + " ,Ann,Rome\n2,Bob,Rome\n", 'leads.csv:2: has no value in "id"'),
        (HEAD + "2,Bob,Rome\n2,Ann,Rome\n", 'leads.csv:3: has the same "id" as a row before it.'),
        (
            HEAD.encode() + b"1,Ann\xff,Rome\n2,Bob,Rome\n",
            "leads.csv:2: has bytes that are not utf-8",
        ),
    ],
)
def test_bad_rows_are_reported_and_good_ones_go_on(
    files: Files, text: str | bytes, what: str
) -> None:
    """Each kind of bad row is named with its line, and costs no other row."""
    ids, problems = _bad(files, text)

    assert ids == ["2"]
    assert len(problems) == 1
    assert problems[0].startswith(what)
    assert "Ann" not in problems[0]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(st.tuples(*[st.text("ab\",;\n\r é='", max_size=6)] * 3), max_size=12),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    size=st.integers(1, 5),
)
def test_what_a_spreadsheet_writes_is_read(
    rows: list[tuple[str, str, str]], delimiter: str, size: int, tmp_path_factory
) -> None:
    """Quotes, delimiters and line ends inside of cells survive, whatever the size of a page."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("id", "x", "y", "z"), *((str(n), *row) for n, row in enumerate(rows))])
    path = tmp_path_factory.mktemp("table") / "leads.csv"
    path.write_bytes(stream.getvalue().encode())
    bad = BadRows("leads.csv")
    pages = list(open_table(path, id_column="id").pages(["x", "y", "z"], bad, size=size))

    found = [row for page in pages for row in page.select("x", "y", "z").rows()]
    assert found == [tuple(cell or None for cell in row) for row in rows]
    assert all(page.height <= size for page in pages)
    assert bad.count == 0


@settings(max_examples=60, deadline=None)
@given(lines=st.lists(st.text('a",', max_size=8), max_size=12))
def test_every_line_is_read_or_reported(lines: list[str], tmp_path_factory) -> None:
    """Of arbitrary garbage, each line is part of a row, a reported problem, or blank."""
    path = tmp_path_factory.mktemp("garbage") / "leads.csv"
    path.write_text("x,y\n" + "".join(f"{line}\n" for line in lines))
    bad = BadRows("leads.csv")
    table = open_table(path, id_column=None, delimiter=",")
    good = [row for page in table.pages(["x", "y"], bad) for row in page.rows(named=True)]
    inside = sum((row[name] or "").count("\n") for row in good for name in ("x", "y"))
    blank = sum(not line for line in lines)

    within = [re.match(r".*:(\d+): .* line (\d+)\.$", str(problem)) for problem in bad.problems]
    more = sum(int(found[2]) - int(found[1]) for found in within if found)

    accounted = len(good) + bad.count + inside + more
    assert len(lines) - blank <= accounted <= len(lines)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("leads.csv", "id;city\n1;Zürich, CH\n".encode()),
        ("leads.csv", b"\xef\xbb\xbf" + "id\tcity\n1\tZürich, CH\n".encode()),
        ("leads.csv", "id|city\n1|Zürich, CH\n".encode("utf-16")),
        ("leads.tsv", "id\tcity\n1\tZürich, CH\n".encode()),
        ("leads.csv.gz", gzip.compress('id,city\n1,"Zürich, CH"\n'.encode(), mtime=0)),
    ],
)
def test_ways_to_write_a_file_are_found_out(files: Files, name: str, content: bytes) -> None:
    """Delimiter, byte order mark and compression need no settings."""
    files.put(content, name)

    assert pull(files.open(name), ["city"])["city"].to_list() == ["Zürich, CH"]


def test_encoding_and_delimiter_may_be_given(files: Files) -> None:
    """What the user says counts more than what the file looks like."""
    files.put("id;a,b\n1;Zürich\n".encode("cp1252"))
    crm = files.open(encoding="cp1252", delimiter=";")

    assert pull(crm, ["a,b"])["a,b"].to_list() == ["Zürich"]
    assert crm.bad_rows == []


def test_parquet_is_read_as_the_text_a_csv_would_have(files: Files) -> None:
    """Types become their plain text, so that one mapping serves both."""
    frame = pl.DataFrame(
        {
            "id": [1, 2], "when": [datetime(2026, 1, 2, 3, 4, 5), None], "day": [date(2026, 1, 2), None],  # noqa: DTZ001 — a local time is meant
            "yes": [True, None], "score": [1.5, None], "tags": [["a", "b"], None], "text": ["x", ""],
            "at": [datetime(2026, 1, 2, tzinfo=UTC), None],
        }
    )  # fmt: skip
    frame.write_parquet(files.folder / "leads.parquet")
    page = pull(files.open("leads.parquet"), frame.columns[1:])

    assert page["@id"].to_list() == ["1", "2"]
    assert page.row(0)[5:] == (
        "2026-01-02T03:04:05", "2026-01-02", "true", "1.5", "a;b", "x", "2026-01-02T00:00:00Z",
    )  # fmt: skip
    assert page.row(1)[5:] == (None,) * 7


@pytest.mark.parametrize(
    ("header", "ids"),
    [("Id,email", ["7"]), ("name,Email", ["a@b.c"]), ("name,mail", ["line 2"])],
)
def test_leads_are_told_apart_by_the_best_column(files: Files, header: str, ids: list[str]) -> None:
    """`id`, else `email`, else the line number."""
    files.put(f"{header}\n7,a@b.c\n")

    assert pull(files.open(), [])["@id"].to_list() == ids


def test_unchanged_file_gives_nothing(files: Files) -> None:
    """A pull after the file's last change reads nothing; at its very moment it reads everything."""
    path = files.put("id\n1\n")
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))

    assert pull(files.open(), [], NOW + timedelta(microseconds=1)).is_empty()
    assert pull(files.open(), [], NOW).height == 1


def test_modified_column_dates_the_leads(files: Files) -> None:
    """A time that can be read counts, else the file's own."""
    path = files.put("id,at\n1,2026-01-02T03:04:05Z\n2,yesterday\n3,\n")
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    page = pull(files.open(modified="at"), [])

    assert page["@modified_at"].to_list() == [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), NOW, NOW]


@pytest.mark.parametrize(
    ("text", "keys", "words"),
    [
        (None, {}, "there is no such file"),
        ("", {}, "is empty; its first line must name the columns"),
        ("id,a,a\n", {}, "names columns twice: a"),
        ("Prospect ID,a\n", {"id": "Prospect"}, 'no column "Prospect". Did you mean "Prospect ID"'),
        ("id,changed_at\n1,\n", {"modified": "change_at"}, 'Did you mean "changed_at"'),
    ],
)
def test_files_that_cannot_be_used_are_explained(
    files: Files, text: str | None, keys: dict[str, str], words: str
) -> None:
    """A wrong file or column is refused before anything is read."""
    if text is not None:
        files.put(text)

    with pytest.raises(ConfigurationError, match=words):
        pull(files.open(**keys), [])


def test_broken_archive_is_explained(files: Files) -> None:
    """A download that was cut off is no complete pull."""
    whole = gzip.compress(os.urandom(50_000).hex().encode() + b"\n1\n")
    files.put(whole[:-2_000], "leads.csv.gz")

    with pytest.raises(ConfigurationError, match="its end is missing"):
        pull(files.open("leads.csv.gz"), [])


def test_change_while_reading_is_no_complete_pull(files: Files) -> None:
    """A file that is replaced during the pull makes the pull fail, to be done again."""
    files.put("id\n1\n")
    crm = files.open()
    pages = iter(list(crm.pull(_window(), [])))
    assert next(pages).leads.height == 1
    files.put("id\n1\n")
    pages = crm.pull(_window(), [])
    next(pages)
    files.put("id\n1\n2\n")

    with pytest.raises(TransientError, match="changed while it was read"):
        next(pages)


def _window() -> Window:
    return Window(None, NOW)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"path": "leads.xlsx"}, "must end in one of .csv"),
        ({"path": "leads.csv", "out": "out.parquet"}, "must end in one of .csv, .tsv"),
        ({"path": "leads.csv", "out": "./leads.csv"}, "must be another file"),
        ({"path": "leads.csv", "encoding": "utf-9"}, "is no encoding"),
        ({"path": "leads.csv", "delimiter": "::"}, "delimiter"),
        ({"path": "leads.csv", "idd": "x"}, "idd"),
    ],
)
def test_wrong_settings_are_refused(keys: dict[str, str], words: str) -> None:
    """Each key says what it allows."""
    with pytest.raises(ValidationError, match=words):
        CsvSettings(**keys)  # type: ignore[arg-type]


def test_find_and_fetch(files: Files) -> None:
    """A lead is found by its id or its whole e-mail address, whatever its case."""
    files.put("id,E-mail\n1,Ann@Example.com\n2,bob@example.com\n")
    crm = files.open()

    assert crm.find("ann@example.COM", [])["@id"].to_list() == ["1"]
    assert crm.find("2", ["E-mail"])["E-mail"].to_list() == ["bob@example.com"]
    assert crm.find("example.com", []).is_empty()
    assert crm.fetch(["2", "9"], [])["@id"].to_list() == ["2"]
    assert crm.fetch([], []).columns == crm.find("1", []).columns


def test_header_alone_is_a_file_without_leads(files: Files) -> None:
    """No rows are no error."""
    files.put("id,name\n")

    assert pull(files.open(), ["name"]).is_empty()
