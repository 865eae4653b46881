"""Touches of revival: the intent is on record before the call, so that none is made twice.

States: "intended" (on record, perhaps made), "applied", "rejected" (nothing was made, it may be
tried again), "skipped" (the same, decided by the channel), "unknown" (perhaps made, never tried
again).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Any

import polars as pl
from sqlalchemy import and_, func, or_, select, tuple_

from connector.ledger.database import Database
from connector.ledger.frames import among, read, update_rows, upsert
from connector.ledger.tables import arms, leads, salts, touches, verdicts
from connector.ledger.views import text_fact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Table
    from sqlalchemy.sql.elements import ColumnElement

_SALT = "touches"
_OBJECTIONS = ("email_opt_out", "do_not_call")
_CONTACTS = ("email", "phone", "mobile")
_FINAL = ("intended", "applied", "unknown")


class Touches(Database):
    """The touches of all connections; see `connector.engine.ledger.touches`."""

    def pseudonyms(self, keys: pl.Series) -> pl.Series:
        """The pseudonym of each key: HMAC-SHA256 with a random key of this ledger's own."""
        with self.writing() as transaction:
            salt = _salt(transaction)
        known = {
            key: hmac.digest(salt, key.encode(), hashlib.sha256).hex()
            for key in keys.drop_nulls().unique().to_list()
        }
        return keys.replace_strict(known, default=None, return_dtype=pl.String())

    def intend_touches(self, connection: str, run: str, planned: pl.DataFrame) -> pl.Series:
        """Write that these touches are about to be made; the keys that may be."""
        constants = {"connection": connection, "run": run, "state": "intended"}
        with self.writing() as transaction:
            known = read(
                transaction,
                select(touches.c.key).where(
                    touches.c.connection == connection,
                    touches.c.key.in_(among(transaction, planned["key"])),
                    touches.c.state.in_(_FINAL),
                ),
            )
            fresh = planned.join(known, on="key", how="anti", maintain_order="left")
            upsert(transaction, touches, fresh, constants)
        return fresh["key"]

    def settle_touches(self, connection: str, outcomes: pl.DataFrame) -> None:
        """Write how touches ended: key, state, touch_id, code, message."""
        with self.writing() as transaction:
            before = read(
                transaction,
                select(touches.c.key, touches.c.tries).where(
                    touches.c.connection == connection,
                    touches.c.key.in_(among(transaction, outcomes["key"])),
                ),
            )
            failed = pl.col("state") == "rejected"
            settled = outcomes.join(before, on="key").with_columns(
                pl.lit(connection).alias("connection"),
                pl.lit(self._clock()).alias("settled_at"),
                pl.col("tries").fill_null(0) + failed.cast(pl.Int64),
            )
            update_rows(transaction, touches, settled, ("connection", "key"))

    def unfinished_touches(self, connection: str) -> pl.DataFrame:
        """Touches that were intended and whose end nobody knows, oldest first."""
        statement = select(touches).where(
            touches.c.connection == connection, touches.c.state == "intended"
        )
        with self.reading() as transaction:
            return read(transaction, statement.order_by(touches.c.at, touches.c.key))

    def touched_before(
        self, ids: pl.DataFrame, persons: pl.Series, companies: pl.Series
    ) -> pl.DataFrame:
        """Every touch of these records (connection, id), persons and companies."""
        with self.reading() as transaction:
            wanted = or_(
                *records_of(transaction, touches, ids),
                touches.c.person.in_(among(transaction, persons)),
                touches.c.company.in_(among(transaction, companies)),
            )
            return read(transaction, select(touches).where(wanted))

    def objections(self) -> pl.DataFrame:
        """The remembered leads of all connections that say no to e-mails or calls."""
        with self.reading() as transaction:
            facts = [
                text_fact(transaction, name).label(name) for name in (*_CONTACTS, *_OBJECTIONS)
            ]
            no = [text_fact(transaction, name).in_(["1", "true"]) for name in _OBJECTIONS]
            statement = select(leads.c.connection, leads.c.id, *facts).where(
                leads.c.gone.is_(None), leads.c.facts.is_not(None), or_(*no)
            )
            found = read(transaction, statement)
        said = (pl.col(name).is_in(["1", "true"]).fill_null(value=False) for name in _OBJECTIONS)
        return found.with_columns(said)

    def stages_seen(self, connection: str, ids: pl.Series) -> pl.DataFrame:
        """The stages that these leads were ever judged to be in, and when first: id, stage, at."""
        with self.reading() as transaction:
            statement = (
                select(verdicts.c.id, verdicts.c.stage, func.min(verdicts.c.judged_at).label("at"))
                .where(
                    verdicts.c.connection == connection,
                    verdicts.c.id.in_(among(transaction, ids)),
                )
                .group_by(verdicts.c.id, verdicts.c.stage)
            )
            return read(transaction, statement)

    def touches_of(self, connection: str, lead: str) -> list[dict[str, Any]]:
        """Every touch and hold-out of one lead, oldest first."""
        made = select(touches).where(touches.c.connection == connection, touches.c.id == lead)
        held = select(arms).where(
            arms.c.connection == connection, arms.c.id == lead, arms.c.arm == "held_out"
        )
        with self.reading() as transaction:
            rows = [dict(row) for row in transaction.execute(made).mappings()]
            rows += [
                dict(row) | {"state": "held_out"} for row in transaction.execute(held).mappings()
            ]
        hidden = ("person", "company", "connection")
        shown = [{k: v for k, v in row.items() if k not in hidden} for row in rows]
        return sorted(shown, key=lambda row: row["at"])


def hand_on_touches(transaction: Connection, connection: str, pairs: pl.DataFrame) -> None:
    """Give the touches and arms of merged leads (id) to the record that is left (winner)."""
    for table in (touches, arms):
        for lead, winner in pairs.select("id", "winner").iter_rows():
            theirs = and_(table.c.connection == connection, table.c.id == lead)
            if table is arms:
                taken = select(arms.c.cadence, arms.c.began).where(
                    arms.c.connection == connection, arms.c.id == winner
                )
                theirs = and_(theirs, tuple_(arms.c.cadence, arms.c.began).not_in(taken))
            transaction.execute(table.update().where(theirs).values(id=winner))


def records_of(
    transaction: Connection, table: Table, ids: pl.DataFrame
) -> Iterator[ColumnElement[bool]]:
    """Which rows of a table belong to these records (connection, id)."""
    for (connection,), part in ids.group_by("connection"):
        yield and_(table.c.connection == connection, table.c.id.in_(among(transaction, part["id"])))


def _salt(transaction: Connection) -> bytes:
    text = transaction.execute(select(salts.c.salt).where(salts.c.name == _SALT)).scalar()
    if text is None:
        text = secrets.token_bytes(32).hex()
        transaction.execute(salts.insert().values(name=_SALT, salt=text))
    return bytes.fromhex(str(text))
