"""The worth of questions equals what trying every answer by a whole judgement gives."""

from __future__ import annotations

from datetime import UTC, datetime, time

import polars as pl
import pytest

from scoring.asking import CRITERION_WORTH, STAGE_WORTH
from scoring.criteria import known
from scoring.lead import DTYPES

MODELS = ("default", "b2b", "b2c")


def answered(leads, question, answer, as_of):
    """The leads, all of them with this answer."""
    value = pl.Series([answer.on(as_of)]).cast(DTYPES[question.kind])
    return leads.with_columns(pl.lit(value).first().alias(question.fact))


def gains(judge, before, after):
    """What moved, lead by lead, in plain Python; `before` and `after` are evaluated frames."""
    gates = {(cycle.name, gate.stage): gate.columns for cycle, gate in judge.cycles.gates()}
    for was, now in zip(before.iter_rows(named=True), after.iter_rows(named=True), strict=True):
        waiting = gates.get((was["cycle"], was["next_stage"]), ())
        met = sum(bool(now[column]) and not was[column] for column in waiting)
        moved = was["stage:new"] != now["stage:new"]
        yield abs(now["score"] - was["score"]) + CRITERION_WORTH * met + STAGE_WORTH * moved


def settled(judge, leads, as_of):
    """The leads in the stage where their verdict puts them: answers come after it."""
    stage = judge(leads, as_of)["stage"]
    moved = stage.ne_missing(leads["stage"])
    today = pl.lit(datetime.combine(as_of, time(), UTC), dtype=DTYPES["datetime"])
    since = (
        pl.col("stage_since")
        if "stage_since" in leads.columns
        else pl.lit(None, DTYPES["datetime"])
    )
    return leads.with_columns(
        stage, pl.when(moved).then(today).otherwise(since).alias("stage_since")
    )


def by_brute_force(judge, leads, as_of):
    """The worth of every question for every lead that it can be asked: {(lead, question): worth}."""
    before = judge.assess(leads, as_of)
    leads = settled(judge, leads, as_of)
    worths = {}
    for number, question in enumerate(judge.questions.bank):
        asked = askable(before, question)
        sums = [0.0] * leads.height
        for answer in question.answers:
            after = judge.assess(answered(leads, question, answer, as_of), as_of)
            for row, gain in enumerate(gains(judge, before, after)):
                sums[row] += answer.likely * gain
        worths |= {(row, number): sums[row] for row in range(leads.height) if asked[row]}
    return worths


def askable(before, question):
    """Lead by lead, whether the question suits it and its answer is not known."""
    there = before.select(known(question.fact, question.kind)).to_series().to_list()
    rows = before.select("@aside", "@won", "stage:new", "segment").iter_rows()
    return [
        aside is None
        and not won
        and not has
        and (not question.question.stage or stage in question.question.stage)
        and question.question.segment in (None, segment)
        for has, (aside, won, stage, segment) in zip(there, rows, strict=True)
    ]


@pytest.mark.parametrize("model", MODELS)
def test_worths_equal_brute_force_on_a_thousand_leads(shipped, random_leads, as_of, model):
    """Judging only what answers can move gives the same worths as judging all anew."""
    judge, leads = shipped(model), random_leads(1_000)
    expected = by_brute_force(judge, leads, as_of)
    found = judge.questions.effects.worths(judge.evaluate(leads, as_of), as_of, judge.again)
    actual = {(row, number): worth for row, number, worth in found.iter_rows()}

    assert expected.keys() == actual.keys()
    assert len(expected) > 1_500
    assert actual == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_next_question_is_the_worthiest(shipped, random_leads, as_of, model):
    """No open question of any lead is worth more than its next one; of equals the first is taken."""
    judge, leads = shipped(model), random_leads(400, seed=2)
    worths = by_brute_force(judge, leads, as_of)
    asked = judge(leads, as_of)["next_question"].to_list()
    bank = judge.questions.bank
    expected = []
    for row in range(leads.height):
        open_ = [(-round(worth, 6), n) for (lead, n), worth in worths.items() if lead == row]
        expected.append(bank[min(open_)[1]].text if open_ else None)

    assert asked == expected
    assert len(set(asked)) > 4


def test_asking_one_lead_tells_what_the_page_found(shipped, random_leads, as_of):
    """The first question of `ask` is the page's next question, and each effect is a real verdict."""
    judge, leads = shipped("default"), random_leads(4, seed=3)
    page = judge(leads, as_of)["next_question"].to_list()
    for row, expected in enumerate(page):
        lead = leads[row]
        asked = judge.ask(lead, as_of)
        assert (asked[0].text if asked else None) == expected
        for question in asked[:2]:
            (entry,) = [
                q
                for q in judge.questions.bank
                if (q.fact, q.text) == (question.fact, question.text)
                and q.question.segment in (None, judge(lead, as_of)["segment"].item())
            ]
            there = settled(judge, lead, as_of)
            for effect, answer in zip(question.effects, entry.answers, strict=True):
                after = judge(answered(there, entry, answer, as_of), as_of)
                assert effect.new_score == after["score"].item()
                assert effect.new_stage == after["stage"].item()


@pytest.mark.parametrize("model", MODELS)
def test_a_verdict_repeated_from_its_own_stage_says_the_same(shipped, random_leads, as_of, model):
    """Judged again where it left them, leads keep score, stage, what is missing and the question."""
    judge, leads = shipped(model), random_leads(600, seed=5)
    first = judge(leads, as_of)
    again = judge(settled(judge, leads, as_of), as_of)
    said = ["score", "priority", "stage", "unmet", "next_question"]

    assert again.select(said).to_dicts() == first.select(said).to_dicts()


def test_many_leads_are_tried_in_slices(shipped, random_leads, as_of, monkeypatch):
    """How many leads are tried at once changes nothing."""
    judge, leads = shipped("default"), random_leads(100, seed=4)
    whole = judge(leads, as_of)["next_question"]
    monkeypatch.setattr("scoring.asking.effects.AT_ONCE", 7)

    assert judge(leads, as_of)["next_question"].equals(whole)
    assert judge(leads.clear(), as_of).is_empty()
