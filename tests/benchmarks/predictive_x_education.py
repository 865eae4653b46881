"""Measure the predictive method on the X Education leads: `python … LEADS.csv [--repeats 5]`.

Prints JSON: the means over repeated stratified five-fold validation (everything learned anew in
each fold), the newest fifth forward in time, what the leak check says, fit and scoring times.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.model_selection import RepeatedStratifiedKFold

from scoring.methods import predictive
from scoring.training import Trained, TrainingSettings, recalibrate, train
from scoring.training.candidates import candidates
from scoring.training.columns import describe
from scoring.training.features import codes
from scoring.training.measures import Figures, figures

TARGET, ORDER = "Converted", "Lead Number"
AS_OF = date(2024, 1, 1)
STRICT = (
    "Lead Origin", "Lead Source", "Do Not Email", "Do Not Call", "TotalVisits",
    "Total Time Spent on Website", "Page Views Per Visit", "Country", "Specialization",
    "How did you hear about X Education", "City", "Search", "Newspaper Article",
    "X Education Forums", "Newspaper", "Digital Advertisement", "Through Recommendations",
    "A free copy of Mastering The Interview",
)  # fmt: skip
USUAL = (*STRICT, "What is your current occupation", "Last Activity")
SETS = {
    "strict": TrainingSettings(target=TARGET, include=STRICT),
    "usual": TrainingSettings(target=TARGET, include=USUAL, merge_blank=False),
    "as it comes": TrainingSettings(target=TARGET),
}


def held_out(
    history: pl.DataFrame, leads: pl.DataFrame, settings: TrainingSettings
) -> tuple[Figures, str]:
    """Learn from some leads, judge the others."""
    model = train(history, settings).model
    if not isinstance(model, Trained):
        raise SystemExit(model.reason)
    method = predictive.compile(json.loads(json.dumps(model.stored)))
    probability = method.probability(leads.drop(TARGET), AS_OF).to_numpy()
    outcome = leads[TARGET].cast(pl.Float64).to_numpy()
    return figures(outcome, probability, seed=0), str(model.stored["chosen"])


def random_splits(leads: pl.DataFrame, settings: TrainingSettings, repeats: int) -> dict[str, Any]:
    """Means and standard deviations over all test folds."""
    splits = RepeatedStratifiedKFold(n_splits=5, n_repeats=repeats, random_state=7)
    rows = []
    chosen: list[str] = []
    for learn, test in splits.split(leads, leads[TARGET]):
        found, name = held_out(leads[learn], leads[test], settings)
        rows.append((found.auc, found.brier, found.top_decile_lift, found.ece))
        chosen.append(name)
    mean, spread = np.mean(rows, axis=0), np.std(rows, axis=0)
    names = ("auc", "brier", "top_decile_lift", "ece")
    measured = {n: round(float(m), 4) for n, m in zip(names, mean, strict=True)}
    measured |= {f"{n}_sd": round(float(s), 4) for n, s in zip(names, spread, strict=True)}
    return {
        **measured,
        "folds": len(rows),
        "chosen": {n: chosen.count(n) for n in sorted(set(chosen))},
    }


def forward(leads: pl.DataFrame, settings: TrainingSettings) -> dict[str, float]:
    """The newest fifth judged by what the older four fifths taught."""
    ordered = leads.sort(ORDER)
    cut = int(0.8 * ordered.height)
    found, _ = held_out(ordered[:cut], ordered[cut:], settings)
    return {
        "auc": round(found.auc, 4),
        "brier": round(found.brier, 4),
        "top_decile_lift": round(found.top_decile_lift, 3),
        "ece": round(found.ece, 4),
        "ece_by_chance": round(found.ece_by_chance, 4),
    }


def with_upkeep(leads: pl.DataFrame, settings: TrainingSettings) -> dict[str, float]:
    """The newest fifth as it would have gone: before every hundred leads of it, the base rate is
    moved to the outcomes of the thousand leads before them.
    """  # noqa: D205 — one sentence
    ordered = leads.sort(ORDER)
    cut = int(0.8 * ordered.height)
    model = train(ordered[:cut], settings).model
    if not isinstance(model, Trained):
        raise SystemExit(model.reason)
    found = []
    for first in range(cut, ordered.height, 100):
        moved = recalibrate(model.stored, ordered[first - 1000 : first])
        new = ordered[first : first + 100].drop(TARGET)
        found.append(predictive.compile(moved).probability(new, AS_OF))
    outcome = ordered[TARGET][cut:].cast(pl.Float64).to_numpy()
    measured = figures(outcome, pl.concat(found).to_numpy(), seed=0)
    return {"auc": round(measured.auc, 4), "brier": round(measured.brier, 4),
            "top_decile_lift": round(measured.top_decile_lift, 3), "ece": round(measured.ece, 4)}  # fmt: skip


def times(leads: pl.DataFrame) -> dict[str, float]:
    """Seconds for `train`, for one fit of 36,000 leads, and milliseconds per 1,000 leads scored."""
    started = time.perf_counter()
    model = train(leads, SETS["strict"]).model
    trained = time.perf_counter() - started
    many = pl.concat([leads] * 4)[:36_000]
    spec = [f for c in describe(many, STRICT, as_of=None, merge_blank=True) for f in c.features]
    outcome = many[TARGET].cast(pl.Float64).to_numpy()
    started = time.perf_counter()
    coded = np.ascontiguousarray(codes(many, None, spec))
    candidates(spec, outcome, seed=0)[-1].fit(coded, outcome).parts()
    fitted = time.perf_counter() - started
    method = predictive.compile(model.stored) if isinstance(model, Trained) else None
    rounds = []
    for _ in range(20):
        started = time.perf_counter()
        if method is not None:
            method.evaluate(leads[:1000], AS_OF)
        rounds.append(time.perf_counter() - started)
    return {
        "train_9240_seconds": round(trained, 2),
        "fit_36000_seconds": round(fitted, 2),
        "score_1000_milliseconds": round(1000 * float(np.median(rounds)), 2),
    }


def main() -> None:
    """Print all figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("leads", type=Path, help="the data set's CSV file")
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    leads = pl.read_csv(given.leads, infer_schema_length=None)
    report = {
        "times": times(leads),
        "findings": [asdict(finding) for finding in train(leads, SETS["as it comes"]).findings],
        "forward": {name: forward(leads, settings) for name, settings in SETS.items()},
        "forward_with_upkeep": {
            name: with_upkeep(leads, settings) for name, settings in SETS.items()
        },
        "random": {
            name: random_splits(leads, SETS[name], given.repeats) for name in ("strict", "usual")
        },
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
