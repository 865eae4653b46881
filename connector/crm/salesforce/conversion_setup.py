"""What a conversion needs from the org: a converted lead status, and a user for queues' leads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connector.crm.salesforce import soql
from connector.errors import ConfigurationError
from scoring.problem import Problem, did_you_mean

if TYPE_CHECKING:
    from connector.crm.salesforce.client import Client

_USER_ID = re.compile(r"^005[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?$")
_STATUS = ("ApiName", "MasterLabel", "SortOrder")


def converted_status(client: Client, wanted: str | None) -> str:
    """The converted lead status that the mapping names, or the org's first. One call."""
    found = client.query(soql.select(_STATUS, "LeadStatus", "WHERE IsConverted = true"))["records"]
    if not found:
        raise ConfigurationError(
            "Salesforce: this org has no lead status that counts as converted."
        )
    ranked = sorted(found, key=lambda row: row["SortOrder"] or 0)
    labels = [str(row["MasterLabel"]) for row in ranked]
    if wanted is None:
        return labels[0]
    for row in ranked:
        if wanted in (row["MasterLabel"], row["ApiName"]):
            return str(row["MasterLabel"])
    what = f'"{wanted}" is not a lead status that counts as converted in this org.'
    raise ConfigurationError(
        "The leads cannot be converted.",
        [Problem("convert.status", what, did_you_mean(wanted, labels))],
    )


def owner_id(
    client: Client,
    wanted: str,
    *,
    key: str = "convert.owner",
    failed: str = "The leads cannot be converted.",
) -> str:
    """The id of the active user with this id, user name or e-mail address. At most one call.

    Raises `ConfigurationError` that says what has `failed`, and which `key` names no such user.
    """
    if _USER_ID.match(wanted):
        return wanted
    condition = soql.where("IsActive = true AND (Username = {} OR Email = {})", wanted, wanted)
    found = client.query(soql.select(["Id"], "User", f"{condition} LIMIT 2"))["records"]
    if len(found) == 1:
        return str(found[0]["Id"])
    many = "several active users" if found else "no active user"
    problem = Problem(key, f'"{wanted}" names {many}.', "Name one by user name or id.")
    raise ConfigurationError(failed, [problem])
