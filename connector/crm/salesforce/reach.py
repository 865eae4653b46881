"""The channels that Salesforce has of its own: tasks and campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.crm.salesforce.campaigns import Campaigns
from connector.crm.salesforce.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from connector.crm.salesforce.client import Client
    from connector.engine.channel import ChannelName, TargetProblem
    from mappings.schema import NewField


class SalesforceReach:
    """Implements `connector.engine.channel.CrmReach`; nothing is sent before the first call."""

    reaches: frozenset[ChannelName] = frozenset({"task", "campaign"})

    def __init__(self, client: Client, lead_object: str) -> None:
        self._tasks = Tasks(client)
        self._campaigns = Campaigns(client, lead_object)

    def key_fields(self) -> list[NewField]:
        """The field of Activity for the keys of tasks, unless it is there."""
        return self._tasks.key_fields()

    def add_tasks(self, tasks: pl.DataFrame, owner: str | None) -> Iterator[pl.DataFrame]:
        """A task for each lead's owner, once per key."""
        return self._tasks.add(tasks, owner)

    def add_members(self, members: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Leads into campaigns, each once."""
        return self._campaigns.add(members)

    def target_problems(self, channel: ChannelName, targets: Sequence[str]) -> list[TargetProblem]:
        """What hinders the connected user from making tasks or campaign members."""
        return self._tasks.problems() if channel == "task" else self._campaigns.problems(targets)
