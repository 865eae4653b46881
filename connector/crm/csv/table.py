"""A file of records as frames of text: bounded pages, every bad row reported with its line."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING

import polars as pl

from connector.crm.csv.faults import translated
from connector.crm.csv.records import Record, detect_delimiter, detect_encoding, records
from connector.errors import ConfigurationError
from scoring.problem import Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PAGE = 50_000
"""Rows of a page."""

SHOWN = 1_000
"""Bad rows that are kept with their words; the rest is only counted."""


@dataclass
class BadRows:
    """The rows that could not be read: how many, and the first of them in words, without cells."""

    file: str
    count: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add(self, line: int, what: str, fix: str = "") -> None:
        """Count a bad row."""
        self.count += 1
        if len(self.problems) < SHOWN:
            self.problems.append(Problem(f"{self.file}:{line}", what, fix))


@dataclass(frozen=True)
class Table:
    """A file of leads and how it is to be read.

    `id_column` is None when leads are told apart by their line.
    """

    path: Path
    columns: tuple[str, ...]
    id_column: str | None
    encoding: str = "utf-8"
    delimiter: str = ","

    @property
    def is_parquet(self) -> bool:
        """Whether the file is columnar."""
        return self.path.name.lower().endswith(".parquet")

    def pages(
        self, columns: Sequence[str], bad: BadRows, *, size: int = PAGE
    ) -> Iterator[pl.DataFrame]:
        """Frames of `@id`, `@line` and these columns as text, null where blank or not there."""
        there = [name for name in dict.fromkeys(columns) if name in self.columns]
        names = list(dict.fromkeys([*([self.id_column] if self.id_column else []), *there]))
        raw = self._parquet(names, size) if self.is_parquet else self._text(names, bad, size)
        seen: set[str] = set()
        missing = [name for name in dict.fromkeys(columns) if name not in self.columns]
        blank = [pl.lit(None, pl.String).alias(name) for name in missing]
        with translated(self.path):
            for page in raw:
                kept = _identified(page, self.id_column, seen, bad)
                yield kept.with_columns(blank).select("@id", "@line", *dict.fromkeys(columns))

    def _text(self, names: Sequence[str], bad: BadRows, size: int) -> Iterator[pl.DataFrame]:
        positions = [self.columns.index(name) for name in names]
        found: list[list[str]] = []
        lines: list[int] = []
        rows = records(self.path, self.encoding, self.delimiter)
        next(rows)
        for record in rows:
            cells = record.cells
            if isinstance(cells, str) or len(cells) != len(self.columns):
                bad.add(record.line, self._wrong(record))
                continue
            found.append(cells)
            lines.append(record.line)
            if len(found) == size:
                yield _frame(names, positions, found, lines)
                found, lines = [], []
        if found:
            yield _frame(names, positions, found, lines)

    def _wrong(self, record: Record) -> str:
        cells, on = record.cells, ""
        if record.last_line > record.line:
            on = f" It goes on to line {record.last_line}."
        if isinstance(cells, str):
            return cells + on
        return f"has {len(cells)} columns, and the header has {len(self.columns)}.{on}"

    def _parquet(self, names: Sequence[str], size: int) -> Iterator[pl.DataFrame]:
        scan = pl.scan_parquet(self.path)
        schema = scan.collect_schema()
        texts = [_as_text(name, schema[name]) for name in names]
        height = scan.select(pl.len()).collect().item()
        for offset in range(0, height, size):
            part = scan.slice(offset, size).select(texts).collect()
            line = pl.int_range(offset + 1, offset + 1 + min(size, height - offset), eager=True)
            yield part.with_columns(line.alias("@line")).with_columns(_blank(*names))


def _frame(
    names: Sequence[str], positions: Sequence[int], found: list[list[str]], lines: list[int]
) -> pl.DataFrame:
    columns = {
        name: pl.Series(name, list(map(itemgetter(at), found)), dtype=pl.String)
        for name, at in zip(names, positions, strict=True)
    }
    line = pl.Series("@line", lines, dtype=pl.Int64)
    return pl.DataFrame([*columns.values(), line]).with_columns(_blank(*names))


def _blank(*names: str) -> list[pl.Expr]:
    return [pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in names]


def _identified(
    page: pl.DataFrame, id_column: str | None, seen: set[str], bad: BadRows
) -> pl.DataFrame:
    """The page with `@id`, without the rows whose id is missing or was there before."""
    if id_column is None:
        return page.with_columns(pl.format("line {}", pl.col("@line")).alias("@id"))
    ids = page[id_column].str.strip_chars()
    page = page.with_columns(pl.when(ids != "").then(ids).alias("@id"))
    for line in page.filter(pl.col("@id").is_null())["@line"]:
        bad.add(line, f'has no value in "{id_column}", which tells leads apart.')
    page = page.drop_nulls("@id")
    ids_here = page["@id"].to_list()
    fresh = page.select(pl.col("@id").is_first_distinct()).to_series()
    if not seen.isdisjoint(ids_here):
        fresh &= pl.Series([each not in seen for each in ids_here])
    for line in page.filter(~fresh)["@line"]:
        bad.add(line, f'has the same "{id_column}" as a row before it.', "Only the first is read.")
    seen.update(ids_here)
    return page.filter(fresh)


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    """A Parquet column in the text that a CSV file would have."""
    column = pl.col(name)
    match dtype:
        case pl.String():
            return column
        case pl.Datetime():
            zone = "Z" if dtype.time_zone else ""
            utc = column.dt.convert_time_zone("UTC") if dtype.time_zone else column
            return utc.dt.strftime(f"%Y-%m-%dT%H:%M:%S%.f{zone}").alias(name)
        case pl.List():
            return column.cast(pl.List(pl.String)).list.join(";").alias(name)
        case pl.Struct():
            return column.struct.json_encode().alias(name)
        case pl.Binary():
            raise ConfigurationError(
                f'csv: the column "{name}" holds bytes and cannot be read as text.'
            )
        case _:
            return column.cast(pl.String)


def open_table(
    path: Path, *, id_column: str | None, encoding: str | None = None, delimiter: str | None = None
) -> Table:
    """Read a file's header and find out how it is written.

    Raises ConfigurationError when there is no such file, no header, or no such id column.
    """
    with translated(path):
        table = _described(path, encoding, delimiter)
    if id_column is not None and id_column not in table.columns:
        near = did_you_mean(id_column, table.columns)
        raise ConfigurationError(f'{path}: has no column "{id_column}". {near}'.strip())
    return Table(path, table.columns, id_column, table.encoding, table.delimiter)


def _described(path: Path, encoding: str | None, delimiter: str | None) -> Table:
    if path.name.lower().endswith(".parquet"):
        return Table(path, tuple(pl.read_parquet_schema(path)), None)
    encoding = encoding or detect_encoding(path)
    if delimiter is None:
        tabs = ".tsv" in path.suffixes[-2:]
        delimiter = "\t" if tabs else detect_delimiter(path, encoding)
    line, _, header = next(records(path, encoding, delimiter), Record(1, 1, []))
    if isinstance(header, str):
        raise ConfigurationError(f"{path}:{line}: the header {header}")
    if not header:
        raise ConfigurationError(f"{path}: is empty; its first line must name the columns.")
    names = [cell.strip() or f"column {at}" for at, cell in enumerate(header, start=1)]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise ConfigurationError(f"{path}:{line}: names columns twice: {', '.join(double)}.")
    return Table(path, tuple(names), None, encoding, delimiter)


def whole(table: Table, columns: Sequence[str]) -> pl.DataFrame:
    """All of a file that we wrote ourselves; refuses to go on where a row of it cannot be read."""
    bad = BadRows(str(table.path))
    empty = pl.DataFrame(
        schema={"@id": pl.String, "@line": pl.Int64} | dict.fromkeys(columns, pl.String)
    )
    rows = pl.concat([empty, *table.pages(columns, bad)])
    if bad.count:
        raise ConfigurationError(
            f"{table.path}: {bad.count} rows cannot be read. Mend or remove the file.", bad.problems
        )
    return rows


def default_id_column(columns: Sequence[str]) -> str | None:
    """The column that tells leads apart when nobody has said: `id`, else `email`, else none."""
    folded = {name.casefold(): name for name in reversed(columns)}
    return folded.get("id") or folded.get("email")
