"""A project whose leads have stalled, a channel that can fail, and runs of revival on a later day."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import polars as pl

from connector import wiring
from connector.cli.progress import Silent
from connector.engine.channel import TOUCH_OUTCOMES
from connector.settings import load_project
from tests.support import SalesforceWorld

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODEL = "scoring/model.yaml"
ANY = """    - name: any
      steps: [{channel: task}, {channel: task, after_days: 30}]
"""


class DiedError(BaseException):
    """The process dies here."""


@dataclass
class FakeChannel:
    """Makes touches and forgets nothing; dies after so many of them, before it tells."""

    name: str = "task"
    repeatable: bool = True
    dies_after: int | None = None
    made: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def send(self, touches: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """One outcome frame per touch."""
        for row in touches.to_dicts():
            self.asked.append(row["@key"])
            self.made[row["@key"]] = self.made.get(row["@key"], 0) + (
                row["@key"] not in self.made or not self.repeatable
            )
            if self.dies_after is not None and len(self.made) >= self.dies_after:
                raise DiedError
            told = {"@id": row["@id"], "outcome": "applied", "@touch_id": f"T-{row['@key']}"}
            yield pl.DataFrame([{n: told.get(n) for n in TOUCH_OUTCOMES}], schema=TOUCH_OUTCOMES)

    def close(self) -> None:
        """Nothing to give back."""


class StalledWorld(SalesforceWorld):
    """A local org whose leads were read once, and nothing has happened for a hundred days since."""

    def __init__(
        self, folder: Path, *, hold_out: str = "0%", leads: int = 3, colleagues: bool = False
    ) -> None:
        super().__init__(folder, 1)
        self.run("setup", self.crm, "--yes")
        text = (folder / MODEL).read_text(encoding="utf-8")
        head = text[: text.index("  cadences:")].replace("hold_out: 10%", f"hold_out: {hold_out}")
        if not colleagues:
            head = head.replace("company: {touches: 2, days", "company: {touches: 50, days")
        (folder / MODEL).write_text(f"{head}  cadences:\n{ANY}", encoding="utf-8")
        self.colleagues = colleagues
        self.leads: list[str] = []
        self.come(leads)

    def come(self, count: int) -> None:
        """So many leads come, and are read."""
        for n in range(len(self.leads), len(self.leads) + count):
            lead = self.plant(
                f"p{n}@one.example" if self.colleagues else f"p{n}@c{n}.example",
                Company="One" if self.colleagues else f"Company {n}", Decision_Maker__c="No",
                Title="Clerk", Ready_To_Buy__c="No", Purchase_Timeline__c="Later",
                Budget_Approved__c="No",
            )  # fmt: skip
            self.leads.append(lead)
        self.sync()

    def later(self, days: float = 0) -> datetime:
        """A working hour in Berlin, a hundred days and more after the leads were read."""
        day = datetime.now(UTC) + timedelta(days=100)
        day += timedelta(days=(7 - day.weekday()) % 7 + days)
        return day.replace(hour=10, minute=0)

    @contextmanager
    def runner(self, channel: FakeChannel, now: datetime) -> Iterator[Any]:
        """A run of revival at this moment through this channel."""
        project = load_project(self.folder)
        with (
            patch.dict("os.environ", self.environment),
            closing(wiring.open_ledger(project)) as ledger,
        ):
            files = wiring.load_files(project, self.crm)
            with wiring.ready(project, ledger, files, Silent()) as runner:
                yield replace(runner, channels=lambda: {channel.name: channel}, clock=lambda: now)

    def revive(self, channel: FakeChannel, now: datetime) -> Any:
        """Do one run of revival; its report."""
        with self.runner(channel, now) as runner:
            return runner.revive()

    def states(self) -> dict[str, str]:
        """What the ledger has of every touch: key → state."""
        with closing(wiring.open_ledger(load_project(self.folder))) as ledger:
            made = [touch for lead in self.leads for touch in ledger.touches_of(self.crm, lead)]
        return {touch["key"]: touch["state"] for touch in made if "key" in touch}
