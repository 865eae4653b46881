"""HubSpot as the engine's CRM port: what each question comes to, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.crm.hubspot import cost
from connector.crm.hubspot.api import Api
from connector.crm.hubspot.converting import Converter
from connector.crm.hubspot.objects import LEAD_OBJECTS
from connector.crm.hubspot.opportunities import opportunities
from connector.crm.hubspot.pulling import Puller
from connector.crm.hubspot.reach import HubSpotReach
from connector.crm.hubspot.reading import Reader
from connector.crm.hubspot.retracting import Retractor
from connector.crm.hubspot.sales_process import sales_process
from connector.crm.hubspot.schema import describe
from connector.crm.hubspot.setup import is_property_name, setup
from connector.crm.hubspot.translate import MissingScopesError
from connector.crm.hubspot.transport import API_VERSION
from connector.crm.hubspot.writing import Writer
from connector.errors import ConfigurationError, ConnectorError, RequestRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    import polars as pl

    from connector.crm.hubspot import Runtime
    from connector.crm.hubspot.meter import Pace
    from connector.crm.hubspot.settings import HubSpotSettings
    from connector.engine.calls import Allowance
    from connector.engine.ports import FieldOutcome, Page, Window
    from connector.engine.rehearsing import SalesProcess
    from mappings.mapping import Conversion
    from mappings.schema import CrmSchema, NewField


class HubSpotCrm:
    """One portal. Implements `connector.engine.ports.Crm`."""

    name = "hubspot"
    writes_converted = True

    def __init__(self, api: Api, settings: HubSpotSettings, runtime: Runtime) -> None:
        self._api = api
        self._object = LEAD_OBJECTS[settings.object]
        self._runtime = runtime
        self._reader = Reader(api, self._object)
        self._writer = Writer(api, self._object)
        self._portal: str | None = None
        self.lead_object = self._object.name
        self.overlap_seconds = settings.overlap_minutes * 60

    @property
    def api_calls(self) -> int:
        """HTTP requests sent so far."""
        return self._api.calls

    def allowance(self) -> Allowance | None:
        """What is left for us of the portal's calls of today."""
        return self._api.meter.allowance()

    def cost(
        self, *, reads: int = 0, changes: int = 0, conversions: int = 0, tasks: int = 0
    ) -> int:
        """About how many calls it takes to read so many records by id, and to write so many."""
        return cost.calls(reads, changes, conversions, tasks, leads=self._object.name == "leads")

    def describe(self) -> CrmSchema:
        """The lead object and deals as the token sees them."""
        return describe(self._api, self._object)

    def now(self) -> datetime:
        """HubSpot's clock as of its last answer, to the second; a call is made only for the first."""
        if self._api.server_time is None:
            try:
                self._account()
            except (
                MissingScopesError,
                RequestRefusedError,
            ):  # any other answer tells the time, too
                next(self._reader.all(()), None)
        return self._api.server_time or self._runtime.clock()

    def pull(
        self, window: Window, fields: Sequence[str], *, after: str | None = None
    ) -> Iterator[Page]:
        """Every lead of the window, and what has gone since."""
        return Puller(self._api, self._reader, self._object).pull(window, fields, after=after)

    def count(self, window: Window) -> int:
        """How many leads were last changed in the window, as the search shows it now."""
        return Puller(self._api, self._reader, self._object).count(window)

    def fetch(self, ids: Sequence[str], fields: Sequence[str]) -> pl.DataFrame:
        """The raw frame of these leads; missing ones are left out."""
        return self._reader.fetch(ids, fields)

    def find(self, text: str, fields: Sequence[str]) -> pl.DataFrame:
        """The raw frame of the leads with this id or e-mail address."""
        return self._reader.find(text, fields)

    def write(self, changes: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Write changed properties; an outcome frame per hundred records."""
        return self._writer.write(changes)

    def convert(self, conversions: pl.DataFrame, how: Conversion) -> Iterator[pl.DataFrame]:
        """Make one deal per lead; an outcome frame per hundred leads."""
        return Converter(self._api, self._object, self._writer).convert(conversions, how)

    def retract(self, conversions: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Archive the deals that nobody has touched; an outcome frame per hundred."""
        deals = self.describe().opportunity
        if deals is None:
            raise ConfigurationError("hubspot: this token may not read deals, so none goes back.")
        yield from Retractor(self._api, deals, self._address()).retract(conversions)

    def opportunities(self, ids: Sequence[str], since: datetime | None) -> pl.DataFrame:
        """The state of these deals; one call per hundred, or a search of those closed since."""
        return opportunities(self._api, ids, since)

    def sales_process(self) -> SalesProcess:
        """The deal pipelines and their stages; one call."""
        return sales_process(self._api)

    def setup(self, fields: Sequence[NewField]) -> list[FieldOutcome]:
        """Create these properties where they are missing."""
        return setup(self._api, self._object, fields)

    def field_name(self, name: str) -> bool:
        """Whether `setup` could create a property of this name."""
        return is_property_name(name)

    @property
    def reach(self) -> HubSpotReach:
        """Tasks and lists, over the same connection."""
        return HubSpotReach(self._api, self._object)

    def link(self, record_id: str) -> str:
        """The record's page in HubSpot; asks for the portal's address once."""
        portal = self._address()
        return f"{portal}/record/{self._object.type_id}/{record_id}" if portal else ""

    def guard(self, check: Callable[[], None]) -> None:
        """Make this check before each request."""
        self._api.before_call = check

    def close(self) -> None:
        """Give the connections back. Closing twice does nothing."""
        self._api.close()

    def _address(self) -> str:
        """What all pages of this portal begin with, or nothing where it is not told."""
        try:
            return self._account() if self._portal is None else self._portal
        except ConnectorError:  # a link is not worth failing for
            self._portal = ""
            return ""

    def _account(self) -> str:
        self._portal = self._api.portal()
        return self._portal


def open_crm(
    settings: HubSpotSettings,
    runtime: Runtime,
    *,
    pace: Pace | None = None,
    version: str = API_VERSION,
) -> HubSpotCrm:
    """A connection to the portal that the settings name; nothing is sent yet."""
    return HubSpotCrm(Api(settings, runtime, pace=pace, version=version), settings, runtime)
