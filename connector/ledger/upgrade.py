"""Bring a ledger's schema up to this version of leadgate, once, whoever opens it first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from connector.errors import ConfigurationError
from connector.ledger.database import writer
from connector.ledger.tables import HEAD

if TYPE_CHECKING:
    from alembic.config import Config
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


def migrations(connection: Connection) -> Config:
    """What alembic's commands need to work on this connection, in its transaction."""
    from alembic.config import Config  # noqa: PLC0415 — slow to import and seldom needed

    config = Config()
    config.set_main_option("script_location", "connector.ledger:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _migrate(connection: Connection, current: str | None) -> None:
    from alembic import command  # noqa: PLC0415 — slow to import and seldom needed
    from alembic.script import ScriptDirectory  # noqa: PLC0415 — slow to import and seldom needed

    config = migrations(connection)
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    if current is not None and current not in known:
        raise ConfigurationError(
            f"ledger: its schema is {current}, and this leadgate knows schemas up to {HEAD}: "
            "a newer leadgate has written it. Upgrade: pip install --upgrade leadgate"
        )
    if current is None:
        _refuse_unfit(connection)
    command.upgrade(config, "head")


def _refuse_unfit(connection: Connection) -> None:
    """Refuse a new home for a ledger that is somebody else's, or cannot hold every text."""
    if inspect(connection).has_table("leads"):
        raise ConfigurationError(
            'ledger: this database has a table "leads" that is not the ledger\'s. '
            "Give the ledger a database of its own."
        )
    if connection.dialect.name == "postgresql":
        encoding = connection.execute(text("SHOW server_encoding")).scalar()
        if encoding != "UTF8":
            raise ConfigurationError(
                f"ledger: this database keeps its texts as {encoding}, which does not have every "
                "letter. Make one with: createdb --encoding=UTF8 --template=template0 NAME"
            )
