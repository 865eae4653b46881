"""Rescoring through HTTP: what time alone does to scores, and that nothing else is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from connector.cli.app import app
from connector.engine import rescore
from connector.engine.connection import judge_page, judged_leads
from connector.engine.counts import with_active_days
from connector.engine.plan_file import readable_lines
from connector.engine.ports import PAGE_META, Page, Window
from connector.engine.there import decoded
from connector.errors import ConfigurationError, TransientError
from connector.ledger.history import VERDICT
from mappings.wire import canonical
from scoring.judge import SCHEMA

if TYPE_CHECKING:
    from connector.engine.run import Runner
    from tests.unit.connector.rescore.conftest import World

SCORE = {"salesforce": "Leadgate_Score__c", "hubspot": "leadgate_score"}
REASONS = {"salesforce": "Leadgate_Reasons__c", "hubspot": "leadgate_reasons"}


def leads_of(world: World) -> pl.DataFrame:
    """The facts frame of all living leads."""
    return pl.concat(world.ledger.leads_facts(world.crm))


def lines_of(world: World, run: str) -> list[dict[str, Any]]:
    """The lines of a run as users read them."""
    return [line for page in world.ledger.lines(run) for line in readable_lines(page)]


def test_time_alone_lowers_scores_and_only_what_moved_is_written(world: World) -> None:
    """After 30 days a sync reads nothing, judges all again, and writes just those that moved."""
    world.settle()
    before = leads_of(world)
    world.forward(days=30)

    report = world.sync()
    after = leads_of(world)

    both = before.join(after, on="id", suffix=":after").filter(~pl.col("converted"))
    moved = both.filter(pl.col("score") != pl.col("score:after"))
    lines = lines_of(world, report.run)
    assert (report.read, report.judged) == (0, 0)
    assert report.rescored == before.height
    assert report.planned == report.written + report.rejected == len(lines) > 20
    assert {line["id"] for line in lines} >= set(moved["id"]) - held(world)
    for line in lines:
        assert set(line["fields"]) - {REASONS[world.crm]}, "other words alone are no news"
        for change in [line["fields"].get(SCORE[world.crm])]:
            assert change is None or abs(float(change["to"]) - float(change["from"])) >= 1
    assert moved["score:after"].mean() < moved["score"].mean()


def held(world: World) -> set[str]:
    """The leads in quarantine."""
    seen = world.ledger.seen(world.crm, leads_of(world)["id"])
    return set(seen.drop_nulls("quarantine_key")["id"])


def test_words_alone_leave_the_history_alone(world: World) -> None:
    """Nobody gets a new verdict because "3 days ago" has become "33 days ago"."""
    world.settle()
    ids = leads_of(world)["id"].to_list()
    world.forward(days=1)

    world.sync()

    grown = unmoved = 0
    for lead in ids:
        history = world.ledger.verdicts(world.crm, lead)
        if history.height > 1:
            last, new = history.tail(2).rows(named=True)
            names = [name for name in VERDICT if name not in rescore.WORDING]
            grown += new["run"] > last["run"]
            assert any(last[name] != new[name] for name in names)
        unmoved += history["last_as_of"][-1] != history["as_of"][-1]
    assert unmoved > grown


def test_the_same_day_is_judged_once(world: World) -> None:
    """A second sync of the day reads our own writes back, judges nobody again and plans nothing."""
    world.settle()
    world.forward(days=30)
    written = world.sync().written

    again = world.sync()
    alone = world.run(lambda runner: runner.rescore())

    assert written > 0
    assert (again.rescored, again.planned) == (0, 0)
    assert (alone.rescored, alone.planned) == (0, 0)


def test_rescore_reads_nothing(world: World) -> None:
    """Alone it calls the CRM to describe itself and to write; twice the same day it writes nothing."""
    world.settle()
    world.forward(days=30)
    expected = world.run(lambda runner: runner.plan())

    first = world.run(lambda runner: runner.rescore())
    batches = first.api_calls - world.calls_to_open
    second = world.run(lambda runner: runner.rescore())

    careful = [line for line in lines_of(world, first.run) if STAGE[world.crm] in line["fields"]]
    assert first.kind == "rescore"
    assert (first.rescored, first.planned) == (expected.rescored, expected.planned)
    assert first.written == first.planned - first.rejected > 20
    assert 1 <= batches <= 3 + len(careful)
    assert (second.rescored, second.planned, second.api_calls) == (0, 0, world.calls_to_open)


STAGE = {"salesforce": "Leadgate_Stage__c", "hubspot": "leadgate_stage"}


def test_a_plan_shows_it_and_keeps_nothing(world: World) -> None:
    """What a plan shows of the day's verdicts is what the next sync does, and it can be seen twice."""
    world.settle()
    world.forward(days=30)

    plans = [world.run(lambda runner: runner.plan()) for _ in range(2)]
    report = world.sync()

    assert plans[0].planned == plans[1].planned == report.planned > 0
    assert plans[0].rescored == plans[1].rescored == report.rescored


def test_a_plan_judges_each_lead_once(world: World) -> None:
    """A lead that has changed since is planned from the CRM alone, not from the ledger as well."""
    world.settle()
    world.forward(days=30)
    lead = world.run(lambda runner: runner.plan()).run
    changed = lines_of(world, lead)[0]["id"]
    world.edit(changed, {"City" if world.crm == "salesforce" else "city": "Graz"})
    world.forward(minutes=5)

    report = world.run(lambda runner: runner.plan())

    planned = [line["id"] for line in lines_of(world, report.run)]
    assert report.read >= 1
    assert planned.count(changed) == len(set(planned) & {changed}) == 1
    assert report.read + report.rescored == leads_of(world).height


@pytest.mark.parametrize("alone", [False, True], ids=["sync", "rescore"])
def test_a_persons_edit_stays(world: World, alone: bool) -> None:
    """What a person has put into an unless_edited field is not replaced, pulled or not."""
    field = SCORE[world.crm]
    world.remap(f"score: {field}", f"score: {{field: {field}, rule: unless_edited}}")
    world.settle()
    world.forward(days=30)
    plan = world.run(lambda runner: runner.plan())
    falling = [line["id"] for line in lines_of(world, plan.run) if field in line["fields"]]
    world.edit(falling[0], {field: "77"})
    world.forward(minutes=5)

    report = world.run(lambda runner: runner.rescore() if alone else runner.sync())

    assert world.value(falling[0], field) in ("77", "77.0")
    assert report.written > 0
    assert world.value(falling[1], field) not in ("77", "77.0")
    outcomes = {line["outcome"] for line in world.ledger.lead(world.crm, falling[0])["lines"]}
    assert ("skipped" in outcomes) is alone


def test_judging_from_the_ledger_equals_a_fresh_pull(world: World) -> None:
    """On a later day every verdict from remembered facts is the one that a full read would give."""
    world.settle()
    world.forward(days=37)

    def compare(runner: Runner) -> Any:
        connection, day = runner.connection, world.now().date()
        fresh = []
        for page in connection.crm.pull(Window(None, connection.crm.now()), connection.fields):
            memory = world.ledger.seen(world.crm, page.leads["@id"])
            fresh.append(judge_page(connection, page.leads, memory, day).select(list(SCHEMA)))
        kept = []
        for page in world.ledger.outdated(world.crm, "none", day):
            leads = rescore._leads(connection, page, rescore._raw(connection, page))
            leads = with_active_days(connection.inbound, leads, page, day)
            kept.append(judged_leads(connection, leads, day).select(list(SCHEMA)))
        assert_frame_equal(pl.concat(fresh).sort("id"), pl.concat(kept).sort("id"))
        assert pl.concat(kept).height > 100
        return runner.plan()

    world.run(compare)


def test_the_ledger_knows_what_is_in_the_crm(world: World) -> None:
    """After a run that wrote, before anything is read back, the ledger has every field as it is."""
    world.sync()

    def compare(runner: Runner) -> Any:
        connection = runner.connection
        fields = connection.outbound.fields
        pages = pl.concat(
            world.ledger.outdated(world.crm, "none", world.now().date().replace(year=2030))
        )
        kept = decoded(fields, pages["there"]).with_columns(pages["id"].alias("@id"))
        now = connection.crm.fetch(pages["id"].to_list(), fields)
        there = now.select(
            "@id",
            "@owner_id",
            *(canonical(pl.col(f), connection.schema.lead.fields[f]).alias(f) for f in fields),
        )
        assert_frame_equal(
            kept.select(there.columns).sort("@id"), there.sort("@id"), check_column_order=False
        )
        assert kept[SCORE[world.crm]].is_not_null().any()
        return runner.plan()

    world.run(compare)


def test_a_run_that_died_is_made_up_for(world: World) -> None:
    """When the CRM fails half way, the next rescore writes what is left, and then all is quiet."""
    world.settle()
    world.forward(days=30)

    def fail(runner: Runner) -> Any:
        def write(changes: pl.DataFrame) -> Any:
            raise TransientError("not now")

        runner.connection.crm.write = write  # type: ignore[method-assign]
        return runner.rescore()

    with pytest.raises(TransientError):
        world.run(fail)

    made_up = world.run(lambda runner: runner.rescore())
    assert made_up.written > 20
    assert world.run(lambda runner: runner.rescore()).rescored == 0


def test_nothing_is_judged_again_while_reading_had_a_gap(world: World) -> None:
    """Where edits may be missing nothing is written from memory; the next complete run does it."""
    world.settle()
    world.forward(days=30)

    def short(runner: Runner) -> Any:
        def incomplete(window: Window, fields: Any, *, after: str | None = None) -> Any:
            yield Page(pl.DataFrame(schema=PAGE_META), expected=1)

        runner.connection.crm.pull = incomplete  # type: ignore[method-assign]
        return runner.sync()

    gap = world.run(short)
    complete = world.sync()

    assert gap.gap is not None
    assert (gap.rescored, gap.written) == (0, 0)
    assert complete.rescored > 100


def test_another_mapping_must_be_read_by_first(world: World) -> None:
    """Leads that were judged by another mapping are not rescored; the command says what to do."""
    world.settle()
    field = SCORE[world.crm]
    world.remap(f"score: {field}", f"score: {{field: {field}, rule: fill_blank}}")
    world.forward(days=2)

    with pytest.raises(ConfigurationError, match=f"leadgate sync {world.crm}"):
        world.run(lambda runner: runner.rescore())


def test_the_command(world: World) -> None:
    """`leadgate rescore` runs it for the project's connections and reports it."""
    world.settle()

    done = CliRunner().invoke(
        app, ["rescore", "--json", "-C", str(world.folder)], env=world.environment
    )

    assert done.exit_code == 0, done.output
    assert '"kind":"rescore"' in done.stdout
