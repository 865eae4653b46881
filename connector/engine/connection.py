"""One connection, ready to run: its CRM, schema, mapping and model, compiled once per command."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from connector.engine.answers import with_answers
from connector.engine.counts import with_active_days, with_copies
from scoring.lead import COUNTED, FIELDS

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

_STATE = (
    "stage",
    "stage_since",
    "converted",
    "opportunity_state",
    "lost_reason",
    "modified_at",
)


@dataclass(frozen=True)
class Connection:
    """A connection with everything that turns its raw pages into plan lines."""

    name: str
    crm: Crm
    schema: CrmSchema
    mapping: Mapping
    model: Model
    inbound: Inbound
    outbound: Outbound
    converter: Converter | None
    judge: Judge

    @property
    def fields(self) -> tuple[str, ...]:
        """The CRM fields that a pull asks for: those that feed the lead and those we write."""
        return tuple(dict.fromkeys((*self.inbound.fields, *self.outbound.fields)))

    @property
    def kinds(self) -> dict[str, Kind]:
        """The facts that the ledger keeps of a lead, by kind: all that the verdict can rest on."""
        told = {"junk", *(fact for fact in self.judge.questions.facts if fact in FIELDS)}
        known = sorted({*self.inbound.fed, *_STATE, *COUNTED, *told})
        return {name: FIELDS[name].kind for name in known} | self.inbound.facts

    @property
    def facts(self) -> pl.Expr:
        """What a verdict rests on, over a judged frame: a JSON object of facts.

        The data problems stand beside them if there are any.
        """
        columns = [pl.col("stage_was" if n == "stage" else n).alias(n) for n in self.kinds]
        problems = pl.when(pl.col("problems").list.len() > 0).then("problems").alias("problems")
        return pl.struct([*columns, problems]).struct.json_encode()

    @property
    def verdict_key(self) -> str:
        """Changes whenever the same record could be judged or written differently."""
        both = f"{_MEMORY}:{self.model.digest}:{self.mapping.digest}:{','.join(self.fields)}"
        return hashlib.sha256(both.encode()).hexdigest()[:16]


def judge_page(
    connection: Connection, raw: pl.DataFrame, memory: pl.DataFrame, as_of: date
) -> pl.DataFrame:
    """The judged frame of a raw page, in its row order.

    It holds the lead's fields and the verdict's; `stage` is the verdict's, `stage_was` the stage
    in which the lead came in: what the CRM says, else what the ledger remembers. `stage_said` is
    what the CRM says alone.
    """
    leads = with_answers(connection.inbound(raw), memory)
    said = leads["stage"].alias("stage_said")
    inbound = connection.inbound
    counted = with_active_days(inbound, with_copies(inbound, leads, memory), memory, as_of)
    return judged_leads(connection, _remembered(counted, memory, raw), as_of).with_columns(said)


def judged_leads(connection: Connection, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The judged frame of a lead frame: `stage` is the verdict's, `stage_was` the lead's."""
    verdicts = connection.judge(leads, as_of).drop("id")
    facts = leads.rename({"stage": "stage_was"}).drop(
        [name for name in verdicts.columns if name in leads.columns and name != "stage"]
    )
    return facts.hstack(verdicts)


def _remembered(leads: pl.DataFrame, memory: pl.DataFrame, raw: pl.DataFrame) -> pl.DataFrame:
    """Add what only the ledger knows: conversion and its outcome, the stage where the CRM is silent."""
    names = ("stage", "stage_since", "converted", "opportunity_state", "lost_reason")
    known = memory.select("id", *(pl.col(name).alias(f"memory:{name}") for name in names))
    joined = leads.with_columns(raw["@converted"].fill_null(value=False).alias("converted")).join(
        known, on="id", how="left", maintain_order="left"
    )
    stage = pl.coalesce("stage", "memory:stage")
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
