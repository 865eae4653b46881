"""Learn conversion from history: columns checked, candidates compared, the best one stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.training.calibration import fit_slope_and_intercept, logit, sigmoid
from scoring.training.candidates import candidates, one_thread
from scoring.training.card import CandidateFigures, ModelCard, TrainingResult
from scoring.training.columns import describe, dropped
from scoring.training.features import codes
from scoring.training.history import History, read_history
from scoring.training.leaks import leak_check
from scoring.training.measures import figures
from scoring.training.points import compile_points
from scoring.training.settings import (
    FEWEST,
    Finding,
    NotTrained,
    Trained,
    TrainingSettings,
)
from scoring.training.summary import factors, notes, warnings
from scoring.training.validation import choose, judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from scoring.training.columns import Column
    from scoring.training.features import Feature
    from scoring.training.measures import Figures
    from scoring.training.validation import Judged

Codes = Any  # numpy.typing.NDArray[numpy.int16]


def train(history: pl.DataFrame, settings: TrainingSettings) -> TrainingResult:
    """Learn from leads whose outcome is known; see `TrainingSettings` for what may be chosen.

    Raises `ProblemsError` where the settings do not fit the history.
    """
    known = read_history(history, settings)
    scarce = min(known.outcome.sum(), len(known.outcome) - known.outcome.sum())
    if scarce < FEWEST:
        return TrainingResult(NotTrained(_too_few(known)), None, ())
    with one_thread():
        return _train(known, settings)


def _train(known: History, settings: TrainingSettings) -> TrainingResult:
    columns = _columns(known, settings)
    findings = _findings(known, columns, settings)
    kept_out = {f.column for f in findings if not f.used and f.level != "note"}
    spec = [f for c in columns if c.name not in kept_out for f in c.features]
    if not spec:
        reason = "No column is left to learn from; see the findings for why each is kept out."
        return TrainingResult(NotTrained(reason), None, findings)
    return _learn(known, spec, settings, findings)


def _learn(
    known: History,
    spec: Sequence[Feature],
    settings: TrainingSettings,
    findings: tuple[Finding, ...],
) -> TrainingResult:
    coded = np.ascontiguousarray(codes(known.frame, known.as_of, spec))
    judged = judge(
        candidates(spec, known.outcome, seed=settings.seed),
        coded,
        known.outcome,
        seed=settings.seed,
    )
    chosen = choose(judged)
    stored = _store(known, coded, spec, chosen, settings)
    random = figures(known.outcome, chosen.probability, seed=settings.seed)
    forward = _forward(known, spec, chosen, settings)
    card = ModelCard(
        name=settings.name,
        target=settings.target,
        order=known.order,
        first=known.first,
        last=known.last,
        leads=len(known.outcome),
        conversions=int(known.outcome.sum()),
        columns=tuple(dict.fromkeys(feature.column for feature in spec)),
        random=random,
        forward=forward,
        candidates=tuple(
            CandidateFigures(j.candidate.name, j.candidate.words, j.auc, j.brier, j is chosen)
            for j in judged
        ),
        factors=tuple(factors(stored, coded, spec)),
        findings=findings,
        warnings=tuple(warnings(known, random, forward, findings)),
    )
    silent = _no_better(random)
    return TrainingResult(NotTrained(silent) if silent else Trained(stored), card, findings)


def _columns(known: History, settings: TrainingSettings) -> list[Column]:
    """Every column that may speak, the ones asked for or all but the order and the excluded."""
    names = settings.include or tuple(
        n for n in known.frame.columns if n not in (known.order, "id")
    )
    asked = [name for name in names if name not in (*settings.exclude, settings.target)]
    return describe(known.frame, asked, as_of=known.as_of, merge_blank=settings.merge_blank)


def _findings(
    known: History, columns: Sequence[Column], settings: TrainingSettings
) -> tuple[Finding, ...]:
    leaks = {finding.column: finding for finding in leak_check(known, columns)}
    useless = [finding for finding in dropped(columns) if finding.column not in leaks]
    wanted = {*settings.include, *settings.allow}
    learnable = {column.name for column in columns if column.features}
    checked = [
        Finding(f.column, f.level, f.reason, f.column in wanted & learnable) for f in leaks.values()
    ]
    return (*checked, *useless, *notes(known, columns))


def _store(
    known: History,
    coded: Codes,
    spec: Sequence[Feature],
    chosen: Judged,
    settings: TrainingSettings,
) -> dict[str, Any]:
    """The model fitted on everything, as plain data."""
    parts = chosen.candidate.fit(coded, known.outcome).parts()
    slope, intercept = fit_slope_and_intercept(chosen.log_odds, known.outcome)
    base = float(known.outcome.mean())
    stored: dict[str, Any] = {
        "method": "predictive",
        "version": 1,
        "name": settings.name,
        "target": settings.target,
        "chosen": chosen.candidate.name,
        "features": [feature.as_dict() for feature in spec],
        "intercept": parts.intercept,
        "points": [table.tolist() for table in parts.points],
        "trees": parts.trees,
        "calibration": {"slope": slope, "intercept": intercept},
        "offsets": [0.0] * len(spec),
        "base_rate": base,
        "training": {
            "leads": len(known.outcome),
            "conversions": int(known.outcome.sum()),
            "order": known.order,
            "first": known.first,
            "last": known.last,
            "as_of": known.as_of.isoformat() if known.as_of else None,
            "seed": settings.seed,
        },
        "shares": [_shares(coded[:, f], feature.size) for f, feature in enumerate(spec)],
    }
    return stored | {"offsets": _offsets(stored, coded, base)}


def _offsets(stored: dict[str, Any], coded: Codes, base: float) -> list[float]:
    """Measure every part against the base rate, the more a feature moves the more it takes over."""
    points = compile_points(stored)
    _, parts = points.log_odds(coded)
    centre = parts.mean(axis=0)
    moves = np.abs(parts - centre).mean(axis=0) + 1e-12
    missing = points.start + centre.sum() - logit(base)
    return [float(x) for x in moves / moves.sum() * missing - centre]


def _forward(
    known: History, spec: Sequence[Feature], chosen: Judged, settings: TrainingSettings
) -> Figures | None:
    """The newest fifth judged by a model of the older four fifths, values and steps included."""
    if known.order is None:
        return None
    cut = int(len(known.outcome) * 0.8)
    old, new = known.outcome[:cut], known.outcome[cut:]
    if (
        min(old.sum(), len(old) - old.sum()) < FEWEST
        or min(new.sum(), len(new) - new.sum()) < FEWEST / 5
    ):
        return None
    names = dict.fromkeys(feature.column for feature in spec)
    columns = describe(
        known.frame[:cut], names, as_of=known.as_of, merge_blank=settings.merge_blank
    )
    then = [feature for column in columns for feature in column.features]
    coded = np.ascontiguousarray(codes(known.frame, known.as_of, then))
    rivals = candidates(then, old, seed=settings.seed)
    rival = next((r for r in rivals if r.name == chosen.candidate.name), rivals[-1])
    log_odds = rival.fit(coded[:cut], old).log_odds(coded[cut:])
    slope, intercept = fit_slope_and_intercept(chosen.log_odds[:cut], old)
    return figures(new, sigmoid(slope * log_odds + intercept), seed=settings.seed)


def _shares(coded: Codes, size: int) -> list[float]:
    counts = np.bincount(coded, minlength=size)
    return [round(float(count) / len(coded), 6) for count in counts]


def _too_few(known: History) -> str:
    yes = int(known.outcome.sum())
    no = len(known.outcome) - yes
    return (
        f"{yes:,} leads converted and {no:,} did not; at least {FEWEST} of each are needed before "
        "a probability means anything. Scores come from the other methods until then."
    )


def _no_better(random: Figures) -> str:
    if random.brier < random.brier_constant and random.auc_low > 0.5:  # noqa: PLR2004 — chance
        return ""
    return (
        f"On leads held out, the best model is no better than always saying the base rate "
        f"(Brier {random.brier:.4f} against {random.brier_constant:.4f}, AUC {random.auc:.3f} with "
        f"{random.auc_low:.3f} as its lower bound). No probability is published."
    )
