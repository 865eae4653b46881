"""The SOQL parser: text → Query. What the sandbox does not model is refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.salesforce.errors import ApiError, UnsupportedError
from connector.sandbox.salesforce.soql_words import (
    LONGEST_TEXT,
    Aggregate,
    Combination,
    Comparison,
    Condition,
    Literal,
    Membership,
    Order,
    Path,
    Query,
    malformed,
    tokens,
    unescaped,
)

if TYPE_CHECKING:
    from connector.sandbox.salesforce.soql_words import Token

FUNCTIONS = frozenset({"COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG"})
CLAUSES = frozenset({"WHERE", "GROUP", "ORDER", "LIMIT", "OFFSET", "WITH", "HAVING", "FOR", "ALL"})
SIGNS = frozenset({"=", "!=", "<>", "<", ">", "<=", ">="})
LITERALS = {"TRUE": ("boolean", True), "FALSE": ("boolean", False), "NULL": ("null", None)}
MOST_OFFSET = 2000


def parse(text: str) -> Query:
    """Parse a whole query; raises MALFORMED_QUERY with the place of what was not expected."""
    parser = _Parser(text)
    query = parser.query()
    parser.expect_end()
    return query


class _Parser:
    """Goes through the tokens once, left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._next = 0

    # tokens

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._token
        self._next += 1
        return token

    def _accept(self, *words: str) -> Token | None:
        known = self._token.kind in {"name", "sign"} and self._token.upper in words
        return self._take() if known else None

    def _expect(self, *words: str) -> Token:
        return self._accept(*words) or self._fail()

    def _fail(self) -> Token:
        shown = self._token.text or "<EOF>"
        raise malformed(self._text, self._token.at, f"unexpected token: '{shown}'")

    def _name(self) -> Token:
        return self._take() if self._token.kind == "name" else self._fail()

    def _count(self) -> int:
        token = self._take() if self._token.kind == "number" else self._fail()
        return int(token.text) if token.text.isdigit() else int(self._fail().text)

    def expect_end(self) -> None:
        """Refuse anything after the query."""
        if self._token.kind != "end":
            self._fail()

    # clauses

    def query(self) -> Query:
        """SELECT … FROM … and the clauses after it."""
        self._expect("SELECT")
        select, all_fields = self._select_list()
        self._expect("FROM")
        table = self._name()
        self._alias_of_table(table)
        where = self._condition() if self._accept("WHERE") else None
        if self._token.upper in {"WITH"}:
            raise UnsupportedError("WITH in SOQL")
        group_by = self._group_by()
        order_by = self._order_by()
        limit = self._count() if self._accept("LIMIT") else None
        offset = self._offset()
        if self._accept("FOR"):
            self._expect("VIEW", "REFERENCE", "UPDATE")
        if self._accept("ALL"):
            self._expect("ROWS")
        return Query(
            table=table.text,
            table_at=table.at,
            select=select,
            all_fields=all_fields,
            where=where,
            group_by=group_by,
            order_by=order_by,
            limit=limit,
            offset=offset,
            text=self._text,
        )

    def _alias_of_table(self, table: Token) -> None:
        if self._token.kind == "name" and self._token.upper not in CLAUSES:
            raise UnsupportedError(f"an alias of {table.text} in FROM")

    def _select_list(self) -> tuple[tuple[Path | Aggregate, ...], str | None]:
        items: list[Path | Aggregate] = []
        all_fields: str | None = None
        while True:
            if self._token.upper == "FIELDS" and self._tokens[self._next + 1].text == "(":
                self._next += 2
                all_fields = self._expect("ALL", "STANDARD", "CUSTOM").upper
                self._expect(")")
            else:
                items.append(self._item())
            if not self._accept(","):
                return tuple(items), all_fields

    def _item(self) -> Path | Aggregate:
        if self._token.text == "(":
            raise UnsupportedError("subqueries of children in SELECT")
        if self._token.upper == "TYPEOF":
            raise UnsupportedError("TYPEOF")
        return self._operand(aliased=True)

    def _operand(self, *, aliased: bool = False) -> Path | Aggregate:
        name = self._name()
        if not self._accept("("):
            return _path(name)
        if name.upper not in FUNCTIONS:
            raise UnsupportedError(f"the function {name.text} in SOQL")
        path = None if self._token.text == ")" else _path(self._name())
        self._expect(")")
        alias = None
        if aliased and self._token.kind == "name" and self._token.upper != "FROM":
            alias = self._take().text
        return Aggregate(name.upper, path, alias, name.at)

    def _group_by(self) -> tuple[Path, ...]:
        if not self._accept("GROUP"):
            return ()
        self._expect("BY")
        paths = [_path(self._name())]
        while self._accept(","):
            paths.append(_path(self._name()))
        if self._token.upper == "HAVING":
            raise UnsupportedError("HAVING")
        return tuple(paths)

    def _order_by(self) -> tuple[Order, ...]:
        if not self._accept("ORDER"):
            return ()
        self._expect("BY")
        orders = [self._order()]
        while self._accept(","):
            orders.append(self._order())
        return tuple(orders)

    def _order(self) -> Order:
        operand = self._operand()
        direction = self._accept("ASC", "DESC")
        nulls = self._expect("FIRST", "LAST") if self._accept("NULLS") else None
        descending = direction is not None and direction.upper == "DESC"
        nulls_last = nulls is not None and nulls.upper == "LAST"
        return Order(operand, descending, nulls_last)

    def _offset(self) -> int:
        offset = self._count() if self._accept("OFFSET") else 0
        if offset > MOST_OFFSET:
            message = f"Maximum SOQL offset allowed is {MOST_OFFSET}"
            raise ApiError("NUMBER_OUTSIDE_VALID_RANGE", message)
        return offset

    # conditions

    def _condition(self) -> Condition:
        """Parse conditions joined by one word; the other word at this level is refused."""
        parts = [self._simple()]
        joined = self._accept("AND", "OR")
        if joined is None:
            return parts[0]
        parts.append(self._simple())
        while self._accept(joined.upper):
            parts.append(self._simple())
        if self._token.upper in {"AND", "OR"}:
            self._fail()
        return Combination(joined.upper, tuple(parts))

    def _simple(self) -> Condition:
        if self._accept("NOT"):
            return Combination("NOT", (self._simple(),))
        if self._accept("("):
            inner = self._condition()
            self._expect(")")
            return inner
        path = _path(self._name())
        if self._token.text == "(":
            raise UnsupportedError("functions in WHERE")
        return self._predicate(path)

    def _predicate(self, path: Path) -> Condition:
        if self._token.text in SIGNS:
            sign = self._take().text
            return Comparison(path, "!=" if sign == "<>" else sign, self._literal())
        if self._accept("LIKE"):
            return Comparison(path, "LIKE", self._literal())
        if self._accept("NOT"):
            self._expect("IN")
            return self._membership(path, "NOT IN")
        return self._membership(path, self._expect("IN", "INCLUDES", "EXCLUDES").upper)

    def _membership(self, path: Path, operator: str) -> Membership:
        self._expect("(")
        if self._token.upper == "SELECT":
            inner = self.query()
            self._expect(")")
            return Membership(path, operator, (), inner)
        values = [self._literal()]
        while self._accept(","):
            values.append(self._literal())
        self._expect(")")
        return Membership(path, operator, tuple(values))

    def _literal(self) -> Literal:
        token = self._take()
        match token.kind:
            case "text":
                return self._text_literal(token)
            case "number":
                return Literal("number", float(token.text), token.at)
            case "date" | "datetime":
                return Literal(token.kind, token.text, token.at)
            case "name" if token.upper in LITERALS:
                kind, value = LITERALS[token.upper]
                return Literal(kind, value, token.at)
            case "name":
                return Literal("period", token.upper, token.at)
            case _:
                self._next -= 1
                raise malformed(
                    self._text, token.at, f"unexpected token: '{token.text or '<EOF>'}'"
                )

    def _text_literal(self, token: Token) -> Literal:
        value = unescaped(token.text)
        if len(value) > LONGEST_TEXT:
            raise malformed(self._text, token.at, "Maximum length of a string is 4000 characters")
        return Literal("text", value, token.at)


def _path(token: Token) -> Path:
    return Path(tuple(token.text.split(".")), token.at)
