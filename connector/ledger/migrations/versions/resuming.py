"""What resuming needs: how far each run has come, and which process holds a lease."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column to the runs and one to the leases; both are blank between runs."""
    op.add_column("runs", sa.Column("position", sa.Text, nullable=True))
    op.add_column("leases", sa.Column("process", sa.Text, nullable=True))


def downgrade() -> None:
    """Remove them; a run that has not ended is then begun anew."""
    with op.batch_alter_table("runs") as runs:
        runs.drop_column("position")
    with op.batch_alter_table("leases") as leases:
        leases.drop_column("process")
