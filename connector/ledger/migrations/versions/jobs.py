"""Who is due and who works: what each schedule has taken care of, and the workers that live."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create two tables."""
    op.create_table(
        "schedules",
        sa.Column("connection", sa.Text, primary_key=True, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("paused", sa.Text, nullable=True),
        sa.Column("again", sa.Integer, nullable=False),
        sa.Column("message", sa.Text, nullable=True),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop them: every schedule begins anew, and pauses are forgotten."""
    for name in ("workers", "schedules"):
        op.drop_table(name)
