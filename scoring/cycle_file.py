"""The schema of a qualification cycle in a model file.

cycles:
  - name: b2b
    when: {segment: b2b}              # whose cycle it is; the highest `priority` that matches
    priority: 10
    advance: all                      # as far as the gates let a lead, or `one` stage a day
    gates:
      mql: {criteria: [{score: {at_least: 30}}]}
      sal: {within_days: 3}           # a rep must accept the lead, within three days
      sql: {requires: [need, authority], criteria: [{need: true}]}
    dwell:                            # how long a lead stays in a stage
      mql: {at_least_days: 1, at_most_days: 30}
    disqualify: [{when: {age: {below: 18}}, reason: too young}]
    recycle: [{when: {email_bounced: true}, reason: cannot be reached}]
    stalled: [{from: [mql, sal], after_days: 60, reason: nothing moved for 60 days}]
    lost: [{when: {lost_reason: no need}, to: disqualified}]
    return: [{from: recycled, when: {visits: {at_least: 2}}, cool_off_days: 14, to: lead}]
    back: [{from: sql, to: mql, when: {need: false}, reason: the needs do not fit}]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from scoring.criteria import Criterion
from scoring.document import Schema
from scoring.verdict import STAGES

if TYPE_CHECKING:
    from typing import Self

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Reason = Annotated[str, Field(min_length=1, max_length=200)]
Words = Annotated[str, Field(min_length=1, max_length=255)]
Days = Annotated[int, Field(ge=1, le=3650)]
GateStage = Literal["mql", "sal", "sql", "opportunity"]
OpenStage = Literal["lead", "mql", "sal", "sql"]
"""The stages in which the rules of a cycle decide; afterwards the sales process does."""


class Gate(Schema):
    """What a lead must satisfy to enter a stage.

    `requires` are facts that must be known, whatever their value: a list, or a mapping to the
    words that people should read. `within_days` is the service level: so long may a lead stand
    before this gate. The gate to `sal` also asks for a rep's acceptance unless it is `automatic`.
    """

    criteria: Annotated[list[Criterion], Field(min_length=1, default_factory=list)]
    requires: list[str] | dict[str, Words] = Field(default_factory=list)
    within_days: Days | None = None
    automatic: bool = False


class Dwell(Schema):
    """How many days a lead stays in a stage at least, and after how many it is overdue."""

    at_least_days: Days | None = None
    at_most_days: Days | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        least, most = self.at_least_days, self.at_most_days
        if least is not None and most is not None and least >= most:
            raise ValueError(f"at_least_days ({least}) must be less than at_most_days ({most})")
        return self


class Aside(Schema):
    """A reason to put a lead beside the ladder."""

    when: Criterion
    reason: Reason


class Stalled(Schema):
    """When a lead that stays in one of these stages is put aside."""

    from_: Annotated[
        list[OpenStage], Field(alias="from", min_length=1, default_factory=lambda: list(_WORKED))
    ]
    after_days: Days
    when: Criterion | None = None
    to: Literal["recycled", "disqualified"] = "recycled"
    reason: Reason | None = None


_WORKED: tuple[OpenStage, ...] = ("mql", "sal", "sql")


class Lost(Schema):
    """Where the lead of a lost opportunity goes; without such a rule it is recycled."""

    when: Criterion | None = None
    to: Literal["recycled", "disqualified"] = "recycled"
    reason: Reason | None = None


class Return(Schema):
    """What brings a disqualified or recycled lead back, and to which stage.

    With `cool_off_days` it acts only when the lead has been aside for so many days.
    """

    when: Criterion
    from_: Annotated[Literal["disqualified", "recycled", "either"], Field(alias="from")] = "either"
    to: OpenStage = "lead"
    cool_off_days: Days | None = None


class Back(Schema):
    """What takes a lead to a lower stage; in that run it does not climb."""

    from_: Annotated[OpenStage, Field(alias="from")]
    to: OpenStage
    when: Criterion
    reason: Reason

    @model_validator(mode="after")
    def _down(self) -> Self:
        if STAGES.index(self.to) >= STAGES.index(self.from_):
            raise ValueError(f"{self.to} is not below {self.from_}; only gates lead up")
        return self


class Cycle(Schema):
    """An ordered list of gates for the leads of its entry condition.

    Of the cycles whose `when` holds the one of the highest `priority` applies, the first of equals.
    `advance: one` moves a lead by one stage a day, `all` as far as the gates let it. A stage
    without a gate is left out of the cycle.
    """

    name: Name
    when: Criterion | None = None
    priority: int = 0
    advance: Literal["one", "all"] = "all"
    gates: Annotated[dict[GateStage, Gate], Field(min_length=1)]
    dwell: dict[OpenStage, Dwell] = Field(default_factory=dict)
    disqualify: list[Aside] = Field(default_factory=list)
    recycle: list[Aside] = Field(default_factory=list)
    stalled: list[Stalled] = Field(default_factory=list)
    lost: list[Lost] = Field(default_factory=list)
    return_: Annotated[list[Return], Field(alias="return", default_factory=list)]
    back: list[Back] = Field(default_factory=list)
