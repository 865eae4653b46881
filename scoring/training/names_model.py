"""How the character models of `scoring/genuine/characters.json` are learnt, and made again.

    pip install "leadgate[names]"
    python -m scoring.training.names_model scoring/genuine/characters.json

Sources, needed for learning only: the names, places, jobs, companies and sample words of Faker's
locales (MIT), the first and last names of the US Census in `names` (MIT, public data), and Latin
spellings of the names in other scripts by `anyascii` (ISC). Every word counts once per source, names
of Faker's locales more, so that the many American names do not drown the others.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import math
import pkgutil
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoring.genuine.characters import END, LEVEL_BASE, LEVELS, START, read_characters
from scoring.genuine.texts import fold_word

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

SCRIPTS = {
    "latin": "LATIN", "cyrillic": "CYRILLIC", "greek": "GREEK", "arabic": "ARABIC",
    "hebrew": "HEBREW", "devanagari": "DEVANAGARI", "bengali": "BENGALI", "tamil": "TAMIL",
    "thai": "THAI", "georgian": "GEORGIAN", "armenian": "ARMENIAN",
}  # fmt: skip
"""Scripts that get a model, by the first word of their letters' Unicode names."""

SPELLED_WITH_VOWELS = ("CYRILLIC", "GREEK", "GEORGIAN", "ARMENIAN", "HANGUL", "CJK", "KATAKANA",
                       "HIRAGANA", "DEVANAGARI", "TAMIL", "BENGALI")  # fmt: skip
"""Scripts whose Latin spellings are pronounceable, so that they teach the Latin model too."""

NAME_WEIGHT = 5
FOLDS = 5
TOLERATED = 0.01
"""Share of genuine words, unseen by the model, that may look odd."""
_RARE_LETTER = 1e-4


def names_by_locale() -> dict[str, set[str]]:
    """The words of first and last names in Faker's locales, folded, by locale."""
    found: dict[str, set[str]] = {}
    for locale, texts in _texts("person", "name").items():
        found[locale] = {word for text in texts for word in words_of(text)}
        found[locale] |= {word for text in texts for word in _spelled(text)}
    return found


def census_names() -> set[str]:
    """First and last names of the US Census."""
    files = ("dist.all.last", "dist.female.first", "dist.male.first")
    folder = resources.files("names")
    lines = (line for file in files for line in folder.joinpath(file).read_text().splitlines())
    return {line.split()[0].lower() for line in lines}


def other_words() -> set[str]:
    """Words of companies, places, jobs and texts: what companies call themselves."""
    kinds = ("company", "address", "lorem", "job")
    texts = (text for kind in kinds for found in _texts(kind, "").values() for text in found)
    return {word for text in texts for word in words_of(text)}


def learn(weights: Mapping[str, int]) -> dict[str, Any]:
    """The stored form of the models of these words, each counted with its weight."""
    by_script: dict[str, Counter[str]] = defaultdict(Counter)
    for word, weight in weights.items():
        by_script[script_of(word)][word] += weight
    scripts = {
        name: _stored(by_script[script], script) | {"doubt": _doubt(by_script[script], script)}
        for name, script in SCRIPTS.items()
    }
    return {"version": 1, "scripts": scripts}


def _doubt(words: Counter[str], script: str) -> float:
    """What the evidence of one in a hundred genuine words lacks, where the model has not seen it."""
    lacking: list[float] = []
    for part in range(FOLDS):
        unseen = sorted(word for word in words if part_of(word, FOLDS) == part)
        rest = Counter({w: c for w, c in words.items() if part_of(w, FOLDS) != part})
        model = read_characters({"scripts": {script: _stored(rest, script) | {"doubt": 0.0}}})
        lacking += (-model.evidence(unseen)).tolist()
    at = min(len(lacking) - 1, int(len(lacking) * (1 - TOLERATED)))
    return round(max(0.0, sorted(lacking)[at]), 2) if lacking else 0.0


def part_of(word: str, parts: int) -> int:
    """The part of so many that a word belongs to, whatever the run."""
    return hashlib.sha256(word.encode()).digest()[0] % parts


def weighed(
    names: Iterable[Collection[str]], census: Collection[str], others: Collection[str]
) -> dict[str, int]:
    """Every word with what it counts: names of Faker's locales most."""
    plain = dict.fromkeys([*others, *census], 1)
    return plain | {word: NAME_WEIGHT for words in names for word in words}


def words_of(text: str) -> Iterator[str]:
    """The folded words of two letters or more in a text."""
    spaced = "".join(c if unicodedata.category(c)[0] in "LM" else " " for c in fold_word(text))
    return (word for word in spaced.split() if len(word) > 1)


def script_of(word: str) -> str:
    """The script of a word's first letter, as its Unicode name begins."""
    return unicodedata.name(word[0], "?").split()[0]


def _spelled(text: str) -> Iterator[str]:
    """A name of another script as its bearer may spell it in Latin letters."""
    if not text or script_of(text) not in SPELLED_WITH_VOWELS:
        return iter(())
    anyascii = importlib.import_module("anyascii").anyascii
    return words_of(anyascii(text))


def _texts(kind: str, part_of_name: str) -> dict[str, set[str]]:
    """All texts in the providers of a kind, by locale."""
    package = importlib.import_module(f"faker.providers.{kind}")
    found: dict[str, set[str]] = {}
    for module in pkgutil.iter_modules(package.__path__):
        provider = importlib.import_module(f"faker.providers.{kind}.{module.name}").Provider
        lists = (
            getattr(provider, name)
            for name in dir(provider)
            if part_of_name in name and not re.search("^_|format|^language_names$", name)
        )
        found[module.name] = {text for values in lists for text in _leaves(values)}
    return found


def _leaves(values: Any) -> Iterator[str]:
    if isinstance(values, str):
        if not re.search(r"[{}#%\d]", values):
            yield values
    elif isinstance(values, (list, tuple, set, frozenset, dict)):
        for value in values:
            yield from _leaves(value)


def _stored(words: Counter[str], script: str) -> dict[str, Any]:
    """The letters of a script and the levels of its counts, by the two letters before."""
    single = Counter(letter for word in words for letter in word if script_of(letter) == script)
    least = max(2, single.total() * _RARE_LETTER)
    letters = "".join(sorted(letter for letter, count in single.items() if count >= least))
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for word, weight in words.items():
        if set(word) <= set(letters):
            padded = f"{START}{START}{word}{END}"
            for index in range(2, len(padded)):
                counts[padded[index - 2 : index]][padded[index]] += weight
    return {
        "letters": letters,
        "counts": {
            two: "".join(f"{letter}{_level(count)}" for letter, count in sorted(following.items()))
            for two, following in sorted(counts.items())
        },
    }


def _level(count: int) -> str:
    return LEVELS[min(round(math.log(count, LEVEL_BASE)), len(LEVELS) - 1)]


def main(target: str) -> None:
    """Learn from all sources and write the file."""
    stored = learn(weighed(names_by_locale().values(), census_names(), other_words()))
    text = json.dumps(stored, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    Path(target).write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
