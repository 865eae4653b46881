"""A plan as a file: JSON Lines, a header first, the hash of all before it last.

The header names the connection, the run, the model and the mapping that the plan was made with, so
that `apply` can refuse a plan that no longer fits them.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from connector.engine.plan import LINES
from connector.engine.ports import utc
from connector.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FORMAT = 1

_TOUCHES = ("touch", "hold")
"""The kinds of lines that revival plans: see connector/engine/outreach/lines.py."""


@dataclass(frozen=True, slots=True)
class PlanHeader:
    """What a plan is for and what it was made with."""

    connection: str
    crm: str
    run: str
    made_at: str
    as_of: str
    model: str
    mapping: str
    lines: int


def readable_lines(lines: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Plan lines as users read them in JSON: only what changes, from what to what."""
    for row in lines.iter_rows(named=True):
        body = orjson.loads(row["body"])
        line: dict[str, Any] = {"line": row["line"], "kind": row["kind"], "id": row["id"]}
        line["base"] = row["base"].isoformat() if row["base"] else None
        if row["kind"] == "change":
            pairs = {k: v for k, v in body.items() if v is not None}
            line["fields"] = {k: {"from": v[0], "to": v[1]} for k, v in pairs.items()}
        elif row["kind"] in _TOUCHES:
            line["touch"] = body
        else:
            line["owner"] = body.pop("@owner_id", None)
            line["opportunity"] = {k: v for k, v in body.items() if v is not None}
        yield line | {"reason": row["reason"]}


def write_plan(path: Path, header: PlanHeader, pages: Iterable[pl.DataFrame]) -> str:
    """Write a plan file, readable by its owner only; returns its hash."""
    digest = hashlib.sha256()
    temporary = path.with_name(path.name + ".part")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:

        def put(row: dict[str, Any]) -> None:
            text = orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
            digest.update(text)
            file.write(text)

        put({"leadgate_plan": FORMAT} | asdict(header))
        for page in pages:
            for row in readable_lines(page):
                put(row)
        file.write(orjson.dumps({"sha256": digest.hexdigest()}, option=orjson.OPT_APPEND_NEWLINE))
    temporary.replace(path)
    return digest.hexdigest()


def read_plan(path: Path) -> tuple[PlanHeader, pl.DataFrame]:
    """Read a plan file back; raises `ConfigurationError` if it is not one, or was edited."""
    try:
        rows = path.read_bytes().splitlines(keepends=True)
        header = orjson.loads(rows[0])
        seal = orjson.loads(rows[-1])["sha256"]
        version = header.pop("leadgate_plan")
    except FileNotFoundError:
        raise ConfigurationError(f"{path} does not exist.") from None
    except (OSError, ValueError, KeyError, IndexError, AttributeError, TypeError):
        raise ConfigurationError(
            f"{path} is not a plan. Make one with: leadgate plan CONNECTION --out FILE"
        ) from None
    if version != FORMAT:
        raise ConfigurationError(
            f"{path} is a plan of format {version}; this program reads {FORMAT}."
        )
    if hashlib.sha256(b"".join(rows[:-1])).hexdigest() != seal:
        raise ConfigurationError(
            f"{path} was changed after it was made (its hash does not fit). Plan again, and mend the "
            "model or the mapping instead of the plan."
        )
    return PlanHeader(**header), _frame(orjson.loads(row) for row in rows[1:-1])


def _frame(rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    columns: dict[str, list[Any]] = {name: [] for name in LINES}
    for row in rows:
        for name in ("line", "id", "kind", "reason"):
            columns[name].append(row[name])
        columns["base"].append(utc(row["base"]) if row["base"] else None)
        columns["body"].append(orjson.dumps(_body(row)).decode())
    return pl.DataFrame(columns, schema=LINES)


def _body(row: dict[str, Any]) -> dict[str, Any]:
    if row["kind"] in _TOUCHES:
        return dict(row["touch"])
    body: dict[str, Any] = row.get("opportunity", {})
    if row["kind"] == "change":
        return {name: [pair["from"], pair["to"]] for name, pair in row["fields"].items()}
    return {"@owner_id": row["owner"]} | body
