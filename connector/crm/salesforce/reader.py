"""Pulls: every lead of a window once, by REST or Bulk, counted and read again where some lack."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from connector.crm.salesforce import bulk, soql
from connector.crm.salesforce.columns import Layout
from connector.crm.salesforce.place import Place
from connector.engine.ports import Page, Window, instant
from connector.errors import RequestRefusedError, RunAbortedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.crm.salesforce.bulk import Spot
    from connector.crm.salesforce.client import Client
    from mappings.schema import ObjectSchema

log = logging.getLogger("leadgate.crm.salesforce")

_KEYSET_ROWS = 2000
_ORDER = " ORDER BY SystemModstamp, Id"
_SHORT_PAGES = 800
"""Four pages of 200 rows: as many calls as a bulk query takes."""


@dataclass
class _Pull:
    """One pull under way: what is asked, the ids read so far, and how many leads were promised.

    `expected` is the count of the CRM with gone records, `told` what the pages have said of it;
    `before` are the rows that an earlier process has read of this window.
    """

    layout: Layout
    source: str
    where: str
    expected: int = 0
    seen: list[pl.Series] = field(default_factory=list)
    before: int = 0
    leads: int = 0
    told: int | None = None

    @property
    def read(self) -> int:
        return self.before + sum(map(len, self.seen))

    def select(self, tail: str = "") -> str:
        return soql.select(self.layout.select, self.source, f"WHERE {self.where}{tail}")

    def page(self, raw: pl.DataFrame, *, ordered: bool = False, spot: Spot | None = None) -> Page:
        """The next page; the first one carries the count, without gone records if it is whole.

        Pages in the order of the query, and pages of a job, tell where the pull goes on after them.
        """
        leads = self.layout.leads(raw)
        expected = None
        if self.told is None:
            expected = self.told = leads.height if raw.height == self.expected else self.expected
        self.seen.append(raw["Id"])
        self.leads += leads.height
        place = self._place(raw, spot) if ordered or spot else None
        return Page(leads, self.layout.gone(raw), expected, place)

    def closing(self) -> Iterator[Page]:
        """An empty page that corrects the count, if gone or departed records were part of it."""
        if self.told != self.leads:
            yield Page(self.layout.leads(self.layout.from_records([])), expected=self.leads)

    def _place(self, raw: pl.DataFrame, spot: Spot | None) -> str | None:
        if spot is None and (raw.is_empty() or "SystemModstamp" not in raw.columns):
            return None
        last = None if spot else (raw["SystemModstamp"][-1], raw["Id"][-1])
        return Place(self.read, self.leads, self.told, spot=spot, last=last).as_text()


class Reader:
    """Reads one object of one org. Windows are on SystemModstamp, both edges included.

    Up to `bulk_above` rows come by REST, more by a bulk query. Deleted and merged records, which
    Salesforce keeps for 15 days, come in the same pages.
    """

    def __init__(self, client: Client, schema: ObjectSchema, *, bulk_above: int) -> None:
        self._client = client
        self._schema = schema
        self._bulk_above = bulk_above

    def pull(
        self, window: Window, fields: Sequence[str], *, after: str | None = None
    ) -> Iterator[Page]:
        """The pages of a window, or those `after` a place in it that an earlier pull has told.

        The last `Page.expected` is the number of the window's leads. It may be more on the first
        page, where gone records are still part of the count.
        Raises `RunAbortedError` if rows that the CRM counts cannot be read.
        """
        layout = Layout.of(self._schema, fields)
        pull = _Pull(layout=layout, source=self._schema.name, where=_where(window))
        place = Place.from_text(after)
        if place is None:
            yield from self._first_reading(pull, counted=window.since is None)
        else:
            pull.before, pull.leads, pull.told = place.rows, place.leads, place.told
            yield from self._further_reading(pull, place, window)
        yield from self._reconcile(pull, window)
        yield from pull.closing()

    def count(self, window: Window) -> int:
        """How many living records were last changed in the window."""
        counted = soql.count(self._schema.name, f"WHERE {_where(window)}")
        return int(self._client.query(counted)["totalSize"])

    def _first_reading(self, pull: _Pull, *, counted: bool) -> Iterator[Page]:
        """A full pull is counted first; of an incremental one the first REST page is the count.

        Sorting a whole org for a page that is then dropped would cost it more than counting.
        """
        first: dict[str, Any] | None = None
        ordered = pull.select(_ORDER)
        if counted:
            pull.expected = self._count(pull)
        else:
            first = self._client.query(ordered, all_rows=True)
            pull.expected = int(first["totalSize"])
        if pull.expected > self._most_by_rest(pull.layout):
            yield from self._by_bulk(pull)
        elif pull.expected:
            yield from self._by_rest(pull, first or self._client.query(ordered, all_rows=True))
        else:
            yield pull.page(pull.layout.from_records([]))

    def _further_reading(self, pull: _Pull, place: Place, window: Window) -> Iterator[Page]:
        """What is left of a window after a place; a job that is not kept any more is made anew."""
        if place.last is not None:
            rest = self._client.query(pull.select(_after(*place.last)), all_rows=True)
            pull.expected = pull.before + int(rest["totalSize"])
            yield from self._by_rest(pull, rest)
            return
        try:
            yield from self._by_bulk(pull, place.spot)
        except RequestRefusedError:
            if pull.seen:
                raise
            log.warning("the query's results are not kept any more; the window is read anew")
            pull.before, pull.leads, pull.told = 0, 0, None
            yield from self._first_reading(pull, counted=window.since is None)

    def _most_by_rest(self, layout: Layout) -> int:
        """Up to how many rows REST takes no more calls than a bulk query.

        Two or more custom long texts cut its pages from 2,000 rows to 200.
        """
        fields = [self._schema.fields.get(name) for name in layout.select]
        long = [f for f in fields if f is not None and f.custom and f.type == "long_text"]
        return min(self._bulk_above, _SHORT_PAGES if len(long) > 1 else self._bulk_above)

    def _by_rest(self, pull: _Pull, answer: dict[str, Any]) -> Iterator[Page]:
        for records in self._follow(answer):
            yield pull.page(pull.layout.from_records(records), ordered=True)

    def _by_bulk(self, pull: _Pull, spot: Spot | None = None) -> Iterator[Page]:
        begin = spot or bulk.query_job(self._client, pull.select(), rows=pull.expected)
        for raw, following in bulk.query_pages(self._client, begin, pull.layout.from_csv):
            yield pull.page(raw, spot=following)

    def _follow(self, answer: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
        """The records of every page of a query; a cursor that has expired ends it early."""
        while True:
            yield answer["records"]
            if answer["done"]:
                return
            try:
                answer = self._client.json("GET", answer["nextRecordsUrl"])
            except RequestRefusedError as error:
                if error.code != "INVALID_QUERY_LOCATOR":
                    raise
                log.warning("the query's cursor has expired; the rest is read again by id")
                return

    def _reconcile(self, pull: _Pull, window: Window) -> Iterator[Page]:
        """Compare rows read with rows counted; rows that left the window since are not missing."""
        if pull.read >= pull.expected:
            return
        remaining = self._count(pull)
        if pull.read >= remaining:
            log.info("%d records left the window while it was read", pull.expected - pull.read)
            return
        log.warning("read %d of %d records; reading the rest by id", pull.read, remaining)
        yield from self._missing(pull)
        remaining = self._count(pull)
        if pull.read < remaining:
            raise RunAbortedError(
                f"Salesforce counts {remaining} records of {pull.source} up to "
                f"{instant(window.until)} and gives out only {pull.read}; "
                "the pull is not complete and the watermark stays."
            )

    def _missing(self, pull: _Pull) -> Iterator[Page]:
        """Walk the window by id and keep what has not been read."""
        seen = pl.DataFrame({"Id": pl.concat(pull.seen, rechunk=True)})
        last, more = "", True
        while more:
            after = f" AND Id > '{last}'" if last else ""
            asked = pull.select(f"{after} ORDER BY Id LIMIT {_KEYSET_ROWS}")
            answer = self._client.query(asked, all_rows=True)
            rows = 0
            for records in self._follow(answer):
                raw = pull.layout.from_records(records)
                rows += raw.height
                last = str(raw["Id"][-1]) if raw.height else last
                yield pull.page(raw.join(seen, on="Id", how="anti", maintain_order="left"))
            more = rows == _KEYSET_ROWS

    def _count(self, pull: _Pull) -> int:
        counted = soql.count(pull.source, f"WHERE {pull.where}")
        return int(self._client.query(counted, all_rows=True)["totalSize"])


def _after(modified: str, record: str) -> str:
    """The rows after this one in the order of (SystemModstamp, Id), however many share its time."""
    moment = modified.replace("+0000", "Z")
    later = f"SystemModstamp > {moment} OR (SystemModstamp = {moment} AND Id > '{record}')"
    return f" AND ({later}){_ORDER}"


def _where(window: Window) -> str:
    upper = f"SystemModstamp <= {instant(window.until)}"
    return f"SystemModstamp >= {instant(window.since)} AND {upper}" if window.since else upper
