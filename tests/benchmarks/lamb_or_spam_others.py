"""A second set of junk, by makers of its own, for the benchmark of Lamb or Spam."""

from __future__ import annotations

import random
import string
from typing import TYPE_CHECKING

from faker import Faker

if TYPE_CHECKING:
    from collections.abc import Callable

Draw = random.Random
Row = dict[str, object]

FREE = ("gmail.com", "yahoo.com", "outlook.com", "mail.ru", "web.de", "orange.fr", "qq.com")
THROWAWAY = ("mailinator.com", "yopmail.com", "guerrillamail.com", "getnada.com", "maildrop.cc")
ROLLS = (
    "lkjhgf",
    "poiuyt",
    "mnbvcx",
    "sdfghjk",
    "qweasd",
    "wasdwasd",
    "ghghgh",
    "dkdkdk",
    "jkjkjk",
)
NUMBERS = ("+15555555555", "+11234567890", "+10000000000", "+19999999999", "+123456", None, None)
REFUSALS = (("None of your", "Business"), ("Go", "Away"), ("No", "Thanks"), ("Not", "Telling"))
FAMOUS = (("Mickey", "Mouse"), ("Bruce", "Wayne"), ("Santa", "Claus"), ("Chuck", "Norris"))
REHEARSED = ("Test", "Test Account", "Dummy", "Sample Lead", "Testing 123", "Please ignore")
LEET = ("h4ck3r", "t3st", "j0hn", "d03", "adm1n0", "h3ll0", "w0rld", "an0n1", "us3r")


def _letters(draw: Draw, letters: str = string.ascii_lowercase) -> str:
    return "".join(draw.choices(letters, k=draw.randint(6, 12)))


def _roll(draw: Draw) -> str:
    return draw.choice(ROLLS) + "".join(draw.choices("asdfjkl", k=draw.randint(0, 4)))


def _person(draw: Draw) -> tuple[str, str]:
    maker = Faker("en_US")
    maker.seed_instance(draw.randrange(10_000))
    return maker.first_name(), maker.last_name()


def _free(draw: Draw, local: str) -> str:
    return f"{local}@{draw.choice(FREE)}"


def _row(first: str | None, last: str, email: str | None, **facts: object) -> Row:
    return {"first_name": first, "last_name": last, "email": email} | facts


def _dvorak(draw: Draw) -> Row:
    word = [_letters(draw, "aoeuidhtnspyfgcrl") for _ in range(3)]
    return _row(word[0].title(), word[1].title(), _free(draw, word[2]))


def _rolls(draw: Draw) -> Row:
    first, _ = _person(draw)
    email = f"{_roll(draw)}@{_roll(draw)}.com"
    return _row(first, _roll(draw), email, phone=draw.choice(NUMBERS))


def _mixed_case(draw: Draw) -> Row:
    signs = string.ascii_letters + string.digits
    name = [_letters(draw, signs) for _ in range(3)]
    return _row(name[0], name[1], _free(draw, _letters(draw, "0123456789abcdef")), company=name[2])


def _one_key(draw: Draw) -> Row:
    word = [draw.choice(string.ascii_lowercase) * draw.randint(4, 7) for _ in range(3)]
    return _row(word[0], word[1], f"{word[2]}@{word[2]}.com")


def _rehearsal(draw: Draw) -> Row:
    email = draw.choice(["test.lead@example.com", "testaccount@gmail.com", "test1234@yahoo.com"])
    return _row(draw.choice(REHEARSED), draw.choice(["Test", "Lead", "User", "Testerson"]), email)


def _thrown_away(draw: Draw) -> Row:
    first, last = _person(draw)
    return _row(first, last, f"{first.lower()}{draw.randint(1, 99)}@{draw.choice(THROWAWAY)}")


def _advert(draw: Draw) -> Row:
    link = draw.choice(["http://bit.ly/2x", "www.win-big.ru", "click t.me/xx", "pills.top"])
    return _row(draw.choice(["Earn", "FREE", "Casino"]), link, _free(draw, _letters(draw)))


def _refusal(draw: Draw) -> Row:
    first, last = draw.choice(REFUSALS)
    return _row(first, last, draw.choice(["leavemealone@gmail.com", "nospam@nospam.com"]))


def _famous(draw: Draw) -> Row:
    first, last = draw.choice(FAMOUS)
    return _row(first, last, draw.choice(["none@none.com", _free(draw, _roll(draw))]))


def _leet(draw: Draw) -> Row:
    return _row(draw.choice(LEET), draw.choice(LEET), _free(draw, draw.choice(LEET)))


def _two_alphabets(draw: Draw) -> Row:
    """Latin names in which some letters are Cyrillic ones that look the same."""
    alike = str.maketrans("aeop", "\u0430\u0435\u043e\u0440")
    first, last = _person(draw)
    return _row(first.translate(alike), last.translate(alike), _free(draw, _letters(draw)))


def _numbered(draw: Draw) -> Row:
    word = draw.choice(["qwe", "test", "user", "abc"])
    return _row(
        word, f"{word}{draw.randint(1, 99)}", _free(draw, f"{word}{draw.randint(1, 999):03}")
    )


def _only_address(draw: Draw) -> Row:
    return {"email": f"{_letters(draw)}@{_letters(draw)}.com"}


def _syllables(draw: Draw) -> Row:
    """Gibberish that can be pronounced: by its letters it may be a name of some language."""
    word = [
        "".join(draw.choice("bdfgklmnprstvz") + draw.choice("aeiou") for _ in range(3))
        for _ in range(3)
    ]
    return _row(word[0], word[1], _free(draw, word[2]))


MAKERS: tuple[Callable[[Draw], Row], ...] = (
    _dvorak, _rolls, _mixed_case, _one_key, _rehearsal, _thrown_away, _advert, _refusal, _famous,
    _leet, _two_alphabets, _numbered, _only_address, _syllables,
)  # fmt: skip


def other_junk(draw: Draw, number: int) -> tuple[Row, str]:
    """A junk lead and the kind of its maker."""
    make = MAKERS[number % len(MAKERS)]
    return make(draw), make.__name__[1:]
