"""The database under the ledger: opening it, its transactions, its errors in the connector's words."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from connector.errors import ConfigurationError, RunAbortedError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Engine

BUSY_MILLISECONDS = 30_000
"""How long a writer waits for another one."""

_WRITES = "leadgate_writes"


class Database:
    """An open ledger database: reading and writing transactions, and the clock of its rows."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A reading transaction: one consistent state, which blocks no writer."""
        with translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A writing transaction: all of it or nothing, one writer at a time."""
        with translated(), writer(self._engine) as connection:
            yield connection

    def close(self) -> None:
        """Give the database's connections back. Closing twice does nothing."""
        self._engine.dispose()


@contextmanager
def writer(engine: Engine) -> Iterator[Connection]:
    """A writing transaction on an engine; on SQLite it takes the write lock at once."""
    with engine.execution_options(**{_WRITES: True}).begin() as connection:
        yield connection


@contextmanager
def translated() -> Iterator[None]:
    """Database errors as the connector's own; they name no value of any row."""
    try:
        yield
    except OperationalError as error:
        raise TransientError(f"The ledger cannot be used now: {_first_line(error)}.") from None
    except DBAPIError as error:
        kind = type(error.orig).__name__
        raise RunAbortedError(f"The ledger refused a statement ({kind}).") from None


def _first_line(error: DBAPIError) -> str:
    return (str(error.orig).strip().splitlines() or ["unknown"])[0].rstrip(".")


def connect(url: str) -> Engine:
    """An engine for a ledger address; a SQLite file is made readable by its owner alone.

    Raises ConfigurationError for an address that cannot be one.
    """
    address = parse_url(url)
    if address.get_backend_name() == "sqlite":
        _create_private(Path(str(address.database)))
    try:
        engine = create_engine(address, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f'ledger: the driver "{error.name}" of this address is not installed. '
            "Install it: pip install 'psycopg[binary]'"
        ) from None
    if address.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def parse_url(url: str) -> URL:
    """The ledger's address, checked. Raises ConfigurationError and never repeats a password."""
    allowed = "Use sqlite:///leadgate.db or postgresql://user@host/database."
    try:
        address = make_url(url)
        backend = address.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise ConfigurationError(
            f"ledger: this is not an address of a database. {allowed}"
        ) from None
    if backend == "sqlite":
        if not address.database or address.database == ":memory:":
            raise ConfigurationError(
                f"ledger: a ledger in memory would forget what was converted. {allowed}"
            )
        return address
    if address.drivername in ("postgresql", "postgres"):
        return address.set(drivername="postgresql+psycopg")
    if backend != "postgresql":
        raise ConfigurationError(f'ledger: "{backend}" is not a database for it. {allowed}')
    return address


def _create_private(path: Path) -> None:
    """Make the file before SQLite does, so that nobody else can ever read it (nor its WAL)."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        if path.is_dir():
            raise ConfigurationError(f"ledger: {path} is a folder, not a file.") from None
    except OSError as error:
        raise ConfigurationError(f"ledger: cannot create {path}: {error.strerror}.") from None


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_sqlite` says
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA cache_size = -32768")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    _use_write_ahead_log(connection)


def _use_write_ahead_log(connection: Any) -> None:
    """Switch a new file over; SQLite does not wait by itself while others do the same."""
    deadline = time.monotonic() + BUSY_MILLISECONDS / 1000
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except connection.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
