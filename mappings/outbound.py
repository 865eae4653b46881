"""From the verdict frame to CRM values, and how they compare with what is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from mappings.memory import Base, remembered
from mappings.targets import Target, compile_targets
from mappings.wire import canonical

if TYPE_CHECKING:
    from mappings.mapping import Mapping
    from mappings.schema import CrmSchema

_NOT_A_VERDICT = "scored_at"
"""The day of the judgement alone is no news: it goes along when something else changes."""


@dataclass(frozen=True)
class Outbound:
    """A mapping's way out, compiled against a described CRM.

    `fields` are the CRM fields that are written or compared; `stage_from_crm` gives the stage that
    each word in the written stage field stands for.
    """

    fields: tuple[str, ...]
    stage_from_crm: dict[str, str]
    targets: tuple[Target, ...]

    def compare(
        self, raw: pl.DataFrame, judged: pl.DataFrame, written: pl.Series | str
    ) -> pl.DataFrame:
        """What is there, what we want, and which of the two wins, row for row.

        `judged` is the lead frame with its verdict columns; `written` says per row what we last
        wrote, as a JSON object of CRM field → text or null (a Series, or the name of a column of
        `judged`). Columns: @id, @modified_at, `from:F`, `to:F`, `change:F` and `edited:F` for each
        field F, and `written` as it is once the changes are applied.
        """
        memory = judged[written] if isinstance(written, str) else written
        frame = pl.concat(
            [
                raw.select("@id", "@modified_at", *(each.current for each in self.targets)),
                judged.select(part for each in self.targets for part in each.wanted),
                raw.select(part for each in self.targets for part in each.read_back),
                memory.rename("@written").to_frame(),
            ],
            how="horizontal",
        )
        frame = frame.with_columns(part for each in self.targets for part in _base(each))
        frame = frame.with_columns(part for each in self.targets for part in each.settled)
        frame = frame.with_columns(each.edited for each in self.targets)
        return self._decided(frame)

    def _decided(self, frame: pl.DataFrame) -> pl.DataFrame:
        news = [each for each in self.targets if each.name != _NOT_A_VERDICT]
        frame = frame.with_columns(each.change for each in news)
        nothing = pl.lit(False)  # noqa: FBT003 — polars takes a literal
        any_news = pl.any_horizontal(
            [nothing, *(pl.col(f"change:{each.field.name}") for each in news)]
        )
        riding = [each for each in self.targets if each.name == _NOT_A_VERDICT]
        frame = frame.with_columns(
            (each.change & any_news).alias(f"change:{each.field.name}") for each in riding
        )
        after = remembered([each.remember for each in self.targets]).alias("written")
        columns = [
            f"{what}:{f}" for f in self.fields for what in ("from", "to", "change", "edited")
        ]
        return frame.with_columns(after).select("@id", "@modified_at", *columns, "written")


def _base(target: Target) -> tuple[pl.Expr, pl.Expr]:
    """What we last wrote to the field, and whether that is known at all."""
    name = target.field.name
    base = Base(pl.col("@written"), name)
    text = canonical(base.text, target.field).alias(f"base:{name}")
    return text, base.known.alias(f"known:{name}")


def compile_outbound(mapping: Mapping, schema: CrmSchema) -> Outbound:
    """The way out for a described CRM.

    Raises `ProblemsError` when a field to write is not there.
    """
    targets = compile_targets(mapping, schema)
    return Outbound(
        fields=tuple(each.field.name for each in targets),
        stage_from_crm=mapping.stage_words(),
        targets=targets,
    )
