"""Faults on order: what goes wrong, for which calls, how often."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from connector.sandbox.hubspot.failures import invalid

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

FaultKind = Literal[
    "drop_before", "drop_after", "status", "rate_limit", "slow", "truncate", "expire_token", "lock",
]  # fmt: skip
KINDS: tuple[FaultKind, ...] = (
    "drop_before", "drop_after", "status", "rate_limit", "slow", "truncate", "expire_token", "lock",
)  # fmt: skip


@dataclass(slots=True)
class Fault:
    """One rule. It leaves the first `after` matching calls alone, then strikes `times` times.

    `times` of None strikes for ever; `p` is the probability for each call. `method` and `path` are
    regular expressions that must be found. `status` answers HTML, or `body`; with `applied` the call is carried
    out first. `policy` names the limit of a rate_limit fault; `seconds` is the delay of a slow one.
    """

    kind: FaultKind
    method: str = ""
    path: str = ""
    times: int | None = 1
    after: int = 0
    p: float = 1.0
    status: int = 503
    applied: bool = False
    body: str = ""
    seconds: float = 1.0
    policy: str = "TEN_SECONDLY_ROLLING"
    retry_after: float | None = None
    struck: int = 0


class Faults:
    """The rules that are in force."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._rules: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Put a rule into force; its `struck` tells later how often it has struck."""
        self._rules.append(fault)
        return fault

    def read(self, given: Mapping[str, Any]) -> Fault:
        """Put a rule that came as JSON into force; raises `ApiFailure` 400."""
        known = {field.name for field in fields(Fault)} - {"struck"}
        if given.get("kind") not in KINDS or set(given) - known:
            raise invalid(f"A fault has a kind of {KINDS} and only the keys {sorted(known)}")
        return self.add(Fault(**given))

    def clear(self) -> None:
        """Take all rules out of force."""
        self._rules.clear()

    def rules(self) -> list[Fault]:
        """List the rules in force."""
        return list(self._rules)

    def strike(self, method: str, path: str) -> Fault | None:
        """Choose the first rule that strikes this call."""
        return next((rule for rule in self._rules if self._strikes(rule, method, path)), None)

    def _strikes(self, rule: Fault, method: str, path: str) -> bool:
        if not re.search(rule.method, method) or not re.search(rule.path, path):
            return False
        if rule.times is not None and rule.struck >= rule.times:
            return False
        if rule.after > 0:
            rule.after -= 1
            return False
        if rule.p < 1.0 and self._chance.random() >= rule.p:
            return False
        rule.struck += 1
        return True
