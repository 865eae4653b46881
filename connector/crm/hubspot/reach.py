"""The channels that HubSpot has of its own: tasks and static lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.crm.hubspot.lists import Lists
from connector.crm.hubspot.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from connector.crm.hubspot.api import Api
    from connector.crm.hubspot.objects import LeadObject
    from connector.engine.channel import ChannelName, TargetProblem
    from mappings.schema import NewField


class HubSpotReach:
    """Implements `connector.engine.channel.CrmReach`; nothing is sent before the first call."""

    reaches: frozenset[ChannelName] = frozenset({"task", "list"})

    def __init__(self, api: Api, lead_object: LeadObject) -> None:
        self._tasks = Tasks(api, lead_object)
        self._lists = Lists(api, lead_object)

    def key_fields(self) -> list[NewField]:
        """The property of tasks for their keys, unless it is there."""
        return self._tasks.key_fields()

    def add_tasks(self, tasks: pl.DataFrame, owner: str | None) -> Iterator[pl.DataFrame]:
        """A task for each lead's owner, once per key."""
        return self._tasks.add(tasks, owner)

    def add_members(self, members: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Records onto static lists."""
        return self._lists.add(members)

    def target_problems(self, channel: ChannelName, targets: Sequence[str]) -> list[TargetProblem]:
        """What hinders this token from making tasks or filling lists."""
        return self._tasks.problems() if channel == "task" else self._lists.problems(targets)
