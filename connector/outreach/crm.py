"""The channels that are the CRM's own: a task for the owner, a campaign, a list."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import orjson
import polars as pl

from connector.engine.channel import MEMBERS, TASKS, TOUCH_OUTCOMES
from connector.outreach.texts import TextError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.engine.channel import ChannelName, CrmReach
    from connector.outreach.settings import TaskKeys
    from connector.outreach.texts import Texts


class TaskChannel:
    """A task for each lead's owner; what it says comes from the step's template."""

    name: ChannelName = "task"
    repeatable = True

    def __init__(self, reach: CrmReach, keys: TaskKeys, texts: Texts) -> None:
        self._reach = reach
        self._keys = keys
        self._texts = texts

    def send(self, touches: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Make these tasks; a touch whose template cannot be filled is rejected."""
        tasks: list[dict[str, Any]] = []
        refused: list[dict[str, Any]] = []
        for row in touches.iter_rows(named=True):
            try:
                tasks.append(self._task(row))
            except TextError as error:
                refused.append(_rejected(row["@id"], str(error)))
        if refused:
            yield pl.DataFrame(refused, schema=TOUCH_OUTCOMES)
        if tasks:
            yield from self._reach.add_tasks(pl.DataFrame(tasks, schema=TASKS), self._keys.owner)

    def close(self) -> None:
        """The connection belongs to the CRM, and stays open."""

    def _task(self, row: dict[str, Any]) -> dict[str, Any]:
        """The task of one touch: the template's words, and why the lead is touched."""
        facts = orjson.loads(row["facts"])
        subject, text = "", ""
        if row["template"]:
            words = self._texts.fill(row["template"], facts)
            subject, text = words.subject, words.text.strip()
        said = f"{row['reason']} ({row['cadence']}, step {row['step']})"
        due = row["due"] + timedelta(days=self._keys.due_days)
        return {
            **{name: row[name] for name in ("@key", "@id", "@owner_id")},
            "subject": subject or self._texts.line(self._keys.subject, facts),
            "body": f"{text}\n\n{said}".strip(),
            "due": due,
        }


class MemberChannel:
    """Leads into the campaign or list that the step names."""

    repeatable = True

    def __init__(self, name: Literal["campaign", "list"], reach: CrmReach) -> None:
        self.name: ChannelName = name
        self._reach = reach

    def send(self, touches: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Add these leads; who is there already stays."""
        if touches.height:
            yield from self._reach.add_members(touches.select(*MEMBERS))

    def close(self) -> None:
        """The connection belongs to the CRM, and stays open."""


def _rejected(lead: str, message: str) -> dict[str, Any]:
    fix = "Mend the template; leadgate check names what is wrong."
    told = {"@id": lead, "outcome": "rejected", "code": "TEMPLATE"}
    return told | {"message": message, "remedy": fix}
