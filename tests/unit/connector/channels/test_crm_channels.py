"""The channels over a CRM: what a task says, when it is due, and whom a step's target concerns."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from connector.engine.channel import MEMBERS, TASKS, TOUCH_OUTCOMES, Channel, ChannelName
from connector.outreach.crm import MemberChannel, TaskChannel
from connector.outreach.settings import TaskKeys
from tests.unit.connector.channels.conftest import sent, touches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.engine.channel import TargetProblem
    from connector.outreach.texts import Texts
    from mappings.schema import NewField


class Reach:
    """A CRM that keeps what it is given."""

    reaches: frozenset[ChannelName] = frozenset({"task", "campaign"})

    def __init__(self) -> None:
        self.given: list[pl.DataFrame] = []
        self.owner: str | None = None

    def key_fields(self) -> list[NewField]:
        """None."""
        return []

    def add_tasks(self, tasks: pl.DataFrame, owner: str | None) -> Iterator[pl.DataFrame]:
        """Keep the tasks."""
        self.owner = owner
        yield self._keep(tasks)

    def add_members(self, members: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Keep the members."""
        yield self._keep(members)

    def target_problems(self, channel: ChannelName, targets: Sequence[str]) -> list[TargetProblem]:
        """None."""
        return []

    def _keep(self, frame: pl.DataFrame) -> pl.DataFrame:
        self.given.append(frame)
        rows = [{"@id": one, "outcome": "applied", "@touch_id": "x"} for one in frame["@id"]]
        return pl.DataFrame(rows, schema=TOUCH_OUTCOMES)


@pytest.fixture
def reach() -> Reach:
    """A CRM of the test's own."""
    return Reach()


def test_task_says_the_template_and_why(reach: Reach, texts: Texts) -> None:
    """Subject and text come from the template, the reason stands below, the day counts from due."""
    channel = TaskChannel(reach, TaskKeys(due_days=3, owner="ada@acme.example"), texts)
    facts = {"first_name": "Ann", "company": "Acme", "interest": "carts"}
    (row,) = sent(channel, touches(facts, template="call"))
    (task,) = reach.given[0].to_dicts()
    assert row["outcome"] == "applied"
    assert reach.given[0].schema == TASKS
    assert reach.owner == "ada@acme.example"
    assert (task["subject"], task["due"]) == ("Call Ann", date(2026, 11, 25))
    assert task["body"] == "Ask Acme about carts.\n\nsilent for 90 days (wake_up, step 1)"


@pytest.mark.parametrize(
    ("facts", "subject"),
    [({"first_name": "Ann"}, "Get back to Ann"), ({}, "Get back to this lead")],
)
def test_task_without_a_template_has_the_usual_subject(
    facts: dict[str, Any], subject: str, reach: Reach, texts: Texts
) -> None:
    """The subject of the settings is filled, whatever is blank."""
    sent(TaskChannel(reach, TaskKeys(), texts), touches(facts, template=None))
    (task,) = reach.given[0].to_dicts()
    assert task["subject"] == subject
    assert task["body"] == "silent for 90 days (wake_up, step 1)"


def test_lead_whose_text_cannot_be_filled_holds_nobody_up(reach: Reach, texts: Texts) -> None:
    """It is rejected with the field that is blank; the others get their tasks."""
    full = {"first_name": "Ann", "company": "Acme", "interest": "carts"}
    rows = sent(TaskChannel(reach, TaskKeys(), texts), touches({}, full, template="call"))
    by_lead = {row["@id"]: row for row in rows}
    assert by_lead["lead-1"]["code"] == "TEMPLATE"
    assert "is blank" in by_lead["lead-1"]["message"]
    assert by_lead["lead-2"]["outcome"] == "applied"


def test_members_go_where_the_step_says(reach: Reach) -> None:
    """Key, lead and target go to the CRM, and no fact of the lead does."""
    channel: Channel = MemberChannel("campaign", reach)
    assert channel.name == "campaign"
    assert channel.repeatable
    sent(channel, touches({"first_name": "Ann"}, target="Spring"))
    assert reach.given[0].schema == MEMBERS
    assert reach.given[0].rows() == [("key-1", "lead-1", "Spring")]
    assert sent(channel, touches()) == []
    assert len(reach.given) == 1
