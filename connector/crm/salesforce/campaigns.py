"""Leads as members of campaigns. A campaign has a person once: Salesforce refuses the second time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from connector.crm.salesforce import soql
from connector.crm.salesforce.creating import BATCH, Creator, touch_outcomes
from connector.crm.salesforce.lookup import is_id, long_id
from connector.engine.channel import TOUCH_OUTCOMES, TargetProblem
from connector.engine.ports import chunks
from connector.errors import RequestRefusedError
from scoring.problem import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connector.crm.salesforce.client import Client

_PREFIX = "701"
_KNOWN = 200


class Campaigns:
    """Adds leads to campaigns, which are named by name or id and looked up once."""

    def __init__(self, client: Client, lead_object: str) -> None:
        self._client = client
        self._person = "ContactId" if lead_object == "Contact" else "LeadId"
        self._ids: dict[str, str | TargetProblem] = {}

    def add(self, members: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The members frame of `connector.engine.channel`; a touch outcomes frame per hundred."""
        for part in members.partition_by("target", maintain_order=True):
            campaign = self._campaign(part["target"][0])
            if isinstance(campaign, TargetProblem):
                yield _refused(part, campaign)
                continue
            for frame in chunks(part, BATCH):
                yield from self._add_to(campaign, frame.to_dicts())

    def problems(self, targets: Sequence[str]) -> list[TargetProblem]:
        """The campaigns that are not there, with the nearest name; or the right that is missing."""
        try:
            found = [self._campaign(target) for target in targets]
            self._client.query(soql.select(["Id"], "CampaignMember", "LIMIT 1"))
        except RequestRefusedError:
            what = "the connected user may not see campaigns."
            fix = "Grant Read on Campaigns, and make it a Marketing User."
            return [TargetProblem("", what, fix)]
        return [each for each in found if isinstance(each, TargetProblem)]

    def _add_to(self, campaign: str, rows: list[dict[str, Any]]) -> Iterator[pl.DataFrame]:
        people = {row["@key"]: long_id(row["@id"]) for row in rows}

        def find(keys: Sequence[str]) -> dict[str, str]:
            known = self._members(campaign, [people[key] for key in keys])
            return {key: known[people[key]] for key in keys if people[key] in known}

        record = {"attributes": {"type": "CampaignMember"}, "CampaignId": campaign}
        wanted = {key: record | {self._person: person} for key, person in people.items()}
        made = Creator(self._client, find).make(wanted)
        yield touch_outcomes(rows, made, lambda _: [])
        if made.lost is not None:
            raise made.lost

    def _members(self, campaign: str, people: Sequence[str]) -> dict[str, str]:
        """Which of these people are members already, and the memberships' ids."""
        condition = f"CampaignId = {{}} AND {self._person} IN {{}}"
        where = soql.where(condition, campaign, list(people))
        found = self._client.query(soql.select(["Id", self._person], "CampaignMember", where))
        return {row[self._person]: row["Id"] for row in found["records"]}

    def _campaign(self, target: str | None) -> str | TargetProblem:
        """The id of the campaign with this name or id, or what is wrong with it."""
        if not target:
            return TargetProblem("", "the step names no campaign.", "Name one.")
        if target not in self._ids:
            self._ids[target] = self._look_up(target)
        return self._ids[target]

    def _look_up(self, target: str) -> str | TargetProblem:
        named = is_id(target) and target.startswith(_PREFIX)
        where = soql.where("Id = {}" if named else "Name = {}", target)
        rows = self._client.query(soql.select(["Id"], "Campaign", f"{where} LIMIT 2"))["records"]
        if len(rows) == 1:
            return str(rows[0]["Id"])
        if rows:
            return TargetProblem(target, "several campaigns have this name.", "Name it by its id.")
        return TargetProblem(target, "there is no such campaign.", self._near(target))

    def _near(self, target: str) -> str:
        order = f"ORDER BY LastModifiedDate DESC LIMIT {_KNOWN}"
        rows = self._client.query(soql.select(["Name"], "Campaign", order))["records"]
        return did_you_mean(target, [str(row["Name"]) for row in rows])


def _refused(part: pl.DataFrame, problem: TargetProblem) -> pl.DataFrame:
    told: list[Mapping[str, Any]] = [
        {
            "@id": lead,
            "outcome": "rejected",
            "code": "UNKNOWN_CAMPAIGN",
            "field": "target",
            "message": problem.what,
            "remedy": problem.fix or "Mend the step's target; leadgate check names what is wrong.",
        }
        for lead in part["@id"]
    ]
    return pl.DataFrame(told, schema=TOUCH_OUTCOMES)
