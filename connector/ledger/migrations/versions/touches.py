"""Revival: touches, the arms that they are measured by, and who owned a lead last.

Nobody knows of touches made before this: there were none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create three tables with their indexes."""
    op.create_table(
        "touches",
        sa.Column("connection", sa.Text, primary_key=True, nullable=False),
        sa.Column("key", sa.Text, primary_key=True, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=True),
        sa.Column("company", sa.Text, nullable=True),
        sa.Column("cadence", sa.Text, nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("template", sa.Text, nullable=True),
        sa.Column("target", sa.Text, nullable=True),
        sa.Column("due", sa.Text, nullable=False),
        sa.Column("began", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("tries", sa.BigInteger, nullable=True),
        sa.Column("touch_id", sa.Text, nullable=True),
        sa.Column("code", sa.Text, nullable=True),
        sa.Column("message", sa.Text, nullable=True),
        sa.Column("settled_at", sa.BigInteger, nullable=True),
    )
    op.create_table(
        "arms",
        sa.Column("connection", sa.Text, primary_key=True, nullable=False),
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("cadence", sa.Text, primary_key=True, nullable=False),
        sa.Column("began", sa.BigInteger, primary_key=True, nullable=False),
        sa.Column("person", sa.Text, nullable=True),
        sa.Column("arm", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=True),
        sa.Column("cause", sa.Text, nullable=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("back_at", sa.BigInteger, nullable=True),
        sa.Column("back_by", sa.Text, nullable=True),
    )
    op.create_table(
        "owners",
        sa.Column("connection", sa.Text, primary_key=True, nullable=False),
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("owner", sa.Text, nullable=True),
        sa.Column("since", sa.BigInteger, nullable=True),
    )
    op.create_index("touches_by_lead", "touches", ["connection", "id"])
    op.create_index("touches_by_person", "touches", ["person"])
    op.create_index("touches_by_company", "touches", ["company"])
    op.create_index("arms_by_person", "arms", ["person"])


def downgrade() -> None:
    """Drop them: who was touched is forgotten, and could be touched again."""
    for table in ("touches", "arms", "owners"):
        op.drop_table(table)
