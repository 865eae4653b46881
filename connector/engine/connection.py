"""One connection, ready to run: its CRM, schema, mapping and model, compiled once per command."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import polars as pl

from connector.engine.answers import with_answers
from connector.engine.counts import with_active_days, with_copies
from connector.engine.there import said_before
from mappings.memory import remembered
from scoring.lead import COUNTED, FIELDS
from scoring.sharing import SHAREABLE

if TYPE_CHECKING:
    from datetime import date

    from connector.engine.ports import Crm
    from mappings.conversion import Converter
    from mappings.inbound import Inbound
    from mappings.mapping import Mapping
    from mappings.outbound import Outbound
    from mappings.schema import CrmSchema
    from scoring.judge import Judge
    from scoring.lead import Kind
    from scoring.model import Model

_MEMORY = "3"
"""Changes whenever the ledger learns to keep more of a lead: then every lead is read once again."""

BY_A_PERSON = "a person has moved it in the CRM"
FOUND = "it was there when it was first read"
"""Why a lead is in another stage than it was, where no rule has moved it."""

_STATE = (
    "stage",
    "stage_since",
    "converted",
    "opportunity_state",
    "lost_reason",
    "modified_at",
)


class Shares(Protocol):
    """What other connections know of the same persons; see connector/engine/sharing.py."""

    def add(self, leads: pl.DataFrame, memory: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """The lead frame with it, and `shared`: where it came from."""
        ...


@dataclass(frozen=True)
class Connection:
    """A connection with everything that turns its raw pages into plan lines.

    `peers` are the project's other connections.
    """

    name: str
    crm: Crm
    schema: CrmSchema
    mapping: Mapping
    model: Model
    inbound: Inbound
    outbound: Outbound
    converter: Converter | None
    judge: Judge
    peers: tuple[str, ...] = ()

    @property
    def shares(self) -> bool:
        """Whether what other connections saw of the same persons counts here."""
        return bool(self.peers) and "engagement" in self.model.file.share

    @property
    def fields(self) -> tuple[str, ...]:
        """The CRM fields that a pull asks for: those that feed the lead and those we write."""
        return tuple(dict.fromkeys((*self.inbound.fields, *self.outbound.fields)))

    @property
    def kinds(self) -> dict[str, Kind]:
        """The facts that the ledger keeps of a lead, by kind: all that the verdict can rest on."""
        told = {"junk", *(fact for fact in self.judge.questions.facts if fact in FIELDS)}
        shared = SHAREABLE if self.shares else ()
        known = sorted({*self.inbound.fed, *_STATE, *COUNTED, *told, *shared})
        return {name: FIELDS[name].kind for name in known} | self.inbound.facts

    @property
    def facts(self) -> pl.Expr:
        """What a verdict rests on, over a judged frame: a JSON object of facts.

        The data problems stand beside them if there are any, and what is shared, if anything is.
        """
        return pl.struct(self._told).struct.json_encode()

    @property
    def known_facts(self) -> pl.Expr:
        """The same as the ledger keeps it: without what is unknown, which is the most of it."""
        members = [(each.meta.output_name(), each.is_not_null(), each) for each in self._told]
        return remembered(members).fill_null("{}")

    @property
    def _told(self) -> list[pl.Expr]:
        columns = [pl.col("stage_was" if n == "stage" else n).alias(n) for n in self.kinds]
        problems = pl.when(pl.col("problems").list.len() > 0).then("problems").alias("problems")
        return [*columns, problems, pl.col("shared")] if self.shares else [*columns, problems]

    @property
    def verdict_key(self) -> str:
        """Changes whenever the same record could be judged or written differently."""
        both = f"{_MEMORY}:{self.model.digest}:{self.mapping.digest}:{','.join(self.fields)}"
        both += f":{','.join(self.peers)}" if self.shares else ""
        return hashlib.sha256(both.encode()).hexdigest()[:16]


def judge_page(
    connection: Connection,
    raw: pl.DataFrame,
    memory: pl.DataFrame,
    as_of: date,
    sharing: Shares | None = None,
) -> pl.DataFrame:
    """The judged frame of a raw page, in its row order; `sharing` adds what was seen elsewhere.

    It holds the lead's fields and the verdict's; `stage` is the verdict's, `stage_was` the stage
    in which the lead came in: what the CRM says if that is news, else what the ledger remembers.
    `stage_said` is what the CRM says alone.
    """
    leads = with_answers(connection.inbound(raw), memory)
    said = leads["stage"].alias("stage_said")
    inbound = connection.inbound
    counted = with_active_days(inbound, with_copies(inbound, leads, memory), memory, as_of)
    before = said_before(inbound, connection.outbound, memory)
    known = _remembered(counted, memory, raw, before)
    if sharing is not None:
        known = sharing.add(known, memory, as_of)
    judged = judged_leads(connection, known, as_of).with_columns(said)
    return with_moves_of_people(judged, memory)


def judged_leads(connection: Connection, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The judged frame of a lead frame: `stage` is the verdict's, `stage_was` the lead's."""
    verdicts = connection.judge(leads, as_of).drop("id")
    facts = leads.rename({"stage": "stage_was"}).drop(
        [name for name in verdicts.columns if name in leads.columns and name != "stage"]
    )
    return facts.hstack(verdicts)


def with_moves_of_people(judged: pl.DataFrame, memory: pl.DataFrame) -> pl.DataFrame:
    """The judged frame with a `stage_reason` also where nobody but a person has moved the lead.

    `memory` has `id` and `stage`, the stage in which the lead was when it was last judged.
    """
    was = memory.select("id", pl.col("stage").alias("@was"))
    joined = judged.join(was, on="id", how="left", maintain_order="left")
    moved = pl.col("stage").ne_missing(pl.coalesce("@was", pl.lit("lead")))
    why = pl.when(pl.col("@was").is_null()).then(pl.lit(FOUND)).otherwise(pl.lit(BY_A_PERSON))
    reason = pl.coalesce("stage_reason", pl.when(moved).then(why))
    return joined.with_columns(reason.alias("stage_reason")).drop("@was")


def _remembered(
    leads: pl.DataFrame, memory: pl.DataFrame, raw: pl.DataFrame, before: pl.Series
) -> pl.DataFrame:
    """Add what only the ledger knows: conversion and its outcome, the stage where the CRM is silent.

    A stage in the CRM is news only if it is not what stood there `before`: a person's move counts
    once, and not again at every run where our own later move was not written over it.
    """
    names = ("stage", "stage_since", "converted", "opportunity_state", "lost_reason")
    known = memory.select("id", *(pl.col(name).alias(f"memory:{name}") for name in names))
    known = known.with_columns(before.alias("memory:said"))
    joined = leads.with_columns(raw["@converted"].fill_null(value=False).alias("converted")).join(
        known, on="id", how="left", maintain_order="left"
    )
    news = pl.col("stage").ne_missing(pl.col("memory:said"))
    stage = pl.coalesce(pl.when(news).then("stage"), "memory:stage", "stage")
    return joined.with_columns(
        stage.alias("stage"),
        (pl.col("converted") | pl.col("memory:converted").fill_null(value=False)).alias(
            "converted"
        ),
        pl.when(pl.col("memory:stage").eq_missing(stage))
        .then("memory:stage_since")
        .alias("stage_since"),
        pl.col("memory:opportunity_state").alias("opportunity_state"),
        pl.col("memory:lost_reason").alias("lost_reason"),
    ).select(leads.columns)
