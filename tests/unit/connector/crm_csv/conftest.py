"""A file of leads in a fresh folder, and connections to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connector.crm.csv import PLUGIN
from connector.engine.ports import Runtime, Window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from connector.crm.csv.adapter import CsvCrm

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@dataclass
class Files:
    """The folder of one connection."""

    folder: Path

    def put(self, text: str | bytes, name: str = "leads.csv") -> Path:
        """Write a file."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def open(self, name: str = "leads.csv", **keys: str) -> CsvCrm:
        """A new connection, as the next command would open it."""
        keys = {k: str(self.folder / v) if k == "out" else v for k, v in keys.items()}
        settings = PLUGIN.settings_type()(path=str(self.folder / name), **keys)  # type: ignore[arg-type]
        return PLUGIN.open(settings, Runtime(lambda: NOW, lambda key, value: None))

    def read(self, name: str = "leads.leadgate.csv") -> pl.DataFrame:
        """A file that we wrote, as any other program reads it."""
        return pl.read_csv(self.folder / name, infer_schema=False)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """An empty folder."""
    return Files(tmp_path)


def pull(crm: CsvCrm, fields: Sequence[str], since: datetime | None = None) -> pl.DataFrame:
    """Every page of a pull in one frame."""
    pages = [page.leads for page in crm.pull(Window(since, NOW), fields)]
    return pl.concat(pages) if pages else pl.DataFrame()


def changes(field: str, values: dict[str, str | None]) -> pl.DataFrame:
    """A changes frame for one field."""
    ids = pl.Series("@id", list(values), pl.String)
    to = pl.Series(f"to:{field}", list(values.values()), pl.String)
    moment = pl.lit(NOW).alias("@modified_at")
    return pl.DataFrame([ids, to]).with_columns(moment, pl.lit(value=True).alias(f"change:{field}"))
