"""The flips that a backtest names are the flips that happen when the other model judges."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from connector.ledger import open_ledger
from tests.support import HubSpotWorld
from tests.unit.connector.backtest.conftest import (
    DAYS,
    MAPPING,
    MODEL,
    START,
    Place,
    changed,
    day,
    people,
)

if TYPE_CHECKING:
    from pathlib import Path

EVERY_RUN = ("--every", "10d", "--json")


def named(flips: list[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """Each flip as stages, priorities and scores at the end."""
    return {
        each["id"]: tuple(
            each[what][side]
            for what in ("stage", "priority", "score_at_end")
            for side in ("old", "new")
        )
        for each in flips
    }


def moved(old: dict[str, Any], new: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """The leads that two sets of verdicts leave elsewhere, in the same form."""
    return {
        lead: tuple(
            each[what] for what in ("stage", "priority", "score") for each in (one, new[lead])
        )
        for lead, one in old.items()
        if any(one[what] != new[lead][what] for what in ("stage", "priority"))
    }


def test_a_month_under_the_new_model_differs_as_the_backtest_says(
    month: Place, month_of_new: Place
) -> None:
    """Runs of both models over one month end apart on exactly the leads that are named."""
    figures = month.backtest(changed(MODEL), *EVERY_RUN, day=DAYS[-1]).json

    happened = moved(month.verdicts(), month_of_new.verdicts())
    assert happened == named(figures["flips"]["list"])
    assert len(happened) > 10
    assert figures["flips"]["stage"] > 5


def test_stages_of_every_review_day_are_those_of_the_runs(
    month: Place, month_of_new: Place
) -> None:
    """How many leads stand where on the last day is what both histories have."""
    figures = month.backtest(changed(MODEL), *EVERY_RUN, day=DAYS[-1]).json

    for side, place in (("old", month), ("new", month_of_new)):
        verdicts = place.verdicts()
        counted = {row["stage"]: row["now"][side] for row in figures["stages"] if row["now"][side]}
        stages = [each["stage"] for each in verdicts.values()]
        assert {stage: stages.count(stage) for stage in set(stages)} == counted


def test_the_old_model_comes_out_as_it_was_recorded(month: Place) -> None:
    """Made again, the recorded judgements of the old model say what they said."""
    recorded = month.backtest(changed(MODEL), *EVERY_RUN, day=DAYS[-1]).json["as_recorded"]

    assert recorded["same"] == recorded["judgements"] > 80


def test_the_next_run_under_the_new_model_moves_whom_the_backtest_says(
    month: Place, tmp_path: Path
) -> None:
    """From where the leads stand now, runs of both models end apart on exactly the leads told."""
    last = DAYS[-1] + 3
    figures = month.backtest(changed(MODEL), *EVERY_RUN, day=last).json
    stays, changes = (month.copy(tmp_path / name) for name in ("stays", "changes"))
    (changes.folder / "old.yaml").write_text(changed(MODEL), encoding="utf-8")
    for place in (stays, changes):
        place.sync(last)

    happened = moved(stays.verdicts(), changes.verdicts())
    assert happened == named(figures["next_run"]["flips"]["list"])
    assert len(happened) > 10


def test_a_new_model_that_comes_later_begins_where_the_leads_then_stood(month: Place) -> None:
    """With --from the last day, it is the next run of that day for all that are not converted."""
    figures = month.backtest(changed(MODEL), *EVERY_RUN, "--from", str(day(33)), day=33).json

    whole = named(figures["flips"]["list"])
    assert figures["leads"] < figures["next_run"]["leads"]
    assert whole.items() <= named(figures["next_run"]["flips"]["list"]).items()
    assert len(whole) > 10
    assert figures["load"]["silent"]


def test_on_a_portal_the_same_leads_move(tmp_path: Path) -> None:
    """On a local HubSpot portal too, with the model that ships and all its checks."""
    model = (
        ("version: 1", "version: 2"),
        ("hot: 60", "hot: 45"),
        ("points: 16, reason: decides on budgets", "points: 4, reason: decides on budgets"),
        ("visits: {at_least: 2}}, {active_days", "visits: {at_least: 5}}, {active_days"),
    )
    verdicts, told = [], {}
    for side in ("old", "new"):
        world = HubSpotWorld(tmp_path / side, 90, seed=11)
        text = (world.folder / "scoring/model.yaml").read_text(encoding="utf-8")
        (world.folder / "new.yaml").write_text(changed(text, *model), encoding="utf-8")
        if side == "new":
            (world.folder / "new.yaml").replace(world.folder / "scoring/model.yaml")
        assert world.run("setup", "hubspot", "--yes").code == 0
        world.sync()
        if side == "old":
            told = world.run("backtest", "--model", "new.yaml", "--json").json
        verdicts.append(latest(world.folder, "hubspot"))
        world.close()

    assert moved(*verdicts) == named(told["flips"]["list"])
    assert told["flips"]["leads"] > 5


def latest(folder: Path, connection: str) -> dict[str, dict[str, Any]]:
    """The last verdict on every lead that was open when it was judged, by id."""
    with closing(open_ledger(f"sqlite:///{folder}/leadgate.db", clock=lambda: START)) as ledger:
        found = [each for _, rows, _ in ledger.pasts(connection) for each in rows.to_dicts()]
        return {
            each["id"]: ledger.verdicts(connection, each["id"]).to_dicts()[-1]
            for each in found
            if '"converted":true' not in (each["facts"] or "")
        }


def test_after_pruning_the_history_begins_where_it_has_no_gaps(
    month: Place, tmp_path: Path
) -> None:
    """Where older verdicts were pruned, both models begin on that day where the leads then stood."""
    place = month.copy(tmp_path)
    address = f"sqlite:///{place.folder}/leadgate.db"
    with closing(open_ledger(address, clock=lambda: START + timedelta(days=30))) as ledger:
        for _ in range(2):
            ledger.prune("leads", timedelta(days=5))
    pruned = place.backtest(changed(MODEL), *EVERY_RUN, day=DAYS[-1]).json
    since = ("--from", str(day(25)))
    whole = month.backtest(changed(MODEL), *EVERY_RUN, *since, day=DAYS[-1]).json

    assert pruned["first"] == str(day(25))
    assert pruned["flips"] == whole["flips"]
    assert pruned["leads"] == 80


def test_what_could_not_be_read_counts_as_it_did(tmp_path: Path) -> None:
    """A telephone number that nobody can read is evidence of spam then and when it is replayed."""
    mapping = changed(MAPPING, ("  email: email\n", "  email: email\n  phone: phone\n"))
    words = """
lamb_or_spam: {spam_above: 0.6, weights: {phone_unreadable: 6}}
"""
    place = Place(tmp_path, MODEL + words, mapping)
    place.put(people().with_columns(phone=pl.lit("call me")))
    place.sync(0)

    recorded = place.backtest(changed(MODEL + words), "--json", day=0).json["as_recorded"]

    assert "spam" in {each["genuine"] for each in place.verdicts().values()}
    assert recorded["same"] == recorded["judgements"] > 50
