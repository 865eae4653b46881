"""The model card: what a model was learned from, how good it is and what it may not be used for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.training.measures import Figures
    from scoring.training.settings import Finding, NotTrained, Trained


@dataclass(frozen=True, slots=True)
class Factor:
    """A feature that moves the probability: what it says at its best and its worst.

    `weight` is the mean size of its part in the log-odds; the others are log-odds too.
    """

    column: str
    weight: float
    best: str
    best_gives: float
    worst: str
    worst_gives: float


@dataclass(frozen=True, slots=True)
class CandidateFigures:
    """A candidate's out-of-fold figures."""

    name: str
    words: str
    auc: float
    brier: float
    chosen: bool


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Everything an admin should know of a model, as numbers and sentences.

    `random` are the figures on leads held out at random, `forward` on the newest fifth by a model
    of the older four fifths (None: no order of the leads is known, or too little history).
    """

    name: str
    target: str
    order: str | None
    first: str
    last: str
    leads: int
    conversions: int
    columns: tuple[str, ...]
    random: Figures
    forward: Figures | None
    candidates: tuple[CandidateFigures, ...]
    factors: tuple[Factor, ...]
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]

    def to_text(self) -> str:
        """The card as plain lines."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        rate = self.conversions / self.leads
        yield f"Model {self.name}: probability that {self.target} is reached"
        window = f", {self.order} {self.first} to {self.last}" if self.order else ""
        yield f"Learned from {self.leads:,} leads, {self.conversions:,} of them converted ({rate:.1%}){window}"
        yield f"Columns used: {', '.join(self.columns) or 'none'}"
        yield from (f"Warning: {warning}" for warning in self.warnings)
        yield ""
        yield from _figures("On leads held out at random", self.random)
        if self.forward is not None:
            yield from _figures(
                "On the newest fifth, learned from the older four fifths", self.forward
            )
        yield from _calibration(self.random)
        yield "Candidates, out of fold:"
        for one in self.candidates:
            chosen = "  ← chosen" if one.chosen else ""
            yield f"  {one.name}: AUC {one.auc:.4f}, Brier {one.brier:.4f} ({one.words}){chosen}"
        yield from self._factors()
        yield from self._findings()

    def _factors(self) -> Iterator[str]:
        yield "What moves the probability most:"
        for factor in self.factors:
            yield (
                f"  {factor.column}: up when {factor.best} ({factor.best_gives:+.2f}), "
                f"down when {factor.worst} ({factor.worst_gives:+.2f})"
            )

    def _findings(self) -> Iterator[str]:
        for level in ("refused", "doubtful", "dropped", "note"):
            chosen = [finding for finding in self.findings if finding.level == level]
            if chosen:
                yield f"Columns {level}:" if level != "note" else "Notes on columns:"
            for finding in chosen:
                used = (
                    " USED ALL THE SAME, as the settings ask."
                    if finding.used and level != "note"
                    else ""
                )
                yield f"  {finding.column}: {finding.reason}{used}"


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The model or why there is none, its card, and what was found out about the columns.

    `card` is there whenever there was enough history to measure, also when the measure was bad.
    """

    model: Trained | NotTrained
    card: ModelCard | None
    findings: tuple[Finding, ...]


def _figures(title: str, figures: Figures) -> Iterator[str]:
    lift = ", ".join(f"{value:.2f}" for value in figures.lift)
    yield f"{title} ({figures.leads:,} leads, {figures.conversions:,} converted):"
    yield f"  AUC {figures.auc:.4f} (95 %: {figures.auc_low:.4f} to {figures.auc_high:.4f})"
    yield f"  Brier {figures.brier:.4f}; always saying the base rate {figures.brier_constant:.4f}"
    yield (
        f"  Expected calibration error {figures.ece:.4f}; {figures.ece_by_chance:.4f} if every "
        "probability were the truth"
    )
    yield f"  Lift of the best 10, 20 … 100 %: {lift}"


def _calibration(figures: Figures) -> Iterator[str]:
    yield "Calibration, ten equal groups (leads, predicted, actual):"
    for group in figures.bins:
        yield f"  {group.leads:>6,}  {group.predicted:6.1%}  {group.actual:6.1%}"
