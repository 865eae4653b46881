"""One connection, ready to run: its CRM, schema, mapping and model, compiled once per command."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from scoring.lead import FIELDS

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

_STATE = ("stage", "stage_since", "converted", "opportunity_state", "modified_at")


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
        fed = sorted({*self.inbound.fed, *_STATE})
        return {name: FIELDS[name].kind for name in fed} | self.inbound.facts

    @property
    def verdict_key(self) -> str:
        """Changes whenever the same record could be judged or written differently."""
        both = f"{self.model.digest}:{self.mapping.digest}:{','.join(self.fields)}"
        return hashlib.sha256(both.encode()).hexdigest()[:16]


def judge_page(
    connection: Connection, raw: pl.DataFrame, memory: pl.DataFrame, as_of: date
) -> pl.DataFrame:
    """The judged frame of a raw page, in its row order.

    It holds the lead's fields and the verdict's; `stage` is the verdict's, `stage_was` the stage
    in which the lead came in: what the CRM says, else what the ledger remembers.
    """
    leads = connection.inbound(raw)
    leads = _remembered(leads, memory, raw)
    verdicts = connection.judge(leads, as_of).drop("id")
    facts = leads.rename({"stage": "stage_was"}).drop(
        [name for name in verdicts.columns if name in leads.columns and name != "stage"]
    )
    return facts.hstack(verdicts)


def _remembered(leads: pl.DataFrame, memory: pl.DataFrame, raw: pl.DataFrame) -> pl.DataFrame:
    """Add what only the ledger knows: conversion, the stage where the CRM is silent, since when."""
    names = ("stage", "stage_since", "converted")
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
    ).select(leads.columns)
