"""The copy of a live org, served on loopback: how it is reached, troubled and looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from connector.sandbox.stand_ins import with_stand_ins

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.engine.rehearsing import Snapshot
    from connector.sandbox.http import Served
    from mappings.mapping import Mapping as FieldMapping

STUBBORN = "A rule of this org refuses the value."
"""What the copy says of the record that it refuses when asked to."""

_AGAIN = 1.0
"""The seconds after which the copy lets a caller try again."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What the copy itself has seen: opportunities made, leads that got several, records refused."""

    opportunities: int
    doubled: tuple[str, ...]
    writes: int


class Local(Protocol):
    """A served copy."""

    served: Served

    @property
    def keys(self) -> Mapping[str, Any]:
        """The connection's keys that lead to it."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """The secrets that the keys name."""
        ...

    def trouble(self, name: str, lead: str) -> Callable[[], int] | None:
        """Make a fault; what is returned counts how often it struck. None: it cannot be here."""
        ...

    def limit(self, calls: int) -> None:
        """Leave so many calls of today."""
        ...

    def advance(self, seconds: float) -> None:
        """Put the copy's clock forward."""
        ...

    def audit(self) -> Audit:
        """What the API did to the copy."""
        ...


def open_local(snapshot: Snapshot, given: Mapping[str, Any], *, seed: int) -> Local:
    """Build and serve the copy; `given` are the live connection's keys."""
    if snapshot.schema.crm == "salesforce":
        return SalesforceLocal(snapshot, seed)
    return HubSpotLocal(snapshot, seed, oauth="refresh_token" in given)


def anonymous(snapshot: Snapshot, mapping: FieldMapping, *, seed: int) -> Snapshot:
    """The snapshot with a stand-in for everything that tells who a lead is."""
    leads = with_stand_ins(snapshot.leads, snapshot.schema.lead, mapping, seed=seed)
    return replace(snapshot, leads=leads)


class SalesforceLocal:
    """A local Salesforce org."""

    def __init__(self, snapshot: Snapshot, seed: int) -> None:
        from connector.sandbox.salesforce.described import described_org  # noqa: PLC0415 — one CRM's sandbox is enough

        self._org = described_org(snapshot, seed=seed)
        self._count = 0
        self.served = self._org.serve()
        self.keys = {
            "login_url": self.served.url,
            "auth": "client_credentials",
            "client_id": "${REHEARSAL_CLIENT_ID}",
            "client_secret": "${REHEARSAL_CLIENT_SECRET}",
        }
        self.environment = {
            "REHEARSAL_CLIENT_ID": self._org.credentials["client_id"],
            "REHEARSAL_CLIENT_SECRET": self._org.credentials["client_secret"],
        }

    def trouble(self, name: str, lead: str) -> Callable[[], int] | None:
        """Make a fault, by rules of the org."""
        writes, converts = "composite/sobjects|jobs/ingest", "services/Soap/u"
        wait = {"Retry-After": f"{_AGAIN:g}"}
        rules: dict[str, list[dict[str, Any]]] = {
            "429": [{"kind": "status", "status": 429, "headers": wait, "path": "query"}],
            "timeout": [{"kind": "status", "status": 504, "path": writes}],
            "lost-answer": [
                {"kind": "drop_after", "path": writes, "method": "PATCH"},
                {"kind": "drop_after", "path": converts},
            ],
            "row-lock": [{"kind": "lock_row", "object": "Lead", "times": 3}],
            "bad-value": [
                {"kind": "validation", "record": lead, "message": STUBBORN, "times": None}
            ],
            "expired-token": [{"kind": "expire_session", "path": writes}],
            "bulk-failed": [{"kind": "fail_job", "path": "jobs/ingest"}],
        }
        first, made = self._count, rules[name]
        self._org.faults([{"times": 1} | rule for rule in made])
        self._count += len(made)
        return lambda: self._struck(first, len(made))

    def limit(self, calls: int) -> None:
        """Leave so many calls of today."""
        self._org.limit(most=calls, used=0)

    def advance(self, seconds: float) -> None:
        """Put the org's clock forward."""
        self._org.advance(seconds)

    def audit(self) -> Audit:
        """What the API did to the org."""
        told = self._org.audit()
        made = told["opportunities_per_lead"]
        twice = tuple(told["leads_with_several_opportunities"])
        return Audit(sum(map(len, made.values())), twice, told["writes"])

    def _struck(self, first: int, count: int) -> int:
        fired = list(self._org.stats()["faults_fired"].values())
        return sum(fired[first : first + count])


class HubSpotLocal:
    """A local HubSpot portal."""

    def __init__(self, snapshot: Snapshot, seed: int, *, oauth: bool) -> None:
        from connector.sandbox.hubspot.described import described_portal  # noqa: PLC0415 — as above

        self._portal = described_portal(snapshot, seed=seed)
        self._oauth = oauth
        self.served = self._portal.serve()
        self.keys: dict[str, Any] = {"base_url": self.served.url}
        if not oauth:
            self.keys["token"] = "${REHEARSAL_TOKEN}"  # noqa: S105 — a variable's name
            self.environment = {"REHEARSAL_TOKEN": self._portal.token}
            return
        app = self._portal.credentials
        self.environment = {
            "REHEARSAL_CLIENT_ID": app.client_id,
            "REHEARSAL_CLIENT_SECRET": app.client_secret,
            "REHEARSAL_REFRESH_TOKEN": app.refresh_token,
        }
        for key in ("client_id", "client_secret", "refresh_token"):
            self.keys[key] = f"${{REHEARSAL_{key.upper()}}}"

    def trouble(self, name: str, lead: str) -> Callable[[], int] | None:
        """Make a fault by rules of the portal, where a fixed token cannot expire and no job fails."""
        from connector.sandbox.hubspot import Fault  # noqa: PLC0415 — as above

        if name == "bulk-failed" or (name == "expired-token" and not self._oauth):
            return None
        if name == "bad-value":
            return self._refuse(int(lead))
        writes, deals = "contacts/batch/update", "deals/batch/(create|upsert)"
        rules: dict[str, list[Fault]] = {
            "429": [Fault("rate_limit", path=writes, retry_after=_AGAIN)],
            "timeout": [Fault("status", path=writes, status=504)],
            "lost-answer": [Fault("drop_after", path=writes), Fault("drop_after", path=deals)],
            "row-lock": [Fault("lock", path=writes)],
            "expired-token": [Fault("expire_token", path=writes)],
        }
        made = [self._portal.faults.add(fault) for fault in rules[name]]
        return lambda: sum(fault.struck for fault in made)

    def limit(self, calls: int) -> None:
        """Leave so many calls of today; what was called before counts no more."""
        with self._portal.lock:
            self._portal.limits.clear()
            self._portal.config.daily = max(1, calls)

    def advance(self, seconds: float) -> None:
        """Put the portal's clock forward."""
        self._portal.advance(seconds)

    def audit(self) -> Audit:
        """What the API did to the portal, which had no deals before."""
        told = self._portal.audit()
        return Audit(told["deals"], tuple(told["contacts_with_many_deals"]), told["writes"])

    def _refuse(self, record: int) -> Callable[[], int]:
        with self._portal.lock:
            self._portal.records.refusing[record] = STUBBORN
        return lambda: self._portal.records.refused[record]
