"""How close one fact comes to what a profile wants of it: from an attribute to expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from scoring.criteria import KIND_NAMES, Form
from scoring.problem import did_you_mean
from scoring.profile.choices import in_tree, plain
from scoring.profile.edges import Span, position, shown
from scoring.profile.schema import Margins
from scoring.words import label, one_of, yes_no

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.criteria import Scope
    from scoring.document import Path
    from scoring.lead import Kind
    from scoring.profile.schema import Attribute
    from scoring.profile.tree import Tree

NUMBERS: tuple[Kind, ...] = ("number", "range")
TEXTS: tuple[Kind, ...] = ("text", "list")


@dataclass(frozen=True)
class Measure:
    """A fact, and how close it comes to what is wanted of it.

    `closeness` is 1 to 0 and `text` what the line says of the lead, both over the columns of
    `forms`; `words` say what is wanted.
    """

    fact: str
    kind: Kind
    closeness: pl.Expr
    text: pl.Expr
    words: str
    forms: frozenset[Form]


def measure(
    attribute: Attribute, at: Path, trees: Mapping[str, Tree], scope: Scope
) -> Measure | None:
    """The measure of an attribute; None, with problems noted, if it cannot be made."""
    kind = scope.kind(attribute.fact, (*at, "fact"))
    if kind is None:
        return None
    before = len(scope.problems)
    if attribute.is_span:
        found = _span(attribute, kind, at, scope)
    elif kind in TEXTS:
        found = _choices(attribute, kind, at, trees, scope)
    else:
        found = _exact(attribute, kind, at, scope)
    return found if len(scope.problems) == before else None


def _span(attribute: Attribute, kind: Kind, at: Path, scope: Scope) -> Measure | None:
    if kind not in NUMBERS:
        what = f"{attribute.fact} is a {kind} and has no span."
        scope.wrong(at, what, "Use is or in.")
        return None
    low, high = attribute.between or (attribute.at_least, attribute.at_most)
    if low is not None and high is not None and low > high:
        scope.wrong(at, f"from {low:g} to {high:g} is no span: the first is above the second.")
        return None
    margin = attribute.margin
    margins = margin if isinstance(margin, Margins) else Margins(below=margin, above=margin)
    span = Span(low, high, margins.below, margins.above, attribute.scale, attribute.edge)
    _check_scale(span, at, scope)
    return _spanned(attribute.fact, kind, span)


def _check_scale(span: Span, at: Path, scope: Scope) -> None:
    if span.scale != "log":
        return
    for bound in (span.low, span.high):
        if bound is not None and bound <= 0:
            scope.wrong((*at, "scale"), f"a logarithmic scale has no place for {bound:g}.")
    for margin in {span.below, span.above} - {None}:
        if margin is not None and margin <= 1:
            scope.wrong(
                (*at, "margin"),
                f"on a logarithmic scale the margin is a factor above 1, not {margin:g}.",
                "Write 4 for: from a quarter of the low end to four times the high one.",
            )


def _spanned(fact: str, kind: Kind, span: Span) -> Measure:
    value = position(fact, kind, span.scale)
    return Measure(
        fact,
        kind,
        span.closeness(value),
        span.text(fact, shown(fact, kind), value),
        f"{label(fact)} {span.words}",
        frozenset({Form(fact, kind, "plain")}),
    )


def _exact(attribute: Attribute, kind: Kind, at: Path, scope: Scope) -> Measure | None:
    wanted = attribute.is_
    if kind == "boolean" and isinstance(wanted, bool):
        column = pl.col(attribute.fact)
        words = yes_no(attribute.fact, yes=wanted)
        forms = frozenset({Form(attribute.fact, kind, "plain")})
        near = (column == pl.lit(wanted)).cast(pl.Float64)
        return Measure(attribute.fact, kind, near, pl.lit(words), words, forms)
    if kind in NUMBERS and isinstance(wanted, int | float) and not isinstance(wanted, bool):
        return _spanned(attribute.fact, kind, Span(float(wanted), float(wanted)))
    if kind in NUMBERS or kind == "boolean":
        key = "is" if wanted is not None else "in"
        scope.wrong((*at, key), f"{attribute.fact}, a {kind}: must be {KIND_NAMES[kind]}.")
    else:
        what = f"{attribute.fact} is a {kind}; a profile compares texts, numbers and yes or no."
        scope.wrong((*at, "fact"), what)
    return None


def _choices(
    attribute: Attribute, kind: Kind, at: Path, trees: Mapping[str, Tree], scope: Scope
) -> Measure | None:
    wanted = _wanted(attribute)
    if wanted is None:
        scope.wrong((*at, "is"), f"{attribute.fact}, a {kind}: must be a text.")
        return None
    tree = _tree(attribute, at, trees, scope)
    key = "is" if attribute.in_ is None else "in"
    if tree is not None:
        _check_values(wanted, tree, attribute.tree or "", (*at, key), scope)
        wanted = {name: near for name, near in wanted.items() if name in tree}
    if attribute.tree is not None and tree is not None:
        table = in_tree(attribute.fact, wanted, tree, attribute.levels)
    else:
        table = plain(attribute.fact, wanted)
    form = Form(attribute.fact, kind, "folded")
    place = table.place(pl.col(form.column), kind)
    words = f"{label(attribute.fact)} {_few(list(wanted))}"
    forms = frozenset({form, Form(attribute.fact, kind, "plain")})
    return Measure(attribute.fact, kind, table.closeness(place), table.text(place), words, forms)


def _wanted(attribute: Attribute) -> dict[str, float] | None:
    """The wanted values and the closeness of each; None if they are not texts."""
    if isinstance(attribute.in_, dict):
        return dict(attribute.in_)
    values = attribute.in_ if attribute.in_ is not None else [attribute.is_]
    texts = [value for value in values if isinstance(value, str) and value.strip()]
    return dict.fromkeys(texts, 1.0) if len(texts) == len(values) else None


def _tree(attribute: Attribute, at: Path, trees: Mapping[str, Tree], scope: Scope) -> Tree | None:
    """The attribute's tree; countries are checked against the places even without one."""
    if attribute.tree is None:
        return trees["places"] if attribute.fact == "country" else None
    if attribute.tree not in trees:
        hint = did_you_mean(attribute.tree, trees)
        scope.wrong((*at, "tree"), f'"{attribute.tree}" is not a tree.', hint)
    return trees.get(attribute.tree)


def _check_values(
    wanted: Mapping[str, float], tree: Tree, name: str, at: Path, scope: Scope
) -> None:
    for value in wanted:
        if value in tree and (name or not _holds_others(value, tree)):
            continue
        hint = did_you_mean(value, tree.names)
        if name:
            hint = hint or "Values are names in the tree."
            scope.wrong((*at, value), f'"{value}" is not in the tree "{name}".', hint)
        else:
            what = f'"{value}" is not a country code (ISO 3166-1 alpha-2).'
            codes = [path[-1] for path in tree.paths.values() if not _holds_others(path[-1], tree)]
            fix = "Regions need: tree: places." if value in tree else did_you_mean(value, codes)
            scope.wrong((*at, value), what, fix)


def _holds_others(value: str, tree: Tree) -> bool:
    depth = len(tree.paths[value.strip().lower()])
    return any(
        len(path) > depth and path[depth - 1].lower() == value.strip().lower()
        for path in tree.paths.values()
    )


def _few(values: Sequence[str], most: int = 4) -> str:
    if len(values) <= most:
        return one_of(values)
    return f"{', '.join(values[:most])} or {len(values) - most} more"
