"""A HubSpot portal in memory: all of it but the web server."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Any

from connector.sandbox.hubspot.admin import Admin
from connector.sandbox.hubspot.association_api import AssociationsApi
from connector.sandbox.hubspot.audit import audit
from connector.sandbox.hubspot.auth import Auth
from connector.sandbox.hubspot.batch import BatchApi
from connector.sandbox.hubspot.clock import Clock, milliseconds
from connector.sandbox.hubspot.config import PortalConfig
from connector.sandbox.hubspot.faults import Faults
from connector.sandbox.hubspot.limits import Limits
from connector.sandbox.hubspot.lists import ListsApi
from connector.sandbox.hubspot.objects import ObjectsApi
from connector.sandbox.hubspot.records import Records
from connector.sandbox.hubspot.routes import Apis, Routes
from connector.sandbox.hubspot.schema_api import AccountApi, PropertiesApi
from connector.sandbox.hubspot.search import SearchApi
from connector.sandbox.hubspot.seed import seed_portal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from connector.sandbox.hubspot.auth import Credentials

PORTAL_ID = 20_071_984


class PortalCore:
    """A lived-in portal with `leads` synthetic contacts, the same for the same seed and moment.

    `truth` tells by contact id what each will become: customer, lead or spam. `source` replaces the
    clock, which else starts at `now` and runs with real time. Hold `lock` to look at `records`
    while the portal is served.
    """

    def __init__(
        self,
        leads: int = 2000,
        seed: int = 1,
        *,
        now: datetime,
        config: PortalConfig | None = None,
        source: Callable[[], datetime] | None = None,
    ) -> None:
        self.config = config or PortalConfig()
        self.clock = Clock(now, source)
        self.chance = random.Random(seed)
        self.lock = threading.RLock()
        with self.clock.held(milliseconds(now)):
            self.records = Records(self.clock, self.config, portal_id=PORTAL_ID)
            self.truth = seed_portal(self.records, self.clock, leads, seed)
        self.auth = Auth(self.clock, self.config, self.chance, PORTAL_ID)
        self.limits = Limits(self.clock, self.config)
        self.faults = Faults(self.chance)
        self.admin = Admin(self.records, self.clock, self.lock)
        self.routes = Routes(self._apis())

    @property
    def token(self) -> str:
        """The access token of a private app, which does not expire."""
        return self.auth.token

    @property
    def credentials(self) -> Credentials:
        """What an OAuth app holds: client id, client secret, refresh token."""
        return self.auth.credentials

    def audit(self, deal_key: str | None = None) -> dict[str, Any]:
        """Sum up what the API wrote; see `connector.sandbox.hubspot.audit`."""
        with self.lock:
            return audit(self.records.journal, self.records.stores["deals"], deal_key)

    def stats(self) -> dict[str, Any]:
        """Tell how many calls came, by endpoint and status, and the most within the windows."""
        with self.lock:
            return self.limits.stats()

    def forget(self) -> None:
        """Begin audit and stats anew."""
        with self.lock:
            self.records.journal.clear()
            self.limits.clear()

    def advance(self, seconds: float) -> None:
        """Put the clock forward: tokens, limits and the search index move on."""
        with self.lock:
            self.clock.advance(seconds)

    def flush_index(self) -> None:
        """Let the search see everything at once."""
        with self.lock:
            for store in self.records.stores.values():
                store.settle(flush=True)

    def _apis(self) -> Apis:
        records = self.records
        return Apis(
            objects=ObjectsApi(records),
            batch=BatchApi(records, self.chance),
            search=SearchApi(records),
            associations=AssociationsApi(records),
            properties=PropertiesApi(records),
            account=AccountApi(records),
            lists=ListsApi(records),
            auth=self.auth,
        )
