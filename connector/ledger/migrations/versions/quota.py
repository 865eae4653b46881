"""What the day's quota and shared limits are counted in: calls by account, family and slot."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create one table, which holds only what still counts."""
    op.create_table(
        "calls",
        sa.Column("account", sa.Text, primary_key=True, nullable=False),
        sa.Column("family", sa.Text, primary_key=True, nullable=False),
        sa.Column("slot", sa.BigInteger, primary_key=True, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop it: the day is counted anew."""
    op.drop_table("calls")
