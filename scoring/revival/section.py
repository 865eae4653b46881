"""The `revival:` section of a model: who is stalled, what may be done about it, when, how often.

revival:
  run: by_command                 # or with_sync: every plan and sync carries its touches
  hold_out: 10%                   # of those who would be touched; the lift is measured against them
  measure_days: 60                # so long both arms are watched, and nothing else is begun with them
  time_zone: Europe/Berlin        # of leads of whom nobody knows where they are
  stalled: {lead: 60, mql: 45, sal: 21, sql: 21, recycled: 120}   # days without move or activity
  silent_days: 90                 # without a sign of interest for so long: the cause is silence
  rep_active_days: 14             # after a contact with a rep, or a new owner, nobody is touched
  quiet: {from: "18:00", to: "09:00", days: [saturday, sunday], dates: [2026-12-25]}
  caps:                           # at most so many touches in so many days
    lead: {touches: 2, days: 14, total: 6}
    mql: {touches: 1, days: 14, total: 3}
    company: {touches: 2, days: 7}
  writing:                        # e-mail, campaigns, lists and webhooks
    consent: {email_consent: true}
    opt_in: [DE, AT]              # countries in which only who has agreed is written to
    opt_out: [US]                 # countries in which who has not objected may be
    elsewhere: opt_in             # all others; a blank country counts as the strictest of all
  cadences:                       # the first that fits
    - name: wake_up
      causes: [silent]            # silent, gate, dropped; all without it
      stages: [lead, mql]
      when: {score: {at_least: 20}}
      steps:                      # `after_days` count from the step before
        - {channel: email, template: checking_in}
        - {after_days: 14, channel: task, template: call}
"""

from __future__ import annotations

import re
from datetime import date, time
from typing import TYPE_CHECKING, Annotated, Literal, get_args
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from scoring.criteria import Criterion
from scoring.cycle_file import Days, Name
from scoring.document import Schema
from scoring.problem import did_you_mean

if TYPE_CHECKING:
    from typing import Self

Channel = Literal["task", "campaign", "list", "email", "webhook"]
WRITING: tuple[Channel, ...] = ("email", "campaign", "list", "webhook")
"""The channels by which something is written to the lead; a task goes to its owner."""

StalledStage = Literal["lead", "mql", "sal", "sql", "recycled"]
Cause = Literal["silent", "gate", "dropped"]
Stop = Literal["reply", "visit", "contact", "stage", "bounce"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
_WEEKEND: tuple[Weekday, ...] = ("saturday", "sunday")
_STALLED: dict[StalledStage, int] = {
    "lead": 60, "mql": 45, "sal": 21, "sql": 21, "recycled": 120,
}  # fmt: skip
Policy = Literal["opt_in", "opt_out", "never"]

_PERCENT = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*%\s*$")
_CLOCK = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)$")


def _share(value: object) -> object:
    found = _PERCENT.match(value) if isinstance(value, str) else None
    return float(found.group(1)) / 100 if found else value


def _clock(value: object) -> object:
    found = _CLOCK.match(value) if isinstance(value, str) else None
    if not found:
        raise ValueError('must be a time of day in quotes, as "18:00"')
    return time(int(found.group(1)), int(found.group(2)))


def _zone(value: str) -> str:
    if value not in available_timezones():
        near = did_you_mean(value, available_timezones())
        raise ValueError(f'"{value}" is not an IANA time zone, as Europe/Berlin. {near}'.strip())
    return value


def _countries(codes: list[str]) -> list[str]:
    import pycountry  # noqa: PLC0415 — reading its tables is slow, and few commands need it

    known = {country.alpha_2: country.name for country in pycountry.countries}
    for code in codes:
        if code not in known:
            named = next((c for c, name in known.items() if name.lower() == code.lower()), None)
            hint = f'Write "{named}".' if named else did_you_mean(code, known)
            raise ValueError(
                f'"{code}" is not a country by ISO 3166-1, as DE or US. {hint}'.strip()
            )
    return codes


Share = Annotated[float, BeforeValidator(_share), Field(ge=0, le=0.9)]
Clock = Annotated[time, BeforeValidator(_clock)]
Zone = Annotated[str, AfterValidator(_zone)]
Countries = Annotated[list[str], AfterValidator(_countries)]
Few = Annotated[int, Field(ge=1, le=1000)]


class Cap(Schema):
    """At most so many touches in so many days."""

    touches: Few
    days: Days


class LeadCap(Cap):
    """The same for one person, and at most so many touches ever."""

    total: Few

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.total < self.touches:
            raise ValueError(f"total ({self.total}) must not be less than touches ({self.touches})")
        return self


class Caps(Schema):
    """How often a person and a company may be touched; those at the stage MQL more gently."""

    lead: LeadCap = LeadCap(touches=2, days=14, total=6)
    mql: LeadCap = LeadCap(touches=1, days=14, total=3)
    company: Cap = Cap(touches=2, days=7)

    @model_validator(mode="after")
    def _gentler(self) -> Self:
        lead, mql = self.lead, self.mql
        denser = mql.touches * lead.days > lead.touches * mql.days
        if denser or mql.total > lead.total:
            raise ValueError("mql must not be looser than lead: MQLs are easily spooked")
        return self


class Quiet(Schema):
    """When nobody is touched, in the lead's own time zone: from an hour to an hour, days, dates."""

    from_: Annotated[Clock, Field(alias="from")] = time(18)
    to: Clock = time(9)
    days: list[Weekday] = Field(default_factory=lambda: list(_WEEKEND))
    dates: list[date] = Field(default_factory=list)

    @model_validator(mode="after")
    def _some_left(self) -> Self:
        if set(self.days) == set(WEEKDAYS):
            raise ValueError("every day is quiet, so that nobody could ever be touched")
        return self


class Writing(Schema):
    """Where people may be written to, and what says that they have agreed.

    A country stands in one list at most. A lead without a country counts as one of the strictest.
    """

    consent: Criterion | None = None
    opt_in: Countries = Field(default_factory=list)
    opt_out: Countries = Field(default_factory=list)
    never: Countries = Field(default_factory=list)
    elsewhere: Policy = "opt_in"

    @model_validator(mode="after")
    def _once(self) -> Self:
        every = [*self.opt_in, *self.opt_out, *self.never]
        twice = sorted({code for code in every if every.count(code) > 1})
        if twice:
            raise ValueError(f"no country may stand in two lists: {', '.join(twice)}")
        return self

    @property
    def strictest(self) -> Policy:
        """What holds for a lead whose country is not known: never more than opt-in allows."""
        return "never" if self.never or self.elsewhere == "never" else "opt_in"


class Step(Schema):
    """One touch of a cadence, so many days after the one before it."""

    after_days: Annotated[int, Field(ge=0, le=3650)] = 0
    channel: Channel
    template: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    target: Annotated[str, Field(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.channel == "email" and self.template is None:
            raise ValueError("an e-mail needs a template: the name of its text")
        if self.channel in ("campaign", "list") and self.target is None:
            raise ValueError(f"needs a target: the id of the {self.channel}")
        return self


class Cadence(Schema):
    """Steps for leads that stalled for a cause, in a stage, and satisfy `when`.

    A person goes through it once, or again `again_after_days` after it began. It ends at once on
    what `stop_on` names; an opt-out and a conversion always end it.
    """

    name: Name
    causes: Annotated[list[Cause], Field(min_length=1)] = Field(
        default_factory=lambda: list(get_args(Cause))
    )
    stages: Annotated[list[StalledStage], Field(min_length=1)] = Field(
        default_factory=lambda: list(get_args(StalledStage))
    )
    when: Criterion | None = None
    hold_out: Share | None = None
    again_after_days: Days | None = None
    stop_on: list[Stop] = Field(default_factory=lambda: list(get_args(Stop)))
    steps: Annotated[list[Step], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _one_after_the_other(self) -> Self:
        if self.steps[0].after_days:
            raise ValueError("the first step comes at once: leave its after_days out")
        for number, step in enumerate(self.steps[1:], start=2):
            if not step.after_days:
                raise ValueError(f"step {number} needs after_days: the days since the step before")
        return self


class RevivalSection(Schema):
    """The whole section; see the head of this file."""

    run: Literal["by_command", "with_sync"] = "by_command"
    hold_out: Share = 0.1
    salt: str = ""
    measure_days: Days = 60
    time_zone: Zone = "UTC"
    stalled: Annotated[dict[StalledStage, Days], Field(min_length=1)] = Field(
        default_factory=lambda: dict(_STALLED)
    )
    silent_days: Days = 90
    rep_active_days: Days = 14
    quiet: Quiet = Quiet()
    caps: Caps = Caps()
    writing: Writing = Writing()
    cadences: Annotated[list[Cadence], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [cadence.name for cadence in self.cadences]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two cadences are called {', '.join(twice)}")
        return self
