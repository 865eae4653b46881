"""The file with our columns: what stands in them, and how it is written anew as a whole.

Changes go into a journal beside the file as they come, and into the file when the connection is
closed; after a crash the next opening finds them in the journal. The file is replaced in one step.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import polars as pl

from connector.crm.csv.cells import guarded, unguarded
from connector.crm.csv.faults import translated
from connector.crm.csv.table import BadRows, Table, open_table, whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ID_COLUMN = "leadgate_id"
"""Tells the rows of our file apart when the file of leads has no column for it."""


class Target:
    """Our columns by lead, over the file and its journal."""

    def __init__(self, path: Path, source: Table) -> None:
        self.path = path
        self._source = source
        self._journal = path.with_name(path.name + ".journal")
        self._table = self._open()
        self._current = self._read()
        self._dirty = False
        if self._journal.exists():
            self._replay()

    @property
    def columns(self) -> tuple[str, ...]:
        """Our columns: those that the file of leads does not have."""
        return tuple(name for name in self._current.columns if name != "@id")

    def values(self, columns: Sequence[str]) -> pl.DataFrame:
        """`@id` and what stands in these columns of ours; null in a column that is not there yet."""
        missing = [name for name in columns if name not in self._current.columns]
        blank = [pl.lit(None, pl.String).alias(name) for name in missing]
        return self._current.with_columns(blank).select("@id", *columns)

    def add_columns(self, columns: Sequence[str]) -> None:
        """Make room for columns; the file has them once it is saved."""
        missing = [name for name in columns if name not in self._current.columns]
        self._current = self._current.with_columns(
            pl.lit(None, pl.String).alias(name) for name in missing
        )
        self._dirty = self._dirty or bool(missing)

    def change(self, changes: pl.DataFrame) -> None:
        """Take in a changes frame; on return it is on the disk."""
        kept = changes.select(pl.col("@id"), pl.col("^to:.*$"), pl.col("^change:.*$")).unique(
            "@id", keep="last", maintain_order=True
        )
        with (
            translated(self._journal, "written"),
            self._journal.open("a", encoding="utf-8") as stream,
        ):
            stream.write(kept.write_ndjson())
            stream.flush()
            os.fsync(stream.fileno())
        self._merge(kept)

    def save(self) -> None:
        """Write the file anew if anything has changed, and forget the journal."""
        if not self._dirty:
            return
        with translated(self.path, "written"), replacing(self.path) as stream:
            for number, part in enumerate(self._rows()):
                text = part.write_csv(
                    separator=self._delimiter, include_header=number == 0, null_value=""
                )
                stream.write(text)
        self._journal.unlink(missing_ok=True)
        self._table = self._open()
        self._dirty = False

    @property
    def _delimiter(self) -> str:
        return "\t" if self.path.suffix.lower() == ".tsv" else self._source.delimiter

    @property
    def _id_column(self) -> str:
        return self._source.id_column or ID_COLUMN

    def _open(self) -> Table | None:
        if not self.path.exists():
            return None
        return open_table(self.path, id_column=self._id_column)

    def _read(self) -> pl.DataFrame:
        if self._table is None:
            return pl.DataFrame(schema={"@id": pl.String})
        known = (*self._source.columns, ID_COLUMN)
        ours = [name for name in self._table.columns if name not in known]
        rows = whole(self._table, ours)
        return rows.select(_OWN_ID, *(unguarded(pl.col(name)).alias(name) for name in ours))

    def _replay(self) -> None:
        """Take in what a run that died had written; a line that it did not finish was never said."""
        with translated(self._journal):
            text = self._journal.read_bytes()
            finished = text[: text.rfind(b"\n") + 1]
            os.truncate(self._journal, len(finished))
            if finished:
                self._merge(_last_of_each(finished))
        self._dirty = True

    def _merge(self, changes: pl.DataFrame) -> None:
        fields = [n.removeprefix("change:") for n in changes.columns if n.startswith("change:")]
        self.add_columns(fields)
        joined = self._current.join(changes, on="@id", how="full", coalesce=True)
        self._current = joined.select(
            pl.when(pl.col(f"change:{name}").fill_null(value=False))
            .then(f"to:{name}")
            .otherwise(name)
            .alias(name)
            if name in fields
            else pl.col(name)
            for name in self._current.columns
        )
        self._dirty = True

    def _rows(self) -> Iterator[pl.DataFrame]:
        """Every lead of the file in its order, then those that only our file still knows."""
        theirs, ours = self._source.columns, list(self.columns)
        shown = [guarded(pl.col(name)).alias(name) for name in ours]
        copied = [guarded(pl.col(name)).alias(name) for name in theirs]
        key = [] if self._source.id_column else [guarded(pl.col("@id")).alias(ID_COLUMN)]
        yield pl.DataFrame(
            schema=dict.fromkeys([*([ID_COLUMN] if key else []), *theirs, *ours], pl.String)
        )
        written: list[pl.Series] = []
        for page in self._source.pages(theirs, BadRows(self._source.path.name)):
            written.append(page["@id"])
            both = page.join(self._current, on="@id", how="left", maintain_order="left")
            yield both.select(*key, *copied, *shown)
        if self._table is None:
            return
        known = pl.concat(written) if written else pl.Series("@id", [], pl.String)
        for page in self._table.pages(theirs, BadRows(self.path.name)):
            bare = [unguarded(pl.col(name)).alias(name) for name in theirs]
            only = page.with_columns(_OWN_ID, *bare).filter(~pl.col("@id").is_in(known.implode()))
            both = only.join(self._current, on="@id", how="left", maintain_order="left")
            yield both.select(*key, *copied, *shown)


_OWN_ID = unguarded(pl.col("@id")).alias("@id")
"""A lead's id in our own file, whose cells are guarded."""


def _last_of_each(journal: bytes) -> pl.DataFrame:
    """A journal's changes as one changes frame: per lead and field, the last one counts."""
    names = pl.read_ndjson(journal, infer_schema_length=None).columns
    kinds = {n: pl.Boolean if n.startswith("change:") else pl.String for n in names}
    lines = pl.read_ndjson(journal, schema=kinds)
    fields = [name.removeprefix("change:") for name in names if name.startswith("change:")]
    return lines.group_by("@id", maintain_order=True).agg(
        *(
            pl.col(f"to:{f}").filter(pl.col(f"change:{f}").fill_null(value=False)).last()
            for f in fields
        ),
        *(pl.col(f"change:{f}").any() for f in fields),
    )


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A new file that takes the place of `path` in one step, once it is whole and on the disk."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with open(handle, "w", encoding="utf-8-sig", newline="") as stream:  # noqa: PTH123 — a descriptor, not a path
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o777)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
