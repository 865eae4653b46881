"""Leads into opportunities by SOAP `convertLead`, never twice, whatever answer is lost.

Salesforce converts a lead once and refuses it afterwards. So a lead whose answer was lost, or that
is refused as converted, is read back: if it is converted, only what is unfinished is finished.
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from connector.crm.salesforce import outcomes, soap
from connector.crm.salesforce.conversion_setup import converted_status, owner_id
from connector.crm.salesforce.errors import TRANSIENT_ROWS, unreadable
from connector.crm.salesforce.lookup import long_id, retrieve
from connector.crm.salesforce.outcomes import RowError
from connector.crm.salesforce.writer import Writer
from connector.engine.ports import chunks
from connector.errors import ConfigurationError, LostAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from connector.crm.salesforce.client import Client
    from mappings.mapping import Conversion
    from mappings.schema import CrmSchema

log = logging.getLogger("leadgate.crm.salesforce")

_PART = 200  # two SOAP calls, then one call that writes the fields of all their opportunities
_CALL = 100
_ROUNDS = 5
_NAME_LENGTH = 80
_QUEUE = "00G"
_CONVERTED = "CANNOT_UPDATE_CONVERTED_LEAD"
_FOREIGN = "converted by somebody else; the opportunity is left alone"
_WITHOUT = "converted without an opportunity"


@dataclass
class _Part:
    """Some conversions under way: rows by lead id, and what is known of each."""

    rows: dict[str, dict[str, Any]]
    made: dict[str, str | None] = field(default_factory=dict)
    before: set[str] = field(default_factory=set)
    read_back: dict[str, str | None] = field(default_factory=dict)
    errors: dict[str, RowError] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    lost: LostAnswerError | None = None

    @property
    def open(self) -> list[str]:
        """The leads of which nothing is known yet."""
        known = self.made.keys() | self.errors.keys() | self.before
        return [lead for lead in self.rows if lead not in known]


@dataclass(frozen=True, slots=True)
class _How:
    status: str
    queue_owner: str | None
    key: str | None


class Converter:
    """Converts leads of one org. `user_id` is the connected user, where the login told it."""

    def __init__(
        self,
        client: Client,
        schema: CrmSchema,
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        if schema.lead.name != "Lead" or schema.opportunity is None:
            raise ConfigurationError(
                f"convert: {schema.lead.name} cannot be converted by this user: only leads can, and "
                "the user needs to see Opportunity."
            )
        self._client = client
        self._opportunity = schema.opportunity
        self._jitter = jitter
        self._writer = Writer(client, schema.opportunity, bulk_above=_PART, jitter=jitter)

    def convert(self, conversions: pl.DataFrame, how: Conversion) -> Iterator[pl.DataFrame]:
        """Conversion outcomes, one row per lead; a converted lead answers "applied".

        Raises `ConfigurationError` before the first conversion if the mapping names a status, an
        owner or a key field that the org does not have.
        """
        if conversions.is_empty():
            return
        decided = self._decide(conversions, how)
        for frame in chunks(conversions, _PART):
            part = _Part({row["@id"]: row for row in frame.iter_rows(named=True)})
            self._make(part, decided)
            self._recognise(part, decided)
            finished = self._finish(frame, part, decided)
            yield outcomes.conversion_frame(
                [self._told(lead, part, finished) for lead in part.rows if lead not in part.open]
            )
            if part.lost is not None and part.open:
                raise part.lost

    def _decide(self, conversions: pl.DataFrame, how: Conversion) -> _How:
        """What holds for the whole call. One call for the status, one more to find an owner."""
        if how.key and how.key not in self._opportunity.fields:
            raise ConfigurationError(
                f'convert.key: "{how.key}" is not a field of Opportunity that this user may see.'
            )
        queued = conversions["@owner_id"].str.starts_with(_QUEUE).any()
        return _How(
            status=converted_status(self._client, how.status),
            queue_owner=owner_id(self._client, how.owner) if how.owner and queued else None,
            key=how.key,
        )

    def _make(self, part: _Part, how: _How) -> None:
        """Ask for every conversion, until each lead is made, refused or found converted before."""
        for lead, row in part.rows.items():
            if (row["@owner_id"] or "").startswith(_QUEUE) and not how.queue_owner:
                part.errors[lead] = RowError("QUEUE_OWNER", "OwnerId", "a queue owns the lead")
        for attempt in range(_ROUNDS):
            todo = part.open
            if not todo:
                return
            if attempt:
                self._client.sleep(2 ** (attempt - 1) * (0.5 + self._jitter()))
            for start in range(0, len(todo), _CALL):
                last = attempt == _ROUNDS - 1
                self._call(part, todo[start : start + _CALL], how, last=last)

    def _call(self, part: _Part, leads: Sequence[str], how: _How, *, last: bool) -> None:
        """One SOAP call. A lost answer is looked up; a locked lead stays open for another round."""
        body = soap.element("convertLead", [_request(part.rows[lead], how) for lead in leads])
        try:
            results = soap.children(self._client.soap(body), "result")
            if len(results) != len(leads):
                raise unreadable("Salesforce: convertLead")
        except LostAnswerError as error:
            log.warning("%s; reading back which leads are converted", error)
            part.lost = error
            part.read_back |= self._converted(leads)
            part.before |= part.read_back.keys()
            return
        for lead, result in zip(leads, results, strict=True):
            if soap.text(result, "success") == "true":
                part.made[lead] = soap.text(result, "opportunityId")
                continue
            refused = _row_error(result)
            if refused.code == _CONVERTED:
                part.before.add(lead)
            elif last or refused.code not in TRANSIENT_ROWS:
                part.errors[lead] = refused

    def _converted(self, leads: Sequence[str]) -> dict[str, str | None]:
        """Which of these leads are converted, with their opportunities."""
        fields = ["Id", "IsConverted", "ConvertedOpportunityId"]
        found = retrieve(self._client, "Lead", leads, fields)
        told = {r["Id"]: r.get("ConvertedOpportunityId") for r in found if r.get("IsConverted")}
        return {lead: told[long_id(lead)] for lead in leads if long_id(lead) in told}

    def _recognise(self, part: _Part, how: _How) -> None:
        """Tell our own unfinished conversions from a person's; the latter are not touched."""
        if not part.before:
            return
        unread = sorted(part.before - part.read_back.keys())
        told = part.read_back | (self._converted(unread) if unread else {})
        fields = ["Id", "CreatedById", *([how.key] if how.key else [])]
        made = [opportunity for opportunity in told.values() if opportunity]
        found = {r["Id"]: r for r in retrieve(self._client, "Opportunity", made, fields)}
        for lead in part.before:
            opportunity = told.get(lead)
            part.made[lead] = opportunity
            if not opportunity:
                part.notes[lead] = _WITHOUT
            elif not self._is_ours(found.get(opportunity, {}), part.rows[lead], how):
                part.notes[lead] = _FOREIGN
            elif how.key and found[opportunity].get(how.key):
                part.notes[lead] = ""  # the key is written together with the fields: all is done

    def _is_ours(self, opportunity: dict[str, Any], row: dict[str, Any], how: _How) -> bool:
        key = opportunity.get(how.key) if how.key else None
        if key:
            return bool(key == row["@key"])
        user, creator = self._client.session.user_id, opportunity.get("CreatedById")
        return bool(creator) and (user is None or long_id(user) == long_id(str(creator)))

    def _finish(self, frame: pl.DataFrame, part: _Part, how: _How) -> dict[str, dict[str, Any]]:
        """Write the mapped fields and the key of new opportunities; outcomes by opportunity."""
        todo = {lead: made for lead, made in part.made.items() if made and lead not in part.notes}
        if not todo:
            return {}
        opportunity = pl.col("@id").replace_strict(todo, default=None, return_dtype=pl.String)
        names = [name for name in frame.columns if name.startswith("to:")]
        key = [pl.col("@key").alias(f"to:{how.key}")] if how.key else []
        rows = frame.filter(pl.col("@id").is_in(list(todo))).select(opportunity, *names, *key)
        blank = [
            pl.col(n).is_not_null().alias(n.replace("to:", "change:", 1)) for n in rows.columns[1:]
        ]
        told = self._writer.write(rows.with_columns(blank))
        return {row["@id"]: row for part_ in told for row in part_.iter_rows(named=True)}

    @staticmethod
    def _told(lead: str, part: _Part, finished: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """The outcome of one lead: converted and finished, converted only, or refused."""
        error = part.errors.get(lead)
        if error is not None:
            return outcomes.outcome(lead, error, _texts(part.rows[lead]))
        made = part.made.get(lead)
        row = finished.get(made or "", {"outcome": "applied"})
        if row["outcome"] == "skipped":  # nothing to write, or the opportunity is deleted already
            row = {"outcome": "applied", "message": row["message"] if row["code"] else None}
        note = part.notes.get(lead)
        told = row | ({"message": note} if note else {})
        return told | {"@id": lead, "@opportunity_id": made}


def _request(row: dict[str, Any], how: _How) -> str:
    """One lead of the call; elements in the order of the WSDL."""
    owner = how.queue_owner if (row["@owner_id"] or "").startswith(_QUEUE) else None
    name = (row.get("to:Name") or "")[:_NAME_LENGTH].strip()
    told = {
        "convertedStatus": how.status,
        "doNotCreateOpportunity": "false",
        "leadId": row["@id"],
        "opportunityName": name or None,
        "overwriteLeadSource": "false",
        "ownerId": owner,
        "sendNotificationEmail": "false",
    }
    return soap.element("leadConverts", [soap.element(k, v) for k, v in told.items() if v])


def _row_error(result: Any) -> RowError:
    first = next(iter(soap.children(result, "errors")), None)
    if first is None:
        return RowError("UNKNOWN_EXCEPTION")
    fields = ", ".join(node.text or "" for node in soap.children(first, "fields"))
    code = soap.text(first, "statusCode") or "UNKNOWN_EXCEPTION"
    return RowError(code, fields, soap.text(first, "message") or "")


def _texts(row: dict[str, Any]) -> list[str]:
    return [value for name, value in row.items() if name.startswith("to:") and value]
