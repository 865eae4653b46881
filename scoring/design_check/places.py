"""Every criterion of a model with its place in the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scoring.criteria.tree import Comparison, Node
from scoring.gates import ACCEPTED, GATED
from scoring.methods.rules import RulesSection
from scoring.model import Band

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.cycle_file import Cycle, Gate
    from scoring.document import Path
    from scoring.methods.rules import Rule
    from scoring.model import Model


@dataclass(frozen=True)
class Placed:
    """A criterion, where it stands, and what it belongs to."""

    node: Node | None
    path: Path
    of: str


def rules_of(model: Model) -> list[Rule]:
    """The scoring rules of a model."""
    section = model.sections.get("rules")
    return section.rules if isinstance(section, RulesSection) else []


def gate_criteria(gate: Gate, stage: str, path: Path) -> list[Placed]:
    """What a gate asks, required answers and a rep's acceptance included."""
    found = [
        Placed(node, (*path, "criteria", index), "gate") for index, node in enumerate(gate.criteria)
    ]
    for index, fact in enumerate(gate.requires):
        node = Comparison(fact, "known", value=True, path=())
        key: Any = fact if isinstance(gate.requires, dict) else index
        found.append(Placed(node, (*path, "requires", key), "gate"))
    asks = any("accepted" in facts_of(placed.node) for placed in found)
    if stage == "sal" and not gate.automatic and not asks:
        found.insert(0, Placed(ACCEPTED, path, "gate"))
    return found


def cycle_criteria(cycle: Cycle, index: int) -> Iterator[Placed]:
    """Every criterion of a cycle."""
    at: Path = ("cycles", index)
    yield Placed(cycle.when, (*at, "when"), "entry")
    for stage in GATED:
        gate = cycle.gates.get(stage)  # type: ignore[call-overload]
        if gate is not None:
            yield from gate_criteria(gate, stage, (*at, "gates", stage))
    for kind in ("disqualify", "recycle", "stalled", "lost", "return", "back"):
        rules = cycle.return_ if kind == "return" else getattr(cycle, kind)
        for number, rule in enumerate(rules):
            yield Placed(rule.when, (*at, kind, number, "when"), kind)


def criteria_of(model: Model) -> Iterator[Placed]:
    """Every criterion of a model."""
    for name, node in model.file.segments.items():
        yield Placed(node, ("segments", name), "segment")
    for index, rule in enumerate(rules_of(model)):
        yield Placed(rule.when, ("rules", index, "when"), "rule")
    for name in ("hot", "warm"):
        band = getattr(model.file.bands.priority, name)
        if isinstance(band, Band):
            yield Placed(band.when, ("bands", "priority", name, "when"), "band")
    for index, cycle in enumerate(model.file.cycles):
        yield from cycle_criteria(cycle, index)
    revival = model.file.revival
    for index, cadence in enumerate(revival.cadences if revival else ()):
        yield Placed(cadence.when, ("revival", "cadences", index, "when"), "cadence")


def facts_of(node: Node | None) -> set[str]:
    """The facts that a criterion looks at."""
    if isinstance(node, Comparison):
        return {node.fact}
    return set() if node is None else set().union(*(facts_of(part) for part in node.parts))
