"""What a ledger is: where it lies, how large it is, what it holds. No secret is in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from connector.ledger.copying import Copying, counts_of
from connector.ledger.refusals import place_of
from connector.ledger.tables import metadata
from connector.ledger.upgrade import version

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.engine import URL


@dataclass(frozen=True)
class LedgerFigures:
    """`where` is the file, or the server's address without any password; `size` is in bytes.

    `pruned` says up to when each connection's history has been pruned.
    """

    where: str
    database: str
    size: int
    schema: str | None
    rows: dict[str, int] = field(default_factory=dict)
    pruned: dict[str, datetime] = field(default_factory=dict)


class Figures(Copying):
    """Tells what it is."""

    @property
    def where(self) -> str:
        """The file of this ledger, or its server's address without any password."""
        return where(self._engine.url)

    def figures(self) -> LedgerFigures:
        """What this ledger is and holds now."""
        url = self._engine.url
        with self.reading() as transaction:
            return LedgerFigures(
                where=where(url),
                database=_database(transaction),
                size=_size(transaction, url),
                schema=version(transaction),
                rows=counts_of(transaction),
                pruned=self.prunings(),
            )


def where(address: URL) -> str:
    """The file of a ledger, or its server's address without any password."""
    if address.get_backend_name() == "sqlite":
        return str(address.database)
    user = f"{address.username}@" if address.username else ""
    return f"postgresql://{user}{place_of(address)}/{address.database}"


def _database(transaction: Connection) -> str:
    if transaction.dialect.name == "sqlite":
        return f"SQLite {transaction.execute(text('SELECT sqlite_version()')).scalar()}"
    return f"PostgreSQL {transaction.execute(text('SHOW server_version')).scalar()}"


def _size(transaction: Connection, address: URL) -> int:
    """Bytes on disk: of a file its logs with it, on a server the ledger's tables and indexes."""
    if transaction.dialect.name == "sqlite":
        path = Path(str(address.database))
        files = (path.with_name(path.name + end) for end in ("", "-wal", "-shm"))
        return sum(file.stat().st_size for file in files if file.exists())
    sizes = (select(func.pg_total_relation_size(table.name)) for table in metadata.sorted_tables)
    return sum(int(transaction.execute(each).scalar_one()) for each in sizes)
