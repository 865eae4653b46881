"""Runs in words: one thing typed over and over, and fingers that walk along the keyboard."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from scoring.genuine.characters import code_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

KEYBOARDS = (
    ("qwertyuiop", "asdfghjkl", "zxcvbnm", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю"),
    ("qwertzuiop", "qsdfghjklm", "yxcvbnm", "фівапролджє"),
    ("azertyuiop", "wxcvbn"),
)
"""Rows of keys that fingers walk along, in both directions, by keyboard."""

ALPHABETS = (("abcdefghijklmnopqrstuvwxyz", "абвгдежзиклмнопрстуф"),)

_POINTS = 0x500
_NOWHERE = -1_000
_ROW = 100
_MILD, _CERTAIN = 4, 6
"""Neighbouring keys in a row: four also occur in names (Wertheim), six do not."""
_OF_ALPHABET = 2
"""So many letters more must follow each other in the alphabet: names have hij, mno, rst."""
_REPEATS = ((1, 2, 3), (2, 4, 6), (3, 3, 6), (4, 4, 8))
"""Length of the part, and how often a letter must equal the one so far back: half and whole."""


def repeats(words: Sequence[str]) -> NDArray[np.float64]:
    """How far each word is one letter ×4, a pair ×4 or a longer part ×3: 0, 0.5 or 1."""
    found = np.zeros(len(words))
    if not words:
        return found
    points, starts = code_points(words)
    for part, half, whole in _REPEATS:
        equal = np.zeros(len(points), dtype=bool)
        equal[part:] = points[part:] == points[:-part]
        run = _longest(equal & (points != 0), starts)
        found = np.maximum(found, np.where(run >= whole, 1.0, np.where(run >= half, 0.5, 0.0)))
    return found


def keyboard_runs(words: Sequence[str]) -> NDArray[np.float64]:
    """How far each word walks along a row of keys or the alphabet: 0 to 1.

    A run of four keys is mild unless it is the whole word; six are certain.
    """
    longest = np.zeros(len(words))
    if not words:
        return longest
    points, starts = code_points(words)
    low = np.where(points < _POINTS, points, 0)
    for table, lead in _tables():
        place = table[low]
        step = np.diff(place, prepend=_NOWHERE)
        for direction in (1, -1):
            run = _longest((step == direction) & (place >= 0), starts)
            longest = np.maximum(longest, np.where(run > 0, run + 1 - lead, 0))
    lengths = np.array([len(word) for word in words])
    strength = np.clip((longest - _MILD + 1) / (_CERTAIN - _MILD + 1), 0.0, 1.0)
    return np.where((longest >= _MILD) & (longest >= lengths), 1.0, strength)


@cache
def _tables() -> tuple[tuple[NDArray[np.int64], int], ...]:
    """The place of every code point on a keyboard, and by how much its runs are discounted."""
    keyboards = [(_places(rows), 0) for rows in KEYBOARDS]
    return (*keyboards, *((_places(rows), _OF_ALPHABET) for rows in ALPHABETS))


def _places(rows: Sequence[str]) -> NDArray[np.int64]:
    places = np.full(_POINTS, _NOWHERE, dtype=np.int64)
    for number, row in enumerate(rows):
        places[[ord(key) for key in row]] = np.arange(len(row)) + number * _ROW
    return places


def _longest(true: NDArray[np.bool_], starts: NDArray[np.intp]) -> NDArray[np.int64]:
    """The longest unbroken run of `true` in each word; it is false at the borders of words."""
    turns = np.flatnonzero(true[1:] != true[:-1]) + 1
    begins, ends = turns[::2], turns[1::2]
    longest = np.zeros(len(starts), dtype=np.int64)
    np.maximum.at(longest, np.searchsorted(starts, begins, side="right") - 1, ends - begins)
    return longest
