"""What people ask the ledger: how many, which first, all about one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import Text, and_, cast, func, select
from sqlalchemy.dialects import postgresql

from connector.ledger.database import Database
from connector.ledger.frames import among, read
from connector.ledger.tables import (
    LATEST,
    conversions,
    disagreements,
    leads,
    lines,
    problems,
    verdicts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from sqlalchemy import Connection, FromClause, Select, Table
    from sqlalchemy.sql.elements import ColumnElement

LATEST_LINES = 50
"""How many of a lead's lines are shown, newest first."""

_NOT_HOT = ("opportunity", "customer", "disqualified", "recycled")
"""Stages in which nobody works on a lead as a lead any more."""


class Views(Database):
    """Questions of people; all of them read only."""

    def stage_counts(self, connection: str) -> dict[str, int]:
        """How many living leads are in each stage."""
        alive = (leads.c.connection == connection, leads.c.gone.is_(None))
        statement = select(leads.c.stage, func.count()).where(*alive).group_by(leads.c.stage)
        with self.reading() as transaction:
            found = transaction.execute(statement)
            return {stage: int(count) for stage, count in found if stage is not None}

    def unsure(self, connection: str, limit: int = 1_000) -> list[str]:
        """The ids of living leads of which nobody knows yet whether they are genuine."""
        here = (leads.c.connection == connection, verdicts.c.connection == connection)
        statement = (
            select(leads.c.id)
            .join(verdicts, verdicts.c.id == leads.c.id)
            .where(*here, leads.c.gone.is_(None), verdicts.c.latest.is_(True))
            .where(verdicts.c.genuine == "unsure")
            .order_by(leads.c.id)
            .limit(limit)
        )
        with self.reading() as transaction:
            return list(transaction.execute(statement).scalars())

    def hottest(self, connection: str, n: int = 20) -> pl.DataFrame:
        """The living leads on the ladder, before an opportunity, with the highest scores.

        Columns: id, score, stage, stage_since, facts, and priority, grade, reasons, next_question of
        the last verdict.
        """
        alive = (
            leads.c.connection == connection,
            leads.c.gone.is_(None),
            leads.c.score.is_not(None),
        )
        statement = (
            select(leads.c.id, leads.c.score, leads.c.stage, leads.c.stage_since, leads.c.facts)
            .where(*alive, leads.c.converted != 1)
            .where(func.coalesce(leads.c.stage, "lead").not_in(_NOT_HOT))
            .order_by(leads.c.score.desc(), leads.c.id)
            .limit(n)
        )
        with self.reading() as transaction:
            top = read(transaction, statement)
            last = read(transaction, _last_verdicts(connection, top["id"].to_list()))
        return top.join(last, on="id", how="left", maintain_order="left")

    def lead(self, connection: str, lead: str) -> dict[str, Any] | None:
        """All that is known of one lead, or None if it is unknown.

        The columns of the leads table with `facts` and `written` as objects, and beside them
        verdict (the last one or None; its as_of and model are those that said so last), lines
        (newest first), problems, disagreements, conversion.
        """
        with self.reading() as transaction:
            found = _about(transaction, leads, connection, lead)
            if not found:
                return None
            known = found[0] | {name: _object(found[0][name]) for name in ("facts", "written")}
            history = _about(transaction, verdicts, connection, lead, order=verdicts.c.judged_at)
            conversion = _about(transaction, conversions, connection, lead)
            return known | {
                "verdict": _last(history),
                "lines": _about(transaction, lines, connection, lead, order=lines.c.at)[
                    :LATEST_LINES
                ],
                "problems": _about(transaction, problems, connection, lead),
                "disagreements": _about(transaction, disagreements, connection, lead),
                "conversion": conversion[0] if conversion else None,
            }

    def same_address(self, connection: str, ids: Sequence[str]) -> dict[str, list[str]]:
        """The other living leads with the same e-mail address, of those of these that have any."""
        if not ids:
            return {}
        other = leads.alias("other")
        with self.reading() as transaction:
            mine = func.lower(text_fact(transaction, "email"))
            theirs = func.lower(text_fact(transaction, "email", other))
            statement = (
                select(leads.c.id, other.c.id)
                .join(other, and_(other.c.connection == leads.c.connection, theirs == mine))
                .where(leads.c.connection == connection, leads.c.id.in_(among(transaction, ids)))
                .where(other.c.gone.is_(None), other.c.id != leads.c.id)
                .order_by(leads.c.id, other.c.id)
            )
            found: dict[str, list[str]] = {}
            for lead, match in transaction.execute(statement):
                found.setdefault(lead, []).append(match)
        return found

    def find_lead(self, connection: str, text: str) -> list[str]:
        """The ids of the living leads with this id, or else with this e-mail address."""
        alive = (leads.c.connection == connection, leads.c.gone.is_(None))
        statement = select(leads.c.id).where(*alive).order_by(leads.c.id)
        with self.reading() as transaction:
            by_id = transaction.execute(statement.where(leads.c.id == text)).scalars().all()
            if by_id or "@" not in text:
                return list(by_id)
            email = func.lower(text_fact(transaction, "email"))
            return list(transaction.execute(statement.where(email == text.lower())).scalars())


def _last_verdicts(connection: str, ids: list[str]) -> Select[tuple[object, ...]]:
    shown = [verdicts.c[n] for n in ("id", "priority", "grade", "reasons", "next_question")]
    here = (verdicts.c.connection == connection, verdicts.c.id.in_(ids))
    return select(*shown).where(*here, LATEST)


def _last(history: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The newest verdict, with the day and the model that said so last."""
    if not history:
        return None
    newest = {k: v for k, v in history[0].items() if k not in ("facts", "facts_key")}
    return newest | {"as_of": newest["last_as_of"], "model": newest["last_model"]}


def _about(
    transaction: Connection,
    table: Table,
    connection: str,
    lead: str,
    *,
    order: ColumnElement[Any] | None = None,
) -> list[dict[str, Any]]:
    statement = select(table).where(table.c.connection == connection, table.c.id == lead)
    if order is not None:
        statement = statement.order_by(order.desc().nulls_first(), table.c.run.desc())
    rows = transaction.execute(statement).mappings()
    return [{str(name): value for name, value in row.items()} for row in rows]


def text_fact(transaction: Connection, name: str, table: FromClause = leads) -> ColumnElement[Any]:
    """A text fact inside the facts column of the leads, or of an alias of them."""
    if transaction.dialect.name == "sqlite":
        return cast(func.json_extract(table.c.facts, f"$.{name}"), Text)
    fact: ColumnElement[Any] = cast(table.c.facts, postgresql.JSON)[name].astext
    return fact


def _object(text: str | None) -> dict[str, Any]:
    return dict(orjson.loads(text)) if text else {}
