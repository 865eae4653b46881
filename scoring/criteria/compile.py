"""Criteria compiled once: to a polars expression that is true, false or unknown, and to words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from scoring.criteria.forms import Form, known
from scoring.criteria.operators import OPERATORS, comparison, form_of, operand, wrong_value
from scoring.criteria.tree import Combination, Comparison, Node
from scoring.problem import did_you_mean
from scoring.words import joined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.document import Document, Path
    from scoring.lead import Kind
    from scoring.problem import Problem


@dataclass(frozen=True)
class Compiled:
    """A criterion ready for use.

    `expression` is Boolean, null where the facts do not tell. It reads the columns of `forms`,
    which `prepare` makes. `facts` are the facts that it looks at, `words` says what must be.
    """

    expression: pl.Expr
    words: str
    forms: frozenset[Form] = frozenset()

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts that the criterion looks at, by name."""
        return tuple(sorted({form.fact for form in self.forms}))

    @property
    def holds(self) -> pl.Expr:
        """Whether the criterion surely holds: false where the facts do not tell."""
        return self.expression.fill_null(value=False)


@dataclass
class Scope:
    """What criteria may look at, where their places are, and what was found wrong with them.

    `later` are facts that exist, but not here: each with the reason.
    """

    document: Document
    kinds: Mapping[str, Kind]
    later: Mapping[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, path: Path, what: str, fix: str = "") -> None:
        """Note a problem at a key of the file."""
        self.problems.append(self.document.problem(path, what, fix))

    def kind(self, fact: str, path: Path) -> Kind | None:
        """The kind of a fact; None, with a problem noted, if there is no such fact here."""
        if fact in self.kinds:
            return self.kinds[fact]
        if fact in self.later:
            self.wrong(path, f'"{fact}" cannot be asked here: {self.later[fact]}.')
        else:
            self.wrong(path, f'"{fact}" is not a fact.', did_you_mean(fact, self.kinds))
        return None


def always(words: str = "always") -> Compiled:
    """The criterion that every lead satisfies."""
    return Compiled(pl.lit(value=True), words)


def compile_criterion(node: Node | None, at: Path, scope: Scope) -> Compiled:
    """The criterion at a place of the file; None means always. Problems go to the scope."""
    if node is None:
        return always()
    if isinstance(node, Comparison):
        return _comparison(node, at, scope)
    parts = [compile_criterion(part, at, scope) for part in node.parts]
    forms = frozenset[Form]().union(*(part.forms for part in parts))
    expression, words = _combined(node, parts)
    return Compiled(expression, node.words or words, forms)


def _comparison(node: Comparison, at: Path, scope: Scope) -> Compiled:
    path = (*at, *node.path)
    kind = scope.kind(node.fact, path)
    if kind is None:
        return always()
    name = "contains" if kind == "list" and node.operator == "is" else node.operator
    operator = OPERATORS[name]
    if kind not in operator.kinds:
        usable = ", ".join(n for n, o in OPERATORS.items() if kind in o.kinds)
        scope.wrong(
            path, f"{node.fact} is a {kind} and cannot be compared by {name}.", f"Use {usable}."
        )
        return always()
    wrong = wrong_value(name, kind, node.value)
    if wrong is not None:
        scope.wrong(path, f"{node.fact}, a {kind}: {wrong}.")
        return always()
    words = node.words or operator.says(node.fact, node.value)
    if name == "known":
        there = known(node.fact, kind)
        expression = there if node.value else ~there
        return Compiled(expression, words, frozenset({Form(node.fact, kind, "plain")}))
    return _compared(node, name, kind, words)


def _compared(node: Comparison, name: str, kind: Kind, words: str) -> Compiled:
    forms: set[Form] = set()

    def column(operator: str) -> pl.Expr:
        form = Form(node.fact, kind, form_of(operator, kind))
        forms.add(form)
        return pl.col(form.column)

    expression = comparison(name, kind, column, operand(name, kind, node.value))
    return Compiled(expression, words, frozenset(forms))


def _combined(node: Combination, parts: list[Compiled]) -> tuple[pl.Expr, str]:
    expressions = [part.expression for part in parts]
    words = [part.words for part in parts]
    if not parts:
        return pl.lit(value=True), "always"
    if node.kind == "all":
        return pl.all_horizontal(*expressions), joined(words, "and")
    if node.kind == "any":
        return pl.any_horizontal(*expressions), joined(words, "or")
    if node.kind == "not":
        return ~expressions[0], f"not ({words[0]})"
    return _at_least(node.count, expressions), f"at least {node.count} of: {', '.join(words)}"


def _at_least(count: int, expressions: list[pl.Expr]) -> pl.Expr:
    surely = pl.sum_horizontal(*(e.fill_null(value=False).cast(pl.UInt32) for e in expressions))
    perhaps = pl.sum_horizontal(*(e.fill_null(value=True).cast(pl.UInt32) for e in expressions))
    unknown = pl.lit(None, dtype=pl.Boolean())
    return pl.when(surely >= count).then(True).when(perhaps < count).then(False).otherwise(unknown)  # noqa: FBT003 — polars takes the value so
