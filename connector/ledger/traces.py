"""Traces of a person: where in the database, and in its files, a known value still stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import MetaData, String, and_, or_, select

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Column, Connection, Table

LEAD_COLUMNS = ("id", "lead", "lead_id", "merged_into")
"""Columns that hold a lead's id, where the table has a column for the connection, too."""

_BLOCK = 1 << 22
_FEWEST_DIGITS = 6
_SHORTEST_NAME = 2


@dataclass(frozen=True)
class Trace:
    """Something that is known of a person: texts that must all stand in one value.

    `what` is "address", "phone" or "name". A text counts where it stands by itself: the address
    ann@x.org is not in joann@x.org.
    """

    what: str
    texts: tuple[str, ...]

    @property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """What must be found of each text."""
        edge = r"[\w.+%-]" if self.what == "address" else r"\w"
        after = r"(?!\w|[-.]\w)" if self.what == "address" else r"(?!\w)"
        return tuple(
            re.compile(rf"(?<!{edge}){re.escape(text)}{after}", re.IGNORECASE)
            for text in self.texts
        )

    def found_in(self, value: str) -> bool:
        """Whether all of it stands in the value, as it is or as JSON spells it."""
        plain = _unescaped(value)
        return all(pattern.search(plain) for pattern in self.patterns)


def traces_of(address: str, facts: Sequence[dict[str, Any]]) -> list[Trace]:
    """What to look for: the address, and the telephone numbers and names of the remembered facts."""
    found = {Trace("address", (address,)): None}
    for known in facts:
        for name in ("phone", "mobile"):
            number = str(known.get(name) or "").strip()
            if sum(character.isdigit() for character in number) >= _FEWEST_DIGITS:
                found[Trace("phone", (number.removeprefix("+"),))] = None
        names = [str(known.get(name) or "").strip() for name in ("first_name", "last_name")]
        if all(len(name) >= _SHORTEST_NAME for name in names):
            found[Trace("name", tuple(names))] = None
    return list(found)


def tables_of(connection: Connection) -> list[Table]:
    """Every table that the database really has, whatever made it."""
    there = MetaData()
    there.reflect(connection)
    return there.sorted_tables


def text_columns(table: Table) -> list[Column[Any]]:
    """The columns that can hold a text."""
    return [column for column in table.columns if isinstance(column.type, String)]


def lead_columns(table: Table) -> list[Column[Any]]:
    """The columns by which rows belong to a lead; none where they belong to nobody."""
    if "connection" not in table.columns:
        return []
    return [table.columns[name] for name in LEAD_COLUMNS if name in table.columns]


def rows_with(connection: Connection, table: Table, trace: Trace) -> Iterator[dict[str, Any]]:
    """The rows of a table in any of whose columns the trace stands."""
    columns = text_columns(table)
    if not columns:
        return
    likely = or_(
        *(
            and_(
                *(
                    or_(*(c.icontains(s, autoescape=True) for s in _spelled(text)))
                    for text in trace.texts
                )
            )
            for c in columns
        )
    )
    for row in connection.execute(select(table).where(likely)).mappings():
        values = (row[column.name] for column in columns)
        if any(value is not None and trace.found_in(str(value)) for value in values):
            yield dict(row)


def in_files(path: Path, traces: Sequence[Trace]) -> int:
    """How many of a database's own files (its logs with it) hold an address or a number."""
    texts = [text for trace in traces if trace.what != "name" for text in trace.texts]
    files = [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))]
    return sum(_file_holds(file, texts) for file in files if file.exists())


def _file_holds(file: Path, texts: Sequence[str]) -> bool:
    needles = [text.lower().encode() for text in texts]
    overlap = max(map(len, needles), default=1)
    before = b""
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            window = (before + block).lower()
            if any(_stands_alone(window, needle) for needle in needles):
                return True
            before = (before + block)[-2 * overlap :]
    return False


def _stands_alone(window: bytes, needle: bytes) -> bool:
    pattern = rb"(?<![a-z0-9_.+%-])" + re.escape(needle) + rb"(?![a-z0-9_]|[-.][a-z0-9_])"
    return re.search(pattern, window) is not None


def _spelled(text: str) -> list[str]:
    """The text as it is, as JSON spells it, and as databases fold it that know only ASCII."""
    quoted = orjson.dumps(text).decode()[1:-1]
    return list(dict.fromkeys([text, quoted, text.lower(), text.upper(), text.title()]))


def _unescaped(value: str) -> str:
    return value.replace('\\"', '"').replace("\\/", "/").replace("\\\\", "\\")
