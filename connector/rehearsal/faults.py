"""What can be made to go wrong in a rehearsal, in words that every CRM shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.errors import ConfigurationError
from scoring.problem import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, as `--faults` names it and as the report tells of it."""

    name: str
    words: str


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("429", "too many calls: the CRM asks to wait"),
        Fault("timeout", "the CRM's gateway gives up on a write"),
        Fault("lost-answer", "a write is carried out and its answer is lost"),
        Fault("row-lock", "records are locked by somebody else's write"),
        Fault("bad-value", "one record of a batch is refused"),
        Fault("expired-token", "the session ends in the middle of the run"),
        Fault("bulk-failed", "a bulk job fails"),
    )
}
USUAL = ("429", "timeout", "lost-answer", "row-lock", "expired-token")
"""What every org does to its integrations sooner or later; all of it passes by itself."""

GROUPS: dict[str, tuple[str, ...]] = {"none": (), "usual": USUAL, "all": tuple(FAULTS)}


def chosen_faults(text: str) -> list[Fault]:
    """The faults that `none`, `usual`, `all` or names with commas between them ask for.

    Raises `ConfigurationError` with the nearest name for an unknown one.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = (*GROUPS, *FAULTS)
    for name in names:
        if name not in known:
            near = did_you_mean(name, known)
            raise ConfigurationError(f'--faults: "{name}" is not a fault. {near}')
    wanted = dict.fromkeys(each for name in names for each in GROUPS.get(name, (name,)))
    return [FAULTS[name] for name in _in_order(wanted)]


def _in_order(names: Sequence[str] | dict[str, None]) -> list[str]:
    return [name for name in FAULTS if name in names]
