"""Two models on one history: every lead as it stood, judged by both, and what would have differed.

The ledger's snapshots are one history; a file of old leads, named by a mapping's `history` section,
is another. Either way nothing that was known only after a lead's outcome is used.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from connector.engine.backtest.columns import read_columns, reading_only
from connector.engine.backtest.order import Order
from connector.engine.backtest.remembered import TARGETS, RememberedPast
from connector.errors import ConfigurationError
from scoring.backtest import Span, Summary, replay
from scoring.methods.predictive_section import PredictiveMethod
from scoring.problem import did_you_mean

if TYPE_CHECKING:
    from datetime import date, datetime

    from connector.engine.backtest.remembered import Remembered
    from connector.engine.connection import Connection
    from mappings.entries import History
    from mappings.mapping import Mapping
    from scoring.judge import Judge

__all__ = ["Order", "backtest_columns", "backtest_remembered", "next_run", "reading_only"]


def backtest_remembered(ledger: Remembered, order: Order, mapping: Mapping) -> dict[str, Any]:
    """The figures of a backtest on what the ledger has kept.

    Raises `ConfigurationError` where it has kept nothing, or nothing of the days asked for.
    """
    target = _target(order)
    recorded = _recorded(ledger, order)
    span = order.span(recorded[0])
    past = RememberedPast(ledger, order, span, target, "active_days" not in mapping.read)
    whole, present = Summary(span, order.seed), Summary(_one_day(span.last), order.seed)
    leads = 0
    for then, now in past.pages():
        if not then.snapshots.is_empty():
            whole.add(replay(then, order.judges, span.reviews, backlog=span.first))
            leads += then.leads.height
        present.add(replay(now, order.judges, (), backlog=span.last))
    left_out = [{"reason": r, "leads": n} for r, n in past.left_out.items() if n]
    if not leads:
        raise ConfigurationError(
            f"No lead of {order.connection} has a history between {span.first} and {span.last}: "
            + "; ".join(f"{each['leads']:,} {each['reason']}" for each in left_out)
            + "."
        )
    return {
        **_about(order, mapping),
        "basis": "ledger",
        "target": target,
        "left_out": left_out,
        "refused": [],
        **whole.figures(),
        # What is known now must not be told as of a day that lies before it.
        "next_run": _switched(present, span.last) if span.last >= recorded[1] else None,
    }


def backtest_columns(
    connection: Connection, given: History, order: Order, now: datetime
) -> dict[str, Any]:
    """The figures of a backtest on the leads that a mapping's `history` section names."""
    past = read_columns(connection, given, order, now)
    days = past.page.snapshots["day"]
    first, last = days.min(), days.max()
    span = Span(first, last)  # type: ignore[arg-type]  # a page has rows
    summary = Summary(span, order.seed)
    summary.add(replay(past.page, order.judges, (), backlog=None))
    none = [{"reason": "have no day that can be read", "leads": past.without_day}]
    return {
        **_about(order, connection.mapping),
        "basis": "columns",
        "target": past.target,
        "left_out": none if past.without_day else [],
        "refused": [asdict(each) for each in past.refused],
        **summary.figures(),
        "next_run": None,
    }


def next_run(ledger: Remembered, order: Order, mapping: Mapping) -> dict[str, Any] | None:
    """Whom the next run would leave in another place under the new model; None without a ledger's leads."""
    if ledger.recorded_days(order.connection) is None:
        return None
    span = _one_day(order.today)
    past = RememberedPast(ledger, order, span, TARGETS[0], "active_days" not in mapping.read)
    summary = Summary(span, order.seed)
    count = 0
    for _, now in past.pages():
        summary.add(replay(now, order.judges, (), backlog=order.today))
        count += now.leads.height
    return _switched(summary, order.today) if count else None


def _switched(present: Summary, day: date) -> dict[str, Any]:
    figures = present.figures()
    return {"day": day.isoformat(), **{n: figures[n] for n in ("leads", "flips", "moves")}}


def _one_day(day: date) -> Span:
    return Span(day, day)


def _recorded(ledger: Remembered, order: Order) -> tuple[date, date]:
    days = ledger.recorded_days(order.connection)
    if days is None:
        raise ConfigurationError(
            f"{order.connection} has no history yet: no lead of it has been judged. Read and judge "
            f"its leads with: leadgate sync {order.connection}. A file of old leads can be looked "
            "back on at once: name its outcome and its day in the mapping, "
            "history: {target: COLUMN, time: COLUMN}."
        )
    return days


def _target(order: Order) -> str:
    target = order.target or TARGETS[0]
    if target not in TARGETS:
        raise ConfigurationError(
            f'--target: "{target}" is not an outcome that the ledger knows; it knows '
            f"{' and '.join(TARGETS)}. {did_you_mean(target, TARGETS)}".strip()
        )
    return target


def _about(order: Order, mapping: Mapping) -> dict[str, Any]:
    models = {
        side: {
            "name": judge.model.name,
            "version": judge.model.version,
            "digest": judge.model.digest,
            "file": judge.model.document.name,
        }
        for side, judge in zip(("old", "new"), order.judges, strict=True)
    }
    return {
        "connection": order.connection,
        "models": models,
        "notes": [*_same(order), *_unfed(order, mapping), *_trained(order.judges[1])],
    }


def _same(order: Order) -> list[str]:
    if order.judges[0].model.digest != order.judges[1].model.digest:
        return []
    return ["Both models say the same; nothing can differ."]


def _unfed(order: Order, mapping: Mapping) -> list[str]:
    """What the new model looks at and no lead of this history can have."""
    old, new = order.judges
    fed = {*mapping.read, *mapping.extra}
    known_otherwise = {
        "stage", "stage_since", "converted", "opportunity_state", "lost_reason", "modified_at",
        "active_days", "copies", "junk",
    }  # fmt: skip
    missing = sorted(new.facts - old.facts - fed - known_otherwise)
    if not missing:
        return []
    return [
        f"The new model looks at {', '.join(missing)}, which the mapping does not read: unknown on "
        "every lead of this history."
    ]


def _trained(judge: Judge) -> list[str]:
    speaks = any(
        isinstance(each.method, PredictiveMethod) and not each.method.silent
        for each in judge.scorer.methods
    )
    if not speaks:
        return []
    return [
        "The new model has a trained part. If it has learned from these very leads, its figures "
        "flatter it; look at leads from after its training with --from."
    ]
