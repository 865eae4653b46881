"""The leak check tells columns written after the outcome from honest ones, without their names."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from scoring.training import Trained, TrainingSettings, train
from scoring.training.columns import describe
from scoring.training.history import read_history
from scoring.training.leaks import leak_check

OUTCOME = "converted"
NEUTRAL = "field_17"


def check(history: pl.DataFrame, **settings: object) -> dict[str, tuple[str, str]]:
    """Level and reason of every column that the leak check flags."""
    known = read_history(history, TrainingSettings(target=OUTCOME, **settings))  # type: ignore[arg-type]
    names = [n for n in known.frame.columns if n not in ("id", known.order)]
    columns = describe(known.frame, names, as_of=known.as_of, merge_blank=True)
    return {f.column: (f.level, f.reason) for f in leak_check(known, columns)}


def plant(history: pl.DataFrame, kind: str) -> pl.Series:
    """A column that the outcome, or the work that leads to it, has written."""
    random = np.random.default_rng(5)
    yes = history[OUTCOME].to_numpy()
    size = len(yes)
    made = {
        "closing date": [
            day + timedelta(days=int(wait)) if v else None
            for day, wait, v in zip(
                history["created_at"], random.integers(5, 60, size), yes, strict=True
            )
        ],
        "reason of loss": [None if v else str(random.choice(["price", "timing"])) for v in yes],
        "contract": [f"C-{n}" if v else None for n, v in enumerate(yes)],
        "amount": np.where(yes, random.normal(1000, 200, size), 0.0),
        "noisy copy": np.where(random.random(size) < 0.03, ~yes, yes),
        "rep's calls": random.poisson(np.where(yes, 9, 2)),
        "filled by reps": [
            str(random.choice(["a", "b"])) if random.random() < (0.8 if v else 0.3) else None
            for v in yes
        ],
        "edited on": [
            day + timedelta(days=1 + float(random.exponential(40 if v else 10)))
            for day, v in zip(history["created_at"], yes, strict=True)
        ],
        "tags": [
            str(
                random.choice(
                    ["alpha", "beta", "gamma"], p=[0.6, 0.395, 0.005] if v else [0.01, 0.4, 0.59]
                )
            )
            for v in yes
        ],
    }
    return pl.Series(NEUTRAL, made[kind])


@pytest.mark.parametrize("rate", [-2.5, -1.0, 0.5])
@pytest.mark.parametrize("seed", [1, 2])
def test_honest_columns_stay(history, seed, rate):
    """Strong sources, blanks that correlate a little and fields of one source only are kept."""
    assert check(history(seed=seed, rate=rate)) == {}


@pytest.mark.parametrize(
    "kind",
    [
        "closing date", "reason of loss", "contract", "amount", "noisy copy", "rep's calls",
        "filled by reps", "edited on", "tags",
    ],
)  # fmt: skip
def test_columns_written_late_are_refused_whatever_their_name(history, kind):
    """Each planted column is refused under a neutral name, and no honest one with it."""
    frame = history(seed=3)

    found = check(frame.with_columns(plant(frame, kind)))

    assert {name: level for name, (level, _) in found.items()} == {NEUTRAL: "refused"}


def test_the_reason_has_the_figures(history):
    """An admin can check the sentence: it names both conversion rates."""
    frame = history(seed=3)
    late = frame.with_columns(plant(frame, "filled by reps"))
    rates = late.group_by(pl.col(NEUTRAL).is_null()).agg(pl.col(OUTCOME).mean())
    expected = [f"{rate:.1%}" for rate in rates[OUTCOME]]

    _, reason = check(late)[NEUTRAL]

    assert all(rate in reason for rate in expected)


def test_a_score_and_its_bands_given_to_some_leads_are_flagged(history):
    """A computed score with High and Low beside it, on half of the leads, is not trusted."""
    frame = history(seed=4)
    random = np.random.default_rng(0)
    score = random.normal(frame[OUTCOME].cast(pl.Float64).to_numpy() * 0.4, 1)
    given = random.random(frame.height) < 0.55
    late = frame.with_columns(
        number=pl.Series([float(s) if g else None for s, g in zip(score, given, strict=True)]),
        band=pl.Series(
            [
                ("High" if s > 0.3 else "Low") if g else None
                for s, g in zip(score, given, strict=True)
            ]
        ),
    )

    assert {"number", "band"} == set(check(late))


def test_a_latest_state_is_doubtful_and_its_overwritten_copy_refused(history):
    """Two event columns of one vocabulary: the one overwritten by edits is the worse."""
    frame = history(seed=6)
    random = np.random.default_rng(1)
    yes = frame[OUTCOME].to_numpy()
    events = ["Email opened", "SMS sent", "Link clicked", "Form submitted"]
    event = [
        str(random.choice(events, p=[0.2, 0.5, 0.2, 0.1] if v else [0.5, 0.2, 0.2, 0.1]))
        for v in yes
    ]
    copy = [
        "Modified" if random.random() < (0.15 if v else 0.45) else e
        for e, v in zip(event, yes, strict=True)
    ]

    found = check(frame.with_columns(a=pl.Series(event), b=pl.Series(copy)))

    assert {name: level for name, (level, _) in found.items()} == {"a": "doubtful", "b": "refused"}


def test_what_fills_up_with_age_is_flagged(history):
    """A field that old leads have and young ones lack comes with time, not with the lead."""
    frame = history(seed=7)
    random = np.random.default_rng(2)
    age = 1 - np.arange(frame.height) / frame.height
    yes = frame[OUTCOME].to_numpy()
    filled = random.random(frame.height) < np.where(age > 0.12, np.where(yes, 0.8, 0.55), 0.05)
    late = frame.with_columns(pl.Series(NEUTRAL, ["x" if f else None for f in filled]))

    level, reason = check(late, time="created_at")[NEUTRAL]

    assert (level, "fills up as leads age" in reason) == ("doubtful", True)


def test_fields_that_by_meaning_come_after_capture_are_refused(history):
    """The CRM's own status is refused even where it happens to say little."""
    frame = history(seed=8)
    random = np.random.default_rng(3)
    status = pl.Series("crm_status", random.choice(["Open", "Working"], frame.height))

    assert check(frame.with_columns(status))["crm_status"][0] == "refused"


def test_refused_columns_stay_out_unless_they_are_asked_for(history):
    """`allow` lets a refused column in, and the card warns of it."""
    frame = history(seed=3, leads=1200)
    late = frame.with_columns(plant(frame, "noisy copy"))

    plain = train(late, TrainingSettings(target=OUTCOME))
    allowed = train(late, TrainingSettings(target=OUTCOME, allow=(NEUTRAL,)))

    assert isinstance(plain.model, Trained)
    assert isinstance(allowed.model, Trained)
    assert NEUTRAL not in plain.card.columns
    assert NEUTRAL in allowed.card.columns
    assert any(NEUTRAL in warning for warning in allowed.card.warnings)
