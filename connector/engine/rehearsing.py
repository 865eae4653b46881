"""What a rehearsal takes from a live CRM, and the guard that lets it take and never give.

`OnlyReading` is what a rehearsal holds instead of the CRM's adapter: it has the reading methods of
the port and no others. Those that write are there to refuse, so that no mistake further up can
reach the live CRM.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Protocol, runtime_checkable

from connector.errors import RunAbortedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    import polars as pl

    from connector.engine.calls import Allowance
    from connector.engine.ports import Crm, Page, Window
    from mappings.schema import CrmSchema

State = Literal["open", "won", "lost"]


@dataclass(frozen=True, slots=True)
class SalesStage:
    """One stage that an opportunity can be in; `probability` is a share of one."""

    value: str
    label: str
    state: State = "open"
    probability: float = 0.0
    pipeline: str = ""


@dataclass(frozen=True, slots=True)
class SalesProcess:
    """What a CRM knows of its sales beside its fields.

    `pipelines` maps ids to labels, `converted` are the lead statuses that a conversion may set.
    """

    stages: tuple[SalesStage, ...] = ()
    pipelines: Mapping[str, str] = field(default_factory=dict)
    converted: tuple[str, ...] = ()


@runtime_checkable
class Outlined(Protocol):
    """A CRM that tells its sales process. Not every adapter does."""

    def sales_process(self) -> SalesProcess:
        """Stages, pipelines and statuses, as far as the connected user may see them."""
        ...


@dataclass(frozen=True)
class Snapshot:
    """A live CRM as a rehearsal builds it again: its schema and a part of its leads.

    `leads` is a raw page frame and `opportunities` an opportunities frame (see ports.py). `owner` is
    the user whom the mapping names for leads that nobody owns. `calls_left` are calls of today.
    """

    schema: CrmSchema
    process: SalesProcess
    leads: pl.DataFrame
    opportunities: pl.DataFrame
    now: datetime
    owner: str | None = None
    calls_left: int | None = None


class OnlyReading:
    """A live CRM behind a guard: what reads passes, what writes raises `RunAbortedError`."""

    def __init__(self, crm: Crm) -> None:
        self.__crm = crm
        self.name = crm.name
        self.lead_object = crm.lead_object
        self.overlap_seconds = crm.overlap_seconds
        self.writes_converted = crm.writes_converted

    @property
    def api_calls(self) -> int:
        """HTTP requests sent so far."""
        return self.__crm.api_calls

    def allowance(self) -> Allowance | None:
        """What the CRM's day still has for this connection."""
        return self.__crm.allowance()

    def cost(
        self, *, reads: int = 0, changes: int = 0, conversions: int = 0, tasks: int = 0
    ) -> int:
        """About how many calls it would take; nothing is sent."""
        return self.__crm.cost(reads=reads, changes=changes, conversions=conversions, tasks=tasks)

    def describe(self) -> CrmSchema:
        """The objects as the connected user sees them."""
        return self.__crm.describe()

    def sales_process(self) -> SalesProcess:
        """Stages, pipelines and statuses; nothing where the adapter does not tell them."""
        return self.__crm.sales_process() if isinstance(self.__crm, Outlined) else SalesProcess()

    def now(self) -> datetime:
        """The CRM's own clock."""
        return self.__crm.now()

    def pull(
        self, window: Window, fields: Sequence[str], *, after: str | None = None
    ) -> Iterator[Page]:
        """Every lead changed in the window."""
        return self.__crm.pull(window, fields, after=after)

    def count(self, window: Window) -> int | None:
        """How many leads were last changed in the window."""
        return self.__crm.count(window)

    def fetch(self, ids: Sequence[str], fields: Sequence[str]) -> pl.DataFrame:
        """The raw page frame of these leads."""
        return self.__crm.fetch(ids, fields)

    def find(self, text: str, fields: Sequence[str]) -> pl.DataFrame:
        """The raw page frame of the leads with this id or e-mail address."""
        return self.__crm.find(text, fields)

    def opportunities(self, ids: Sequence[str], since: datetime | None) -> pl.DataFrame:
        """What has become of these opportunities."""
        return self.__crm.opportunities(ids, since)

    def field_name(self, name: str) -> bool:
        """Whether `name` is one that setup could create; nothing is sent."""
        return self.__crm.field_name(name)

    def link(self, record_id: str) -> str:
        """The address where a person opens the lead."""
        return self.__crm.link(record_id)

    def guard(self, check: Callable[[], None]) -> None:
        """Make this check before each request is sent."""
        self.__crm.guard(check)

    def write(self, *_: Any) -> NoReturn:
        """Refused."""
        self._refuse("write")

    def convert(self, *_: Any) -> NoReturn:
        """Refused."""
        self._refuse("convert")

    def retract(self, *_: Any) -> NoReturn:
        """Refused."""
        self._refuse("retract")

    def setup(self, *_: Any) -> NoReturn:
        """Refused."""
        self._refuse("setup")

    def close(self) -> None:
        """Give connections back."""
        self.__crm.close()

    def _refuse(self, act: str) -> NoReturn:
        raise RunAbortedError(f"{self.name}: a rehearsal never writes to the live CRM ({act}).")
