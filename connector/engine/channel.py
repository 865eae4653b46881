"""What outreach needs from a channel: the border that touches cross, and the frames that cross it.

touches, the input of `Channel.send`; one row per touch, at most one per lead and call:
    @key String   the touch's own key, the same however often it is tried (connection, lead, cadence,
                  step and the day on which the cadence began)
    @id String    the lead's id in the CRM; @owner_id String, its owner
    cadence String, step Int64 (from 1), template String (name of the template; null where the
    channel needs none), target String (campaign or list of this step; null where it needs none),
    due Date, reason String (why the lead is touched, in words)
    facts String  JSON object of the lead's fields, for templates (email and first_name among them)
outcomes: the outcome frame of connector/engine/ports.py plus @touch_id String, the channel's own id
of what was made (a task, a message), null where nothing was made. "skipped" with the code `LATER`
says that nothing was made and that the same touch may be tried again another day
tasks, the input of `CrmReach.add_tasks`; one row per touch:
    @key, @id and @owner_id as in touches, subject String (one line), body String, due Date
members, the input of `CrmReach.add_members`; one row per touch:
    @key and @id as in touches, target String (the campaign or list, by name or id)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import polars as pl

from connector.engine.ports import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mappings.schema import NewField

ChannelName = Literal["task", "campaign", "list", "email", "webhook"]

TOUCHES: dict[str, pl.DataType] = {
    "@key": pl.String(),
    "@id": pl.String(),
    "@owner_id": pl.String(),
    "cadence": pl.String(),
    "step": pl.Int64(),
    "template": pl.String(),
    "target": pl.String(),
    "due": pl.Date(),
    "reason": pl.String(),
    "facts": pl.String(),
}
TOUCH_OUTCOMES: dict[str, pl.DataType] = OUTCOMES | {"@touch_id": pl.String()}
TASKS: dict[str, pl.DataType] = {
    "@key": pl.String(),
    "@id": pl.String(),
    "@owner_id": pl.String(),
    "subject": pl.String(),
    "body": pl.String(),
    "due": pl.Date(),
}
MEMBERS: dict[str, pl.DataType] = {"@key": pl.String(), "@id": pl.String(), "target": pl.String()}

LATER = "LATER"
"""The code of a touch that was skipped because it could not be made now, and may be made later."""
UNKNOWN = "unknown"
"""The code of a touch of which nobody knows whether it was made: it is never tried again."""


class Channel(Protocol):
    """One way to reach a lead, or to have a person reach it. It lives as long as one command.

    The engine writes the intent in the ledger before `send`, and the outcome after it.
    """

    name: ChannelName
    repeatable: bool
    """Whether a touch whose answer was lost may be sent again: the channel finds or refuses what
    it has made before under the same key. Otherwise it is reported and never sent again."""

    def send(self, touches: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Make these touches; yields outcome frames, exactly one row per touch.

        A touch that this key has made before answers "applied" with its id. A repeatable channel
        raises `LostAnswerError` where the answer stays unknown; one that is not answers "rejected"
        with the code "unknown" for just the touches that nobody knows about.
        """
        ...

    def close(self) -> None:
        """Give connections back. Closing twice does nothing."""
        ...


@dataclass(frozen=True, slots=True)
class TargetProblem:
    """A campaign or list that a touch names and that cannot be used; what is wrong, and the fix."""

    target: str
    what: str
    fix: str = ""


class CrmReach(Protocol):
    """The channels that a CRM has of its own.

    All of it may be repeated with the same input: nothing is ever made twice.
    """

    reaches: frozenset[ChannelName]
    """The channels that this CRM has."""

    def key_fields(self) -> list[NewField]:
        """Where setup could give the keys of tasks a place of their own; empty where there is one.

        Without it the keys stand in the tasks' words.
        """
        ...

    def add_tasks(self, tasks: pl.DataFrame, owner: str | None) -> Iterator[pl.DataFrame]:
        """A task for each lead's owner (the tasks frame); yields touch outcomes.

        `owner` is who gets the tasks of leads that no person owns: an id, user name or address.
        A task that bears the key already answers "applied" with its id.
        """
        ...

    def add_members(self, members: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Put leads into campaigns or lists (the members frame); yields touch outcomes."""
        ...

    def target_problems(self, channel: ChannelName, targets: Sequence[str]) -> list[TargetProblem]:
        """What hinders the connected user from touching through this channel, by target.

        A problem of the whole channel (a right that is missing) has a blank target.
        """
        ...


@runtime_checkable
class Reaching(Protocol):
    """A `connector.engine.ports.Crm` that has channels of its own."""

    @property
    def reach(self) -> CrmReach:
        """Its channels, over the same connection."""
        ...
