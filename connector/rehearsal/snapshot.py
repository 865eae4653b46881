"""Reading what a rehearsal needs of a live CRM: its schema, its stages, its limits and a sample."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import polars as pl

from connector import wiring
from connector.engine.ports import OPPORTUNITIES, Window
from connector.engine.rehearsing import OnlyReading, Snapshot
from connector.errors import ConfigurationError
from mappings.check import check_mapping
from mappings.inbound import compile_inbound
from mappings.outbound import compile_outbound
from mappings.schema import CrmSchema, Field, ObjectSchema, Option

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from connector.engine.calls import Allowance
    from connector.engine.ports import Progress
    from connector.settings import Project
    from connector.wiring import Files
    from mappings.check import Checked
    from mappings.schema import NewField

POOL = 4
"""The sample is chosen from about so many times as many leads, the newest."""

CONVERTED = "opportunity"
"""The stage in which a converted lead is at least."""

_FIRST_AGE = timedelta(days=1)
_OLDEST_AGE = timedelta(days=4**6)
_GROWTH = 4
_NARROWINGS = 6
_AT_LEAST = 10
"""One part in so many of the sample is kept for each stage, however rare."""


class Counting(Protocol):
    """A CRM that tells how many leads were changed in a window."""

    def count(self, window: Window) -> int | None:
        """How many leads were last changed in the window; None where counting costs a reading."""
        ...


@dataclass(frozen=True)
class Taken:
    """What was read: the snapshot, how much of the CRM it is, and what reading it cost."""

    snapshot: Snapshot
    total: int | None
    stages: dict[str, int]
    """The sampled leads by the stage that the CRM says they are in."""
    missing: list[NewField]
    allowance: Allowance | None
    api_calls: int
    whole_calls: int
    """About how many calls it takes to read all leads of the CRM once and write to each."""


@contextmanager
def only_reading(project: Project, files: Files) -> Iterator[OnlyReading]:
    """The live CRM of a connection behind the guard; no ledger counts its calls."""
    guarded = OnlyReading(wiring.open_crm(project, files.settings))
    with closing(guarded):
        yield guarded


def take_snapshot(project: Project, files: Files, wanted: int, progress: Progress) -> Taken:
    """Read schema, stages and about `wanted` leads of the live CRM; nothing is written anywhere.

    Raises `ConfigurationError` where the mapping does not fit the CRM.
    """
    progress.begin("describe", None)
    with only_reading(project, files) as live:
        schema = live.describe()
        missing = _fitting(files, live, schema)
        whole = with_fields(schema, missing)
        fields = _fields(files, whole, schema)
        now = live.now()
        progress.begin("pull", wanted)
        total, pool = _pool(live, fields, wanted, now)
        leads, stages = _chosen(files, whole, pool, wanted)
        ids = leads["@opportunity_id"].drop_nulls().unique().to_list()
        became = live.opportunities(ids, None) if ids else pl.DataFrame(schema=OPPORTUNITIES)
        allowance = live.allowance()
        convert = files.mapping.convert
        snapshot = Snapshot(
            schema=schema,
            process=live.sales_process(),
            leads=leads,
            opportunities=became,
            now=now,
            owner=convert.owner if convert else None,
            calls_left=allowance.left if allowance else None,
        )
        everything = live.cost(reads=total or 0, changes=total or 0)
        return Taken(snapshot, total, stages, missing, allowance, live.api_calls, everything)


def with_fields(schema: CrmSchema, new: Sequence[NewField]) -> CrmSchema:
    """The schema as it will be when these fields have been created."""
    lead, opportunity = dict(schema.lead.fields), None
    if schema.opportunity is not None:
        opportunity = dict(schema.opportunity.fields)
    for each in new:
        into = lead if each.object == "lead" else opportunity
        if into is not None:
            into[each.name] = _made(each)
    return replace(
        schema,
        lead=ObjectSchema(schema.lead.name, lead),
        opportunity=schema.opportunity and ObjectSchema(schema.opportunity.name, opportunity or {}),
    )


def _made(new: NewField) -> Field:
    return Field(
        name=new.name,
        type=new.type,
        label=new.label,
        length=new.length,
        precision=new.precision,
        scale=new.scale,
        restricted=bool(new.values),
        unique=new.unique,
        custom=True,
        options=tuple(Option(value, value) for value in new.values),
    )


def _fitting(files: Files, live: OnlyReading, schema: CrmSchema) -> list[NewField]:
    """The fields that setup would create; raises if the mapping does not fit even with them."""

    def checked(against: CrmSchema) -> Checked:
        return check_mapping(
            files.mapping,
            files.document,
            against,
            connection=files.settings.name,
            supports_setup=live.field_name,
        )

    missing = checked(schema).missing
    found = checked(with_fields(schema, missing))
    if found.errors:
        name = files.settings.name
        raise ConfigurationError(
            f'The mapping of "{name}" does not fit its CRM; there is nothing to rehearse yet.',
            found.errors,
        )
    return missing


def _fields(files: Files, whole: CrmSchema, there: CrmSchema) -> list[str]:
    """What the sync would read and write, and what a record needs, as far as the CRM has it."""
    inbound, outbound = (
        compile_inbound(files.mapping, whole),
        compile_outbound(files.mapping, whole),
    )
    needed = [name for name, field in there.lead.fields.items() if field.required]
    wanted = dict.fromkeys((*inbound.fields, *outbound.fields, *needed))
    return [name for name in wanted if "." in name or name in there.lead.fields]


def _pool(
    live: OnlyReading, fields: Sequence[str], wanted: int, now: datetime
) -> tuple[int | None, pl.DataFrame]:
    """The newest leads, some times as many as are wanted, and how many leads there are."""
    total = live.count(Window(None, now, gone=False))
    most = wanted * POOL
    since = None if total is None or total <= most else since_when(live, wanted, now)
    pages: list[pl.DataFrame] = []
    for page in live.pull(Window(since, now, gone=False), fields):
        pages.append(page.leads)
        if sum(each.height for each in pages) >= most and since is not None:
            break
    if not any(page.height for page in pages):
        raise ConfigurationError("The CRM has no leads yet; there is nothing to rehearse with.")
    return total, pl.concat(pages).unique("@id", keep="last", maintain_order=True)


def since_when(live: Counting, wanted: int, now: datetime) -> datetime:
    """A moment since which enough leads have changed, and not many more than that."""

    def changed(age: timedelta) -> int:
        return live.count(Window(now - age, now, gone=False)) or 0

    too_young, age = timedelta(), _FIRST_AGE
    while changed(age) < wanted and age < _OLDEST_AGE:
        too_young, age = age, age * _GROWTH
    for _ in range(_NARROWINGS):
        middle = too_young + (age - too_young) / 2
        count = changed(middle)
        if count >= wanted:
            age = middle
        else:
            too_young = middle
        if wanted <= count <= wanted * POOL:
            break
    return now - age


def _chosen(
    files: Files, schema: CrmSchema, pool: pl.DataFrame, wanted: int
) -> tuple[pl.DataFrame, dict[str, int]]:
    """The newest leads of every stage first, then the newest of all; and how many of each stage."""
    inbound = compile_inbound(files.mapping, schema)
    absent = [pl.lit(None, pl.String).alias(n) for n in inbound.fields if n not in pool.columns]
    said = inbound(pool.with_columns(absent))["stage"].fill_null("lead").alias("@stage")
    stage = pl.when("@converted").then(pl.lit(CONVERTED)).otherwise(said).alias("@stage")
    ranked = pool.with_columns(stage).sort("@modified_at", descending=True)
    rank = pl.int_range(pl.len()).over("@stage")
    apart = (rank >= max(1, wanted // _AT_LEAST)).alias("@apart")
    taken = ranked.with_columns(apart).sort("@apart", maintain_order=True).head(wanted)
    counts: dict[str, int] = dict(taken["@stage"].value_counts().iter_rows())
    return taken.drop("@stage", "@apart").sort("@id"), counts
