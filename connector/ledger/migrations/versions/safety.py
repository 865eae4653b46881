"""What the safety nets need: the schema as last synced, and who was converted and then forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create three tables."""
    op.create_table(
        "schemas",
        sa.Column("connection", sa.Text, primary_key=True, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("mapping", sa.Text, nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
    )
    op.create_table(
        "forgotten",
        sa.Column("connection", sa.Text, primary_key=True, nullable=False),
        sa.Column("hash", sa.Text, primary_key=True, nullable=False),
    )
    op.create_table(
        "salts",
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        sa.Column("salt", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop them: what is forgotten and was converted is then not known any more."""
    for name in ("salts", "forgotten", "schemas"):
        op.drop_table(name)
