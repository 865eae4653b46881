"""Bring a ledger's schema up to this version of leadgate, once, whoever opens it first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from connector.errors import ConfigurationError
from connector.ledger.database import writer
from connector.ledger.tables import HEAD

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_POSTGRESQL_LOCK = 7_305_526_118
"""The advisory lock that keeps two processes from migrating at the same time."""


def upgrade(engine: Engine) -> None:
    """Create or migrate the schema; do nothing quickly when it is up to date.

    Raises ConfigurationError for a schema that a newer leadgate wrote, or for a database that
    holds something else.
    """
    with engine.begin() as connection:
        if version(connection) == HEAD:
            return
    with writer(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _POSTGRESQL_LOCK})
        current = version(connection)
        if current != HEAD:
            _migrate(connection, current)


def version(connection: Connection) -> str | None:
    """The schema's revision, or None for a database without one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(connection: Connection, current: str | None) -> None:
    from alembic import command  # noqa: PLC0415 — slow to import and seldom needed
    from alembic.config import Config  # noqa: PLC0415 — slow to import and seldom needed
    from alembic.script import ScriptDirectory  # noqa: PLC0415 — slow to import and seldom needed

    config = Config()
    config.set_main_option("script_location", "connector.ledger:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    if current is not None and current not in known:
        raise ConfigurationError(
            f"ledger: its schema is {current}, and this leadgate knows schemas up to {HEAD}: "
            "a newer leadgate has written it. Upgrade: pip install --upgrade leadgate"
        )
    if current is None and inspect(connection).has_table("leads"):
        raise ConfigurationError(
            'ledger: this database has a table "leads" that is not the ledger\'s. '
            "Give the ledger a database of its own."
        )
    command.upgrade(config, "head")
