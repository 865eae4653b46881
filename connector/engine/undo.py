"""Undo: what a run has written is put back wherever it still is what we wrote.

Three values are compared per field: what was there before the run (from), what the run wrote (ours)
and what is there now. Ours is put back to from; what already is from again needs nothing; anything
else was written since, by a person or a later run, and stays. An opportunity that the run made goes
where the CRM allows it and nobody has touched it.

The undo is a run of its own. Its lines:

change    a record's fields from ours back to from
retract   an opportunity to take back; body: what it was given, and `@opportunity_id`
convert   the undo of a retract: the opportunity is made again
keep      what is not touched, decided when it is planned; `code` says why: see KEPT

What was undone is held back (see quarantine.py), or the next run would decide it again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from connector.engine.plan import LINES, changes_of
from connector.engine.quarantine import hold_undone
from connector.engine.retract import OPPORTUNITY, body_keys
from connector.errors import ConfigurationError
from mappings.memory import Base
from mappings.wire import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger
    from connector.engine.ports import Progress

CHUNK = 10_000
"""Lines whose records are read again at once."""

KEPT = {
    "CHANGED_SINCE": ("Somebody has changed it since.", ""),
    "WRITTEN_LATER": (
        "A later run has written it again.",
        "Undo the later run first: leadgate runs lists them.",
    ),
    "BACK_ALREADY": ("It is already as it was before.", ""),
    "GONE": ("The record is gone, or was merged into another.", ""),
    "CONVERTED": (
        "The record is converted, and the CRM lets nobody change it any more.",
        "",
    ),
    "NOT_WRITABLE": (
        "The field is gone, or this user may no longer write it.",
        "Give the user the right, then undo again.",
    ),
}
"""Why a value stays, in words, and what can be done."""

_KEEP_COLUMNS = {
    **LINES,
    "outcome": pl.String(),
    "code": pl.String(),
    "field": pl.String(),
    "message": pl.String(),
    "remedy": pl.String(),
}


def refuse_undo(ledger: Ledger, connection: str, of: str) -> None:
    """Raise `ConfigurationError` for a run that cannot be undone."""
    report = ledger.run(of)
    listing = f"List them: leadgate runs {connection}"
    if report is None or report.connection != connection:
        raise ConfigurationError(f'There is no run "{of}" of "{connection}". {listing}')
    if report.kind == "plan":
        raise ConfigurationError(f"{of} only planned: it wrote nothing. {listing}")
    pruned = ledger.pruned(of)
    if pruned is not None:
        raise ConfigurationError(
            f"{of} cannot be undone any more: it began on {report.started_at[:10]}, and the record of "
            f'what it wrote was pruned on {pruned.date()}, as "keep" in leadgate.yaml asks.'
        )


def plan_undo(
    connection: Connection, ledger: Ledger, of: str, run: str, progress: Progress
) -> tuple[int, int]:
    """Save the lines of the undo; how many there are to do, and how many stay as they are."""
    todo = kept = number = 0
    for page in ledger.lines(of, size=CHUNK):
        done = page.filter(pl.col("outcome") == "applied")
        if not done.is_empty():
            lines = undo_lines(connection, ledger, done, of)
            place = pl.int_range(pl.len(), dtype=pl.Int64) + number
            ledger.save_lines(run, lines.with_columns(place.alias("line")))
            number += lines.height
            stays = int(lines["outcome"].is_not_null().sum())
            todo, kept = todo + lines.height - stays, kept + stays
        progress.advance(page.height)
    return todo, kept


def undo_lines(connection: Connection, ledger: Ledger, done: pl.DataFrame, of: str) -> pl.DataFrame:
    """The undo of applied lines, as lines with the columns of outcomes; `line` is not set yet."""
    changes = done.filter(pl.col("kind") == "change")
    names = body_keys(changes["body"])
    fields = [name for name in names if name in connection.schema.lead.fields]
    ids = done["id"].unique(maintain_order=True).to_list()
    now = connection.crm.fetch(ids, fields)
    parts = [
        _retractions(done.filter(pl.col("kind") == "convert")),
        _conversions(done.filter(pl.col("kind") == "retract"), now),
        _gone(done.filter(pl.col("kind").is_in(["change", "retract"])), now),
    ]
    if not changes.is_empty():
        written = ledger.seen(connection.name, ids).select(pl.col("id").alias("@id"), "written")
        compared = _compared(connection, changes_of(changes, names), now, written, names=names)
        parts += [_reverts(compared, names), *_keeps(compared, names)]
    lines = pl.concat([_shaped(part) for part in parts])
    return lines.with_columns(pl.lit(f"undo of {of}").alias("reason"))


def undoing(connection: Connection, ledger: Ledger, run: str) -> Connection:
    """The connection that writes every field of the undo, also those no longer in the mapping."""
    outbound = connection.outbound
    names = dict.fromkeys(outbound.fields)
    for page in ledger.lines(run, kind="change", undecided_only=True, size=CHUNK):
        names.update(dict.fromkeys(body_keys(page["body"])))
    return replace(connection, outbound=replace(outbound, fields=tuple(names)))


def follow_undo(connection: Connection, ledger: Ledger, run: str, of: str) -> None:
    """The ledger follows: leads are as they were before, and stay so until something changes."""
    again = (ledger.run(of) or _NO_RUN).kind == "undo"
    for page in ledger.lines(run, size=CHUNK):
        back = (pl.col("outcome") == "applied") | (pl.col("code") == "BACK_ALREADY")
        ids = page.filter(back)["id"].unique(maintain_order=True)
        if ids.is_empty():
            continue
        ledger.settle_undone(connection.name, of, ids.to_list())
        if again:
            ledger.release(connection.name, ids.to_list())
        else:
            hold_undone(connection, ledger, ids)


class _NoRun:
    kind = ""


_NO_RUN = _NoRun()


def _compared(
    connection: Connection,
    changes: pl.DataFrame,
    now: pl.DataFrame,
    written: pl.DataFrame,
    *,
    names: tuple[str, ...],
) -> pl.DataFrame:
    """Per changed record what became of each field (`state:F`: "revert" or a code of KEPT)."""
    there = now.rename({"@modified_at": "now:@modified_at"})
    there = there.rename({n: f"now:{n}" for n in now.columns if not n.startswith("@")})
    seen = changes.join(there, on="@id", how="inner", maintain_order="left")
    seen = seen.join(written, on="@id", how="left", maintain_order="left")
    return seen.with_columns(_state(connection, name) for name in names)


def _state(connection: Connection, name: str) -> pl.Expr:
    field = connection.schema.lead.fields.get(name)
    changed = pl.col(f"change:{name}")
    if field is None:
        state = pl.when(changed).then(pl.lit("NOT_WRITABLE"))
        return state.otherwise(pl.lit(None, pl.String)).alias(f"state:{name}")
    there, ours, before = (
        canonical(pl.col(f"{what}:{name}"), field) for what in ("now", "to", "from")
    )
    base = Base(pl.col("written"), name)
    later = base.known & there.eq_missing(canonical(base.text, field))
    locked = pl.col("@converted").fill_null(value=False) & ~pl.lit(connection.crm.writes_converted)
    return (
        pl.when(~changed)
        .then(pl.lit(None, pl.String))
        .when(there.eq_missing(before))
        .then(pl.lit("BACK_ALREADY"))
        .when(there.ne_missing(ours) & later)
        .then(pl.lit("WRITTEN_LATER"))
        .when(there.ne_missing(ours))
        .then(pl.lit("CHANGED_SINCE"))
        .when(locked)
        .then(pl.lit("CONVERTED"))
        .otherwise(pl.lit("revert" if field.writable else "NOT_WRITABLE"))
        .alias(f"state:{name}")
    )


def _reverts(compared: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """One change line per record of which anything is put back."""
    back = {name: pl.col(f"state:{name}").eq_missing(pl.lit("revert")) for name in names}
    pairs = [
        pl.when(put).then(pl.concat_list(f"to:{name}", f"from:{name}")).alias(name)
        for name, put in back.items()
    ]
    return compared.filter(pl.any_horizontal(back.values())).select(
        pl.col("@id").alias("id"),
        pl.lit("change").alias("kind"),
        pl.col("now:@modified_at").alias("base"),
        pl.struct(pairs).struct.json_encode().alias("body"),
    )


def _keeps(compared: pl.DataFrame, names: tuple[str, ...]) -> Iterator[pl.DataFrame]:
    """One keep line per field that stays: `body` has what we wrote and what is there."""
    for name in names:
        kept = compared.filter(pl.col(f"state:{name}").is_in(list(KEPT)))
        if kept.is_empty():
            continue
        there = pl.col(f"now:{name}") if f"now:{name}" in kept.columns else pl.lit(None, pl.String)
        pair = pl.struct(pl.concat_list(pl.col(f"to:{name}"), there).alias(name))
        yield _kept(
            kept.select(
                pl.col("@id").alias("id"),
                pair.struct.json_encode().alias("body"),
                pl.lit(name).alias("field"),
                pl.col(f"state:{name}").alias("code"),
            )
        )


def _gone(done: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """One keep line per record that is not there any more."""
    missing = done.join(now, left_on="id", right_on="@id", how="anti").unique("id")
    return _kept(missing.select("id", pl.lit("{}").alias("body"), pl.lit("GONE").alias("code")))


def _kept(lines: pl.DataFrame) -> pl.DataFrame:
    message = {code: words for code, (words, _) in KEPT.items()}
    remedy = {code: words for code, (_, words) in KEPT.items()}
    return lines.with_columns(
        pl.lit("keep").alias("kind"),
        pl.lit("skipped").alias("outcome"),
        pl.col("code").replace_strict(message, return_dtype=pl.String).alias("message"),
        pl.col("code").replace_strict(remedy, return_dtype=pl.String).alias("remedy"),
    )


def _retractions(converted: pl.DataFrame) -> pl.DataFrame:
    """One retract line per opportunity that the run made."""
    named = pl.struct(pl.col("opportunity_id").alias(OPPORTUNITY)).struct.json_encode()
    body = pl.concat_str(named.str.head(-1), pl.lit(","), pl.col("body").str.slice(1))
    return converted.filter(pl.col("opportunity_id").is_not_null()).select(
        "id", pl.lit("retract").alias("kind"), pl.col("base"), body.alias("body")
    )


def _conversions(retracted: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """One conversion line per opportunity that an undo took back."""
    there = retracted.join(now, left_on="id", right_on="@id", how="inner")
    return there.select(
        "id", pl.lit("convert").alias("kind"), pl.col("@modified_at").alias("base"), "body"
    )


def _shaped(lines: pl.DataFrame) -> pl.DataFrame:
    """The frame with every column of a decided line, null where it has none."""
    return lines.select(
        (pl.col(name) if name in lines.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in _KEEP_COLUMNS.items()
    )
