"""The decision on every lead: touched now, held out now, later, or not; and why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from scoring.criteria import Compiled, Form, Scope, compile_criterion, prepare
from scoring.revival import caps
from scoring.revival.activity import MOMENT, cause, cause_words, stalled, with_activity
from scoring.revival.cadences import steps_of, with_cadence, with_enrolment
from scoring.revival.hours import openings
from scoring.revival.permission import Reason, barriers, codes, with_past_people, words
from scoring.revival.persons import HELD_OUT
from scoring.revival.zones import time_zones

if TYPE_CHECKING:
    from datetime import datetime

    from scoring.revival.past import Past
    from scoring.revival.section import RevivalSection

DECISIONS: dict[str, pl.DataType] = {
    "id": pl.String(), "person": pl.String(), "company_key": pl.String(), "stage": pl.String(),
    "stage_since": MOMENT, "score": pl.Float64(), "stalled": pl.Boolean(), "cause": pl.String(),
    "why": pl.String(), "cadence": pl.String(), "began": MOMENT, "new": pl.Boolean(),
    "arm": pl.String(), "step": pl.Int64(), "channel": pl.String(), "template": pl.String(),
    "target": pl.String(), "decision": pl.String(), "due": MOMENT, "zones": pl.String(),
    "codes": pl.List(pl.String()), "why_not": pl.String(),
}  # fmt: skip
"""The columns of a decisions frame, one row per lead that is stalled or in a cadence.

`decision` is "touch" (now), "hold" (would be touched now and is held out), "later" (nothing but
hours, caps or the next step's day is in the way) or "no". `due` is the earliest moment at which the
lead could be touched where it lives (null for "no"), `codes` are the reasons against it.
"""

_PASSING = frozenset(("not_due", "person_cap", "company_cap", "quiet", "after_others"))
"""Reasons that pass with time."""

_FREE = pl.col("codes").list.len() == 0


@dataclass(frozen=True)
class Revival:
    """A compiled `revival:` section. `digest` tells one version of it from another."""

    section: RevivalSection
    entries: tuple[Compiled, ...]
    consent: Compiled | None
    digest: str

    @property
    def forms(self) -> frozenset[Form]:
        """The forms of facts that its criteria look at."""
        consent = frozenset() if self.consent is None else self.consent.forms
        return consent.union(*(entry.forms for entry in self.entries))

    def decide(self, judged: pl.DataFrame, past: Past, now: datetime) -> pl.DataFrame:
        """The decisions frame of judged leads, in their order.

        `judged` has the lead's facts and verdict, `stage` being the verdict's and `stage_was` the
        stage that the lead is in; `person` and `company_key` as in `past`, and `arm_key`, the same for
        the person in every connection (see scoring/revival/persons.py). `now` is aware.
        """
        section = self.section
        frame = with_activity(judged, past)
        frame = prepare(frame, self.forms, now.date())
        frame = frame.with_columns(stalled(section, now).alias("stalled"))
        frame = frame.with_columns(cause(section, now).alias("cause"))
        frame = with_enrolment(frame, past, section, now)
        frame = with_cadence(frame, past, section, self.entries, now)
        frame = frame.filter(pl.col("stalled") | pl.col("runs"))
        frame = with_past_people(self._with_step(frame, now), past)
        frame = caps.with_counts(frame, past, section.caps, now)
        frame = _with_reasons(
            frame, [*barriers(section, self.consent, now), *caps.reached(section.caps)]
        )
        return self._timed(frame, now).with_columns(
            cause_words().alias("why"), pl.col("stage_was").alias("stage")
        ).select(pl.col(n).cast(t) for n, t in DECISIONS.items())  # fmt: skip

    def objections(self, judged: pl.DataFrame, past: Past, now: datetime) -> pl.DataFrame:
        """Whether leads must not be touched whatever was begun: id, `objects`, `quiet` (just now)."""
        frame = with_past_people(with_activity(judged, past), past)
        zones = time_zones(frame)
        moments = pl.Series("now", [now] * frame.height, dtype=MOMENT)
        opens = openings(zones, moments, self.section.quiet, self.section.time_zone)["opens_at"]
        return frame.select(
            "id",
            _objects().alias("objects"),
            pl.lit((opens > now).fill_null(value=True)).alias("quiet"),
        )

    def _with_step(self, frame: pl.DataFrame, now: datetime) -> pl.DataFrame:
        """Add the next step's channel, template and target, and from when on it is due."""
        steps = steps_of(self.section.cadences)
        frame = frame.join(steps, on=["cadence", "step"], how="left", maintain_order="left")
        begun = pl.coalesce("@last_at", "began").dt.truncate("1d")
        waits = pl.when(pl.col("runs") & (pl.col("step") > 1)).then("after_days").otherwise(0)
        due = begun + pl.duration(days=waits)
        again = pl.when(pl.col("@tries") > 0).then(
            pl.col("@tried_at").dt.truncate("1d") + pl.duration(days=1)
        )
        moment = pl.lit(now).cast(MOMENT)
        return frame.with_columns(pl.max_horizontal(due, again, moment).alias("earliest"))

    def _timed(self, frame: pl.DataFrame, now: datetime) -> pl.DataFrame:
        """Add hours and the caps of this very plan for those whom nothing else forbids."""
        passing = pl.col("codes").list.set_difference(list(_PASSING)).list.len() == 0
        open_ = self._within_plan(self._with_hours(frame.filter(passing), now))
        now_ = pl.when(pl.col("arm") == HELD_OUT).then(pl.lit("hold")).otherwise(pl.lit("touch"))
        decision = pl.when(_FREE).then(now_).otherwise(pl.lit("later")).alias("decision")
        timed = open_.select("id", "zones", "codes", "why_not", decision, due="opens_at")
        others = frame.filter(~passing).select("id", "codes", "why_not", decision=pl.lit("no"))
        both = pl.concat([timed, others], how="diagonal")
        return frame.drop("codes", "why_not").join(both, on="id", how="left", maintain_order="left")

    def _with_hours(self, frame: pl.DataFrame, now: datetime) -> pl.DataFrame:
        """Add `opens_at` and `zones`, and that it is quiet there now."""
        zones = time_zones(frame)
        section, moment = self.section, pl.lit(now).cast(MOMENT)
        opens = openings(zones, frame["earliest"], section.quiet, section.time_zone)
        here = (pl.col("opens_at") <= moment).fill_null(value=False)
        first = pl.col("opens_at").dt.strftime("%Y-%m-%d %H:%M UTC")
        until = pl.format("quiet in {} until {}", "zones", first)
        hush = (pl.col("earliest") <= moment) & ~here
        return _with_reasons(frame.hstack(opens), [Reason("quiet", hush, until)])

    def _within_plan(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Add that others of the same person or company are touched first, by this very plan."""
        ready = frame.filter(_FREE)
        left = caps.within_plan(ready, self.section.caps)
        behind = pl.col("id").is_in(ready.filter(~left)["id"].implode())
        others = pl.lit("others of the person or company come first")
        return _with_reasons(frame, [Reason("after_others", behind, others)])


def _objects() -> pl.Expr:
    said = [pl.col(name).fill_null(value=False) for name in ("email_opt_out", "do_not_call")]
    return pl.any_horizontal(*said, pl.col("@why_out").is_not_null())


def _with_reasons(frame: pl.DataFrame, reasons: list[Reason]) -> pl.DataFrame:
    """Add these reasons to `codes` and `why_not`."""
    found, said = codes(reasons), words(reasons)
    if "codes" in frame.columns:
        found = pl.concat_list("codes", found)
        spoken = [pl.when(each != "").then(each) for each in (pl.col("why_not"), said)]
        said = pl.concat_str(spoken, separator="; ", ignore_nulls=True)
    return frame.with_columns(found.alias("codes"), said.alias("why_not"))


def compile_revival(section: RevivalSection, digest: str, scope: Scope) -> Revival:
    """The section ready to decide. Problems of its criteria go to the scope."""
    entries = tuple(
        compile_criterion(cadence.when, ("revival", "cadences", index, "when"), scope)
        for index, cadence in enumerate(section.cadences)
    )
    given = section.writing.consent
    consent = None
    if given is not None:
        consent = compile_criterion(given, ("revival", "writing", "consent"), scope)
    _check_stages(section, scope)
    return Revival(section, entries, consent, digest)


def _check_stages(section: RevivalSection, scope: Scope) -> None:
    for index, cadence in enumerate(section.cadences):
        for number, stage in enumerate(cadence.stages):
            if "stages" in cadence.model_fields_set and stage not in section.stalled:
                scope.wrong(
                    ("revival", "cadences", index, "stages", number),
                    f"leads never stall as {stage}.",
                    f"Say after how many days they do: stalled: {{{stage}: 30}}.",
                )
