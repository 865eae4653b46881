"""What every CRM that has channels of its own must do with touches; see `tests.contract.sites`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from connector.engine.channel import MEMBERS, TASKS, TOUCH_OUTCOMES, Reaching
from tests.contract.sites import SITES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.engine.channel import CrmReach
    from connector.engine.ports import Crm
    from tests.contract.sites import Site

pytestmark = pytest.mark.needs("reach")

DUE = date(2030, 5, 17)
HOSTILE = "O'Brien \\' OR Id != '' -- {{ 7 * 7 }} <script>x</script> %_ [leadgate 0] ü"


@pytest.fixture
def reach(crm: Crm) -> CrmReach:
    """The CRM's own channels."""
    assert isinstance(crm, Reaching)
    return crm.reach


@pytest.fixture(scope="module")
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """One CRM with its people for all tests here: each takes leads of its own."""
    made = SITES[request.param](tmp_path_factory.mktemp("site"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def pool(site: Site) -> Iterator[pl.DataFrame]:
    """Leads that people own, six at a time."""
    found = site.open().fetch(site.convertible(), [])
    owned = found.filter(pl.col("@owner_id").is_not_null()).select("@id", "@owner_id")
    return owned.iter_slices(6)


@pytest.fixture
def leads(pool: Iterator[pl.DataFrame]) -> pl.DataFrame:
    """Six leads that nobody has touched yet: @id, @owner_id."""
    return next(pool)


def tasks(leads: pl.DataFrame, subject: str = "Call", body: str = "Ask for Ann.") -> pl.DataFrame:
    """The tasks frame of these leads."""
    key = pl.format("wake_up/1/{}", "@id").alias("@key")
    words = [pl.lit(subject).alias("subject"), pl.lit(body).alias("body"), pl.lit(DUE).alias("due")]
    return leads.select(key, "@id", "@owner_id", *words).cast(TASKS)


def members(leads: pl.DataFrame, target: str) -> pl.DataFrame:
    """The members frame of these leads."""
    key = pl.format("wake_up/2/{}", "@id").alias("@key")
    return leads.select(key, "@id", pl.lit(target).alias("target")).cast(MEMBERS)


def outcomes(parts: Any) -> pl.DataFrame:
    """The outcomes in one frame."""
    return pl.concat(list(parts))


def ids(told: pl.DataFrame) -> dict[str, str]:
    """What was made, by lead."""
    return dict(told.select("@id", "@touch_id").iter_rows())


def test_task_is_made_for_the_owner(site: Site, reach: CrmReach, leads: pl.DataFrame) -> None:
    """Each lead gets one task, with the words, the day and the owner, and the outcome names it."""
    told = outcomes(reach.add_tasks(tasks(leads), None))
    assert told.schema == TOUCH_OUTCOMES
    assert told["outcome"].to_list() == ["applied"] * leads.height
    for lead, owner in leads.iter_rows():
        (task,) = site.tasks(lead)
        assert task["subject"].startswith("Call")
        assert task["body"].startswith("Ask for Ann.")
        assert (task["owner"], task["due"]) == (owner, str(DUE))
        assert task["id"] == ids(told)[lead]


def test_task_is_made_once_however_often(
    site: Site, reach: CrmReach, leads: pl.DataFrame, crm: Crm
) -> None:
    """The same key answers with the same task, in this command and in the next."""
    first = outcomes(reach.add_tasks(tasks(leads), None))
    again = outcomes(reach.add_tasks(tasks(leads), None))
    other = site.open()
    assert isinstance(other, Reaching)
    later = outcomes(other.reach.add_tasks(tasks(leads, subject="Other words"), None))
    assert ids(first) == ids(again) == ids(later)
    assert all(len(site.tasks(lead)) == 1 for lead in leads["@id"])


def test_task_whose_answer_was_lost_is_not_made_twice(
    site: Site, reach: CrmReach, leads: pl.DataFrame
) -> None:
    """After a lost answer every lead has one task, and every outcome names it."""
    site.lose_answers("task")
    told = outcomes(reach.add_tasks(tasks(leads), None))
    assert told["outcome"].to_list() == ["applied"] * leads.height
    for lead in leads["@id"]:
        (task,) = site.tasks(lead)
        assert task["id"] == ids(told)[lead]


def test_second_step_is_a_second_task(site: Site, reach: CrmReach, leads: pl.DataFrame) -> None:
    """Another key is another task, also where both were made for one lead."""
    one = tasks(leads)
    two = one.with_columns(pl.col("@key") + "/later")
    first, second = (outcomes(reach.add_tasks(frame, None)) for frame in (one, two))
    assert set(ids(first).values()).isdisjoint(ids(second).values())
    assert ids(outcomes(reach.add_tasks(one, None))) == ids(first)
    assert all(len(site.tasks(lead)) == 2 for lead in leads["@id"])


def test_hostile_words_stay_words(site: Site, reach: CrmReach, leads: pl.DataFrame) -> None:
    """Quotes, query language, markup and template signs of a lead change nothing but the words."""
    frame = tasks(leads.head(2), subject=f"Call {HOSTILE}", body=f"{HOSTILE}\nsecond line")
    for _ in range(2):
        told = outcomes(reach.add_tasks(frame, None))
        assert told["outcome"].to_list() == ["applied"] * 2
    for lead in frame["@id"]:
        (task,) = site.tasks(lead)
        assert task["subject"].startswith(f"Call {HOSTILE}")
        assert task["body"].startswith(f"{HOSTILE}\nsecond line")


def test_long_subject_is_cut_and_still_found_again(
    site: Site, reach: CrmReach, leads: pl.DataFrame
) -> None:
    """A subject longer than the CRM takes is shortened, and the key is still read back."""
    frame = tasks(leads.head(1), subject="x" * 400)
    assert ids(outcomes(reach.add_tasks(frame, None))) == ids(
        outcomes(reach.add_tasks(frame, None))
    )
    (task,) = site.tasks(frame["@id"].item())
    assert len(task["subject"]) <= 255


def test_deleted_lead_holds_nobody_up(site: Site, reach: CrmReach, leads: pl.DataFrame) -> None:
    """A lead that has gone is not touched, which is said; the others are."""
    target = site.target()
    gone = next(lead for lead in leads["@id"] if lead not in site.members())
    site.delete(gone)
    for told in (
        outcomes(reach.add_tasks(tasks(leads), None)),
        outcomes(reach.add_members(members(leads, target))),
    ):
        by_lead = {row["@id"]: row for row in told.iter_rows(named=True)}
        assert by_lead[gone]["outcome"] != "applied"
        assert by_lead[gone]["code"]
        assert [r["outcome"] for r in by_lead.values()].count("applied") == leads.height - 1


def test_task_of_nobody_needs_a_name(site: Site, reach: CrmReach, leads: pl.DataFrame) -> None:
    """A lead that nobody owns is rejected with a remedy, unless somebody is named who gets it."""
    owner = leads["@owner_id"][0]
    orphan = tasks(leads.head(1)).with_columns(pl.lit(None, pl.String).alias("@owner_id"))
    (row,) = outcomes(reach.add_tasks(orphan, None)).to_dicts()
    assert row["outcome"] == "rejected"
    assert "owner" in row["remedy"]
    (row,) = outcomes(reach.add_tasks(orphan, owner)).to_dicts()
    assert row["outcome"] == "applied"
    (task,) = site.tasks(orphan["@id"].item())
    assert task["owner"] == owner


def test_lead_is_a_member_once(site: Site, reach: CrmReach, leads: pl.DataFrame) -> None:
    """Added, added again, and with a lost answer: one membership each, and always "applied"."""
    frame = members(leads, site.target())
    for lost in (True, False, False):
        if lost:
            site.lose_answers("member")
        told = outcomes(reach.add_members(frame))
        assert told.schema == TOUCH_OUTCOMES
        assert told["outcome"].to_list() == ["applied"] * leads.height
        assert told["@touch_id"].null_count() == 0
    there = site.members()
    assert [there.count(lead) for lead in leads["@id"]] == [1] * leads.height


def test_target_that_is_not_there_is_refused_with_the_nearest(
    site: Site, reach: CrmReach, leads: pl.DataFrame
) -> None:
    """A misspelled campaign or list is named beforehand, and rejects its touches and no others."""
    good, bad = site.target(), site.target().replace("p", "q", 1)
    (problem,) = reach.target_problems(site.member_channel, [good, bad])
    assert problem.target == bad
    assert good in problem.fix
    mixed = pl.concat([members(leads[:1], bad), members(leads[1:], good)])
    told = outcomes(reach.add_members(mixed))
    assert sorted(told["outcome"]) == ["applied"] * (leads.height - 1) + ["rejected"]
    assert good in told.filter(pl.col("outcome") == "rejected")["remedy"].item()


def test_nothing_hinders_a_user_with_all_rights(site: Site, reach: CrmReach) -> None:
    """A connected user that may do everything has no problem with any channel."""
    assert reach.target_problems("task", []) == []
    assert reach.target_problems(site.member_channel, [site.target()]) == []


def test_no_touch_makes_no_call(site: Site, reach: CrmReach) -> None:
    """Nothing to do is nothing asked."""
    before = site.calls_seen()
    empty: Sequence[pl.DataFrame] = [
        *reach.add_tasks(pl.DataFrame(schema=TASKS), None),
        *reach.add_members(pl.DataFrame(schema=MEMBERS)),
    ]
    assert (list(empty), site.calls_seen()) == ([], before)


def test_setup_gives_keys_a_place_of_their_own(site: Site) -> None:
    """Setup makes the field for keys: tasks are made once by it, in clean words; older ones count."""
    other = type(site)(site.folder)
    try:
        fresh = other.open()
        assert isinstance(fresh, Reaching)
        owned = fresh.fetch(other.convertible(), []).filter(pl.col("@owner_id").is_not_null())
        before = tasks(owned.select("@id", "@owner_id")[2:4])
        marked = outcomes(fresh.reach.add_tasks(before, None))
        told = fresh.setup(fresh.reach.key_fields())
        assert [each.outcome for each in told] == ["applied"], told
        assert fresh.reach.key_fields() == []
        assert ids(outcomes(fresh.reach.add_tasks(before, None))) == ids(marked)
        frame = tasks(owned.select("@id", "@owner_id").head(2))
        other.lose_answers("task")
        first = outcomes(fresh.reach.add_tasks(frame, None))
        assert ids(outcomes(fresh.reach.add_tasks(frame, None))) == ids(first)
        for lead in frame["@id"]:
            (task,) = other.tasks(lead)
            assert (task["subject"], task["body"]) == ("Call", "Ask for Ann.")
    finally:
        other.close()
