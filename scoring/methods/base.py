"""What every scoring method is made of: lines, the compiled method, and what it is compiled with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from scoring.criteria import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    import polars as pl

    from scoring.document import Document, Schema
    from scoring.lead import Kind

Side = Literal["fit", "engagement"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a score: what it says and on which side of the grade it counts.

    `facts` are the lead fields that it looks at (for the coverage of a score); `most` and `least`
    are the points it can give at most and at least. A line of one `segment` gives nothing to the
    leads of the others. A line that `limits` others (by key) takes back what they give beyond the
    `bound` of a cap, or makes up for what they take below a floor (a `bound` of 0 or less); it is
    lowest when they are highest. A `silent` line would give up to so many points if its method
    could speak; they count as not covered. A line that `fades` with time may give any part of its most.
    """

    key: str
    text: str
    side: Side
    facts: tuple[str, ...] = ()
    most: float = 0.0
    least: float = 0.0
    segment: str | None = None
    limits: tuple[str, ...] = ()
    bound: float = 0.0
    silent: float = 0.0
    fades: bool = False


class Method(Protocol):
    """A compiled way to score: pure, from a lead frame and the day to points per line."""

    @property
    def name(self) -> str:
        """The method's name in the table of methods."""
        ...

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines that the method gives, in the order in which people read them."""
        ...

    def evaluate(self, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """One Float64 column per line, named by its key; 0 where the line does not apply.

        A column `<key>:text` (String) beside it may say the line in words for each lead.
        Beside the lines there may be columns of the verdict: `probability` (Float64, 0–100), or
        `genuine` (String: lamb, unsure or spam) with `genuine:text` (String, why). The frame that
        comes in has the column `segment` beside the lead fields.
        """
        ...


@dataclass(frozen=True)
class Context:
    """What a method is compiled with.

    `document` places problems; `kinds` are the facts that criteria may look at, `later` those that
    are known only after scoring (with the reason); `segments` are the names of the model's
    segments, `other` last. `unit` is the least amount of points, on the
    method's own scale, that survives the score's rounding: a method that limits sums works in it.
    """

    document: Document
    kinds: Mapping[str, Kind]
    segments: tuple[str, ...]
    unit: float
    later: Mapping[str, str] = field(default_factory=dict)

    def scope(self) -> Scope:
        """The scope in which the method's criteria are compiled."""
        return Scope(self.document, self.kinds, self.later)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the table of methods.

    `section` is the schema of the method's part of the model file: its fields are the keys at the
    file's top level that belong to the method. `compile` makes the method from the checked part,
    or raises `ProblemsError`.
    """

    section: type[Schema]
    compile: Callable[[Any, Context], Method]
