"""How much a word looks like a word: character models of the scripts that people write names in.

A model knows how often a letter follows two others (Witten–Bell interpolated down to single
letters). The evidence of a word is the log-likelihood of its letters under the model, less that of
letters drawn at random: below 0 random typing explains the word better. Words of a script without a
model have no evidence either way. The counts are in `characters.json`; `scoring/training/
names_model.py` says how they were learnt and makes them again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

START = "^"
END = "$"
LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LEVEL_BASE = 1.5
"""Counts are stored as a level: 1.5 to the power of the level's place, one letter each."""

_CODE_POINTS = 0x11000
_NONE = -1


@dataclass(frozen=True)
class Script:
    """The model of one script: its letters, and the log-odds of three letters in a row.

    `odds[a, b, c]` is log P(c | a b) against all letters alike, where 0 is the border of a word,
    letters count from 1, and the last number stands for any letter that the model does not know.
    `doubt` is what one in a hundred genuine words lacks: the fewer words of a script the model has
    seen, the more.
    """

    letters: str
    odds: NDArray[np.float32]
    doubt: float

    @cached_property
    def codes(self) -> NDArray[np.int16]:
        """The number of every code point in this script."""
        table = np.full(_CODE_POINTS, len(self.letters) + 1, dtype=np.int16)
        table[[ord(letter) for letter in self.letters]] = np.arange(1, len(self.letters) + 1)
        return table


@dataclass(frozen=True)
class Characters:
    """Character models by script."""

    scripts: Mapping[str, Script]

    def evidence(self, words: Sequence[str]) -> NDArray[np.float64]:
        """The log-odds that each word was written, not typed at random; NaN where not known.

        They include the script's doubt: below 0 is one genuine word in a hundred.
        Words are folded: lower case, without diacritics (`scoring.genuine.texts.folded`).
        """
        found = np.full(len(words), np.nan)
        if not words:
            return found
        points, starts = code_points(words)
        script_of = self._script_by_point[points[starts]]
        for number, script in enumerate(self.scripts.values()):
            chosen = np.flatnonzero(script_of == number).tolist()
            if chosen:
                here = [words[index] for index in chosen]
                found[chosen] = _evidence(script, here) + script.doubt
        return found

    @cached_property
    def _script_by_point(self) -> NDArray[np.int16]:
        table = np.full(_CODE_POINTS, _NONE, dtype=np.int16)
        for number, script in enumerate(self.scripts.values()):
            table[[ord(letter) for letter in script.letters]] = number
        return table


def code_points(words: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
    """The code points of words with a 0 before each and one at the end, and where each begins.

    Words consist of letters. Code points beyond the tables' end are cut to it.
    """
    text = "\0" + "\0".join(words) + "\0"
    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    borders = np.flatnonzero(points == 0)
    return np.minimum(points, _CODE_POINTS - 1), borders[:-1] + 1


def _evidence(script: Script, words: Sequence[str]) -> NDArray[np.float64]:
    points, starts = code_points(words)
    codes = np.where(points == 0, 0, script.codes[points]).astype(np.intp)
    before = np.concatenate([[0], codes[:-1]])
    # The letter two places back is the border for a word's first two letters.
    earlier = np.where(before == 0, 0, np.concatenate([[0, 0], codes[:-2]]))
    odds = script.odds[earlier, before, codes].astype(np.float64)
    sums = np.add.reduceat(odds, starts)
    return np.asarray(sums, dtype=np.float64)


@cache
def characters() -> Characters:
    """The models that come with the package."""
    text = resources.files("scoring.genuine").joinpath("characters.json").read_text("utf-8")
    return read_characters(json.loads(text))


def read_characters(stored: Mapping[str, Any]) -> Characters:
    """The models of stored counts: per script its letters and, by two letters, those that follow."""
    return Characters({name: _script(part) for name, part in stored["scripts"].items()})


def _script(stored: Mapping[str, Any]) -> Script:
    letters: str = stored["letters"]
    number = {START: 0, END: 0} | {letter: code for code, letter in enumerate(letters, 1)}
    counts = np.zeros((len(letters) + 1,) * 3)
    for two, following in stored["counts"].items():
        row = counts[number[two[0]], number[two[1]]]
        for letter, level in zip(following[::2], following[1::2], strict=True):
            row[number[letter]] = round(LEVEL_BASE ** LEVELS.index(level))
    return Script(letters, _odds(counts), float(stored["doubt"]))


def _odds(counts: NDArray[np.float64]) -> NDArray[np.float32]:
    """Log-odds of three letters in a row against letters at random; letters not known say nothing."""
    size = len(counts)
    single = _interpolated(counts.sum(axis=(0, 1)), np.full(size, 1 / size))
    double = _interpolated(counts.sum(axis=0), single[None, :])
    triple = _interpolated(counts, double[None, :, :])
    odds = np.zeros((size + 1,) * 3, dtype=np.float32)
    odds[:size, :size, :size] = np.log(triple * size)
    return odds


def _interpolated(counts: NDArray[np.float64], lower: NDArray[np.float64]) -> NDArray[np.float64]:
    """Witten–Bell: what was seen, and the shorter context for what may be new."""
    total = counts.sum(axis=-1, keepdims=True)
    kinds = (counts > 0).sum(axis=-1, keepdims=True)
    return np.where(total > 0, (counts + kinds * lower) / np.maximum(total + kinds, 1), lower)
