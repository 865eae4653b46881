"""What every CRM must do when it is written to; see `tests.contract.sites`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connector.engine.ports import OUTCOMES
from tests.contract.sites import changes

if TYPE_CHECKING:
    from connector.engine.ports import Crm
    from tests.contract.sites import Site


def written(crm: Crm, frame: pl.DataFrame) -> pl.DataFrame:
    """The outcomes of a write, in one frame."""
    return pl.concat(list(crm.write(frame)))


def texts(crm: Crm, site: Site, ids: list[str]) -> dict[str, tuple[str | None, ...]]:
    """The two text fields of these leads, read anew."""
    found = crm.fetch(ids, site.texts).select("@id", *site.texts)
    return {row[0]: row[1:] for row in found.iter_rows()}


def test_set_clear_and_leave_are_three_things(site: Site, crm: Crm) -> None:
    """A text is set, null clears, what is not to change stays; no other lead is touched."""
    one, two, three, other = site.lead_ids()[:4]
    first, second = site.texts
    start = {lead: {first: "Before", second: "Old"} for lead in (one, two, three, other)}
    written(crm, changes(start))
    told = written(
        crm,
        changes({one: {first: "After", second: "New"}, two: {first: None}, three: {second: None}}),
    )
    assert told["outcome"].to_list() == ["applied"] * 3
    assert texts(crm, site, [one, two, three, other]) == {
        one: ("After", "New"),
        two: (None, "Old"),
        three: ("Before", None),
        other: ("Before", "Old"),
    }


@pytest.mark.needs("audit")
def test_only_the_given_fields_are_written(site: Site, crm: Crm) -> None:
    """The CRM's own record of the API's writes holds the changed fields and no others."""
    first, second = site.texts
    lead = site.lead_ids()[0]
    written(crm, changes({lead: {first: "Given"}}))
    assert site.fields_written() == {first}
    assert second not in site.fields_written()


def test_one_outcome_per_row(site: Site, crm: Crm) -> None:
    """Over several batches every row is answered once, in the form of the port."""
    ids = site.lead_ids()[:405]
    frames = list(
        crm.write(changes({lead: {site.texts[0]: f"Row {n}"} for n, lead in enumerate(ids)}))
    )
    told = pl.concat(frames)
    assert all(frame.schema == OUTCOMES for frame in frames)
    assert sorted(told["@id"]) == sorted(ids)
    assert set(told["outcome"]) == {"applied"}
    assert {v[0] for v in texts(crm, site, ids).values()} == {f"Row {n}" for n in range(len(ids))}


def test_empty_frame_writes_nothing(site: Site, crm: Crm) -> None:
    """No rows, no outcomes."""
    empty = changes({site.lead_ids()[0]: {site.texts[0]: "X"}}).clear()
    assert sum(frame.height for frame in crm.write(empty)) == 0


def test_writing_twice_is_writing_once(site: Site, crm: Crm) -> None:
    """The same frame again is applied again and leaves the same values."""
    lead = site.lead_ids()[0]
    frame = changes({lead: {site.texts[0]: "Same"}})
    for _ in range(2):
        assert written(crm, frame)["outcome"].to_list() == ["applied"]
    assert texts(crm, site, [lead])[lead][0] == "Same"


@pytest.mark.needs("validation")
def test_bad_value_is_rejected_alone(site: Site, crm: Crm) -> None:
    """Among good rows the culprit is rejected with code, field and remedy; the good rows land.

    The rejected value is in no word of the outcome.
    """
    name, value = site.culprit
    ids = site.lead_ids()[:9]
    rows: dict[str, dict[str, str | None]] = {lead: {site.texts[1]: "Good"} for lead in ids}
    rows[ids[4]] = {name: value}
    told = {row["@id"]: row for row in written(crm, changes(rows)).iter_rows(named=True)}
    bad = told.pop(ids[4])
    assert {row["outcome"] for row in told.values()} == {"applied"}
    assert (bad["outcome"], bad["field"]) == ("rejected", name)
    assert bad["code"]
    assert bad["remedy"]
    assert value.strip() not in str(bad)
    assert "planted-value" not in str(bad)
    read = texts(crm, site, ids)
    assert [read[lead][1] for lead in ids if lead != ids[4]] == ["Good"] * 8


def test_record_that_has_gone_is_skipped(site: Site, crm: Crm) -> None:
    """A record deleted since the pull is skipped with a code; the others are written."""
    gone, there = site.lead_ids()[:2]
    site.delete(gone)
    frame = changes({gone: {site.texts[0]: "X"}, there: {site.texts[0]: "Y"}})
    told = {row["@id"]: row for row in written(site.open(), frame).iter_rows(named=True)}
    assert (told[gone]["outcome"], told[there]["outcome"]) == ("skipped", "applied")
    assert told[gone]["code"]
    assert gone not in texts(crm, site, [gone])


def test_setup_creates_a_field_once(site: Site, crm: Crm) -> None:
    """A missing field is created, readable and writable at once; asked again nothing happens."""
    field = site.new_field
    assert crm.field_name(field.name)
    assert field.name not in crm.describe().lead.fields
    assert [one.outcome for one in crm.setup([field])] == ["applied"]
    crm.close()
    anew = site.open()
    assert anew.describe().lead.fields[field.name].writable
    assert [one.outcome for one in anew.setup([field])] == ["skipped"]
    lead = site.lead_ids()[0]
    assert written(anew, changes({lead: {field.name: "Noted"}}))["outcome"].to_list() == ["applied"]
    assert anew.fetch([lead], [field.name])[field.name].to_list() == ["Noted"]
    anew.close()


def test_setup_answers_for_each_field(site: Site, crm: Crm) -> None:
    """Several fields, one of which is there already, get an outcome each."""
    field = site.new_field
    crm.setup([field])
    other = replace(field, name=field.name.replace("ontract", "ontract_2"), label="Second note")
    told = {one.field.name: one.outcome for one in site.open().setup([field, other])}
    assert told == {field.name: "skipped", other.name: "applied"}
