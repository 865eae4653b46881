"""Where each lead stands in its cadence: begun or to begin, ended by what, which step comes next."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from scoring.revival.activity import MOMENT
from scoring.revival.past import MOST_TRIES
from scoring.revival.persons import HELD_OUT, arms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from scoring.criteria import Compiled
    from scoring.revival.past import Past
    from scoring.revival.section import Cadence, RevivalSection, Stop

_TEXT = pl.String()


def with_enrolment(
    frame: pl.DataFrame, past: Past, section: RevivalSection, now: datetime
) -> pl.DataFrame:
    """Add the cadence that each record was last put into, and whether it still is in it.

    `@cadence`, `@began`, `@arm`, `@ended` (why it is over, null while it runs), `@last_step`,
    `@last_at`, `@tries` (of the step after it), `@watched` (until when both arms are watched),
    `@elsewhere` (until when the same person is watched under another record).
    """
    mine = past.arms.filter(pl.col("id").is_not_null()).sort("began")
    latest = mine.unique("id", keep="last", maintain_order=True).select(
        "id", *(pl.col(n).alias(f"@{n}") for n in ("cadence", "began", "arm", "stage"))
    )
    frame = frame.join(latest, on="id", how="left", maintain_order="left")
    frame = frame.join(_progress(frame, past), on="id", how="left", maintain_order="left")
    frame = frame.with_columns(pl.col("@last_step", "@tries").fill_null(0))
    frame = frame.join(_elsewhere(frame, past, section), on="id", how="left", maintain_order="left")
    watched = pl.col("@began") + timedelta(days=section.measure_days)
    return frame.with_columns(watched.alias("@watched")).with_columns(
        _ended(section.cadences, now).alias("@ended")
    )


def _progress(frame: pl.DataFrame, past: Past) -> pl.DataFrame:
    """Per record: the last step that was done in its present cadence, when, and failed tries since."""
    here = frame.select("id", cadence="@cadence", began="@began").drop_nulls()
    touched = past.touches.join(here, on=["id", "cadence", "began"])
    counted = pl.col("state").is_in(["intended", "applied", "unknown"])
    done = (
        touched.filter(counted)
        .group_by("id")
        .agg(pl.col("step").max().alias("@last_step"), pl.col("at").max().alias("@last_at"))
    )
    failed = touched.filter(~counted).join(done, on="id", how="left")
    failed = failed.filter(pl.col("step") > pl.col("@last_step").fill_null(0))
    tries = failed.group_by("id").agg(
        pl.col("tries").max().alias("@tries"), pl.col("at").max().alias("@tried_at")
    )
    return here.select("id").join(done, on="id", how="left").join(tries, on="id", how="left")


def _elsewhere(frame: pl.DataFrame, past: Past, section: RevivalSection) -> pl.DataFrame:
    pairs = frame.select("id", "person").join(past.arms, on="person", suffix=":other")
    other = pairs.filter(pl.col("id:other").ne_missing(pl.col("id")))
    watched = pl.col("began").max() + timedelta(days=section.measure_days)
    return other.group_by("id").agg(watched.alias("@elsewhere"))


def _ended(cadences: Sequence[Cadence], now: datetime) -> pl.Expr:
    """Why the record's cadence is over; null while it runs, and where there is none."""
    day = pl.col("@began").dt.truncate("1d")  # some CRMs tell only the day of a visit

    def stops(kind: Stop) -> pl.Expr:
        return pl.col("@cadence").is_in([c.name for c in cadences if kind in c.stop_on])

    steps = {cadence.name: len(cadence.steps) for cadence in cadences}
    last = pl.col("@cadence").replace_strict(steps, default=0, return_dtype=pl.Int64)
    through = (pl.col("@arm") != HELD_OUT) & (pl.col("@last_step") >= last)
    watched = (pl.col("@arm") == HELD_OUT) & (pl.col("@watched") <= pl.lit(now).cast(MOMENT))
    moved = (pl.col("stage_since") > pl.col("@began")) | (pl.col("@stage") != pl.col("stage_was"))
    reasons = [
        (pl.col("converted"), pl.lit("became an opportunity")),
        (~pl.col("@cadence").is_in(list(steps)), pl.lit("no longer in the model")),
        (stops("reply") & (pl.col("last_reply_at") >= day), _on("replied", "last_reply_at")),
        (stops("visit") & (pl.col("@visited") >= day), _on("came back", "@visited")),
        (stops("contact") & (pl.col("@contact") >= day), _on("in contact with a rep", "@contact")),
        (stops("stage") & moved, pl.lit("its stage has moved")),
        (stops("bounce") & pl.col("email_bounced"), pl.lit("the e-mail address bounces")),
        (through, pl.lit("all steps are done")),
        (watched, pl.lit("held out, and watched long enough")),
    ]
    words = [pl.when(holds.fill_null(value=False)).then(text) for holds, text in reasons]
    return pl.when(pl.col("@began").is_not_null()).then(pl.coalesce(*words))


def _on(what: str, moment: str) -> pl.Expr:
    return pl.lit(f"{what} on ") + pl.col(moment).dt.strftime("%Y-%m-%d")


def with_cadence(
    frame: pl.DataFrame,
    past: Past,
    section: RevivalSection,
    entries: Sequence[Compiled],
    now: datetime,
) -> pl.DataFrame:
    """Add `cadence`, `began`, `new`, `arm` and `step`: the cadence that runs, or the one to begin.

    `frame` has `stalled` and `cause`. A lead that is still watched begins nothing.
    """
    runs = pl.col("@began").is_not_null() & pl.col("@ended").is_null()
    watched = (pl.col("@watched") > pl.lit(now).cast(MOMENT)).fill_null(value=False)
    free = pl.col("stalled") & ~runs & ~watched
    for cadence in section.cadences:
        frame = frame.with_columns(
            _barred(frame, past, cadence, now).alias(f"@barred:{cadence.name}")
        )
    fits = [
        pl.when(free & _fits(cadence, entry) & ~pl.col(f"@barred:{cadence.name}")).then(
            pl.lit(cadence.name)
        )
        for cadence, entry in zip(section.cadences, entries, strict=True)
    ]
    begun = pl.coalesce(*fits, pl.lit(None, dtype=_TEXT))
    moment = pl.lit(now).cast(MOMENT)
    frame = frame.with_columns(runs.alias("runs"), begun.alias("@begun")).with_columns(
        pl.when("runs").then("@cadence").otherwise("@begun").alias("cadence"),
        pl.when("runs")
        .then("@began")
        .when(pl.col("@begun").is_not_null())
        .then(moment)
        .alias("began"),
        pl.col("@begun").is_not_null().alias("new"),
        pl.when("runs").then(pl.col("@last_step") + 1).otherwise(1).cast(pl.Int64).alias("step"),
    )
    return frame.with_columns(_arm(frame, past, section).alias("arm"))


def _fits(cadence: Cadence, entry: Compiled) -> pl.Expr:
    there = pl.col("stage_was").is_in(cadence.stages) & pl.col("cause").is_in(cadence.causes)
    return there & entry.holds


def _barred(frame: pl.DataFrame, past: Past, cadence: Cadence, now: datetime) -> pl.Series:
    """Whether a record, or its person under another, has been through this cadence."""
    before = past.arms.filter(cadence=cadence.name)
    if cadence.again_after_days is not None:
        limit = now - timedelta(days=cadence.again_after_days)
        before = before.filter(pl.col("began") > limit)
    persons, ids = before["person"].drop_nulls(), before["id"].drop_nulls()
    return frame["person"].is_in(persons.implode()) | frame["id"].is_in(ids.implode())


def _arm(frame: pl.DataFrame, past: Past, section: RevivalSection) -> pl.Series:
    """The arm on record, of the record or of the person; else the one that the hash gives."""
    known = past.arms.sort("began", "arm")
    by_id = known.drop_nulls("id").unique(["id", "cadence"], keep="first", maintain_order=True)
    by_person = known.unique(["person", "cadence"], keep="first", maintain_order=True)
    joined = frame.select("id", "person", "cadence", "arm_key").join(
        by_id.select("id", "cadence", one="arm"), on=["id", "cadence"], how="left",
        maintain_order="left",
    ).join(
        by_person.select("person", "cadence", two="arm"), on=["person", "cadence"], how="left",
        maintain_order="left",
    )  # fmt: skip
    drawn: list[pl.Expr] = []
    for cadence in section.cadences:
        share = section.hold_out if cadence.hold_out is None else cadence.hold_out
        here = pl.when(pl.col("cadence") == cadence.name).then("arm_key")
        keys = joined.select(here).to_series()
        drawn.append(pl.lit(arms(keys, cadence.name, share, section.salt)))
    return joined.select(pl.coalesce("one", "two", *drawn)).to_series()


def steps_of(cadences: Sequence[Cadence]) -> pl.DataFrame:
    """Every step of every cadence: cadence, step, channel, template, target, after_days."""
    rows = [
        (cadence.name, number, step.channel, step.template, step.target, step.after_days)
        for cadence in cadences
        for number, step in enumerate(cadence.steps, start=1)
    ]
    names = ["cadence", "step", "channel", "template", "target", "after_days"]
    kinds = [_TEXT, pl.Int64(), _TEXT, _TEXT, _TEXT, pl.Int64()]
    return pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")


def exhausted() -> pl.Expr:
    """Whether the next step was rejected so often that it is not tried again."""
    return pl.col("@tries") >= MOST_TRIES
