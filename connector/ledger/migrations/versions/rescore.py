"""What rescoring needs: what is in the CRM, and as of which day each lead was judged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two columns to the leads; both fill with the next pull."""
    op.add_column("leads", sa.Column("there", sa.Text, nullable=True))
    op.add_column("leads", sa.Column("as_of", sa.Text, nullable=True))
    op.create_index("leads_by_day", "leads", ["connection", "as_of"])


def downgrade() -> None:
    """Drop them; a rescore then waits for the next pull."""
    op.drop_index("leads_by_day", "leads")
    op.drop_column("leads", "as_of")
    op.drop_column("leads", "there")
