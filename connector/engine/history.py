"""Leads of the past whose outcome is known, as training needs them: as things stood before it.

There are three ways to them. A mapping with a section `history` names the field of the CRM, or the
column of a file, that holds the outcome. Otherwise the ledger tells: every lead once, with its
facts as they stood when it was first judged while still open, and whether it converted within so
many days of that. Leads that were first judged later than that are left out, because their outcome
is not known yet. Where the ledger is too young, the CRM can be read as it stands now; facts of
converted leads were then read after their outcome, and the leak check must sort them out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import polars as pl

from connector.engine.facts import decoded_facts
from connector.engine.ports import Window
from connector.errors import ConfigurationError
from scoring.lead import FIELDS
from scoring.problem import did_you_mean
from scoring.training import TrainingSettings
from scoring.training.settings import FEWEST
from scoring.verdict import FIELDS as VERDICT_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from connector.engine.connection import Connection
    from mappings.entries import History
    from scoring.judge import Judge
    from scoring.lead import Kind

SEEN = "first judged"
"""The column that orders leads of the ledger: days since 1970."""

TARGETS = {"converted": ("opportunity", "customer"), "customer": ("customer",)}
"""What leads of the ledger can be trained on: the stages that count as reached."""

_OUTCOME_FACTS = ("converted", "stage_since", "opportunity_state", "lost_reason")


@dataclass(frozen=True)
class Wanted:
    """What to learn, and from what.

    `target` is a column of the CRM, or one of `TARGETS`; `window` are the days within which an
    outcome counts. `include`, `exclude` and `allow` name facts, or fields that feed them.
    """

    target: str | None = None
    window: int = 90
    segment: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    name: str = "predictive"


@dataclass(frozen=True)
class Past:
    """Leads of the past as a frame of facts with their outcome, and how they were come by.

    `unread` are the fields behind facts that the mapping does not read yet, by the fact's name.
    """

    frame: pl.DataFrame
    settings: TrainingSettings
    basis: str
    warnings: tuple[str, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    first: str = ""
    last: str = ""

    @property
    def scarce(self) -> bool:
        """Whether there is too little to learn from."""
        outcome = self.frame[self.settings.target]
        if outcome.dtype != pl.Boolean:
            return False
        yes = int(outcome.sum())
        return min(yes, outcome.len() - outcome.null_count() - yes) < FEWEST

    def recent(self) -> Past:
        """The newest fifth of the leads, where their order is known; else all of them."""
        order = self.settings.time
        if order is None:
            return self
        when = self.frame[order]
        if when.dtype == pl.String and when.cast(pl.Float64, strict=False).null_count() == 0:
            when = when.cast(pl.Float64)
        newest = self.frame[when.arg_sort()].tail(max(1, self.frame.height // 5))
        return replace(self, frame=newest)


class Remembered(Protocol):
    """What the ledger says of leads as they were and as they turned out."""

    def first_facts(self, connection: str) -> pl.DataFrame:
        """Every living lead at its first verdict whose facts were kept: id, judged_at, facts."""
        ...

    def reached(self, connection: str, stages: Sequence[str]) -> pl.DataFrame:
        """The leads that have come to one of these stages, and when first: id, at."""
        ...

    def leads_facts(self, connection: str) -> Iterator[pl.DataFrame]:
        """Every living lead as last seen: id, converted, facts and more."""
        ...


def from_ledger(ledger: Remembered, name: str, judge: Judge, wanted: Wanted, now: datetime) -> Past:
    """Leads as they stood when they were first judged, and whether they converted in time."""
    target = wanted.target or "converted"
    if target not in TARGETS:
        raise ConfigurationError(
            f'--target: "{target}" is not an outcome that the ledger knows. '
            f"{did_you_mean(target, TARGETS)} A column of the CRM goes into the mapping: "
            "history: {target: COLUMN}."
        )
    kinds = _open_kinds(judge.kinds)
    eligible = _once_open(ledger, name, TARGETS[target], kinds)
    window = timedelta(days=wanted.window)
    mature = eligible.filter(pl.col("judged_at") <= now - window)
    in_time = (pl.col("at") <= pl.col("judged_at") + window).fill_null(value=False)
    frame = _as_one_day(mature.with_columns(in_time.alias(target)), kinds, now.date())
    frame = frame.select("id", *kinds, target, SEEN)
    young = eligible.height - mature.height
    days = mature["judged_at"].dt.date().cast(pl.String)
    too_young = (
        f"{young:,} leads were first judged less than {wanted.window} days ago and are left out."
    )
    past = Past(
        _of_segment(frame, frame, judge, wanted.segment, now.date()),
        _settings(wanted, target, time=SEEN, as_of=now.date()),
        f"facts as they stood when each lead was first judged while still open; {target} within "
        f"{wanted.window} days of that",
        (too_young,) if young else (),
        first=str(days.min() or ""),
        last=str(days.max() or ""),
    )
    return _resolved(past, {})


def _once_open(
    ledger: Remembered, name: str, stages: Sequence[str], kinds: Mapping[str, Kind]
) -> pl.DataFrame:
    """The leads that were open when they were first judged: id, judged_at, the facts then, and `at`.

    `at` is when they reached a stage (null: not yet). Leads that have, nobody knows when, are left
    out.
    """
    then = ledger.first_facts(name)
    facts = decoded_facts(then["facts"], {**kinds, "converted": "boolean"})
    reached = ledger.reached(name, stages).with_columns(pl.lit(value=True).alias("reached"))
    seen = then.select("id", "judged_at").hstack(facts).join(reached, on="id", how="left")
    converted = pl.col("converted").fill_null(value=False)
    later = pl.col("at") > pl.col("judged_at")
    return seen.filter(~converted & (later | pl.col("reached").is_null()))


def from_crm(connection: Connection, wanted: Wanted, now: datetime) -> Past:
    """Leads as the CRM has them now, with whether they are converted.

    Facts of converted leads were read after their outcome: the basis says so.
    """
    raw = _pulled(connection, connection.inbound.fields, now)
    leads = connection.inbound(raw)
    kinds = [n for n in _open_kinds(connection.kinds) if n in leads.columns]
    dated = "created_at" in connection.inbound.fed
    old = leads["created_at"] <= now - timedelta(days=wanted.window)
    mature = leads.filter(old.fill_null(value=False)) if dated else leads
    frame = mature.select("id", *kinds, pl.col("converted").fill_null(value=False))
    frame = _of_segment(frame, mature, connection.judge, wanted.segment, now.date())
    settings = _settings(
        wanted, "converted", time="created_at" if dated else None, as_of=now.date()
    )
    warning = (
        "Facts of converted leads were read after their outcome: what sales work has written since "
        "may flatter the figures. Train again once the ledger has seen leads convert."
    )
    basis = "facts as they stand in the CRM now, also those of leads converted long ago"
    return _resolved(Past(frame, settings, basis, (warning,)), _fields(connection))


def from_columns(connection: Connection, given: History, wanted: Wanted, now: datetime) -> Past:
    """Leads whose outcome stands in a field of the CRM or a column of the file."""
    target = wanted.target or given.target
    if target not in connection.schema.lead.fields:
        near = did_you_mean(target, connection.schema.lead.fields)
        raise ConfigurationError(f'--target: "{target}" is not a field here. {near}'.strip())
    own = [target, *([given.time] if given.time else [])]
    whole = (given.columns or ("mapped" if connection.inbound.fields else "all")) == "all"
    every = _all_fields(connection) if whole else ()
    fields = tuple(dict.fromkeys((*connection.inbound.fields, *own, *every)))
    raw = _pulled(connection, fields, now)
    leads = connection.inbound(raw)
    names = _names(connection, [name for name in every if name not in own]) if whole else {}
    if whole:
        features = raw.select(_text(field).alias(fact) for fact, field in names.items())
    else:
        features = leads.select(n for n in _open_kinds(connection.kinds) if n in leads.columns)
    beside = [n for n in own if n == target or n not in features.columns]
    frame = features.drop(target, strict=False).hstack(
        raw.select(_text(name).alias(name) for name in beside)
    )
    frame = frame.with_columns(_outcome(target, given.positive))
    frame = _of_segment(frame, leads, connection.judge, wanted.segment, now.date())
    settings = _settings(wanted, target, time=given.time, exclude=tuple(given.exclude))
    unread = {fact: name for fact, name in names.items() if fact not in connection.inbound.facts}
    basis = f"every field as it stands in {connection.name} now; the outcome is {target}"
    return _resolved(Past(frame, settings, basis, (), unread), _fields(connection) | names)


def open_leads(ledger: Remembered, name: str, judge: Judge) -> pl.DataFrame:
    """The leads that are still open, with their facts as last seen."""
    kinds: dict[str, Kind] = {**_open_kinds(judge.kinds), "converted": "boolean"}
    pages = [decoded_facts(page["facts"], kinds) for page in ledger.leads_facts(name)]
    every = pl.concat(pages) if pages else decoded_facts(pl.Series([], dtype=pl.String), kinds)
    return every.filter(~pl.col("converted").fill_null(value=False)).drop("converted")


def _pulled(connection: Connection, fields: Sequence[str], now: datetime) -> pl.DataFrame:
    pages = [page.leads for page in connection.crm.pull(Window(None, now), fields)]
    if not pages:
        raise ConfigurationError(f"{connection.name} has no lead to learn from.")
    return pl.concat(pages)


def _open_kinds(kinds: Mapping[str, Kind]) -> dict[str, Kind]:
    """The facts that an open lead can have."""
    return {name: kind for name, kind in kinds.items() if name not in _OUTCOME_FACTS}


def _as_one_day(frame: pl.DataFrame, kinds: Mapping[str, Kind], as_of: date) -> pl.DataFrame:
    """All leads as if first judged on one day: moments lie as many days before it as they did."""
    day = pl.col("judged_at").dt.date()
    moved = [
        (pl.col(name) + (pl.lit(as_of) - day)).alias(name)
        for name, kind in kinds.items()
        if kind in ("date", "datetime")
    ]
    return frame.with_columns(*moved, day.to_physical().cast(pl.Int64).alias(SEEN))


def _of_segment(
    frame: pl.DataFrame, leads: pl.DataFrame, judge: Judge, segment: str | None, as_of: date
) -> pl.DataFrame:
    if segment is None:
        return frame
    if segment not in judge.model.segments:
        near = did_you_mean(segment, judge.model.segments)
        raise ConfigurationError(f'--segment: "{segment}" is not a segment of the model. {near}')
    return frame.filter(judge.assess(leads, as_of)["segment"] == segment)


def _settings(
    wanted: Wanted,
    target: str,
    *,
    time: str | None,
    as_of: date | None = None,
    exclude: tuple[str, ...] = (),
) -> TrainingSettings:
    return TrainingSettings(
        target=target,
        time=time,
        name=wanted.name,
        include=wanted.include,
        exclude=tuple(dict.fromkeys((*exclude, *wanted.exclude))),
        allow=wanted.allow,
        as_of=as_of,
    )


def _fields(connection: Connection) -> dict[str, str]:
    """Which field feeds which fact."""
    mapping = connection.mapping
    read = {name: entries[0].field for name, entries in mapping.read.items() if entries}
    return read | {name: extra.field for name, extra in mapping.extra.items()}


def _resolved(past: Past, fields: Mapping[str, str]) -> Past:
    """Includes, excludes and allowances by the facts' names, also where fields were named."""
    facts: dict[str, list[str]] = {}
    for fact, name in fields.items():
        facts.setdefault(name, []).append(fact)

    def by_fact(names: tuple[str, ...]) -> tuple[str, ...]:
        every = set(past.frame.columns)
        found = (
            [n] if n in every else [f for f in facts.get(n, ()) if f in every] or [n] for n in names
        )
        return tuple(dict.fromkeys(fact for each in found for fact in each))

    given = past.settings
    chosen = replace(
        given,
        include=by_fact(given.include),
        exclude=by_fact(given.exclude),
        allow=by_fact(given.allow),
    )
    return replace(past, settings=chosen)


def _all_fields(connection: Connection) -> tuple[str, ...]:
    """Every field of the CRM's lead but those that we write."""
    ours = {entry.field for entry in connection.mapping.write.values()}
    names = connection.schema.lead.fields
    return tuple(n for n in names if n not in ours and not n.startswith("leadgate_"))


def _names(connection: Connection, fields: Sequence[str]) -> dict[str, str]:
    """A fact's name for every field: the own fact that reads it as it is, or one made of its name."""
    plain = {
        extra.field: name
        for name, extra in connection.mapping.extra.items()
        if extra.type == "text" and not (extra.values or extra.transform or extra.default)
    }
    taken = {*FIELDS, *VERDICT_FIELDS, "id", "segment", *connection.mapping.extra}
    found: dict[str, str] = {}
    for name in fields:
        fact = plain.get(name) or _slug(name)
        while name not in plain and (fact in taken or fact in found):
            fact += "_as_written"
        found[fact] = name
    return found


def _slug(name: str) -> str:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    bare = re.sub(r"[^a-z0-9]+", "_", apart.casefold()).strip("_")
    return bare if re.match(r"[a-z]", bare) else f"field_{bare}"


def _text(name: str) -> pl.Expr:
    bare = pl.col(name).str.strip_chars()
    return pl.when(bare != "").then(bare)


def _outcome(target: str, positive: object) -> list[pl.Expr]:
    """The outcome as a boolean where the mapping says which value means converted."""
    if positive is None:
        return []
    return [(pl.col(target).str.to_lowercase() == str(positive).strip().lower()).alias(target)]
