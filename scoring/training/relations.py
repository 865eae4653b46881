"""Evidence from what columns have to do with one another, and with the order of time."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.training import wording
from scoring.training.evidence import ENOUGH, Evidence, Suspect, filling_gap, ranking_alone
from scoring.training.history import as_days

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from scoring.training.history import History

Rows = Any  # numpy.typing.NDArray[numpy.int64]

_A_DAY = 1.0


def evidence(suspect: Suspect, every: Sequence[Suspect]) -> Iterator[Evidence]:
    """Evidence from the other columns: a computed score with its bands, a later copy of a column."""
    others = [other for other in every if other.name != suspect.name and other.column.features]
    if suspect.column.features:
        yield from _score_and_bands(suspect, others)
        yield from _later_copy(suspect, others)


def evidence_in_time(suspect: Suspect, history: History, rows: Rows) -> Iterator[Evidence]:
    """Evidence from the order of the leads; none is given where no order is known."""
    if history.order is None:
        return
    yield from _filled_later(suspect)
    yield from _fades(suspect)
    if history.moment is not None and suspect.column.kind == "days":
        yield from _dated_after(suspect, history, history.moment, rows)


def _score_and_bands(suspect: Suspect, others: Sequence[Suspect]) -> Iterator[Evidence]:
    """A number and a text blank on the very same leads, the text being bands of the number."""
    blank = suspect.column.blank
    share = float(blank.mean())
    if not 0.2 <= share <= 0.95:  # noqa: PLR2004 — given to part of the leads only
        return
    for other in others:
        same = np.array_equal(blank, other.column.blank)
        if (
            same
            and {suspect.column.kind, other.column.kind} == {"text", "number"}
            and _banded(suspect, other)
        ):
            yield Evidence(
                1.0,
                f'with "{other.name}" it is a computed score and its bands, blank together on {share:.0%} '
                "of the leads: nobody knows when it was computed",
            )
            return


def _banded(first: Suspect, second: Suspect) -> bool:
    """Tell whether the bands of one hardly overlap on the scale of the other."""
    bands, number = (first, second) if first.column.kind == "text" else (second, first)
    rows = ~bands.column.blank
    purest = [
        np.bincount(bands.codes[rows & (number.codes == step)]).max()
        for step in np.unique(number.codes[rows])
    ]
    return len(np.unique(bands.codes[rows])) > 1 and sum(purest) >= 0.97 * rows.sum()


def _later_copy(suspect: Suspect, others: Sequence[Suspect]) -> Iterator[Evidence]:
    """Two columns of one vocabulary: where this one differs from the other, it was overwritten."""
    if suspect.column.kind != "text":
        return
    mine = _spelled(suspect)
    for other in others:
        shared = {label.lower() for label in set(suspect.labels[2:]) & set(other.labels[2:])}
        if other.column.kind != "text" or len(shared) < 4:  # noqa: PLR2004 — yes and no are no vocabulary
            continue
        theirs = _spelled(other)
        differs = mine != theirs
        if not 0.05 <= differs.mean() <= 0.8 or _known(theirs, shared) < 0.5:  # noqa: PLR2004
            continue
        gap, error = filling_gap(differs, suspect.outcome)
        foreign = _known(mine[differs], shared), _known(theirs[differs], shared)
        overwritten = (foreign[0], suspect.alone) < (foreign[1], other.alone)
        if overwritten and abs(gap) - error >= log(1.5):
            yes, no = suspect.outcome[differs].mean(), suspect.outcome[~differs].mean()
            yield Evidence(
                1.0,
                f'it is an overwritten copy of "{other.name}": they differ on {differs.mean():.0%} of '
                f"the leads; {yes:.1%} of those converted, {no:.1%} of the others",
            )
            return


def _spelled(suspect: Suspect) -> NDArray[np.str_]:
    return np.array([label.lower() for label in suspect.labels])[suspect.codes]


def _known(values: NDArray[np.str_], vocabulary: set[str]) -> float:
    """The share of values that belong to a vocabulary."""
    return float(np.isin(values, list(vocabulary)).mean()) if len(values) else 0.0


def _filled_later(suspect: Suspect) -> Iterator[Evidence]:
    """Filled in on old leads and not yet on young ones: it comes with time, not with the lead."""
    blank, young = suspect.column.blank, _youngest(len(suspect.outcome))
    old_share, young_share = 1 - blank[~young].mean(), 1 - blank[young].mean()
    gap, _ = filling_gap(blank, suspect.outcome)
    if (
        old_share >= 0.2  # noqa: PLR2004 — filled in often enough to tell
        and young_share <= 0.5 * old_share
        and gap >= log(1.5)
        and young.sum() >= ENOUGH
    ):
        yield Evidence(
            1.0,
            f"it fills up as leads age: filled in on {young_share:.0%} of the youngest tenth, "
            f"on {old_share:.0%} of the others",
        )


def _fades(suspect: Suspect) -> Iterator[Evidence]:
    """Strong on old leads and worthless on young ones, whose story is not written yet."""
    young = _youngest(len(suspect.outcome))
    scarce = min(suspect.outcome[young].sum(), (1 - suspect.outcome[young]).sum())
    if suspect.alone < 0.7 or scarce < ENOUGH:  # noqa: PLR2004
        return
    now = ranking_alone(suspect.codes[young], suspect.outcome[young], len(suspect.labels))
    if now <= 0.55:  # noqa: PLR2004 — hardly better than chance
        yield Evidence(
            1.0,
            f"it ranks old leads with an AUC of {suspect.alone:.3f} and the youngest tenth with {now:.3f}",
        )


def _dated_after(
    suspect: Suspect, history: History, moment: NDArray[np.float64], rows: Rows
) -> Iterator[Evidence]:
    """Dates that lie after the lead came in, and whose distance from that day matters."""
    days = as_days(history.frame[suspect.name])
    if days is None:
        return
    lag = days[rows] - moment[rows]
    known = ~np.isnan(lag)
    later = float((lag[known] > _A_DAY).mean()) if known.sum() >= ENOUGH else 0.0
    if later < 0.5:  # noqa: PLR2004 — most of its dates
        return
    steps = np.unique(np.quantile(lag[known], np.linspace(0, 1, 21)[1:-1]))
    coded = np.where(known, np.searchsorted(steps, lag) + 1, 0)
    ranks = ranking_alone(coded, suspect.outcome, len(steps) + 2)
    if ranks >= 0.58:  # noqa: PLR2004 — more than chance and season
        named = wording.say(suspect.name, wording.OUTCOME | wording.LATEST)
        yield Evidence(
            1.5 if named or ranks >= 0.7 else 1.0,  # noqa: PLR2004
            f"{later:.0%} of its dates lie after the lead came in, and how long after ranks leads "
            f"with an AUC of {ranks:.3f}",
        )


def _youngest(leads: int) -> NDArray[np.bool_]:
    return np.arange(leads) >= 0.9 * leads
