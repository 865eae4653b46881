"""Leads with a known truth for the benchmark of Lamb or Spam: typed strings, junk, and lambs."""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING

from anyascii import anyascii
from faker import Faker

if TYPE_CHECKING:
    from collections.abc import Callable

Draw = random.Random
Row = dict[str, object]

LETTERS = "abcdefghijklmnopqrstuvwxyz"
CONSONANTS = "bcdfghjklmnpqrstvwxz"
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
LEFT, RIGHT = "qwertasdfgzxcvb", "yuiophjklnm"
NEAR = {key: row[max(0, i - 2) : i + 3] for row in ROWS for i, key in enumerate(row)}


def _uniform(draw: Draw) -> str:
    return "".join(draw.choices(LETTERS, k=draw.randint(5, 12)))


def _consonants(draw: Draw) -> str:
    return "".join(draw.choices(CONSONANTS, k=draw.randint(4, 10)))


def _home_row(draw: Draw) -> str:
    return "".join(draw.choices("asdfghjkl;"[:9], k=draw.randint(5, 12)))


def _two_hands(draw: Draw) -> str:
    return "".join(draw.choice(RIGHT if n % 2 else LEFT) for n in range(draw.randint(6, 12)))


def _drumming(draw: Draw) -> str:
    """Fingers of one hand drum near one place, then the hand moves on."""
    text, key = "", draw.choice(LETTERS)
    while len(text) < 7 + draw.randrange(5):
        text += (key := draw.choice(NEAR[key]))
        if draw.random() < 0.2:
            key = draw.choice(LETTERS)
    return text


def _rolls(draw: Draw) -> str:
    """Rolls of three to five keys along a row, in either direction."""
    text = ""
    while len(text) < 6:
        row = draw.choice(ROWS)
        start = draw.randrange(len(row) - 3)
        roll = row[start : start + draw.randint(3, 5)]
        text += roll if draw.random() < 0.7 else roll[::-1]
    return text


def _repeated(draw: Draw) -> str:
    part = "".join(draw.choices("asdfghjkl", k=draw.randint(2, 4)))
    return (part * 5)[: draw.randint(6, 12)]


GENERATORS: dict[str, Callable[[Draw], str]] = {
    "uniform": _uniform, "consonants": _consonants, "home_row": _home_row,
    "two_hands": _two_hands, "drumming": _drumming, "rolls": _rolls, "repeated": _repeated,
}  # fmt: skip


def typed(draw: Draw) -> str:
    """A string typed at random, by one of the generators."""
    return draw.choice(list(GENERATORS.values()))(draw)


LOCALES = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "pt_BR", "it_IT", "pl_PL", "nl_NL", "sv_SE",
           "cs_CZ", "fi_FI", "tr_TR", "ru_RU", "uk_UA", "el_GR", "he_IL", "ar_SA", "fa_IR", "hi_IN",
           "zh_CN", "ja_JP", "ko_KR", "th_TH", "vi_VN", "ka_GE", "hy_AM", "bg_BG", "en_IN", "id_ID")  # fmt: skip
FREE = ("gmail.com", "yahoo.com", "outlook.com", "web.de", "mail.ru", "qq.com")


@cache
def _faker(locale: str) -> Faker:
    maker = Faker(locale)
    maker.seed_instance(locale)
    return maker


def genuine(draw: Draw, number: int) -> Row:
    """A lead as it is typed by a genuine person of one of many countries."""
    maker = _faker(LOCALES[number % len(LOCALES)])
    first, last, company = maker.first_name(), maker.last_name(), maker.company()
    latin = [_latin(name) or "lead" for name in (first, last, company)]
    forms = ("{0}.{1}", "{2}{1}", "{0}", "{0}{1}", "{1}.{0}", "{0}{3}", "{2}.{1}{3}")
    local = draw.choice(forms).format(latin[0], latin[1], latin[0][:1], draw.randint(1, 1999))
    at_work = draw.random() < 0.6
    domain = f"{latin[2][:14]}.com" if at_work else draw.choice(FREE)
    row: Row = {
        "first_name": first if draw.random() < 0.9 else None,
        "last_name": last,
        "email": f"{local}@{domain}",
        "company": company if at_work or draw.random() < 0.3 else None,
        "visits": float(draw.choice([0, 0, 1, 1, 2, 4])),
        "interest": draw.choice([None, None, "pricing", "We would like a demo next week."]),
    }
    if draw.random() < 0.03:
        row["email"] = f"info@{latin[2][:14]}.com"
    return row


def _latin(text: str) -> str:
    return "".join(letter for letter in anyascii(text).lower() if letter in LETTERS)


FAKE_WORDS = (
    "test",
    "asdf",
    "qwerty",
    "n/a",
    "none",
    "xxx",
    "abc",
    "aaa",
    "first name",
    "test test",
)
THROWAWAY = (
    "mailinator.com",
    "yopmail.com",
    "guerrillamail.com",
    "trashmail.com",
    "sharklasers.com",
)
SALES = (
    "We can get your site to the first page of Google. https://seo.example",
    "Buy 5000 followers now http://a.example http://b.example",
    "<a href='http://x.example'>best casino bonus</a>",
    "Dear sir, I have a business proposal of USD 3,500,000 for you.",
    "Our web design company can redesign your website, www.web.example",
)


def junk(draw: Draw, number: int) -> tuple[Row, str]:
    """A junk lead and the kind of its maker."""
    kinds = (_hand_mash, _bot, _placeholder, _throwaway, _seller, _hidden)
    make = kinds[number % len(kinds)]
    return make(draw), make.__name__[1:]


def _hand_mash(draw: Draw) -> Row:
    first, last = typed(draw), typed(draw)
    local = draw.choice([first, typed(draw), f"{first}{draw.randint(1, 999)}"])
    domain = draw.choice(["gmail.com", f"{typed(draw)}.com", "yahoo.com"])
    company = draw.choice([None, typed(draw), "Google"])
    return {
        "first_name": first,
        "last_name": last,
        "email": f"{local}@{domain}",
        "company": company,
    }


def _bot(draw: Draw) -> Row:
    """Form bots fill every field with letters of both cases."""

    def mixed() -> str:
        return "".join(draw.choices(LETTERS + LETTERS.upper(), k=draw.randint(8, 14)))

    local = ".".join(draw.choices(["ab", "e", "q", "xo", "wi", "5", "78"], k=6))
    return {
        "first_name": mixed(),
        "last_name": mixed(),
        "email": f"{local}@gmail.com",
        "company": mixed(),
    }


def _placeholder(draw: Draw) -> Row:
    first, last = draw.choice(FAKE_WORDS), draw.choice(FAKE_WORDS)
    email = draw.choice(
        ["test@test.com", "a@a.com", "asdf@gmail.com", "none@none.com", "abc@xyz.com"]
    )
    return {
        "first_name": first,
        "last_name": last,
        "email": email,
        "company": draw.choice([None, *FAKE_WORDS]),
    }


def _throwaway(draw: Draw) -> Row:
    """Someone who hides behind a disposable address, and often a made-up number."""
    first = draw.choice([typed(draw), draw.choice(FAKE_WORDS), _faker("en_US").first_name()])
    return {
        "first_name": first,
        "last_name": draw.choice([typed(draw), "x", "-"]),
        "email": f"{typed(draw)}{draw.randint(1, 99)}@{draw.choice(THROWAWAY)}",
        "phone": draw.choice([None, "+15555555555", "+11234567890"]),
    }


def _seller(draw: Draw) -> Row:
    """Well-written names with something to sell."""
    maker = _faker("en_US")
    return {
        "first_name": maker.first_name(),
        "last_name": maker.last_name(),
        "email": f"{maker.user_name()}@gmail.com",
        "company": draw.choice([None, "SEO Pro", "Web Experts"]),
        "interest": draw.choice(SALES),
    }


def _hidden(draw: Draw) -> Row:
    """Famous names and made-up numbers at free mail; many should be shown to a person."""
    first, last = draw.choice([("Mickey", "Mouse"), ("John", "Doe"), ("Donald", "Duck")])
    return {
        "first_name": first,
        "last_name": last,
        "email": draw.choice(["nobody@nowhere.com", "fake@fake.com", "noemail@gmail.com"]),
        "phone": draw.choice(["+15555555555", "+12222222222"]),
    }


def _lamb(
    first: str | None, last: str, email: str | None = None, company: str | None = None
) -> Row:
    return {"first_name": first, "last_name": last, "email": email, "company": company}


LAMBS: list[Row] = [
    _lamb("Sean", "Testa", "sean.testa@gmail.com"),
    _lamb("Anna", "Keller", "anna1985@gmail.com"),
    _lamb("Dieter", "Schnick", "d.schnick@schnick-bau.de", "Schnick Bau GmbH"),
    _lamb("Ruth", "Wertheim", "rwertheim@aol.com"),
    _lamb("Fergus", "McColl", "fergus@mccoll.co.uk", "McColl's"),
    _lamb("J", "Smith", "jsmith@acme.com", "Acme"),
    _lamb("J.", "R.", "jr@example-firm.com", "Example Firm"),
    _lamb("MARIA", "GONZALEZ", "MARIA.GONZALEZ@HOTMAIL.COM"),
    _lamb(None, "Office", "info@tischlerei-huber.at", "Tischlerei Huber"),
    _lamb("Bob", "Jones", "sales@bobsplumbing.com", "Bob's Plumbing"),
    _lamb("Jennifer", "Null", "jennifer.null@gmail.com"),
    _lamb("Nan", "Na", "nan.na@gmail.com"),
    _lamb("Ng", "Wu", "ngwu@gmail.com"),
    _lamb("Xu", "O", "xu.o@163.com"),
    _lamb("Ó", "Sé", "ose@gmail.com"),
    _lamb("Ngozi", "Okonjo-Iweala", "ngozi.o@yahoo.com"),
    _lamb("Nkechi", "Nwachukwu", "nkechinw@gmail.com"),
    _lamb("Srđan", "Krstić", "srdjan.krstic@gmail.com"),
    _lamb("Vlk", "Smrž", "vlk.smrz@seznam.cz"),
    _lamb("Grzegorz", "Brzęczyszczykiewicz", "gbrz@wp.pl"),
    _lamb("Þórhildur", "Sigurbjörnsdóttir", "thorhildur@simnet.is"),
    _lamb("Llŷr", "Gruffydd", "llyr@gmail.com"),
    _lamb("Siobhán", "Ní Dhomhnaill", "siobhan.nid@gmail.com"),
    _lamb("Nguyễn", "Thị Minh Khai", "ntmkhai@gmail.com"),
    _lamb("Xiuying", "Zhang", "zhangxiuying88@qq.com"),
    _lamb("秀英", "王", "3823849234@qq.com", "长江贸易公司"),
    _lamb("さくら", "渡辺", "sakura.w@docomo.ne.jp", "株式会社みらい"),
    _lamb("민준", "김", "mjkim92@naver.com", "(주)한빛"),
    _lamb("Юлія", "Щербак", "shcherbak.y@ukr.net", "ТОВ «Калина»"),
    _lamb("Ελένη", "Παπαδοπούλου", "elenip@otenet.gr"),
    _lamb("محمد", "الهاشمي", "m.alhashimi@gmail.com"),
    _lamb("שירה", "הורוביץ", "shira.h@walla.co.il"),
    _lamb("प्रिया", "शर्मा", "priya.sharma@gmail.com"),
    _lamb("ნინო", "ხვედელიძე", "nino.khv@gmail.com"),
    _lamb("Աննա", "Մկրտչյան", "anna.mkrtchyan@gmail.com"),
    _lamb("กัญญาณัฐ", "วงศ์สุวรรณพาณิชย์", "kanyanat.w@gmail.com"),
    _lamb("Kanokwan", "Srisawatphimonchai", "kanokwan.s@gmail.com"),
    _lamb("María del Carmen Guadalupe", "Fernández de Córdoba y Álvarez de Toledo", "mcguad@gmail.com"),
    _lamb("Venkatanarasimharajuvaripeta", "Krishnamoorthy", "venkat.k@rediffmail.com"),
    _lamb("Tom", "Baker", "tom@mmm.com", "3M"),
    _lamb("Lisa", "Reed", "lisa.reed@xerox.com", "Xerox"),
    _lamb("Karin", "Ek", "karin.ek@ingka.com", "IKEA"),
    _lamb("Bruce", "Hall", "bhall@qantas.com.au", "Qantas"),
    _lamb("Ming", "Chen", "ming@kkday.com", "Kkday"),
    _lamb("Al", "Aaberg", "al@aaaaaplumbing.com", "AAAAA Plumbing"),
    _lamb("Kim", "Lee", "kim.lee@hsbc.com", "HSBC"),
    _lamb("Uwe", "Jahn", "uwe.jahn@bmw.de", "BMW AG"),
    _lamb("Zoë", "Zysk", "zz@zyzzyva.org", "Zyzzyva"),
    _lamb("Jean", "Jean", "jeanjean@laposte.net"),
    _lamb("Thomas", "Thomas", "thomas.thomas@orange.fr"),
    _lamb("Aa", "Saad", "aasaad@gmail.com"),
    _lamb("Fjodor", "Fjeldskov", "ff@fjeld.dk", "Fjeldskov ApS"),
    _lamb("Mxolisi", "Mthethwa", "mxo.mthethwa@gmail.com"),
    _lamb("Tlhogi", "Kgosi", "tkgosi@gmail.com"),
    _lamb("Qwan", "Poirot", "qpoirot@free.fr"),
    _lamb("Ana", "Tester", "ana.tester@tester-messtechnik.de", "Tester Messtechnik"),
    _lamb("Christina", "-", "christina@blumen-eck.de", "Blumen Eck"),
    _lamb("D'Shawn", "McDonald-O'Neill", "dshawn@gmail.com"),
    _lamb("van 't", "Hoff", "vanthoff@planet.nl"),
]  # fmt: skip
"""Genuine leads that simple rules call junk."""
