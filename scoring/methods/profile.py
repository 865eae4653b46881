"""Ideal customer profile: how close a lead comes to the customer that a team wants, 0–100.

profile:
  unknown: miss                            # or neutral: what is not known counts half
  attributes:
    - {fact: employees, weight: 3, between: [50, 1000], margin: 4, scale: log}
    - {fact: country, weight: 2, in: {AT: 1, DE: 0.9}, tree: places}
    - {fact: industry, weight: 2, in: [Software, Banking]}
  segments:                                # a segment's own profile replaces the one above
    b2c: {attributes: [{fact: age, between: [25, 64], margin: 10}]}
  trees:
    industries: {Manufacturing: [Machinery, Automotive], Services: [Software, Banking]}

A lead's closeness is the weighted mean of the closeness of its attributes, each 0 to 1 (Gower,
1971: A general coefficient of similarity and some of its properties); the distance is what is left
to 1. Each attribute is a line, worth its share of the 100 points times its closeness. The shares
are whole units of the score's rounding (largest remainders), so that a perfect lead has all 100
where the units allow it, and the lines add up to the score.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from scoring.criteria import Form, Scope, known, prepare
from scoring.document import Schema
from scoring.methods.base import Context, Line
from scoring.problem import did_you_mean, refuse
from scoring.profile.measure import Measure, measure
from scoring.profile.schema import Attribute, OwnProfile, Profile, Unknown
from scoring.profile.trees import trees_of
from scoring.words import label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from scoring.document import Path
    from scoring.profile.tree import Tree

HALF = 0.5
"""What a fact that is not known counts where that is neutral."""


class ProfileSection(Schema):
    """The part of a model file that belongs to the ideal customer profile."""

    profile: Profile


@dataclass(frozen=True)
class _CompiledAttribute:
    line: Line
    measure: Measure
    units: int
    unknown: Unknown

    def points(self, unit: float) -> pl.Expr:
        """Points in whole units; none for the leads of other segments."""
        counted = (self._closeness * self.units).round() * unit
        if self.line.segment is not None:
            counted = pl.when(pl.col("segment") == self.line.segment).then(counted).otherwise(0.0)
        return counted.alias(self.line.key)

    @property
    def text(self) -> pl.Expr:
        if self.unknown == "miss":
            return self.measure.text.alias(f"{self.line.key}:text")
        unsaid = pl.lit(f"{label(self.measure.fact)} not known, counts half")
        said = pl.when(self._known).then(self.measure.text).otherwise(unsaid)
        return said.alias(f"{self.line.key}:text")

    @property
    def _closeness(self) -> pl.Expr:
        unsaid = HALF if self.unknown == "neutral" else 0.0
        near = self.measure.closeness.fill_null(0.0)
        return pl.when(self._known).then(near).otherwise(unsaid)

    @property
    def _known(self) -> pl.Expr:
        return known(self.measure.fact, self.measure.kind)


@dataclass(frozen=True)
class ProfileMethod:
    """An ideal customer profile, compiled: one line per attribute."""

    attributes: tuple[_CompiledAttribute, ...]
    unit: float
    name: str = "profile"

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """A line per attribute (and segment, where profiles differ by segment)."""
        return tuple(attribute.line for attribute in self.attributes)

    def evaluate(self, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """Points per attribute, and `<key>:text` beside each."""
        points, texts = self._expressions
        ready = prepare(leads, self._forms, as_of)
        return ready.select(*points, *texts)

    @cached_property
    def _forms(self) -> frozenset[Form]:
        return frozenset(form for each in self.attributes for form in each.measure.forms)

    @cached_property
    def _expressions(self) -> tuple[list[pl.Expr], list[pl.Expr]]:
        return (
            [each.points(self.unit) for each in self.attributes],
            [each.text for each in self.attributes],
        )


def compile_profile(section: ProfileSection, context: Context) -> ProfileMethod:
    """The method from its part of the model file. Raises ProblemsError."""
    scope = context.scope()
    profile = section.profile
    trees = trees_of(profile, scope)
    _check_segments(profile, context, scope)
    attributes = [
        each
        for at, own, segments in _profiles(profile, context.segments)
        for each in _compiled(own, segments, at, trees, context.unit, scope)
    ]
    refuse(dict.fromkeys(scope.problems))
    return ProfileMethod(tuple(attributes), context.unit)


def _check_segments(profile: Profile, context: Context, scope: Scope) -> None:
    for name in profile.segments:
        if name not in context.segments:
            hint = did_you_mean(name, context.segments)
            scope.wrong(("profile", "segments", name), f'"{name}" is not a segment.', hint)


def _profiles(
    profile: Profile, segments: Sequence[str]
) -> Iterator[tuple[Path, OwnProfile, tuple[str | None, ...]]]:
    """Each profile with its place in the file and the segments it is for (None: all leads)."""
    if profile.attributes:
        whole = OwnProfile(attributes=profile.attributes, unknown=profile.unknown)
        rest = tuple(segment for segment in segments if segment not in profile.segments)
        yield ("profile", "attributes"), whole, rest if profile.segments else (None,)
    for name, own in profile.segments.items():
        unknown = own.unknown or profile.unknown
        at = ("profile", "segments", name, "attributes")
        yield at, own.model_copy(update={"unknown": unknown}), (name,)


def _compiled(  # noqa: PLR0913, PLR0917 — one profile with everything that compiles it
    own: OwnProfile,
    segments: tuple[str | None, ...],
    at: Path,
    trees: Mapping[str, Tree],
    unit: float,
    scope: Scope,
) -> Iterator[_CompiledAttribute]:
    shares = _shares([attribute.weight for attribute in own.attributes], unit)
    keys = [attribute.key for attribute in own.attributes]
    for index, attribute in enumerate(own.attributes):
        if attribute.key in keys[:index]:
            what = f'"{attribute.key}" is an earlier attribute too.'
            scope.wrong((*at, index), what, "Give each an id of its own: id: NAME.")
        found = measure(attribute, (*at, index), trees, scope)
        if found is None:
            continue
        for segment in segments:
            yield _CompiledAttribute(
                _line(attribute, found, shares[index] * unit, segment),
                found,
                shares[index],
                attribute.unknown or own.unknown or "miss",
            )


def _line(attribute: Attribute, found: Measure, most: float, segment: str | None) -> Line:
    key = attribute.key if segment is None else f"{attribute.key}_in_{segment}"
    return Line(key, found.words, "fit", (attribute.fact,), most=most, segment=segment)


def _shares(weights: Sequence[float], unit: float) -> list[int]:
    """The 100 points in whole units, by weight; the largest remainders are rounded up."""
    units = int(100 / unit + 1e-9)
    exact = [weight / sum(weights) * units for weight in weights]
    shares = [int(share + 1e-9) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda n: (shares[n] - exact[n], n))
    for index in by_remainder[: units - sum(shares)]:
        shares[index] += 1
    return shares
