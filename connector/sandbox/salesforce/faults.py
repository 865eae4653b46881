"""Faults that the org makes on purpose: rules that say which requests or rows go wrong, and how."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BEFORE = frozenset({"drop_before", "status", "slow", "expire_session"})
AFTER = frozenset({"drop_after", "truncate"})
ROWS = frozenset({"lock_row", "validation", "duplicate"})
JOBS = frozenset({"fail_job"})
KINDS = BEFORE | AFTER | ROWS | JOBS


@dataclass
class FaultRule:
    """One rule. It fires for requests or rows that match, after the first `after`, at most `times`.

    `p` is the probability of firing (0–1), `seconds` the delay of "slow", `fraction` how much of
    the body "truncate" lets through (0–1); `object`, `field` and `record` narrow the kinds about
    rows; `code` is what "validation" refuses them with. "fail_job" fails a bulk job as it is worked on; its path is `jobs/query` or `jobs/ingest`.
    """

    kind: str
    method: str = ""
    path: str = ""
    times: int | None = None
    after: int = 0
    p: float = 1.0
    status: int = 503
    body: str = "<html><body>Service Unavailable</body></html>"
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 1.0
    fraction: float = 0.5
    object: str = ""
    field: str = ""
    record: str = ""
    code: str = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    message: str = "This value was refused by a validation rule"
    seen: int = 0
    fired: int = 0

    def fires(self, chance: random.Random) -> bool:
        """Count one match, and whether the rule fires for it."""
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.fired >= self.times):
            return False
        if self.p < 1.0 and chance.random() >= self.p:
            return False
        self.fired += 1
        return True


class Faults:
    """The rules in force; the first that fires wins."""

    def __init__(self, seed: int) -> None:
        self.rules: list[FaultRule] = []
        self._chance = random.Random(seed)

    def add(self, rules: Iterable[Mapping[str, Any]]) -> None:
        """Add rules; raises ValueError for an unknown kind, key or a broken pattern."""
        self.rules.extend([_checked(rule) for rule in rules])

    def clear(self) -> None:
        """Make no more faults."""
        self.rules.clear()

    def for_request(self, kinds: frozenset[str], method: str, path: str) -> FaultRule | None:
        """The rule that fires for this request, if any."""
        for rule in self.rules:
            if rule.kind in kinds and _matches(rule, method, path) and rule.fires(self._chance):
                return rule
        return None

    def for_row(
        self, table: str, names: Iterable[str], request: str, record: str = ""
    ) -> FaultRule | None:
        """The rule that fires for a write of these fields of one row; `request` is "METHOD path"."""
        method, _, path = request.partition(" ")
        written = set(names)
        for rule in self.rules:
            if rule.kind not in ROWS or not _matches(rule, method, path):
                continue
            if rule.object not in {"", table} or (rule.field and rule.field not in written):
                continue
            if rule.record in {"", record} and rule.fires(self._chance):
                return rule
        return None


def _matches(rule: FaultRule, method: str, path: str) -> bool:
    if rule.method and rule.method.upper() != method:
        return False
    return not rule.path or re.search(rule.path, path) is not None


def _checked(rule: Mapping[str, Any]) -> FaultRule:
    known = {item.name for item in fields(FaultRule)} - {"seen", "fired"}
    unknown = set(rule) - known
    if unknown or rule.get("kind") not in KINDS:
        wrong = ", ".join(sorted(unknown)) or f"kind {rule.get('kind')!r}"
        message = f"unknown in a fault rule: {wrong}; kinds are {', '.join(sorted(KINDS))}"
        raise ValueError(message)
    try:
        re.compile(rule.get("path", ""))
    except re.error as error:
        message = f"the path of a fault rule is no pattern: {error}"
        raise ValueError(message) from error
    return FaultRule(**rule)
