"""Writing beside the file of leads: whole, once, and read again as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.crm.csv.cells import guarded, unguarded
from connector.errors import ConfigurationError
from mappings.entries import Conversion
from mappings.schema import NewField
from tests.unit.connector.crm_csv.conftest import NOW, Files, changes, pull

if TYPE_CHECKING:
    from pathlib import Path

LEADS = "id,name\n1,=Ann\n2,Bob\n"
SCORE = "leadgate_score"
REASONS = "leadgate_reasons"


def _write(files: Files, field: str, values: dict[str, str | None], **keys: str) -> list[str]:
    crm = files.open(**keys)
    outcomes = pl.concat(crm.write(changes(field, values)))
    crm.close()
    return outcomes["outcome"].to_list()


def _conversions(*ids: str, **fields: str) -> pl.DataFrame:
    columns = [pl.lit(value).alias(f"to:{name}") for name, value in fields.items()]
    frame = pl.DataFrame({"@id": ids, "@owner_id": [None] * len(ids), "@key": ids})
    return frame.cast(pl.String).with_columns(columns)


def test_written_values_are_read_again_and_the_leads_stay(files: Files) -> None:
    """Our file has every column of theirs, formulas disarmed, and ours behind; theirs is not touched."""
    path = files.put(LEADS)

    assert _write(files, SCORE, {"2": "50", "1": "7.5"}) == ["applied", "applied"]
    assert files.read().rows() == [("1", "'=Ann", "7.5"), ("2", "Bob", "50")]
    assert pull(files.open(), [SCORE])[SCORE].to_list() == ["7.5", "50"]
    assert path.read_text() == LEADS


def test_changes_meet_what_was_written_before(files: Files) -> None:
    """A later run changes its fields alone; null clears; what is not changed stays."""
    files.put(LEADS)
    _write(files, SCORE, {"1": "7", "2": "50"})
    _write(files, REASONS, {"1": "why"})
    both = changes(SCORE, {"1": None, "2": "51"}).with_columns(
        pl.Series("to:leadgate_reasons", ["x", "new"]),
        pl.Series("change:leadgate_reasons", [False, True]),
    )
    crm = files.open()
    list(crm.write(both))
    crm.close()

    assert pull(files.open(), [SCORE, REASONS]).select(SCORE, REASONS).rows() == [
        (None, "why"),
        ("51", "new"),
    ]


def test_unknown_lead_is_skipped_with_a_remedy(files: Files) -> None:
    """One outcome per row, in order, and nothing made up for a row that is not there."""
    files.put(LEADS)
    crm = files.open()
    outcomes = pl.concat(crm.write(changes(SCORE, {"1": "1", "9": "2"})))
    crm.close()

    assert outcomes.select("@id", "outcome", "code").rows() == [
        ("1", "applied", None),
        ("9", "skipped", "NOT_FOUND"),
    ]
    assert files.read()["id"].to_list() == ["1", "2"]


def test_answered_changes_survive_a_crash(files: Files) -> None:
    """What was answered as applied is there after a death before closing, a torn line is not."""
    files.put(LEADS)
    _write(files, SCORE, {"1": "1"})
    died = files.open()
    list(died.write(changes(SCORE, {"1": "2", "2": "3"})))
    list(died.write(changes(SCORE, {"1": "4"})))
    journal = files.folder / "leads.leadgate.csv.journal"
    with journal.open("a") as stream:
        stream.write('{"@id":"2","to:leadgate_sc')

    again = files.open()
    assert pull(again, [SCORE])[SCORE].to_list() == ["4", "3"]
    list(again.write(changes(SCORE, {"2": "5"})))
    last = files.open()
    assert pull(last, [SCORE])[SCORE].to_list() == ["4", "5"]
    last.close()
    assert files.read()[SCORE].to_list() == ["4", "5"]
    assert not journal.exists()


def test_failed_write_leaves_the_file_as_it_was(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is replaced whole or not at all, and no half file is left behind."""
    files.put(LEADS)
    _write(files, SCORE, {"1": "1"})
    before = files.read()
    crm = files.open()
    list(crm.write(changes(SCORE, {"1": "2"})))

    def full(_self: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", full)
        with pytest.raises(ConfigurationError, match="No space left on device"):
            crm.close()

    assert files.read().equals(before)
    assert not [path for path in files.folder.iterdir() if path.name.startswith(".")]
    assert pull(files.open(), [SCORE])[SCORE].to_list() == ["2", None]


def test_formulas_are_disarmed_and_numbers_are_not(files: Files) -> None:
    """A text that a spreadsheet would run gets an apostrophe, and reads as before to us."""
    files.put("id\n" + "".join(f"{n}\n" for n in range(6)))
    texts = ["=1+1", "-10", "+25 a visit", "@x", "'=y", "plain"]
    values = {str(n): text for n, text in enumerate(texts)}
    _write(files, REASONS, dict(values))

    assert files.read()[REASONS].to_list() == [
        "'=1+1", "-10", "'+25 a visit", "'@x", "''=y", "plain",
    ]  # fmt: skip
    assert pull(files.open(), [REASONS])[REASONS].to_list() == texts


@settings(max_examples=200, deadline=None)
@given(text=st.text("=+-@\t\r'1.e a", max_size=6))
def test_guarding_can_be_undone(text: str) -> None:
    """Whatever the text, what is read is what was meant, and it never starts a formula."""
    frame = pl.DataFrame({"x": [text]})
    shown = frame.select(guarded(pl.col("x")))
    number = text.lstrip("+-")[:1].isdigit() or text.lstrip("+-")[:1] == "."

    assert shown.select(unguarded(pl.col("x"))).item() == text
    assert shown.item()[:1] not in ("=", "@", "\t", "\r")
    assert shown.item()[:1] not in ("+", "-") or number


@settings(max_examples=40, deadline=None)
@given(
    texts=st.lists(st.text("=+-@\t\r\n'\",; aé", min_size=1, max_size=8), min_size=1, max_size=5)
)
def test_any_text_comes_back(texts: list[str], tmp_path_factory) -> None:
    """A second sync finds exactly what the first wrote, so that it plans nothing."""
    files = Files(tmp_path_factory.mktemp("texts"))
    files.put("id\n" + "".join(f"{n}\n" for n in range(len(texts))))
    _write(files, REASONS, {str(n): text for n, text in enumerate(texts)})

    assert pull(files.open(), [REASONS])[REASONS].to_list() == texts


def test_leads_that_left_stay_in_our_file(files: Files) -> None:
    """A smaller export loses nothing that was decided before; new leads come in their order."""
    files.put(LEADS)
    _write(files, SCORE, {"1": "1", "2": "2"})
    files.put("id,name\n3,Cy\n2,Bobby\n")
    _write(files, SCORE, {"3": "3"})

    assert files.read().rows() == [("3", "Cy", "3"), ("2", "Bobby", "2"), ("1", "'=Ann", "1")]


def test_connection_that_saves_twice_loses_nothing(files: Files) -> None:
    """Columns that come later in one command do not cost the rows that only our file has."""
    files.put(LEADS)
    _write(files, SCORE, {"1": "1"})
    files.put("id,name\n2,Bob\n")
    crm = files.open()
    crm.setup([NewField("lead", "Rating", "Rating", "text")])
    list(crm.write(changes(REASONS, {"2": "why"})))
    crm.close()

    assert files.read().rows() == [("2", "Bob", None, None, "why"), ("1", "'=Ann", "1", None, None)]


def test_leads_told_apart_by_line_get_a_column_for_it(files: Files) -> None:
    """Without an id column our file carries the ids that we gave."""
    files.put("name\nAnn\nBob\n")
    _write(files, SCORE, {"line 3": "5"})

    assert files.read().rows() == [("line 2", "Ann", None), ("line 3", "Bob", "5")]
    assert pull(files.open(), [SCORE])[SCORE].to_list() == [None, "5"]


def test_edit_in_our_file_is_seen(files: Files) -> None:
    """A person's edit counts, even saved by a program with another delimiter and encoding mark."""
    files.put(LEADS)
    _write(files, "leadgate_stage", {"1": "mql"})
    files.put("id;name;leadgate_stage\n1;=Ann;sal\n2;Bob;\n", "leads.leadgate.csv")

    assert pull(files.open(), ["leadgate_stage"])["leadgate_stage"].to_list() == ["sal", None]


def test_broken_file_of_ours_is_not_overwritten(files: Files) -> None:
    """Where rows of our file cannot be read, nothing goes on until a person has looked."""
    files.put(LEADS)
    files.put(f"id,name,{SCORE}\n1,Ann\n", "leads.leadgate.csv")

    with pytest.raises(ConfigurationError, match="1 rows cannot be read"):
        pull(files.open(), [SCORE])


def test_unwritable_place_is_explained(files: Files) -> None:
    """A folder that is not there is named before anything is decided."""
    files.put(LEADS)

    with pytest.raises(ConfigurationError, match="its folder does not exist"):
        files.open(out="nowhere/out.csv").describe()


def test_conversion_makes_one_row_per_key(files: Files) -> None:
    """Repeating a conversion, in this command or the next, makes no second opportunity."""
    files.put(LEADS)
    crm = files.open()
    how = Conversion()
    first = pl.concat(crm.convert(_conversions("2", name="=Acme"), how))
    again = pl.concat(files.open().convert(_conversions("2", "1", name="Acme"), how))

    assert first.select("@id", "outcome", "@opportunity_id").rows() == [("2", "applied", "2")]
    assert again["@opportunity_id"].to_list() == ["2", "1"]
    made = files.read("leads.leadgate.opportunities.csv")
    assert made.select("opportunity_id", "lead_id", "name").rows() == [
        ("2", "2", "'=Acme"),
        ("1", "1", "Acme"),
    ]
    assert pull(files.open(), [])["@converted"].to_list() == [True, True]


def test_converted_lead_answers_with_its_first_opportunity(files: Files) -> None:
    """Another key for the same lead changes nothing."""
    files.put(LEADS)
    list(files.open().convert(_conversions("2"), Conversion()))
    other = _conversions("2").with_columns(pl.lit("other").alias("@key"))
    outcomes = pl.concat(files.open().convert(other, Conversion()))

    assert outcomes["@opportunity_id"].to_list() == ["2"]
    assert files.read("leads.leadgate.opportunities.csv").height == 1


def test_conversion_of_an_unknown_lead_is_skipped(files: Files) -> None:
    """No opportunity comes of a lead that the file does not have."""
    files.put(LEADS)
    outcomes = pl.concat(files.open().convert(_conversions("9"), Conversion()))

    assert outcomes.select("outcome", "@opportunity_id").rows() == [("skipped", None)]


def test_described_columns_are_what_may_be_read_and_written(files: Files) -> None:
    """Their columns are read only; ours may be written, set up or not."""
    files.put(LEADS)
    schema = files.open().describe()

    assert not schema.lead.fields["name"].writable
    assert schema.lead.fields[SCORE].writable
    assert schema.opportunity is not None
    assert "close_date" in schema.opportunity.fields
    assert "anything" not in schema.lead.fields


def test_setup_makes_columns_that_last(files: Files) -> None:
    """A column that was set up is there for the next command; setting it up again is nothing."""
    files.put(LEADS)
    fields = [
        NewField("lead", "Rating", "Rating", "text"),
        NewField("opportunity", "Deal", "D", "text"),
    ]
    outcomes = [[found.outcome for found in files.open().setup(fields)] for _ in range(2)]
    schema = files.open().describe()

    assert outcomes == [["applied", "applied"], ["skipped", "skipped"]]
    assert schema.lead.fields["Rating"].writable
    assert schema.opportunity is not None
    assert "Deal" in schema.opportunity.fields
    assert files.read().columns == ["id", "name", "Rating"]


def test_names_that_a_column_may_have(files: Files) -> None:
    """A column of theirs or of the files' own cannot become ours."""
    files.put(LEADS)
    crm = files.open()

    assert crm.field_name("Lead Score")
    assert not any(crm.field_name(name) for name in ("name", "leadgate_id", "@id", " "))


def test_a_file_has_neither_clock_nor_address(files: Files) -> None:
    """Its time is ours, and its rows cannot be opened in a browser."""
    crm = files.open()

    assert (crm.now(), crm.link("1"), crm.api_calls) == (NOW, "", 0)
