"""The database under the ledger: opening it, its transactions, its errors in the connector's words."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from connector.errors import (
    ConfigurationError,
    LeaseLostError,
    RunAbortedError,
    TransientError,
)
from connector.ledger.refusals import first_line
from connector.ledger.tables import leases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Engine

BUSY_MILLISECONDS = 30_000
"""How long a writer waits for another one."""

CONNECT_SECONDS = 10
"""How long a server may take to let us in, unless the address says otherwise."""

_WRITES = "leadgate_writes"


@dataclass(frozen=True, slots=True)
class Fence:
    """The lease under which a thread writes: whoever takes it over raises the number."""

    connection: str
    holder: str
    number: int


class _OfThread(threading.local):
    """What a thread is in the middle of."""

    transaction: Connection | None = None


class Database:
    """An open ledger database: reading and writing transactions, and the clock of its rows.

    Who works under a lease (see `Leases.fenced`) writes only while that is its own: each writing
    transaction looks first, and nobody can take the lease before the transaction ends. A thread
    that works in a copy of that context works under the same lease.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock
        self._thread = _OfThread()
        self._fence: ContextVar[Fence | None] = ContextVar("fence", default=None)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A reading transaction: one consistent state, which blocks no writer."""
        if self._thread.transaction is not None:
            yield self._thread.transaction
            return
        with translated(), reader(self._engine) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A writing transaction: all of it or nothing; on SQLite one writer at a time."""
        if self._thread.transaction is not None:
            yield self._thread.transaction
            return
        with translated(), writer(self._engine) as connection:
            fence = self._fence.get()
            if fence is not None:
                check_fence(connection, fence)
            yield connection

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that this thread reads and writes in the block is one writing transaction."""
        if self._thread.transaction is not None:
            yield
            return
        with self.writing() as connection:
            self._thread.transaction = connection
            try:
                yield
            finally:
                self._thread.transaction = None

    def close(self) -> None:
        """Give the database's connections back. Closing twice does nothing."""
        self._engine.dispose()


@contextmanager
def reader(engine: Engine) -> Iterator[Connection]:
    """A reading transaction on an engine that sees one state, however many statements it has."""
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.begin() as connection:
        yield connection


@contextmanager
def writer(engine: Engine) -> Iterator[Connection]:
    """A writing transaction on an engine; on SQLite it takes the write lock at once."""
    with engine.execution_options(**{_WRITES: True}).begin() as connection:
        yield connection


def check_fence(connection: Connection, fence: Fence, *, lock: bool = True) -> None:
    """Raise LeaseLostError if the lease is not the one of the fence any more.

    With `lock` it stays so until the transaction ends; a reading transaction looks without.
    """
    here = select(leases.c.holder, leases.c.fence).where(leases.c.connection == fence.connection)
    found = connection.execute(here.with_for_update(read=True) if lock else here).first()
    if found is None or tuple(found) != (fence.holder, fence.number):
        raise LeaseLostError(
            f'Another run has taken the connection "{fence.connection}" over, because this one gave '
            "no sign of life. It stops here; the other one goes on from where it was."
        )


@contextmanager
def translated() -> Iterator[None]:
    """Database errors as the connector's own; they name no value of any row."""
    try:
        yield
    except OperationalError as error:
        raise TransientError(f"The ledger cannot be used now: {first_line(error)}.") from None
    except DBAPIError as error:
        kind = type(error.orig).__name__
        raise RunAbortedError(f"The ledger refused a statement ({kind}).") from None


def connect(url: str) -> Engine:
    """An engine for a ledger address; a SQLite file is made readable by its owner alone.

    Raises ConfigurationError for an address that cannot be one.
    """
    address = parse_url(url)
    if address.get_backend_name() == "sqlite":
        _create_private(Path(str(address.database)))
    try:
        engine = create_engine(address, **_engine_options(address))
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f'ledger: the driver "{error.name}" of this address is not installed. '
            "Install it: pip install 'leadgate[postgresql]'"
        ) from None
    if address.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        from connector.ledger.any_of import AnyOfCompiler  # noqa: PLC0415 — the driver is an extra

        engine.dialect.statement_compiler = AnyOfCompiler
    return engine


def _engine_options(address: URL) -> dict[str, Any]:
    """What a server needs beside the address; a connection that it has closed is not used again."""
    if address.get_backend_name() == "sqlite":
        return {"hide_parameters": True}
    given = {
        "application_name": "leadgate",
        "connect_timeout": CONNECT_SECONDS,
        "prepare_threshold": None,  # each statement is planned for the list of ids that it gets
    }
    arguments = {name: value for name, value in given.items() if name not in address.query}
    return {"hide_parameters": True, "pool_pre_ping": True, "connect_args": arguments}


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
    if backend != "postgresql":
        raise ConfigurationError(f'ledger: "{backend}" is not a database for it. {allowed}')
    return _server(address, allowed)


def _server(address: URL, allowed: str) -> URL:
    """The address of a PostgreSQL database, with the driver that the ledger works with."""
    if "@" in (address.host or ""):
        raise ConfigurationError(
            'ledger: the address has more than one "@". In a user\'s name or password write @ as '
            "%40, / as %2F and % as %25."
        )
    if not address.database:
        raise ConfigurationError(f"ledger: the address names no database. {allowed}")
    return address.set(drivername="postgresql+psycopg")


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
    connection.execute(
        "PRAGMA page_size = 8192"
    )  # of a new file; a lead fills about a fourth of it
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
