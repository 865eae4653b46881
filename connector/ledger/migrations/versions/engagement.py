"""What coming back is counted from: the days on which leads showed interest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create one table, which fills as leads are read."""
    op.create_table(
        "engagement",
        sa.Column("connection", sa.Text, primary_key=True, nullable=False),
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("day", sa.Text, primary_key=True, nullable=False),
    )


def downgrade() -> None:
    """Drop it, and with it the days of leads whose CRM keeps counters alone."""
    op.drop_table("engagement")
