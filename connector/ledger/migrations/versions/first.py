"""The first schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    _runs()
    _watermarks()
    _leases()
    _leads()
    _verdicts()
    _lines()
    _conversions()
    _disagreements()
    _problems()


def downgrade() -> None:
    """Drop every table."""
    for name in (
        "problems", "disagreements", "conversions", "lines", "verdicts", "leads", "leases",
        "watermarks", "runs",
    ):  # fmt: skip
        op.drop_table(name)


def _key(name: str, kind: Any = sa.Text) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, nullable=False)


def _must(name: str, kind: Any = sa.Text) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _may(name: str, kind: Any = sa.Text) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


def _runs() -> None:
    op.create_table(
        "runs",
        _key("id"),
        _must("connection"),
        _must("kind"),
        _must("state"),
        _must("started_at", sa.BigInteger),
        _may("ended_at", sa.BigInteger),
        _must("as_of"),
        _must("model"),
        _must("mapping"),
        _may("report"),
    )
    op.create_index("runs_by_connection", "runs", ["connection", "started_at"])


def _watermarks() -> None:
    op.create_table(
        "watermarks",
        _key("connection"),
        _must("at", sa.BigInteger),
        _must("run"),
        _must("verdict_key"),
    )


def _leases() -> None:
    op.create_table(
        "leases",
        _key("connection"),
        _may("holder"),
        _must("until", sa.BigInteger),
        _must("fence", sa.BigInteger),
    )


def _leads() -> None:
    op.create_table(
        "leads",
        _key("connection"),
        _key("id"),
        _may("modified_at", sa.BigInteger),
        _may("stage"),
        _may("stage_since", sa.BigInteger),
        _may("score", sa.Float),
        _may("verdict_key"),
        sa.Column("converted", sa.Integer, nullable=False, server_default=sa.text("0")),
        _may("opportunity_id"),
        _may("gone"),
        _may("merged_into"),
        _may("quarantine"),
        _may("quarantine_key"),
        _may("run"),
        _may("written"),
        _may("facts"),
    )
    op.create_index("leads_by_score", "leads", ["connection", "score"])
    op.create_index("leads_by_stage", "leads", ["connection", "stage", "gone"])


def _verdicts() -> None:
    op.create_table(
        "verdicts",
        _key("connection"),
        _key("id"),
        _key("run"),
        _must("as_of"),
        _must("judged_at", sa.BigInteger),
        _may("score", sa.Float),
        _may("fit", sa.Float),
        _may("engagement", sa.Float),
        _may("grade"),
        _may("engagement_level", sa.Float),
        _may("priority"),
        _may("genuine"),
        _may("stage"),
        _may("cycle"),
        _may("reasons"),
        _may("unmet"),
        _may("next_question"),
        _may("probability", sa.Float),
        _may("coverage", sa.Float),
        _may("model"),
        _must("last_as_of"),
        _must("last_model"),
        _must("latest", sa.Integer),
    )
    where = sa.text("latest = 1")
    op.create_index(
        "verdicts_latest",
        "verdicts",
        ["connection", "id"],
        sqlite_where=where,
        postgresql_where=where,
    )


def _lines() -> None:
    op.create_table(
        "lines",
        _key("run"),
        _key("line", sa.BigInteger),
        _must("connection"),
        _must("id"),
        _must("kind"),
        _must("body"),
        _may("reason"),
        _may("base", sa.BigInteger),
        _may("outcome"),
        _may("code"),
        _may("field"),
        _may("message"),
        _may("remedy"),
        _may("opportunity_id"),
        _may("at", sa.BigInteger),
    )
    op.create_index("lines_by_lead", "lines", ["connection", "id", "run", "kind"])
    where = sa.text("outcome = 'rejected'")
    op.create_index(
        "lines_rejected", "lines", ["connection"], sqlite_where=where, postgresql_where=where
    )


def _conversions() -> None:
    op.create_table(
        "conversions",
        _key("connection"),
        _key("id"),
        _must("key"),
        _must("state"),
        _may("opportunity_id"),
        _must("run"),
        _must("at", sa.BigInteger),
        sa.UniqueConstraint("connection", "key", name="conversions_by_key"),
    )
    op.create_index("conversions_by_state", "conversions", ["connection", "state"])


def _disagreements() -> None:
    op.create_table(
        "disagreements",
        _key("connection"),
        _key("id"),
        _key("field"),
        _key("run"),
        _may("ours"),
        _may("theirs"),
        _must("at", sa.BigInteger),
    )


def _problems() -> None:
    op.create_table(
        "problems",
        _key("connection"),
        _key("id"),
        _key("fact"),
        _key("field"),
        _must("what"),
        _must("run"),
    )
