"""Forgetting a person: every row of theirs goes, and it is proved that nothing is left.

One thing stays: if the lead was converted, or perhaps was, a salted hash of its record's id, so that
no second opportunity is ever made. It is HMAC-SHA256 with a random key of this ledger's own.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
from sqlalchemy import delete, select

from connector.errors import RunAbortedError
from connector.ledger.alone import alone
from connector.ledger.database import translated
from connector.ledger.frames import upsert
from connector.ledger.memory import Memory
from connector.ledger.runs import Leases
from connector.ledger.tables import conversions, forgotten, leads, salts
from connector.ledger.traces import (
    Trace,
    in_files,
    lead_columns,
    rows_with,
    tables_of,
    traces_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Table

_SALT = "forgotten"

Lead = tuple[str, str]
"""A connection and a record's id."""


@dataclass
class Forgotten:
    """What was erased and what a search for the person's values still found; never the values.

    `erased` are rows per table. `left` are rows per table that still hold a value of the person;
    `others` are rows of other leads that share the telephone number or the name. `files` are files
    of the database that still hold the address or number.
    """

    leads: int = 0
    connections: list[str] = field(default_factory=list)
    hashes: int = 0
    erased: dict[str, int] = field(default_factory=dict)
    searched: int = 0
    looked_for: list[str] = field(default_factory=list)
    left: dict[str, int] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)
    files: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing of the person is left."""
        return not self.left and not self.files


class Forgetting(Memory, Leases):
    """Erases persons, and remembers only that they were converted."""

    def seen(self, connection: str, ids: Sequence[str] | pl.Series) -> pl.DataFrame:
        """The memory frame; a forgotten lead that was converted is known as nothing but that."""
        known = super().seen(connection, ids)
        with self.reading() as transaction:
            hashes = _hashes(transaction, connection)
            salt = _salt(transaction) if hashes else None
        if salt is None:
            return known
        unknown = pl.Series(ids, dtype=pl.String).unique()
        unknown = unknown.filter(~unknown.is_in(known["id"].implode()))
        again = [one for one in unknown if _hash(salt, connection, one) in hashes]
        if not again:
            return known
        rows = pl.DataFrame({"id": again, "converted": [True] * len(again)})
        return pl.concat([known, rows], how="diagonal")

    def forget_person(self, address: str, *, holder: str) -> Forgotten:
        """Erase everything about the leads with this e-mail address, and prove it.

        `holder` is who takes the leases meanwhile. Raises RunAbortedError while a run is under way.
        """
        address = address.strip()
        done = Forgotten()
        with self.reading() as transaction:
            tables = tables_of(transaction)
            theirs = _leads_of(transaction, tables, address)
            traces = traces_of(address, _facts(transaction, theirs))
        done.connections = sorted({connection for connection, _ in theirs})
        done.leads = len(theirs)
        words = "nothing was erased. Forget again when it has ended."
        with alone(self, done.connections, holder, self._clock, otherwise=words):
            if theirs:
                self._erase(tables, theirs, done)
            self._wipe()
            self._prove(tables, traces, done)
        return done

    def _erase(self, tables: Sequence[Table], theirs: set[Lead], done: Forgotten) -> None:
        with self.writing() as transaction:
            if transaction.dialect.name == "sqlite":
                transaction.exec_driver_sql("PRAGMA secure_delete = ON")
            done.hashes = _keep_hashes(transaction, theirs)
            for table in tables:
                count = sum(_delete(transaction, table, lead) for lead in sorted(theirs))
                if count:
                    done.erased[table.name] = count

    def _prove(self, tables: Sequence[Table], traces: Sequence[Trace], done: Forgotten) -> None:
        done.looked_for = list(dict.fromkeys(trace.what for trace in traces))
        done.searched = len(tables)
        with self.reading() as transaction:
            for table in tables:
                for trace in traces:
                    _count(transaction, table, trace, done)
        if self._engine.dialect.name == "sqlite":
            done.files = in_files(Path(str(self._engine.url.database)), traces)

    def _wipe(self) -> None:
        """Rewrite the database without what was deleted, its write-ahead log, too."""
        raw = self._engine.raw_connection()
        try:
            if self._engine.dialect.name == "sqlite":
                with translated():
                    _wipe_sqlite(raw.driver_connection)
            else:
                with translated():
                    raw.driver_connection.autocommit = True  # type: ignore[union-attr]
                    raw.cursor().execute("VACUUM (FULL, ANALYZE)")  # its statistics hold samples
        finally:
            raw.invalidate()  # its settings are not those of the others
            raw.close()


def _wipe_sqlite(connection: Any) -> None:
    connection.execute("PRAGMA temp_store = MEMORY")  # VACUUM leaves no copy in a temporary file
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.execute("VACUUM")
    busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise RunAbortedError(
            "The rows are erased, and another process is reading the ledger, so that its files "
            "still hold them. Forget again when it has ended."
        )


def _leads_of(transaction: Connection, tables: Sequence[Table], address: str) -> set[Lead]:
    """Every lead in any of whose rows the address stands, and what was merged into them."""
    trace = Trace("address", (address,))
    theirs: set[Lead] = set()
    for table in tables:
        for column in lead_columns(table)[:1]:
            rows = rows_with(transaction, table, trace)
            theirs |= {(row["connection"], row[column.name]) for row in rows}
    merged = select(leads.c.connection, leads.c.id, leads.c.merged_into)
    pairs = transaction.execute(merged.where(leads.c.merged_into.is_not(None))).all()
    size = -1
    while size != len(theirs):  # chains of merges, in both directions
        size = len(theirs)
        for connection, one, other in pairs:
            if {(connection, one), (connection, other)} & theirs:
                theirs |= {(connection, one), (connection, other)}
    return theirs


def _facts(transaction: Connection, theirs: set[Lead]) -> list[dict[str, Any]]:
    found = []
    for connection, one in theirs:
        here = (leads.c.connection == connection, leads.c.id == one)
        text = transaction.execute(select(leads.c.facts).where(*here)).scalar()
        found.append(orjson.loads(text) if text else {})
    return found


def _delete(transaction: Connection, table: Table, lead: Lead) -> int:
    """Delete a lead's rows from a table that has any."""
    connection, one = lead
    count = 0
    for column in lead_columns(table):
        theirs = delete(table).where(table.c.connection == connection, column == one)
        count += transaction.execute(theirs).rowcount
    return count


def _count(transaction: Connection, table: Table, trace: Trace, done: Forgotten) -> None:
    """Rows of other leads may share a name or a number; nobody else has the address."""
    count = sum(1 for _ in rows_with(transaction, table, trace))
    if count:
        shared = trace.what != "address" and lead_columns(table)
        counts = done.others if shared else done.left
        counts[table.name] = counts.get(table.name, 0) + count


def _keep_hashes(transaction: Connection, theirs: set[Lead]) -> int:
    """Keep a salted hash of every lead that was, or perhaps was, converted; how many."""
    converted = []
    for connection, one in sorted(theirs):
        done = select(leads.c.id).where(
            leads.c.connection == connection, leads.c.id == one, leads.c.converted == 1
        )
        begun = select(conversions.c.id).where(
            conversions.c.connection == connection,
            conversions.c.id == one,
            conversions.c.state != "refused",
        )
        if any(transaction.execute(asked).first() for asked in (done, begun)):
            converted.append((connection, one))
    if converted:
        salt = _salt(transaction) or _new_salt(transaction)
        rows = [(name, _hash(salt, name, one)) for name, one in converted]
        frame = pl.DataFrame(rows, schema=["connection", "hash"], orient="row")
        upsert(transaction, forgotten, frame)
    return len(converted)


def _hash(salt: bytes, connection: str, lead: str) -> str:
    return hmac.digest(salt, f"{connection}\0{lead}".encode(), hashlib.sha256).hex()


def _hashes(transaction: Connection, connection: str) -> frozenset[str]:
    statement = select(forgotten.c.hash).where(forgotten.c.connection == connection)
    return frozenset(transaction.execute(statement).scalars())


def _salt(transaction: Connection) -> bytes | None:
    text = transaction.execute(select(salts.c.salt).where(salts.c.name == _SALT)).scalar()
    return bytes.fromhex(text) if text else None


def _new_salt(transaction: Connection) -> bytes:
    salt = secrets.token_bytes(32)
    transaction.execute(salts.insert().values(name=_SALT, salt=salt.hex()))
    return salt
