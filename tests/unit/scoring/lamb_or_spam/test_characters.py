"""The character models: names of unseen spelling, typed strings, and how the models are stored."""

from __future__ import annotations

import json
import math
import random
from importlib import resources

import numpy as np
import polars as pl
import pytest

from scoring.genuine.characters import characters, read_characters
from scoring.genuine.lists import lists
from scoring.genuine.runs import keyboard_runs, repeats
from scoring.genuine.texts import COMPANY, LOCAL, fold_word, folded, judged
from scoring.training import names_model

SCRIPTS = {"latin", "cyrillic", "greek", "arabic", "hebrew", "devanagari", "bengali", "tamil", "thai",
           "georgian", "armenian"}  # fmt: skip


def test_every_script_has_a_small_model():
    """All scripts are there, and the file stays below 400 kB."""
    file = resources.files("scoring.genuine").joinpath("characters.json")

    assert set(characters().scripts) == SCRIPTS
    assert len(file.read_bytes()) < 400_000


def test_typed_strings_lose_against_names():
    """Nearly all strings of random letters look odd, and no ordinary name does."""
    draw = random.Random(4)
    typed = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=9)) for _ in range(500)]
    names = ["schnick", "wertheim", "okonkwo", "krishnamurthy", "brzeczyszczykiewicz", "nguyen",
             "zhang", "szczepanski", "sigurbjornsdottir", "llewellyn", "mthethwa", "oluwaseun"]  # fmt: skip

    assert float((characters().evidence(typed) < 0).mean()) > 0.93
    assert characters().evidence(names).min() > 0


def test_scripts_without_a_model_say_nothing():
    """Han, Hangul and emoji are neither names nor typing to the models."""
    found = characters().evidence(["王秀英", "ㅎㅏㄴ", "ᚠᚢᚦ", "anna"])

    assert np.isnan(found).tolist() == [True, True, True, False]


def test_a_word_has_the_same_evidence_alone_and_among_others():
    """What a word says does not depend on the words beside it."""
    words = ["anna", "шевченко", "xkqzv", "παπαδοπουλος", "ñandú", "b", "anna"]
    together = characters().evidence([fold_word(word) for word in words])
    alone = [characters().evidence([fold_word(word)])[0] for word in words]

    np.testing.assert_array_equal(together, alone)


def test_counts_are_interpolated():
    """With one word seen, its letters are likely, others share what Witten–Bell leaves them."""
    level = {"^^": "a0", "^a": "b0", "ab": "$0"}
    model = read_characters({"scripts": {"x": {"letters": "ab", "counts": level, "doubt": 0.5}}})
    likely, unlikely = model.evidence(["ab", "ba"])

    # Alone, each of border, a and b has a third; after one seen follower of one kind: (1 + ⅓) / 2,
    # and with the third letter (1 + ⅔) / 2. Against a third each, three times, and the doubt.
    assert likely == pytest.approx(3 * math.log(5 / 6 * 3) + 0.5, abs=1e-5)
    assert unlikely == pytest.approx(
        math.log(1 / 12 * 3) + math.log(1 / 6 * 3) + math.log(1 / 6 * 3) + 0.5, abs=1e-5
    )


@pytest.mark.parametrize(
    ("word", "least", "most"),
    [
        ("asdf", 1, 1), ("qwerty", 1, 1), ("hjkl", 1, 1), ("йцукен", 1, 1), ("poiuyt", 1, 1),
        ("wertheim", 0.1, 0.5), ("abcdefgh", 1, 1), ("sdfghs", 0.5, 1), ("anna", 0, 0), ("", 0, 0),
        ("defoe", 0, 0), ("property", 0.1, 0.5),
    ],
)  # fmt: skip
def test_fingers_that_walk_along_the_keyboard(word, least, most):
    """Rows and the alphabet, both ways, Latin and Cyrillic; four keys in a name are mild."""
    (found,) = keyboard_runs([word]) if word else (0.0,)

    assert least <= found <= most


@pytest.mark.parametrize(
    ("word", "strength"),
    [("aaaa", 1), ("anna", 0), ("sdsdsdsd", 1), ("asdasd", 0.5), ("asdasdasd", 1), ("lll", 0.5),
     ("schifffahrt", 0.5), ("ㅋㅋㅋㅋ", 1), ("mississippi", 0.5), ("bonbon", 0.5)],
)  # fmt: skip
def test_one_thing_over_and_over(word, strength):
    """A letter four times, a pair four times, a part three times is certain; less is half."""
    assert strength == repeats([word])[0]


def test_folding_is_the_same_for_one_and_for_many():
    """The expression and the function fold alike: case, blanks, diacritics, special letters."""
    texts = [
        " Þórbjörn ",
        "MÜLLER",
        "Łukasz",
        "İbrahim",
        "Æsop",
        "O’Neill",
        "ЙЦУ",
        "한빛",
        "ﬁn",
        "",
    ]
    by_expression = pl.DataFrame({"text": texts}).select(folded(pl.col("text")))["text"]

    assert [fold_word(text) for text in texts] == by_expression.to_list()


def test_a_company_is_odd_only_as_a_whole():
    """One odd word makes a name odd; in a company all words must be, and acronyms do not count."""
    texts = pl.DataFrame(
        {
            "text": ["xkqzv plumbing", "xkqzv plumbing", "xkqzvbn", "kpmg", "jsmith"],
            "kind": [COMPANY, "name", COMPANY, COMPANY, LOCAL],
        }
    )
    found = judged(texts, characters())["odd"]

    assert found[0] < 0 < found[1]
    assert found[2] > 0
    assert found[3] is None
    assert found[4] < 0


def test_lists_are_folded_and_keep_apart():
    """Every entry is as texts are compared; disposable domains are not free mail."""
    known = lists()
    for words in (known.certain_placeholders, known.likely_placeholders, known.famous):
        assert words == {fold_word(word) for word in words}
    assert not known.disposable & known.free_mail
    assert "mailinator.com" in known.disposable
    assert not known.certain_placeholders & known.likely_placeholders


def test_the_stored_form_is_compact_json():
    """Letters, counts and doubt by script, and nothing else."""
    file = resources.files("scoring.genuine").joinpath("characters.json")
    stored = json.loads(file.read_text("utf-8"))

    assert {"version", "scripts"} == set(stored)
    assert all({"letters", "counts", "doubt"} == set(part) for part in stored["scripts"].values())


def test_models_are_learnt_by_script_and_read_back():
    """Words teach the model of their script alone; what it has seen is likelier than what not."""
    names = ["anna", "hanna", "johanna", "marianna", "annika", "anne", "hanne"]
    stored = names_model.learn(dict.fromkeys([*names, "анна", "ганна", "жанна"], 3))
    model = read_characters(stored)
    name, typed, cyrillic = model.evidence(["hannika", "hhnnhe", "анна"])

    assert stored["scripts"]["latin"]["letters"] == "aehin"  # what came once is no letter
    assert not set(stored["scripts"]["cyrillic"]["letters"]) & set("abc")
    assert typed < name
    assert cyrillic > 0


def test_words_of_a_text_keep_their_marks():
    """Vowel signs belong to their words; digits, signs and single letters are no words."""
    assert list(names_model.words_of("Dr. Müller-Weiß 3 प्रिया o'neill")) == [
        "dr", "muller", "weiss", "प्रिया", "neill",
    ]  # fmt: skip
