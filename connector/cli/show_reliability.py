"""What was predicted against what happened, as a plot of characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scoring.training.measures import CalibrationBin

_ROWS, _COLUMNS = 11, 45
"""Rows of the plot and its columns; a character is about twice as high as wide."""
_TRUE, _POINT = "·", "●"


def reliability(bins: Sequence[CalibrationBin]) -> Iterator[str]:
    """The lines of the plot; on the dotted diagonal the probabilities are true."""
    grid = [[" "] * _COLUMNS for _ in range(_ROWS)]
    for column in range(_COLUMNS):
        grid[_row(column / (_COLUMNS - 1))][column] = _TRUE
    for one in bins:
        grid[_row(one.actual)][round(one.predicted * (_COLUMNS - 1))] = _POINT
    for number, signs in enumerate(grid):
        share = 100 - 100 * number // (_ROWS - 1)
        name = f"{share:>4} %" if number % 5 == 0 else " " * 6
        yield f"  {name} │{''.join(signs)}".rstrip()
    yield "         └" + "─" * _COLUMNS
    yield f"          0 %{'50 %':>{_COLUMNS // 2}}{'100 % predicted':>{_COLUMNS // 2 + 10}}"


def _row(share: float) -> int:
    return round((1 - share) * (_ROWS - 1))
