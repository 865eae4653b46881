"""What following opportunities needs: their state, and why they were lost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two columns to the leads, which fill as opportunities are asked for."""
    op.add_column("leads", sa.Column("opportunity_state", sa.Text, nullable=True))
    op.add_column("leads", sa.Column("lost_reason", sa.Text, nullable=True))


def downgrade() -> None:
    """Drop them; opportunities are then asked for again."""
    op.drop_column("leads", "lost_reason")
    op.drop_column("leads", "opportunity_state")
