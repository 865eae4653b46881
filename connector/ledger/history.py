"""The history of each lead: its verdicts, the people's edits that won, the facts that were wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import delete, func, or_, select, update

from connector.ledger.database import Database
from connector.ledger.frames import among, read, upsert
from connector.ledger.snapshots import with_facts
from connector.ledger.tables import LATEST, disagreements, problems, verdicts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy import Connection


VERDICT = (
    "score", "fit", "engagement", "grade", "engagement_level", "priority", "genuine", "stage",
    "cycle", "reasons", "unmet", "next_question", "probability", "coverage",
)  # fmt: skip
"""What the history keeps of a verdict; a difference in any of them is a new verdict."""

BESIDE = ("stage_reason", "overdue")
"""What it keeps beside it: why the lead was moved, which is said once, and days that pass by themselves."""


class History(Database):
    """What was decided on each lead, and what stood in the way."""

    def record_verdicts(  # noqa: PLR0913 — what was judged, when, by which model
        self,
        connection: str,
        run: str,
        judged: pl.DataFrame,
        as_of: date,
        model: str,
        *,
        quiet: Sequence[str] = (),
        facts: pl.Expr | None = None,
    ) -> None:
        """Add to the history every verdict that differs from the lead's last one.

        The frame has `id` and verdict columns; others are ignored. One run gives a lead one
        verdict: a repeated page replaces its own. A verdict that says the same as the last one
        only moves that one's `last_as_of` and `last_model`; so does one that differs in nothing but
        the columns named in `quiet`. `facts` makes from the frame what a verdict rests on, a JSON
        object; it is kept with each new verdict.
        """
        kept = [name for name in (*VERDICT, *BESIDE) if name in judged.columns]
        frame = judged.select("id", *kept)
        day = as_of.isoformat()
        constants = {
            "connection": connection, "run": run, "model": model, "latest": True, "as_of": day,
            "judged_at": self._clock(), "last_as_of": day, "last_model": model,
        }  # fmt: skip
        with self.writing() as transaction:
            moved = _moved(frame, _latest(transaction, connection, frame), (*quiet, *BESIDE))
            here = update(verdicts).where(verdicts.c.connection == connection, LATEST)
            retired = here.where(verdicts.c.id.in_(among(transaction, moved["id"])))
            if facts is not None:
                rests_on = judged.join(moved, on="id", how="semi").select(
                    "id", facts.alias("facts")
                )
                moved = with_facts(transaction, connection, moved, rests_on)
            transaction.execute(retired.values(latest=False))
            # A repeated page replaces its own row, and must not lose what it kept there.
            upsert(transaction, verdicts, moved, constants, keep=("facts", "stage_reason"))
            confirmed = here.where(
                verdicts.c.id.in_(among(transaction, frame["id"])),
                or_(verdicts.c.last_as_of != day, verdicts.c.last_model != model),
            )
            transaction.execute(confirmed.values(last_as_of=day, last_model=model))

    def verdicts(self, connection: str, lead: str) -> pl.DataFrame:
        """Every verdict on one lead, oldest first."""
        left_out = ("connection", "latest", "facts", "facts_key")
        columns = [c for c in verdicts.c if c.name not in left_out]
        here = (verdicts.c.connection == connection, verdicts.c.id == lead)
        statement = select(*columns).where(*here).order_by(verdicts.c.judged_at, verdicts.c.run)
        with self.reading() as transaction:
            return read(transaction, statement)

    def record_disagreements(self, connection: str, run: str, found: pl.DataFrame) -> None:
        """Keep the edits of people that won over ours: id, field, ours, theirs."""
        constants = {"connection": connection, "run": run, "at": self._clock()}
        frame = found.select("id", "field", "ours", "theirs")
        with self.writing() as transaction:
            upsert(transaction, disagreements, frame, constants)

    def disagreements(
        self, connection: str, run: str | None = None, *, limit: int = 1_000
    ) -> pl.DataFrame:
        """The latest edits of people that won over ours: id, field, run, ours, theirs, at."""
        columns = [c for c in disagreements.c if c.name != "connection"]
        statement = select(*columns).where(disagreements.c.connection == connection).limit(limit)
        if run is not None:
            statement = statement.where(disagreements.c.run == run)
        with self.reading() as transaction:
            return read(
                transaction, statement.order_by(disagreements.c.at.desc(), disagreements.c.id)
            )

    def record_problems(self, connection: str, run: str, found: pl.DataFrame) -> None:
        """Replace the data problems of these leads (id, problems List[Struct])."""
        each = found.explode("problems").drop_nulls("problems").unnest("problems")
        constants = {"connection": connection, "run": run}
        with self.writing() as transaction:
            leads = problems.c.id.in_(among(transaction, found["id"]))
            transaction.execute(delete(problems).where(problems.c.connection == connection, leads))
            upsert(transaction, problems, each.unique(["id", "fact", "field"]), constants)

    def problems(self, connection: str, *, limit: int = 1_000) -> pl.DataFrame:
        """Facts that could not be used: id, fact, field, what, run."""
        columns = [c for c in problems.c if c.name != "connection"]
        statement = select(*columns).where(problems.c.connection == connection)
        with self.reading() as transaction:
            return read(
                transaction, statement.order_by(problems.c.id, problems.c.fact).limit(limit)
            )

    def problem_counts(self, connection: str) -> pl.DataFrame:
        """How many leads have each problem: fact, field, what, leads; most frequent first."""
        kinds = [problems.c.fact, problems.c.field, problems.c.what]
        count = func.count().label("leads")
        statement = select(*kinds, count).where(problems.c.connection == connection)
        with self.reading() as transaction:
            return read(transaction, statement.group_by(*kinds).order_by(count.desc(), *kinds))


def _latest(transaction: Connection, connection: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The last verdicts on the frame's leads, with the frame's columns."""
    statement = select(*(verdicts.c[name] for name in frame.columns)).where(
        verdicts.c.connection == connection,
        LATEST,
        verdicts.c.id.in_(among(transaction, frame["id"])),
    )
    return read(transaction, statement)


def _moved(frame: pl.DataFrame, last: pl.DataFrame, quiet: Sequence[str]) -> pl.DataFrame:
    """The verdicts that are the lead's first or say something else than its last."""
    names = [name for name in frame.columns if name not in ("id", *quiet)]
    both = frame.join(
        last.with_columns(judged=pl.lit(value=True)), on="id", how="left", suffix=":last"
    )
    differs = [
        pl.col(name).cast(last.schema[name]).ne_missing(pl.col(f"{name}:last")) for name in names
    ]
    moved = pl.any_horizontal(pl.col("judged").is_null(), *differs)
    return both.filter(moved).select(frame.columns)
