"""SOQL taken apart: tokens, the parts that a parsed query consists of, and refusals with their place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.salesforce.errors import ApiError

LONGEST_TEXT = 4000
LONGEST_QUERY = 100_000
EXCERPT = 30

TOKEN = re.compile(
    r"""\s*(?:
    (?P<datetime>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2}))
  | (?P<date>\d{4}-\d{2}-\d{2})
  | (?P<number>[+-]?\d+(?:\.\d+)?)
  | (?P<name>[A-Za-z_][\w.]*(?::\d+)?)
  | (?P<text>'(?:[^'\\]|\\.)*')
  | (?P<sign><=|>=|!=|<>|=|<|>|\(|\)|,)
  | (?P<end>$)
  | (?P<wrong>\S)
)""",
    re.VERBOSE | re.DOTALL,
)

ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a query, what kind it is and where it stands (counted from 0)."""

    kind: str
    text: str
    at: int

    @property
    def upper(self) -> str:
        """The word in capitals, for comparing with keywords."""
        return self.text.upper()


@dataclass(frozen=True, slots=True)
class Path:
    """A field, or a field of a parent: `Owner.Name` is ("Owner", "Name")."""

    names: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A function over rows; COUNT() of nothing counts rows."""

    function: str
    path: Path | None
    alias: str | None
    at: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A value in a condition; `kind` is text, number, boolean, null, date, datetime or period."""

    kind: str
    value: Any
    at: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`path operator literal`, the operator in capitals."""

    path: Path
    operator: str
    literal: Literal


@dataclass(frozen=True, slots=True)
class Membership:
    """`path [NOT] IN (…)`, for multi-select picklists INCLUDES and EXCLUDES; or a semi-join."""

    path: Path
    operator: str
    values: tuple[Literal, ...]
    query: Query | None = None


@dataclass(frozen=True, slots=True)
class Combination:
    """AND or OR of conditions, or NOT of one."""

    operator: str
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """One key of the order."""

    path: Path | Aggregate
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. `all_fields` is ALL, STANDARD or CUSTOM for FIELDS(…)."""

    table: str
    table_at: int
    select: tuple[Path | Aggregate, ...]
    aliases: dict[str, str] = field(default_factory=dict)
    all_fields: str | None = None
    where: Condition | None = None
    group_by: tuple[Path, ...] = ()
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    text: str = ""


Condition = Comparison | Membership | Combination


def tokens(text: str) -> list[Token]:
    """The words of a query, the last one of kind "end"; raises MALFORMED_QUERY."""
    if len(text) > LONGEST_QUERY:
        raise ApiError("MALFORMED_QUERY", "SOQL statements cannot be longer than 100000 characters")
    found: list[Token] = []
    at = 0
    while True:
        match = TOKEN.match(text, at)
        kind = match.lastgroup if match else None
        if match is None or kind is None:
            raise malformed(text, at, "unexpected token: <EOF>")
        token = Token(kind, match.group(kind), match.start(kind))
        if kind == "wrong":
            raise malformed(text, token.at, f"unexpected token: '{token.text}'")
        found.append(token)
        if kind == "end":
            return found
        at = match.end()


def unescaped(quoted: str) -> str:
    """The text of a quoted literal; an escaped % or _ keeps its backslash for LIKE."""

    def one(match: re.Match[str]) -> str:
        what = match.group(1)
        if what[0] == "u" and len(what) > 1:
            return chr(int(what[1:], 16))
        return match.group(0) if what in "%_" else ESCAPED.get(what, what)

    return ESCAPE.sub(one, quoted[1:-1])


def malformed(text: str, at: int, message: str) -> ApiError:
    """A refusal of the query's form."""
    return placed("MALFORMED_QUERY", text, at, message)


def placed(code: str, text: str, at: int, message: str) -> ApiError:
    """A refusal that points at its place in the query, as the CRM prints it."""
    row = text.count("\n", 0, at) + 1
    start = text.rfind("\n", 0, at) + 1
    stop = text.find("\n", at)
    line = text[start : None if stop < 0 else stop]
    column = at - start
    left = max(0, column - EXCERPT)
    excerpt = line[left : column + EXCERPT]
    pointer = " " * (column - left) + "^"
    return ApiError(
        code, f"\n{excerpt}\n{pointer}\nERROR at Row:{row}:Column:{column + 1}\n{message}"
    )
