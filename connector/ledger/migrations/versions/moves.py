"""What a history of moves needs: why each verdict moved its lead, and by how many days it was overdue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two columns to the verdicts; those of before stay blank."""
    op.add_column("verdicts", sa.Column("stage_reason", sa.Text, nullable=True))
    op.add_column("verdicts", sa.Column("overdue", sa.Float, nullable=True))


def downgrade() -> None:
    """Drop them again."""
    op.drop_column("verdicts", "overdue")
    op.drop_column("verdicts", "stage_reason")
