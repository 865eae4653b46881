"""One connection to one Salesforce org, as the engine sees it."""

from __future__ import annotations

import time
from datetime import UTC
from typing import TYPE_CHECKING

from connector.crm.http import Http
from connector.crm.salesforce import cost, lookup
from connector.crm.salesforce.auth import Login
from connector.crm.salesforce.client import Client
from connector.crm.salesforce.convert import Converter
from connector.crm.salesforce.describe import describe
from connector.crm.salesforce.opportunities import opportunities
from connector.crm.salesforce.reach import SalesforceReach
from connector.crm.salesforce.reader import Reader
from connector.crm.salesforce.retracting import kept
from connector.crm.salesforce.sales_process import sales_process
from connector.crm.salesforce.setup import Setup
from connector.crm.salesforce.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    import httpx
    import polars as pl

    from connector.crm.salesforce.settings import SalesforceSettings
    from connector.engine.calls import Allowance
    from connector.engine.ports import FieldOutcome, Page, Runtime, Window
    from connector.engine.rehearsing import SalesProcess
    from mappings.mapping import Conversion
    from mappings.schema import CrmSchema, NewField


class SalesforceCrm:
    """Salesforce behind the engine's port. Logs in at the first call; describes once."""

    name = "salesforce"
    writes_converted = False

    def __init__(
        self,
        settings: SalesforceSettings,
        runtime: Runtime,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.lead_object = settings.object
        self.overlap_seconds = settings.overlap_minutes * 60
        self._http = Http("Salesforce", transport=transport)
        login = Login(settings, self._http, runtime, sleep=sleep)
        self._client = Client(settings, self._http, login, runtime, sleep=sleep)
        self._clock = runtime.clock
        self._bulk_above = settings.bulk_above
        self._schema: CrmSchema | None = None

    def __repr__(self) -> str:
        return f"SalesforceCrm({self.lead_object})"

    @property
    def api_calls(self) -> int:
        """HTTP requests sent so far."""
        return self._http.calls

    def allowance(self) -> Allowance | None:
        """What is left for us of the org's calls of 24 hours; None before its first answer."""
        return self._client.budget.allowance()

    def cost(
        self, *, reads: int = 0, changes: int = 0, conversions: int = 0, tasks: int = 0
    ) -> int:
        """About how many calls it takes to read so many records by id, and to write so many."""
        return cost.calls(reads, changes, conversions, tasks, bulk_above=self._bulk_above)

    def describe(self) -> CrmSchema:
        """The lead object and Opportunity; two calls, once per connection."""
        if self._schema is None:
            self._schema = describe(self._client, self.lead_object)
        return self._schema

    def now(self) -> datetime:
        """The server's clock at its last answer, to the second; logs in if there was none."""
        if self._http.server_time is None:
            _ = self._client.session
        moment = self._http.server_time or self._clock()
        return moment.astimezone(UTC).replace(microsecond=0)

    def pull(
        self, window: Window, fields: Sequence[str], *, after: str | None = None
    ) -> Iterator[Page]:
        """Every lead changed in the window, each once, and what has gone since."""
        reader = Reader(self._client, self.describe().lead, bulk_above=self._bulk_above)
        return reader.pull(window, fields, after=after)

    def count(self, window: Window) -> int:
        """How many leads were last changed in the window."""
        return Reader(self._client, self.describe().lead, bulk_above=self._bulk_above).count(window)

    def fetch(self, ids: Sequence[str], fields: Sequence[str]) -> pl.DataFrame:
        """The raw page frame of these leads; missing and deleted ones are left out."""
        return lookup.fetch(self._client, self.describe().lead, ids, fields)

    def find(self, text: str, fields: Sequence[str]) -> pl.DataFrame:
        """The raw page frame of the leads with this id or e-mail address."""
        return lookup.find(self._client, self.describe().lead, text, fields)

    def write(self, changes: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Write changed fields; no assignment rule runs. Outcomes come batch by batch."""
        lead = self.describe().lead
        return Writer(self._client, lead, bulk_above=self._bulk_above).write(changes)

    def convert(self, conversions: pl.DataFrame, how: Conversion) -> Iterator[pl.DataFrame]:
        """Convert leads and write the mapped fields of their opportunities; no mail is sent."""
        return Converter(self._client, self.describe()).convert(conversions, how)

    def retract(self, conversions: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Nothing goes back; the outcomes say so, and where the opportunities are."""
        yield kept(conversions, self._client.session.instance_url)

    def opportunities(self, ids: Sequence[str], since: datetime | None) -> pl.DataFrame:
        """The state of these opportunities; one call for up to 2,000."""
        return opportunities(self._client, self.describe().opportunity, ids, since)

    def sales_process(self) -> SalesProcess:
        """Opportunity stages and converted lead statuses; two calls."""
        return sales_process(self._client)

    def setup(self, fields: Sequence[NewField]) -> list[FieldOutcome]:
        """Create the missing custom fields and grant them to the connected user."""
        made = Setup(self._client, self.describe()).run(fields)
        self._schema = None
        return made

    def field_name(self, name: str) -> bool:
        """Whether `name` is a custom field's API name."""
        return name.endswith("__c")

    @property
    def reach(self) -> SalesforceReach:
        """Tasks and campaigns, over the same connection."""
        return SalesforceReach(self._client, self.lead_object)

    def link(self, record_id: str) -> str:
        """The record's page in Lightning."""
        base = self._client.session.instance_url
        return f"{base}/lightning/r/{self.lead_object}/{record_id}/view"

    def guard(self, check: Callable[[], None]) -> None:
        """Make this check before each request."""
        self._http.before_call = check

    def close(self) -> None:
        """Give the connections back. Closing twice does nothing."""
        self._client.close()
        self._http.close()
