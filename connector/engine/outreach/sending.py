"""Doing touches: each lead is read and decided upon again, then intent, channel, outcome.

A touch whose intent is on record is never intended again. One whose outcome is missing was cut off:
`finish_touches` sends it again under the same key where the channel can tell, and says that nobody
knows where it cannot.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from connector.engine.channel import TOUCH_OUTCOMES, TOUCHES
from connector.engine.connection import judge_page
from connector.engine.outreach.lines import touches_of
from connector.engine.outreach.people import past_of, with_people, with_since
from connector.engine.ports import INSTANT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from connector.engine.channel import Channel
    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger
    from connector.engine.sharing import Sharing
    from scoring.revival import Revival

CHUNK = 200
"""Leads that are read again at once, just before they are touched."""

_UNKNOWN = "Nobody knows whether this touch was made; it is never made again."


@dataclass
class Sent:
    """How many touches came to which end."""

    touched: int = 0
    held_out: int = 0
    skipped: int = 0
    rejected: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class Sender:
    """Touches the leads of one connection through these channels, as this run."""

    connection: Connection
    revival: Revival
    ledger: Ledger
    channels: Mapping[str, Channel]
    run: str
    clock: Callable[[], datetime]
    sharing: Sharing | None = None
    sent: Sent = field(default_factory=Sent)

    def send(self, lines: pl.DataFrame) -> None:
        """Do the touch and hold lines of this run, at most `CHUNK` at a time."""
        for chunk in lines.iter_slices(CHUNK):
            self._chunk(touches_of(chunk))

    def finish(self) -> None:
        """Bring touches to an end that an earlier run began: sent again, or given up as unknown."""
        for chunk in self.ledger.unfinished_touches(self.connection.name).iter_slices(CHUNK):
            able = [name for name, channel in self.channels.items() if channel.repeatable]
            again = chunk.filter(pl.col("channel").is_in(able))
            self._give_up(chunk.filter(~pl.col("channel").is_in(able)))
            if not again.is_empty():
                leads = self._read(again["id"])
                self._send_again(again, leads)

    def _chunk(self, planned: pl.DataFrame) -> None:
        now = self.clock()
        leads = self._read(planned["id"])
        past = past_of(self.ledger, self.connection.name, leads, self._objections)
        decided = self.revival.decide(leads, past, now)
        confirmed, refused = _again(planned, leads, decided)
        self._skip(refused)
        self._hold(confirmed.filter(kind="hold"))
        touches = self._possible(confirmed.filter(kind="touch"))
        if touches.is_empty():
            return
        facts = leads.select("id", "@owner_id", self.connection.facts.alias("facts"))
        touches = touches.join(facts, on="id", how="left", maintain_order="left")
        for (name,), part in touches.group_by("channel", maintain_order=True):
            channel = self.channels[str(name)]
            # Of a touch that cannot be repeated the intent must mean: just now, this one.
            for batch in part.iter_slices(CHUNK if channel.repeatable else 1):
                self._touch(channel, batch)

    @cached_property
    def _objections(self) -> pl.DataFrame:
        """Who said no in any record, read once a run; the leads themselves are read again."""
        return self.ledger.objections()

    @property
    def _now(self) -> pl.Expr:
        return pl.lit(self.clock()).cast(INSTANT)

    def _read(self, ids: pl.Series) -> pl.DataFrame:
        """The leads as they stand in the CRM now, judged, with `@owner_id`; gone ones are missing."""
        connection, ledger = self.connection, self.ledger
        raw = connection.crm.fetch(ids.unique(maintain_order=True).to_list(), connection.fields)
        memory = ledger.seen(connection.name, raw["@id"])
        judged = judge_page(connection, raw, memory, self.clock().date(), self.sharing)
        leads = with_since(ledger, connection.name, judged.with_columns(raw["@owner_id"]))
        return with_people(ledger, leads)

    def _touch(self, channel: Channel, touches: pl.DataFrame) -> None:
        """Write arms and intents, then send what nobody has sent yet."""
        ledger = self.ledger
        with ledger.together():
            self._enrol(touches.filter("new"))
            intents = touches.select(
                "key", "id", "person", "cadence", "step", "channel", "template", "target", "due",
                "began", "reason", pl.col("company_key").alias("company"),
                pl.lit(self.revival.digest).alias("digest"), self._now.alias("at"),
            )  # fmt: skip
            free = ledger.intend_touches(self.connection.name, self.run, intents)
        fresh = touches.filter(pl.col("key").is_in(free.implode()))
        before = touches.join(fresh, on="key", how="anti")
        self._skip(before.with_columns(code=pl.lit("DONE"), words=pl.lit("It was touched before.")))
        if not fresh.is_empty():
            self._through(channel, fresh, {self.run: fresh})

    def _through(
        self, channel: Channel, touches: pl.DataFrame, runs: Mapping[str, pl.DataFrame]
    ) -> None:
        """Send through one channel; `runs` are the same touches by the run that planned them."""
        self.ledger.check_fence()
        frame = touches.rename({"id": "@id", "key": "@key"}).with_columns(
            pl.col("due").str.to_date()
        )
        for outcomes in channel.send(frame.select(pl.col(n).cast(t) for n, t in TOUCHES.items())):
            keyed = outcomes.join(
                touches.select(pl.col("id").alias("@id"), "key"), on="@id", maintain_order="left"
            )
            with self.ledger.together():
                self.ledger.settle_touches(self.connection.name, _settled(keyed))
                for run, part in runs.items():
                    theirs = outcomes.filter(pl.col("@id").is_in(part["id"].implode()))
                    self.ledger.record_outcomes(run, "touch", theirs.drop("@touch_id"))
            self._count(keyed)

    def _count(self, outcomes: pl.DataFrame) -> None:
        states = dict(_settled(outcomes)["state"].value_counts().iter_rows())
        self.sent.touched += states.get("applied", 0)
        self.sent.skipped += states.get("skipped", 0)
        self.sent.rejected += states.get("rejected", 0)
        self.sent.unknown += states.get("unknown", 0)

    def _possible(self, touches: pl.DataFrame) -> pl.DataFrame:
        """The touches whose channel is set up; the others are skipped, and it is said."""
        there = pl.col("channel").is_in(list(self.channels))
        missing = touches.filter(~there).with_columns(
            code=pl.lit("NO_CHANNEL"),
            words=pl.format("The channel {} is not set up for this connection.", "channel"),
        )
        self._skip(missing)
        return touches.filter(there)

    def _hold(self, held: pl.DataFrame) -> None:
        if held.is_empty():
            return
        with self.ledger.together():
            self._enrol(held)
            self.ledger.record_outcomes(self.run, "hold", _outcomes(held, "applied"))
        self.sent.held_out += held.height

    def _enrol(self, begun: pl.DataFrame) -> None:
        if not begun.is_empty():
            arms = begun.select(
                "id", "person", "cadence", "began", "arm", "stage", "cause",
                pl.lit(self.revival.digest).alias("digest"), self._now.alias("at"),
            )  # fmt: skip
            self.ledger.enrol(self.connection.name, self.run, arms)

    def _skip(self, refused: pl.DataFrame) -> None:
        """Record lines that are not done any more, each with `code` and `words`."""
        for (kind,), part in refused.group_by("kind"):
            self.ledger.record_outcomes(self.run, str(kind), _outcomes(part, "skipped"))
        self.sent.skipped += refused.height

    def _give_up(self, lost: pl.DataFrame) -> None:
        """Nobody knows whether these were made: that is said, and they are never made again."""
        if lost.is_empty():
            return
        states = lost.select("key", state=pl.lit("unknown"), code=pl.lit("UNKNOWN"))
        told = lost.with_columns(code=pl.lit("UNKNOWN"), words=pl.lit(_UNKNOWN))
        with self.ledger.together():
            self.ledger.settle_touches(self.connection.name, states)
            for (run,), part in told.group_by("run"):
                self.ledger.record_outcomes(str(run), "touch", _outcomes(part, "rejected"))
        self.sent.unknown += lost.height

    def _send_again(self, again: pl.DataFrame, leads: pl.DataFrame) -> None:
        """Send cut-off touches once more under their keys, unless the lead has objected since."""
        past = past_of(self.ledger, self.connection.name, leads, self._objections)
        asked = self.revival.objections(leads, past, self.clock())
        known = again.join(asked, on="id", how="left", maintain_order="left")
        no = pl.col("objects").fill_null(value=True)
        self._give_up(known.filter(no))
        facts = leads.select("id", "@owner_id", self.connection.facts.alias("facts"))
        open_ = known.filter(~no & ~pl.col("quiet")).join(facts, on="id")
        for (channel,), part in open_.group_by("channel", maintain_order=True):
            runs = {str(run): own for (run,), own in part.group_by("run")}
            self._through(self.channels[str(channel)], part, runs)


def _again(
    planned: pl.DataFrame, leads: pl.DataFrame, decided: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The planned touches that are decided so once more, and the others with `code` and `words`."""
    now = decided.select(
        "id", "person", "company_key", "decision", "why_not", now_cadence="cadence", now_step="step",
        codes=pl.col("codes").list.first(),
    )  # fmt: skip
    both = planned.join(now, on="id", how="left", maintain_order="left")
    same = (pl.col("decision") == pl.col("kind")) & (pl.col("now_cadence") == pl.col("cadence"))
    same &= pl.col("now_step") == pl.col("step")
    holds = same.fill_null(value=False)
    there = pl.col("id").is_in(leads["id"].implode())
    refused = both.filter(~holds).with_columns(
        pl.when(~there)
        .then(pl.lit("GONE"))
        .otherwise(pl.coalesce("codes", pl.lit("not_stalled")).str.to_uppercase())
        .alias("code"),
        pl.when(~there)
        .then(pl.lit("It is no longer in the CRM."))
        .when(pl.col("why_not") != "")
        .then(pl.lit("Decided again just before: ") + pl.col("why_not") + pl.lit("."))
        .otherwise(pl.lit("Decided again just before: it is not stalled any more."))
        .alias("words"),
    )
    return both.filter(holds), refused


def _settled(outcomes: pl.DataFrame) -> pl.DataFrame:
    """The states of touches after these outcomes (with `key`)."""
    unknown = (pl.col("outcome") == "rejected") & (pl.col("code").str.to_lowercase() == "unknown")
    return outcomes.select(
        "key",
        pl.when(unknown.fill_null(value=False))
        .then(pl.lit("unknown"))
        .otherwise("outcome")
        .alias("state"),
        pl.col("@touch_id").alias("touch_id"),
        "code",
        "message",
    )


def _outcomes(frame: pl.DataFrame, outcome: str) -> pl.DataFrame:
    """An outcome frame for these lines, with their `code` and `words` where they have any."""
    said = {"code": "code", "message": "words"}
    rows = frame.select(
        pl.col("id").alias("@id"),
        pl.lit(outcome).alias("outcome"),
        *(
            pl.col(column).alias(name) if column in frame.columns else pl.lit(None).alias(name)
            for name, column in said.items()
        ),
    )
    absent = [n for n in TOUCH_OUTCOMES if n not in (*rows.columns, "@touch_id")]
    return rows.with_columns(pl.lit(None, pl.String).alias(n) for n in absent)
