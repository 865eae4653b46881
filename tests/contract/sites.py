"""What the contract suite needs to know of a CRM, and the table of the CRMs that it runs against.

A third party's adapter joins by one line: write a `Site` for it, and put it into `SITES` in a
module of its own, say `acme_contract.py`:

    from tests.contract.sites import SITES, Site

    class AcmeSite(Site): ...

    SITES["acme"] = AcmeSite

Then, from a source distribution of leadgate: `python -m pytest -p acme_contract tests/contract -k acme`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, ClassVar

import polars as pl

from connector.engine.ports import Runtime
from mappings.defaults import default_mapping_text
from mappings.mapping import Conversion

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from connector.engine.channel import ChannelName
    from connector.engine.ports import Crm
    from mappings.schema import NewField

LEADS = 430
"""More than two pages of every CRM that has pages."""


class Site:
    """One CRM with its people behind its back. Made anew for every test.

    `capabilities` says which of these the CRM has; tests that need another are not made for it:
    windows: a pull can be limited to what changed in a window; gone: deleted records are told;
    merges: two records can become one; validation: it refuses bad values; audit: it can say
    which fields were written; network: answers can be lost, refused or counted; sessions: a login
    runs out; secrets: it is opened by a secret. And beside those of `capabilities`, reach: it has
    tasks, and campaigns or lists, as `connector.engine.channel.Reaching` says.
    """

    name: ClassVar[str]
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {"windows", "gone", "merges", "validation", "audit", "network", "sessions", "secrets"}
    )
    texts: ClassVar[tuple[str, str]]
    """Two text fields that the connected user may write."""
    typed: ClassVar[str]
    """A field that people edit."""
    email: ClassVar[str]
    """The field of the e-mail address."""
    culprit: ClassVar[tuple[str, str]]
    """A field and a value that the CRM refuses for it."""
    new_field: ClassVar[NewField]
    """A field that the CRM does not have yet."""
    opportunity: ClassVar[dict[str, str]]
    """Opportunity fields and the values that a conversion moves."""
    conversion: ClassVar[Conversion] = Conversion()
    new_for_conversion: ClassVar[tuple[NewField, ...]] = ()
    conversion_extras: ClassVar[frozenset[str]] = frozenset()
    """Opportunity fields that the adapter must set beside the mapped ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secrets: list[tuple[str, str]] = []
        self._opened: list[Crm] = []

    def open(self, **settings: Any) -> Crm:
        """A new connection, closed with the site; `settings` replace the usual ones."""
        plugin = next(iter(entry_points(group="leadgate.crms", name=self.name))).load()
        keep = self.secrets
        runtime = Runtime(lambda: datetime.now(UTC), lambda key, value: keep.append((key, value)))
        crm: Crm = plugin.open(plugin.settings_type()(**(self.settings() | settings)), runtime)
        self._opened.append(crm)
        return crm

    def mapping(self) -> str:
        """A mapping whose fields the CRM has, or setup can create."""
        return default_mapping_text(self.name)

    def settings(self) -> dict[str, Any]:
        """The connection's keys."""
        raise NotImplementedError

    def wrong_settings(self, secret: str) -> dict[str, Any]:
        """Keys that hold this wrong secret."""
        raise NotImplementedError

    def lead_ids(self) -> list[str]:
        """The leads that are there and not converted, as the CRM's own pages show them."""
        raise NotImplementedError

    def convertible(self) -> list[str]:
        """Some leads that can be converted."""
        return self.lead_ids()

    def now(self) -> datetime:
        """The CRM's clock."""
        return datetime.now(UTC)

    def pass_time(self, seconds: float) -> None:
        """Put the CRM's clock forward."""
        raise NotImplementedError

    def edit(self, ids: Sequence[str], value: str) -> None:
        """A person edits the `typed` field of records, all at one moment."""
        raise NotImplementedError

    def delete(self, record_id: str) -> None:
        """A person deletes a record."""
        raise NotImplementedError

    def merge(self, winner: str, loser: str) -> tuple[str, set[str]]:
        """A person merges two records: the id that stays, the ids that go."""
        raise NotImplementedError

    def fields_written(self) -> set[str]:
        """Lead fields that the API has written so far."""
        raise NotImplementedError

    def opportunity_fields_written(self) -> set[str]:
        """Opportunity fields that the API has written so far."""
        raise NotImplementedError

    def opportunities(self, lead: str) -> dict[str, dict[str, str]]:
        """The lead's opportunities by id, each with the mapped fields as text."""
        raise NotImplementedError

    member_channel: ClassVar[ChannelName]
    """The channel of `add_members`: "campaign" or "list"."""

    def tasks(self, lead: str) -> list[dict[str, str]]:
        """The lead's tasks that the API has made: id, owner, subject, body (as text), due."""
        raise NotImplementedError

    def target(self) -> str:
        """The name of a campaign or list, made at the first call."""
        raise NotImplementedError

    def members(self) -> list[str]:
        """The leads in the target, one for each membership."""
        raise NotImplementedError

    def lose_answers(self, act: str) -> None:
        """Carry the next "write", "convert", "task" or "member" out, and let its answer get lost."""
        raise NotImplementedError

    def spoil(self, act: str, fault: str, status: int = 500) -> None:
        """Spoil the next "read" by id or "write".

        By "drop_before" the connection is cut before anything is done, by "truncate" the answer is
        cut short, and by "status" it is a page for people with this status.
        """
        raise NotImplementedError

    def revoke(self) -> None:
        """End every login, and grant no new one."""
        raise NotImplementedError

    def be_busy(self, status: int) -> None:
        """Answer the next call with this status: 429 or 503."""
        raise NotImplementedError

    def refuse_all(self) -> None:
        """Answer every call with 403."""
        raise NotImplementedError

    def end_sessions(self) -> None:
        """Let every login run out."""
        raise NotImplementedError

    def calls_seen(self) -> int:
        """How many API calls the CRM has seen."""
        raise NotImplementedError

    def close(self) -> None:
        """Give the connections back; a site of its own server stops that, too."""
        for crm in self._opened:
            crm.close()


def changes(
    rows: dict[str, dict[str, str | None]], modified: datetime | None = None
) -> pl.DataFrame:
    """A changes frame from id → field → text (None clears; a field that is not there stays)."""
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    moment = pl.Series([modified] * len(rows), dtype=pl.Datetime("us", "UTC"))
    columns = {"@id": pl.Series(list(rows), dtype=pl.String), "@modified_at": moment}
    for name in names:
        texts = [row.get(name) for row in rows.values()]
        columns[f"to:{name}"] = pl.Series(texts, dtype=pl.String)
        columns[f"change:{name}"] = pl.Series([name in row for row in rows.values()])
    return pl.DataFrame(columns)


def conversions(crm: Crm, site: Site, ids: Sequence[str]) -> pl.DataFrame:
    """The conversions frame of these leads, with their owners as the CRM has them."""
    owners = crm.fetch(ids, []).select("@id", "@owner_id")
    values = [pl.lit(text).alias(f"to:{name}") for name, text in site.opportunity.items()]
    return owners.with_columns(pl.col("@id").alias("@key"), *values)


def window_after(site: Site) -> datetime:
    """A moment after everything so far and before everything that comes."""
    site.pass_time(60)
    moment = site.now()
    site.pass_time(60)
    return moment.replace(microsecond=0) + timedelta(seconds=1)


SITES: dict[str, type[Site]] = {}
"""The CRMs that the suite runs against, by name."""
