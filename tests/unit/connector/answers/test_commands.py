"""ask, answer and explain, on local CRMs over HTTP."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from connector.engine.lead import facts_frame
from connector.engine.replay import replay

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.ledger import SqlLedger
    from connector.wiring import Files
    from tests.support import World

    LedgerOf = Callable[[World], tuple[SqlLedger, Files]]

FOREVER = date(9999, 12, 31)
AUTHORITY = {"salesforce": "Decision_Maker__c", "hubspot": "decision_maker"}
YES = {"salesforce": "Yes", "hubspot": "yes"}
NO = {"salesforce": "No", "hubspot": "no"}


def undecided(world: World) -> str:
    """A good lead that a rep has not yet spoken to, read once; its id."""
    blank: dict[str, Any] = (
        {
            "Status": "Open - Not Contacted",
            "Decision_Maker__c": None,
            "Budget_Approved__c": None,
            "Ready_To_Buy__c": None,
        }
        if world.crm == "salesforce"
        else {
            "hs_lead_status": "NEW",
            "decision_maker": "",
            "budget_approved": "",
            "ready_to_buy": "",
        }
    )
    lead = world.plant("ada@planted.example", **blank)
    world.sync()
    return lead


def verdict(world: World, lead: str) -> tuple[float, str]:
    """Score and stage of a lead as the ledger has them."""
    why = world.run("explain", lead, "--json").json["explanation"]
    return why["score"], why["stage"]


def mapped(world: World) -> None:
    """Let the answer to "who decides?" go into its CRM field."""
    path = world.folder / "mappings" / f"{world.crm}.yaml"
    text = path.read_text(encoding="utf-8")
    field = AUTHORITY[world.crm]
    path.write_text(
        text.replace("\nwrite:\n", f"\nwrite:\n  authority: {field}\n", 1), encoding="utf-8"
    )


def test_ask_foretells_what_answer_then_does(world: World) -> None:
    """The effect that ask shows of each answer is the score and the stage after that answer."""
    lead = undecided(world)
    asked = world.run("ask", lead, "--json").json
    question = next(each for each in asked["questions"] if each["fact"] == "authority")
    expected = {each["answer"]: each for each in question["effects"]}
    for label, value in (("decides", "decides"), ("does not decide", "no")):
        ran = world.run("answer", lead, f"authority={value}", "--by", "Eve", "--json")
        assert ran.code == 0, ran.err
        after = ran.json["after"]
        foretold = expected[label]
        assert (after["score"], after["stage"]) == (foretold["new_score"], foretold["new_stage"])
        shown = world.values(lead, world.score)[world.score]
        assert float(shown) == foretold["new_score"]


def test_ask_for_people_shows_the_next_question_and_runners_up(world: World) -> None:
    """The next question of the ledger first, each answer with its effect, others after it."""
    lead = undecided(world)
    ran = world.run("ask", lead)
    why = world.run("explain", lead, "--json").json["explanation"]

    assert ran.code == 0
    assert f"Ask next: {why['next_question']}" in ran.out
    assert "then" in ran.out
    assert f"leadgate answer {lead}" in ran.out


def test_answer_feeds_the_fact_until_the_crm_says_otherwise(world: World) -> None:
    """Unmapped, an answer counts in later syncs too; a person's later word in the CRM wins."""
    lead = undecided(world)
    before = verdict(world, lead)
    world.run("answer", lead, "authority=yes")
    answered = verdict(world, lead)
    assert answered[0] > before[0]
    assert world.values(lead, AUTHORITY[world.crm])[AUTHORITY[world.crm]] in (None, "")
    world.sync("--full")
    assert verdict(world, lead) == answered
    world.type(lead, **{AUTHORITY[world.crm]: NO[world.crm]})
    world.sync()
    assert verdict(world, lead) == before


def test_answer_taken_back_leaves_no_trace_in_the_score(world: World) -> None:
    """A blank value takes an answer back: an unanswered question never counts as no."""
    lead = undecided(world)
    before = verdict(world, lead)
    world.run("answer", lead, "authority=no")
    world.run("answer", lead, "authority=")
    assert verdict(world, lead) == before
    answers = world.run("explain", lead, "--json").json["answers"]
    assert [each["value"] for each in answers] == ["false", None]


def test_mapped_answer_is_written_at_once(world: World) -> None:
    """Where the mapping writes the fact, one run writes the answer and the score, by the CRM's words."""
    mapped(world)
    lead = undecided(world)
    ran = world.run("answer", lead, "authority=decides", "--by", "Eve", "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["run"]["kind"], ran.json["run"]["written"]) == ("answer", 1)
    there = world.values(lead, AUTHORITY[world.crm], world.score)
    assert there[AUTHORITY[world.crm]] == YES[world.crm]
    assert float(there[world.score]) == ran.json["after"]["score"]
    assert world.sync()["written"] == 0
    (kept,) = world.run("explain", lead, "--json").json["answers"]
    assert (kept["fact"], kept["value"], kept["person"]) == ("authority", "true", "Eve")


@pytest.mark.parametrize("world", ["salesforce"], indirect=True)
def test_what_cannot_be_done_is_exit_2(world: World) -> None:
    """Unknown lead, fact and value, a wrong day, and nothing is written."""
    lead = undecided(world)
    writes = world.writes()
    for arguments, words in (
        (("answer", "nobody@nowhere.example", "need=yes"), "leadgate sync"),
        (("ask", "nobody@nowhere.example"), "leadgate sync"),
        (("answer", lead, "autority=yes"), 'Did you mean "authority"'),
        (("answer", lead, "need=perhaps"), "fits our product"),
        (("answer", lead, "need=yes", "--connection", "salesfarce"), 'Did you mean "salesforce"'),
        (("explain", lead, "--as-of", "2001-01-01"), "first verdict is of"),
        (("explain", lead, "--as-of", "soon"), "soon"),
    ):
        ran = world.run(*arguments)
        assert (ran.code, words in ran.err) == (2, True), ran.err
        assert "nowhere.example" not in ran.err
    assert world.writes() == writes


def test_every_verdict_is_replayed(world: World, ledger_of: LedgerOf) -> None:
    """From the kept facts and the kept model each stored verdict comes out again, reasons and all."""
    lead = undecided(world)
    world.run("answer", lead, "authority=yes")
    world.edit("scoring/model.yaml", "points: 16", "points: 3")
    world.sync()
    ledger, files = ledger_of(world)
    replayed = models = 0
    for page in ledger.leads_facts(world.crm):
        for record in {lead, *page["id"].head(30)}:
            found = replay(ledger, world.crm, record, FOREVER, (files.judge, files.extra))
            assert (found.differs, found.why_not) == ((), None)
            for row in ledger.verdict_history(world.crm, record):
                replayed += 1
                if row["model"] == files.judge.model.digest:
                    models += 1
                    frame = facts_frame(record, orjson.loads(row["facts"]), files.extra)
                    again = files.judge(frame, date.fromisoformat(row["as_of"]))
                    assert again["reasons"].item() == row["reasons"]
    assert replayed > models > 5
    first = ledger.verdict_history(world.crm, lead)[0]
    assert first["model"] != files.judge.model.digest


def test_earlier_verdict_is_made_with_the_model_of_its_day(world: World) -> None:
    """After the model changed, a day before it is told by the old model, and it is said."""
    lead = undecided(world)
    before = verdict(world, lead)
    world.edit("scoring/model.yaml", "points: 16", "points: 3")
    later = date.fromisoformat(world.run("runs", "--json").lines[0]["as_of"]) + timedelta(days=2)
    why = world.run("explain", lead, "--as-of", str(later), "--json").json
    assert (why["made_by"], why["differs"]) == ("kept model", [])
    assert (why["explanation"]["score"], why["explanation"]["stage"]) == before
    assert "model of that day" in world.run("explain", lead, "--as-of", str(later)).out


def test_explanation_tells_what_is_ahead_and_what_was(world: World) -> None:
    """Least change, effects of the next question, verdicts with model and day, and answers."""
    lead = undecided(world)
    world.run("answer", lead, "authority=yes", "--by", "Eve")
    whole = world.run("explain", lead, "--json").json
    shown = world.run("explain", lead).out

    assert whole["least_change"]["words"] in shown
    assert len(whole["history"]) == 2
    assert all("facts" not in row for row in whole["history"])
    assert "Verdicts" in shown
    assert "authority: yes by Eve" in shown
