"""The profile section of a model file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from scoring.document import Schema

if TYPE_CHECKING:
    from typing import Self

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Closeness = Annotated[float, Field(ge=0, le=1)]
Margin = Annotated[float, Field(gt=0)]
Unknown = Literal["neutral", "miss"]

SPAN_KEYS = ("between", "at_least", "at_most")
EDGE_KEYS = ("margin", "scale", "edge")


class Margins(Schema):
    """Different margins below and above a span."""

    below: Margin | None = None
    above: Margin | None = None


class Attribute(Schema):
    """One thing that the ideal customer is: a value, one of a set, in a tree, or within a span.

    `weight` counts against the weights of the profile's other attributes. `unknown` says what a
    fact that is not known counts: neutral is half, miss is nothing.
    """

    fact: str
    id: Name | None = None
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    is_: Annotated[str | bool | float | None, Field(alias="is")] = None
    in_: Annotated[dict[str, Closeness] | list[str] | None, Field(alias="in")] = None
    tree: str | None = None
    levels: Annotated[list[Closeness], Field(min_length=1)] | None = None
    between: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    at_least: float | None = None
    at_most: float | None = None
    margin: Margin | Margins | None = None
    scale: Literal["linear", "log"] = "linear"
    edge: Literal["linear", "smooth"] = "linear"
    unknown: Unknown | None = None

    @property
    def key(self) -> str:
        """The attribute's id, or else its fact."""
        return self.id or self.fact

    @property
    def is_span(self) -> bool:
        """Whether it is a span of numbers."""
        return any(getattr(self, key) is not None for key in SPAN_KEYS)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [self.is_ is not None, self.in_ is not None, self.is_span]
        if sum(ways) != 1:
            raise ValueError("give one of: is, in, between (or at_least and at_most)")
        if self.between is not None and (self.at_least, self.at_most) != (None, None):
            raise ValueError("give between, or at_least and at_most, not both")
        if not self.is_span and self.model_fields_set & set(EDGE_KEYS):
            raise ValueError("margin, scale and edge belong to between, at_least and at_most")
        if self.levels is not None and self.tree is None:
            raise ValueError("levels belong to a tree")
        if self.in_ is not None and not self.in_:
            raise ValueError("in: names no value")
        return self


class OwnProfile(Schema):
    """The profile of one segment."""

    attributes: Annotated[list[Attribute], Field(min_length=1, max_length=100)]
    unknown: Unknown | None = None


class Profile(Schema):
    """The ideal customer: of all leads, and of the segments that have a profile of their own.

    `trees` are the team's own, as nested mappings and lists of texts.
    """

    attributes: Annotated[list[Attribute], Field(default_factory=list, max_length=100)]
    segments: dict[str, OwnProfile] = Field(default_factory=dict)
    trees: dict[Name, Any] = Field(default_factory=dict)
    unknown: Unknown = "miss"

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.attributes and not self.segments:
            raise ValueError("give attributes, or segments with attributes of their own")
        return self
