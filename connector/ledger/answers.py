"""What people were told: the answers to questions, who took them down and when, none ever lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from sqlalchemy import delete, select, update

from connector.ledger.database import Database
from connector.ledger.frames import among, read, upsert
from connector.ledger.tables import LATEST, answers

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Answers(Database):
    """The answers of leads; the newest to a fact counts, a newest without a value takes it back."""

    def record_answers(self, connection: str, run: str, given: pl.DataFrame) -> None:
        """Add answers: id, fact, value and was (JSON or null), label, person, source.

        `was` is what the CRM said when the answer was given.
        """
        constants = {"connection": connection, "run": run, "at": self._clock(), "latest": True}
        with self.writing() as transaction:
            for (fact,), part in given.group_by("fact", maintain_order=True):
                older = update(answers).where(
                    answers.c.connection == connection,
                    answers.c.fact == fact,
                    answers.c.id.in_(among(transaction, part["id"])),
                )
                transaction.execute(older.values(latest=False))
            upsert(transaction, answers, given, constants)

    def answers(self, connection: str, lead: str) -> list[dict[str, Any]]:
        """Every answer of one lead, oldest first."""
        statement = select(answers).where(answers.c.connection == connection, answers.c.id == lead)
        with self.reading() as transaction:
            ordered = statement.order_by(answers.c.at, answers.c.run, answers.c.fact)
            return [dict(row) for row in transaction.execute(ordered).mappings()]


def with_answers(transaction: Connection, connection: str, memory: pl.DataFrame) -> pl.DataFrame:
    """The memory frame with `answers`: a JSON object of fact → {value, was}; null where none is."""
    objects = pl.DataFrame(schema={"id": pl.String(), "answers": pl.String()})
    anyone = select(answers.c.id).where(answers.c.connection == connection, LATEST).limit(1)
    if transaction.execute(anyone).first() is not None:
        columns = [answers.c[name] for name in ("id", "fact", "value", "was")]
        statement = select(*columns).where(
            answers.c.connection == connection,
            LATEST,
            answers.c.value.is_not(None),
            answers.c.id.in_(among(transaction, memory["id"])),
        )
        objects = _objects(read(transaction, statement))
    return memory.join(objects, on="id", how="left", maintain_order="left")


def _objects(given: pl.DataFrame) -> pl.DataFrame:
    """Columns id, answers: the JSON object of each lead's answers. Names of facts need no escapes."""
    parts = ['"', "fact", '":{"value":', "value", ',"was":', "was", "}"]
    member = pl.concat_str(
        pl.col(part) if part in given.columns else pl.lit(part) for part in parts
    )
    whole = pl.lit("{") + member.str.join(",") + pl.lit("}")
    known = given.with_columns(pl.col("was").fill_null("null"))
    return known.group_by("id").agg(whole.alias("answers"))


def leave_no_answers(transaction: Connection, connection: str, ids: pl.Series) -> None:
    """Drop the answers of deleted leads."""
    leads = answers.c.id.in_(among(transaction, ids))
    transaction.execute(delete(answers).where(answers.c.connection == connection, leads))


def hand_on_answers(transaction: Connection, connection: str, pairs: pl.DataFrame) -> None:
    """Give the answers of merged leads (id) to the record that is left (winner).

    An answer that the winner has of its own to the same question stays the newest.
    """
    both = pl.concat([pairs["id"], pairs["winner"]])
    statement = select(*(c for c in answers.c if c.name != "connection")).where(
        answers.c.connection == connection, answers.c.id.in_(among(transaction, both))
    )
    known = read(transaction, statement)
    own = known.filter("latest").select(
        pl.col("id").alias("winner"), "fact", has=pl.lit(value=True)
    )
    handed = known.join(pairs, on="id").join(own, on=["winner", "fact"], how="left")
    handed = handed.sort("latest", "at", "run")
    newest = pl.struct("winner", "fact").is_last_distinct()
    moved = handed.with_columns(
        pl.col("latest") & newest & pl.col("has").is_null(), pl.col("winner").alias("id")
    )
    upsert(transaction, answers, moved.drop("winner", "has"), {"connection": connection})
    leave_no_answers(transaction, connection, pairs["id"])
