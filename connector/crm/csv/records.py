"""Records of a CSV file with the line each begins on; what cannot be read is said, not dropped."""

from __future__ import annotations

import codecs
import csv
import gzip
from collections import deque
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DELIMITERS = (",", ";", "\t", "|")

_UNDECODABLE = "\U0010ffff"
"""Stands for bytes that are not text; Unicode promises that it is never a character."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _UNDECODABLE, error.end


codecs.register_error("leadgate-mark", _mark)


def open_text(path: Path, encoding: str) -> TextIO:
    """The file as text, unpacked; undecodable bytes are marked and reported record by record."""
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding=encoding, errors="leadgate-mark", newline="")
    return path.open(encoding=encoding, errors="leadgate-mark", newline="")


def open_bytes(path: Path) -> BinaryIO | gzip.GzipFile:
    """The file as bytes, unpacked."""
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")


def detect_encoding(path: Path) -> str:
    """What the file's first bytes say, else UTF-8."""
    with open_bytes(path) as stream:
        head = stream.read(4)
    return next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")


def detect_delimiter(path: Path, encoding: str) -> str:
    """The delimiter that splits the first record into the most columns."""
    first = {each: next(records(path, encoding, each), None) for each in DELIMITERS}
    counts = {
        each: len(record.cells) if record and isinstance(record.cells, list) else 0
        for each, record in first.items()
    }
    return max(DELIMITERS, key=counts.__getitem__)


class _Lines:
    """The lines of a stream, counted, with a way back to the beginning of a record."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._back: deque[str] = deque()
        self._taken: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._stream)
        self._taken.append(line)
        self.number += 1
        return line

    def begin(self) -> int:
        """A record begins; the number of its first line."""
        self._taken.clear()
        return self.number + 1

    def skip_first(self) -> None:
        """Take only the record's first line, and read the others again as records of their own."""
        again = self._taken[1:]
        self._back.extendleft(reversed(again))
        self.number -= len(again)
        del self._taken[1:]

    def undecodable(self) -> bool:
        """Whether the record has bytes that are not text."""
        return any(_UNDECODABLE in line for line in self._taken)


class Record(NamedTuple):
    """The lines that a record covers, and its cells or what is wrong with it."""

    line: int
    last_line: int
    cells: list[str] | str


def records(path: Path, encoding: str, delimiter: str) -> Iterator[Record]:
    """Every record of the file, blank lines left out.

    A quote that is never closed costs its own line and no other.
    """
    with open_text(path, encoding) as stream:
        lines = _Lines(stream)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            begun = lines.begin()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                lines.skip_first()
                reader = csv.reader(lines, delimiter=delimiter, strict=True)
                what = "has a quote that is not closed, or text behind a closing quote."
                yield Record(begun, begun, what)
                continue
            if lines.undecodable():
                yield Record(begun, lines.number, f"has bytes that are not {encoding} text.")
            elif cells:
                yield Record(begun, lines.number, cells)
