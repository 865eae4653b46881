"""`leadgate backtest` as a user meets it: the report, the page, and what is said of mistakes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import Ran, leadgate
from tests.unit.connector.backtest.conftest import DAYS, MAPPING, MODEL, Place, changed, day, people

if TYPE_CHECKING:
    from pathlib import Path

LAST = DAYS[-1]


@pytest.fixture(scope="module")
def shown(month: Place) -> tuple[dict[str, Any], str, str]:
    """The figures as JSON, the page, and the terminal's report of one backtest."""
    every = ("--every", "10d")
    figures = month.backtest(changed(MODEL), *every, "--json", day=LAST).json
    assert month.backtest(changed(MODEL), *every, "--html", "page.html", day=LAST).code == 0
    page = (month.folder / "page.html").read_text(encoding="utf-8")
    return figures, page, month.backtest(changed(MODEL), *every, day=LAST).out


def embedded(page: str) -> dict[str, Any]:
    """The figures inside the page."""
    found = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, re.S)
    assert found
    return json.loads(found[1])


def test_the_page_has_the_very_figures_of_the_json(shown: tuple[dict[str, Any], str, str]) -> None:
    """What the page holds as JSON is what --json prints."""
    figures, page, _ = shown

    assert figures == embedded(page)


def test_every_number_on_the_page_is_one_of_the_json(
    shown: tuple[dict[str, Any], str, str],
) -> None:
    """Tiles, charts' labels and tables say the numbers of the figures and no others."""
    figures, page, _ = shown
    tiles = re.findall(r'<div class="tile[^"]*"><b>([^<]*)</b>', page)
    flips, won, load = figures["flips"], figures["won"], figures["load"]["per_week"]

    def change(kind: str) -> str:
        step = round(load[kind]["new"] - load[kind]["old"], 1)
        return f"{step:+g}".replace("-", "−") if step else "±0"

    expected = [
        str(flips["leads"]), str(len(won["missed"])), str(len(won["newly_caught"])),
        str(len(won["held_back"])), change("sql"), change("hot"),
        str(figures["next_run"]["flips"]["leads"]),
    ]  # fmt: skip
    assert expected == tiles
    for row in figures["stages"]:
        for side in ("old", "new"):
            if row["now"][side]:
                assert f"<title>{side} model: {row['now'][side]} leads</title>" in page
    for move in figures["moves"]:
        assert f">{move['leads']}</text>" in page


def test_the_page_needs_nothing_else(shown: tuple[dict[str, Any], str, str]) -> None:
    """No script runs in it, and nothing is fetched from anywhere."""
    _, page, _ = shown

    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?!#)", page)
    assert not re.search(r"@import|url\(|<link|<iframe|javascript:", page)
    scripts = re.findall(r"<script[^>]*>", page)
    assert scripts == ['<script type="application/json" id="figures">']


def test_names_in_a_page_are_only_texts(tmp_path: Path) -> None:
    """A rule's words that look like markup are shown as they are."""
    place = Place(tmp_path)
    place.put(people(20))
    place.sync(0)
    evil = changed(
        MODEL, ("reason: visited", 'reason: "</script><b>visited"'), ("points: 40", "points: 20")
    )
    assert place.backtest(evil, "--html", "page.html", day=0).code == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")

    assert "<b>visited" not in page
    assert "&lt;/script&gt;&lt;b&gt;visited" in page
    assert embedded(page)["flips"]["leads"] > 0


def test_the_terminal_says_the_same(shown: tuple[dict[str, Any], str, str]) -> None:
    """The report names the numbers of the figures and the first flips with their reasons."""
    figures, _, text = shown
    flips = figures["flips"]

    assert f"{flips['leads']:,} leads flip" in text
    assert flips["list"][0]["id"] in text
    assert "came by a partner (+30 → +12)" in text
    assert "precision, recall and lift are not told" in text
    recorded = figures["as_recorded"]
    assert f"{recorded['same']:,} of {recorded['judgements']:,} recorded judgements" in text


def test_another_old_model_may_be_named(month: Place) -> None:
    """With --against the connection's own model is left aside; against itself nothing differs."""
    ran = month.backtest(changed(MODEL), "--against", "new.yaml", "--json", day=LAST)

    assert ran.json["flips"]["leads"] == 0
    assert ran.json["notes"] == ["Both models say the same; nothing can differ."]


def test_a_period_bounds_the_history(month: Place) -> None:
    """--from and --to choose the days; what a lead was before is its beginning."""
    asked = ("--from", str(day(8)), "--to", str(day(21)), "--every", "5d", "--json")
    found = month.backtest(changed(MODEL), *asked, day=LAST).json

    assert (found["first"], found["last"]) == (str(day(8)), str(day(21)))
    assert found["reviews"] == [str(day(n)) for n in (8, 13, 18, 21)]
    assert found["leads"] == 80
    assert found["next_run"] is None


def test_a_fact_that_nobody_reads_is_named(month: Place) -> None:
    """Where the new model looks at what the mapping does not read, the report says so."""
    asking = changed(MODEL, ("source: partner}, points: 30", "industry: steel}, points: 30"))

    (note,) = month.backtest(asking, "--json", day=LAST).json["notes"]
    assert "industry" in note
    assert "does not read" in note


def refused(ran: Ran, *said: str) -> None:
    """A mistake of the user: exit code 2, nothing on standard output, all this on the other."""
    assert (ran.code, ran.out) == (2, "")
    for words in said:
        assert words in ran.err


def test_a_broken_new_model_is_refused_with_place_nearest_name_and_fix(month: Place) -> None:
    """Its line, what is wrong with it and the nearest name; nothing is replayed."""
    broken = changed(MODEL, ("need: true}, points", "neeed: true}, points"))

    refused(month.backtest(broken, day=LAST), "new.yaml:6", "neeed", '"need"')


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--model", "nwe.yaml"), ("nwe.yaml does not exist", "new.yaml")),
        ((), ("leadgate backtest --model new.yaml",)),
        (("--model", "new.yaml", "--every", "often"), ("--every", "7d")),
        (("--model", "new.yaml", "--target", "custmer"), ("custmer", '"customer"')),
        (
            ("--model", "new.yaml", "--from", "2030-01-01", "--to", "2030-02-01", "--every", "0d"),
            ("--every",),
        ),
        (("--model", "new.yaml", "--to", "2020-01-01"), ("begins", "--from and --to")),
        (("laeds", "--model", "new.yaml"), ("laeds", '"leads"')),
    ],
)
def test_mistakes_in_options_are_said_with_what_to_do(
    month: Place, options: tuple[str, ...], said: tuple[str, ...]
) -> None:
    """Each is refused in plain words that hold the option and a way out."""
    (month.folder / "new.yaml").write_text(changed(MODEL), encoding="utf-8")

    refused(leadgate(month.folder, "backtest", *options), *said)


def test_without_a_history_it_says_how_to_come_by_one(tmp_path: Path) -> None:
    """A connection that was never read has nothing to replay."""
    place = Place(tmp_path)
    place.put(people(5))

    refused(place.backtest(changed(MODEL), day=0), "leadgate sync leads", "history:")


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ("history: {target: need}", "names no `time`"),
        ("history: {target: need, time: vists}", '"visits"'),
        ("history: {target: need, time: source}", "holds no dates"),
    ],
)
def test_a_history_section_that_cannot_serve_is_refused(
    tmp_path: Path, history: str, said: str
) -> None:
    """No day, an unknown column or one without dates: each is said in plain words."""
    place = Place(tmp_path, mapping=f"{history}\n{MAPPING}")
    place.put(people(12))

    refused(place.backtest(changed(MODEL), day=0), said)
