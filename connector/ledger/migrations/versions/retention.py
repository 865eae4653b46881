"""What retention needs: when each run was pruned, and when each connection's history was, up to when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column to the runs and create one table; both are blank until something is pruned."""
    op.add_column("runs", sa.Column("pruned_at", sa.BigInteger, nullable=True))
    op.create_table(
        "prunings",
        sa.Column("connection", sa.Text, primary_key=True, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop them again; what was pruned stays away."""
    op.drop_table("prunings")
    op.drop_column("runs", "pruned_at")
