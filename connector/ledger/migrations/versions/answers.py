"""What replaying and answering need: answers, the facts of each verdict, the models that judged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create two tables and add two columns to the verdicts, which fill as verdicts move."""
    op.create_table(
        "answers",
        sa.Column("connection", sa.Text, primary_key=True, nullable=False),
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("fact", sa.Text, primary_key=True, nullable=False),
        sa.Column("run", sa.Text, primary_key=True, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Text, nullable=True),
        sa.Column("was", sa.Text, nullable=True),
        sa.Column("label", sa.Text, nullable=True),
        sa.Column("person", sa.Text, nullable=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("latest", sa.Integer, nullable=False),
    )
    where = sa.text("latest = 1")
    op.create_index(
        "answers_latest",
        "answers",
        ["connection", "id"],
        sqlite_where=where,
        postgresql_where=where,
    )
    op.create_table(
        "models",
        sa.Column("connection", sa.Text, primary_key=True, nullable=False),
        sa.Column("digest", sa.Text, primary_key=True, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("extra", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.add_column("verdicts", sa.Column("facts", sa.Text, nullable=True))
    op.add_column("verdicts", sa.Column("facts_key", sa.BigInteger, nullable=True))


def downgrade() -> None:
    """Drop them, and with them what people answered."""
    op.drop_column("verdicts", "facts_key")
    op.drop_column("verdicts", "facts")
    op.drop_table("models")
    op.drop_table("answers")
