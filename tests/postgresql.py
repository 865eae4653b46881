"""A PostgreSQL database for a test: empty, and used by one test process alone."""

from __future__ import annotations

import os

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL, make_url

VARIABLE = "LEADGATE_TEST_POSTGRESQL"
"""Address of a server where databases may be made; `.ci/with-postgresql` starts one and sets it."""


def empty_postgresql() -> str:
    """The address of a database without tables.

    Where no server is named the test is skipped; where changes are accepted (`CI`) it fails.
    """
    given = os.environ.get(VARIABLE, "")
    if not given:
        words = f"needs a PostgreSQL server: run it with .ci/with-postgresql, or set {VARIABLE}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(words)
    server = make_url(given).set(drivername="postgresql+psycopg")
    mine = server.set(database=f"leadgate_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}")
    _make_sure_of(server, str(mine.database))
    engine = create_engine(mine)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '20s'"))
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return shown(mine)


def shown(address: URL) -> str:
    """The address as a user writes it."""
    return address.set(drivername="postgresql").render_as_string(hide_password=False)


def engine_of(url: str) -> Engine:
    """An engine beside the ledger's own, to look at what it has written."""
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://"))


def _make_sure_of(server: URL, name: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        known = text("SELECT 1 FROM pg_database WHERE datname = :name")
        if connection.execute(known, {"name": name}).first() is None:
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE template0 ENCODING UTF8'))
    engine.dispose()
