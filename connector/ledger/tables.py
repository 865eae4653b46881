"""The ledger's tables. A change here needs a new file in `migrations/versions` and a new `HEAD`.

Instants are stored as microseconds since 1970-01-01 UTC and booleans as 0 or 1, so that whole
columns pass between polars and any database as plain integers.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

HEAD = "0013"
"""The newest migration; a test compares it with `migrations/versions`."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware moment, stored as microseconds since 1970-01-01 UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 — SQLAlchemy's signature
        """Refuses a moment without a time zone with TypeError."""
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 — SQLAlchemy's signature
        """The moment, aware and in UTC."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


class Flag(TypeDecorator[bool]):
    """A boolean, stored as 0 or 1."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | None:  # noqa: ARG002, FBT001 — SQLAlchemy's signature
        """0, 1 or null."""
        return None if value is None else int(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> bool | None:  # noqa: ARG002 — SQLAlchemy's signature
        """False, True or None."""
        return None if value is None else bool(value)


metadata = MetaData()


def _key(name: str, kind: Any = Text) -> Column[Any]:
    return Column(name, kind, primary_key=True, nullable=False)


def _must(name: str, kind: Any = Text) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _may(name: str, kind: Any = Text) -> Column[Any]:
    return Column(name, kind, nullable=True)


runs = Table(
    "runs",
    metadata,
    _key("id"),
    _must("connection"),
    _must("kind"),
    _must("state"),
    _must("started_at", Instant),
    _may("ended_at", Instant),
    _must("as_of"),
    _must("model"),
    _must("mapping"),
    _may("report"),
    _may("position"),
    _may("pruned_at", Instant),
    Index("runs_by_connection", "connection", "started_at"),
)

watermarks = Table(
    "watermarks",
    metadata,
    _key("connection"),
    _must("at", Instant),
    _must("run"),
    _must("verdict_key"),
)

leases = Table(
    "leases",
    metadata,
    _key("connection"),
    _may("holder"),
    _must("until", Instant),
    _must("fence", BigInteger),
    _may("process"),
)

schedules = Table(
    "schedules",
    metadata,
    _key("connection"),
    _must("since", Instant),
    _may("paused"),
    _must("again", Flag),
    _may("message"),
)

workers = Table(
    "workers",
    metadata,
    _key("id"),
    _must("process"),
    _must("started_at", Instant),
    _must("seen_at", Instant),
)

leads = Table(
    "leads",
    metadata,
    _key("connection"),
    _key("id"),
    _may("modified_at", Instant),
    _may("stage"),
    _may("stage_since", Instant),
    _may("score", Float),
    _may("verdict_key"),
    Column("converted", Flag, nullable=False, server_default=text("0")),
    _may("opportunity_id"),
    _may("gone"),
    _may("merged_into"),
    _may("quarantine"),
    _may("quarantine_key"),
    _may("run"),
    _may("written"),
    _may("facts"),
    _may("there"),
    _may("as_of"),
    _may("opportunity_state"),
    _may("lost_reason"),
    Index("leads_by_day", "connection", "as_of"),
    Index("leads_by_stage", "connection", "stage", "gone"),
    Index("leads_by_score", "connection", "score"),
)

LATEST = text("latest = 1")
"""Said in the words of its index, so that the index serves."""

verdicts = Table(
    "verdicts",
    metadata,
    _key("connection"),
    _key("id"),
    _key("run"),
    _must("as_of"),
    _must("judged_at", Instant),
    _may("score", Float),
    _may("fit", Float),
    _may("engagement", Float),
    _may("grade"),
    _may("engagement_level", Float),
    _may("priority"),
    _may("genuine"),
    _may("stage"),
    _may("stage_reason"),
    _may("overdue", Float),
    _may("cycle"),
    _may("reasons"),
    _may("unmet"),
    _may("next_question"),
    _may("probability", Float),
    _may("coverage", Float),
    _may("model"),
    _must("last_as_of"),
    _must("last_model"),
    _must("latest", Flag),
    _may("facts"),
    _may("facts_key", BigInteger),
    Index("verdicts_latest", "connection", "id", sqlite_where=LATEST, postgresql_where=LATEST),
)

REJECTED = text("outcome = 'rejected'")
"""Said in the words of its index, so that the index serves."""

lines = Table(
    "lines",
    metadata,
    _key("run"),
    _key("line", BigInteger),
    _must("connection"),
    _must("id"),
    _must("kind"),
    _must("body"),
    _may("reason"),
    _may("base", Instant),
    _may("outcome"),
    _may("code"),
    _may("field"),
    _may("message"),
    _may("remedy"),
    _may("opportunity_id"),
    _may("at", Instant),
    Index("lines_by_lead", "connection", "id", "run", "kind"),
    Index("lines_rejected", "connection", sqlite_where=REJECTED, postgresql_where=REJECTED),
)

conversions = Table(
    "conversions",
    metadata,
    _key("connection"),
    _key("id"),
    _must("key"),
    _must("state"),
    _may("opportunity_id"),
    _must("run"),
    _must("at", Instant),
    UniqueConstraint("connection", "key", name="conversions_by_key"),
    Index("conversions_by_state", "connection", "state"),
)

disagreements = Table(
    "disagreements",
    metadata,
    _key("connection"),
    _key("id"),
    _key("field"),
    _key("run"),
    _may("ours"),
    _may("theirs"),
    _must("at", Instant),
)

problems = Table(
    "problems",
    metadata,
    _key("connection"),
    _key("id"),
    _key("fact"),
    _key("field"),
    _must("what"),
    _must("run"),
)

schemas = Table(
    "schemas",
    metadata,
    _key("connection"),
    _must("at", Instant),
    _must("run"),
    _must("mapping"),
    _must("fields"),
)

forgotten = Table(
    "forgotten",
    metadata,
    _key("connection"),
    _key("hash"),
)

salts = Table("salts", metadata, _key("name"), _must("salt"))

opt_outs = Table("opt_outs", metadata, _key("person"), _must("at", Instant), _must("source"))

answers = Table(
    "answers",
    metadata,
    _key("connection"),
    _key("id"),
    _key("fact"),
    _key("run"),
    _must("at", Instant),
    _may("value"),
    _may("was"),
    _may("label"),
    _may("person"),
    _must("source"),
    _must("latest", Flag),
    Index("answers_latest", "connection", "id", sqlite_where=LATEST, postgresql_where=LATEST),
)

engagement = Table(
    "engagement",
    metadata,
    _key("connection"),
    _key("id"),
    _key("day"),
)

models = Table(
    "models",
    metadata,
    _key("connection"),
    _key("digest"),
    _must("name"),
    _must("version", BigInteger),
    _must("text"),
    _must("extra"),
    _must("at", Instant),
)

calls = Table(
    "calls",
    metadata,
    _key("account"),
    _key("family"),
    _key("slot", Instant),
    _must("used", BigInteger),
)

prunings = Table(
    "prunings",
    metadata,
    _key("connection"),
    _must("at", Instant),
    _must("until", Instant),
)

touches = Table(
    "touches",
    metadata,
    _key("connection"),
    _key("key"),
    _must("id"),
    _may("person"),
    _may("company"),
    _must("cadence"),
    _must("step", BigInteger),
    _must("channel"),
    _may("template"),
    _may("target"),
    _must("due"),
    _must("began", Instant),
    _may("reason"),
    _must("digest"),
    _must("run"),
    _must("at", Instant),
    _must("state"),
    _may("tries", BigInteger),
    _may("touch_id"),
    _may("code"),
    _may("message"),
    _may("settled_at", Instant),
    Index("touches_by_lead", "connection", "id"),
    Index("touches_by_person", "person"),
    Index("touches_by_company", "company"),
)

arms = Table(
    "arms",
    metadata,
    _key("connection"),
    _key("id"),
    _key("cadence"),
    _key("began", Instant),
    _may("person"),
    _must("arm"),
    _may("stage"),
    _may("cause"),
    _must("digest"),
    _must("run"),
    _must("at", Instant),
    _may("back_at", Instant),
    _may("back_by"),
    Index("arms_by_person", "person"),
)

owners = Table(
    "owners",
    metadata,
    _key("connection"),
    _key("id"),
    _may("owner"),
    _may("since", Instant),
)
