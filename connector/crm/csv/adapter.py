"""A file of leads as a CRM: it is read as it is, and what we decide goes into files beside it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from connector.crm.csv.faults import translated
from connector.crm.csv.opportunities import META, Opportunities
from connector.crm.csv.table import BadRows, Table, default_id_column, open_table
from connector.crm.csv.target import ID_COLUMN, Target
from connector.engine.ports import INSTANT, FieldOutcome, Page, chunks
from connector.errors import ConfigurationError, TransientError
from mappings.schema import CrmSchema, Field, ObjectSchema
from mappings.transforms.moments import read_instant
from scoring import verdict
from scoring.problem import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from connector.crm.csv.settings import CsvSettings
    from connector.engine.ports import Window
    from mappings.mapping import Conversion
    from mappings.schema import NewField
    from scoring.problem import Problem

log = logging.getLogger("leadgate.crm.csv")

OURS = (*(f"leadgate_{name}" for name in verdict.FIELDS), "leadgate_missing")
"""Columns that may be written without having been set up."""

OPPORTUNITY = ("name", "amount", "close_date", "stage", "lead_source", "company", "email")
"""Opportunity fields that may be written without having been set up."""

_EMAIL = ("email", "e-mail", "e_mail", "email address", "e-mail address", "emailaddress")
_ANSWERS = 10_000


class CsvCrm:
    """One file of leads. The file itself is never changed."""

    name = "csv"
    lead_object = "lead"
    writes_converted = True
    overlap_seconds = 0
    api_calls = 0

    def __init__(self, settings: CsvSettings, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._bad = BadRows(settings.source.name)

    @property
    def bad_rows(self) -> list[Problem]:
        """The rows that the last pull could not read, at most a thousand, without their cells."""
        return self._bad.problems

    def allowance(self) -> None:
        """A file counts no calls."""
        return

    def cost(
        self,
        *,
        reads: int = 0,  # noqa: ARG002 — the port's signature
        changes: int = 0,  # noqa: ARG002
        conversions: int = 0,  # noqa: ARG002
        tasks: int = 0,  # noqa: ARG002
    ) -> int:
        """Nothing: a file counts no calls."""
        return 0

    def describe(self) -> CrmSchema:
        """Every column as text; those of the file of leads are only read."""
        theirs = {name: _column(name, writable=False) for name in self._source.columns}
        ours = {name: _column(name) for name in (*self._target.columns, *OURS)}
        fields = (*self._opportunities.columns, *OPPORTUNITY)
        return CrmSchema(
            crm="csv",
            lead=ObjectSchema("lead", ours | theirs),
            opportunity=ObjectSchema("opportunity", {name: _column(name) for name in fields}),
        )

    def now(self) -> datetime:
        """The local time; a file has no clock of its own."""
        return self._clock()

    def count(self, window: Window) -> int | None:  # noqa: ARG002 — the port's signature
        """Never known: counting a file is reading it."""
        return None

    def pull(
        self,
        window: Window,
        fields: Sequence[str],
        *,
        after: str | None = None,  # noqa: ARG002 — a file may have been written anew since
    ) -> Iterator[Page]:
        """Every lead of the file, unless the file is older than the window; always from the top."""
        if window.since is not None and self._changed_at() < window.since:
            return
        self._bad = BadRows(self._settings.source.name)
        ids = [pl.Series("@id", [], pl.String)]
        for page in self._pages(fields, self._bad):
            ids.append(page["@id"])
            yield Page(page)
        self._ids = pl.concat(ids)
        if self._bad.count:
            log.warning("%s: %d rows cannot be read.", self._bad.file, self._bad.count)

    def fetch(self, ids: Sequence[str], fields: Sequence[str]) -> pl.DataFrame:
        """The raw page frame of these leads; missing ones are left out."""
        wanted = pl.Series(ids, dtype=pl.String).implode()
        return self._filtered(fields, pl.col("@id").is_in(wanted))

    def find(self, text: str, fields: Sequence[str]) -> pl.DataFrame:
        """The raw page frame of the leads with this id or e-mail address."""
        addresses = [name for name in self._source.columns if name.casefold() in _EMAIL]
        same = [pl.col(n).str.strip_chars().str.to_lowercase() == text.lower() for n in addresses]
        match = pl.any_horizontal(pl.col("@id") == text, *same).fill_null(value=False)
        both = [*fields, *addresses]
        return self._filtered(both, match).drop([n for n in addresses if n not in fields])

    def write(self, changes: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Write our columns; a lead that the file does not have is skipped."""
        for part in chunks(changes, 50_000):
            there = part["@id"].is_in(self._ids.implode())
            self._target.change(part.filter(there))
            yield part.select("@id", *_answer(there))

    def convert(self, conversions: pl.DataFrame, how: Conversion) -> Iterator[pl.DataFrame]:  # noqa: ARG002 — a file has neither status nor owner
        """Add one row per key to the file of opportunities."""
        for part in chunks(conversions, _ANSWERS):
            there = part["@id"].is_in(self._ids.implode())
            self._opportunities.add(part.filter(there))
            made = self._opportunities.of_leads()
            answers = part.select("@id", *_answer(there))
            yield answers.join(made, on="@id", how="left", maintain_order="left")

    def retract(self, conversions: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Remove the rows of opportunities that are as we wrote them."""
        for part in chunks(conversions, _ANSWERS):
            yield self._opportunities.remove(part)

    def opportunities(self, ids: Sequence[str], since: datetime | None) -> pl.DataFrame:  # noqa: ARG002 — the whole file is at hand
        """The state of these opportunities, if somebody keeps it in the file."""
        return self._opportunities.states(ids)

    def setup(self, fields: Sequence[NewField]) -> list[FieldOutcome]:
        """Add columns to our files, blank for every lead."""
        leads = [field.name for field in fields if field.object == "lead"]
        others = [field.name for field in fields if field.object == "opportunity"]
        known = {"lead": self._target.columns, "opportunity": self._opportunities.columns}
        if leads:
            self._target.add_columns(leads)
            self._target.save()
        if others:
            self._opportunities.add_columns(others)
        return [
            FieldOutcome(field, "skipped" if field.name in known[field.object] else "applied")
            for field in fields
        ]

    def field_name(self, name: str) -> bool:
        """Any name may become a column of ours, except those that the files have for themselves."""
        taken = (*self._source.columns, ID_COLUMN, *META)
        return bool(name.strip()) and not name.startswith("@") and name not in taken

    def link(self, record_id: str) -> str:  # noqa: ARG002 — a row has no address
        """Nothing: a row has no address."""
        return ""

    def guard(self, check: Callable[[], None]) -> None:
        """Nothing is sent; a batch is written at once, and the engine asks before each."""

    def close(self) -> None:
        """Bring what was written into our file. Closing twice does nothing."""
        if "_target" in self.__dict__:
            self._target.save()

    @cached_property
    def _source(self) -> Table:
        settings = self._settings
        given = "\t" if settings.delimiter == "tab" else settings.delimiter
        table = open_table(
            settings.source, id_column=settings.id, encoding=settings.encoding, delimiter=given
        )
        key = settings.id or default_id_column(table.columns)
        if settings.modified is not None and settings.modified not in table.columns:
            near = did_you_mean(settings.modified, table.columns)
            raise ConfigurationError(
                f'{table.path}: has no column "{settings.modified}" (modified). {near}'.strip()
            )
        return Table(table.path, table.columns, key, table.encoding, table.delimiter)

    @cached_property
    def _target(self) -> Target:
        path = self._settings.target
        if not path.parent.is_dir():
            raise ConfigurationError(f"{path}: its folder does not exist.")
        return Target(path, self._source)

    @cached_property
    def _opportunities(self) -> Opportunities:
        target = self._settings.target
        return Opportunities(target.with_name(f"{target.stem}.opportunities.csv"))

    @cached_property
    def _ids(self) -> pl.Series:
        pages = self._source.pages([], BadRows(self._settings.source.name))
        empty = pl.Series("@id", [], pl.String)
        return pl.concat([empty, *(page["@id"] for page in pages)])

    def _changed_at(self) -> datetime:
        with translated(self._settings.source):
            return datetime.fromtimestamp(self._settings.source.stat().st_mtime, UTC)

    def _filtered(self, fields: Sequence[str], match: pl.Expr) -> pl.DataFrame:
        pages = self._pages(fields, BadRows(self._settings.source.name))
        return pl.concat([page.filter(match) for page in pages], how="vertical")

    def _pages(self, fields: Sequence[str], bad: BadRows) -> Iterator[pl.DataFrame]:
        """Raw pages: the file's columns from the file, ours from our file."""
        before = self._stamp()
        theirs = [name for name in fields if name in self._source.columns]
        ours = [name for name in fields if name not in self._source.columns]
        modified = self._settings.modified
        read = [*theirs, *([modified] if modified else [])]
        values, made = self._target.values(ours), self._opportunities.of_leads()
        none = pl.DataFrame(schema={"@id": pl.String} | dict.fromkeys(read, pl.String))
        pages = self._source.pages(read, bad)
        for page in _or(pages, none):
            yield self._raw(page, values, made).select(_META, *dict.fromkeys(fields))
        if self._stamp() != before:
            raise TransientError(f"{self._settings.source} was changed while it was read.")

    def _raw(self, page: pl.DataFrame, values: pl.DataFrame, made: pl.DataFrame) -> pl.DataFrame:
        moment = pl.lit(self._changed_at(), INSTANT)
        if self._settings.modified:
            moment = pl.coalesce(read_instant(pl.col(self._settings.modified)), moment)
        joined = page.join(values, on="@id", how="left", maintain_order="left")
        return joined.join(made, on="@id", how="left", maintain_order="left").with_columns(
            moment.alias("@modified_at"),
            pl.col("@opportunity_id").is_not_null().alias("@converted"),
            pl.lit(None, pl.String).alias("@owner_id"),
        )

    def _stamp(self) -> tuple[int, int]:
        with translated(self._settings.source):
            stat = self._settings.source.stat()
        return stat.st_mtime_ns, stat.st_size


_META = pl.col("@id", "@modified_at", "@converted", "@opportunity_id", "@owner_id")


def _or(pages: Iterator[pl.DataFrame], none: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The pages, or one without rows where there are none."""
    yield next(pages, none)
    yield from pages


def _column(name: str, *, writable: bool = True) -> Field:
    return Field(name, "text", label=name, writable=writable, createable=writable)


def _answer(there: pl.Series) -> list[pl.Expr]:
    """The outcome columns: applied where the lead is there, skipped where it has gone."""
    words = {
        "code": "NOT_FOUND",
        "field": None,
        "message": "The file has no such lead.",
        "remedy": "Pull again: the row was removed or its id changed.",
    }
    outcome = pl.when(there).then(pl.lit("applied")).otherwise(pl.lit("skipped"))
    said = [
        pl.when(~there).then(pl.lit(text, pl.String)).alias(name) for name, text in words.items()
    ]
    return [outcome.alias("outcome"), *said]
