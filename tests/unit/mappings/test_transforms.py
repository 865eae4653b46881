"""Every transform: what it reads, what it refuses, and that writing and reading agree."""

from __future__ import annotations

import datetime
from typing import Any

import phonenumbers
import polars as pl
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.transforms import TRANSFORMS, natural, suits
from mappings.transforms.base import Options
from mappings.transforms.contact import (
    _checked_number,
    _plain_address,
    _plain_domain,
    _plain_number,
)
from mappings.transforms.titles import LEVELS
from scoring.lead import DTYPES, FIELDS

UTC = datetime.UTC
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)


def read(name: str, texts: list[str | None], **options: Any) -> list[Any]:
    """The facts that a transform reads from texts."""
    frame = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)})
    return (
        frame.select(TRANSFORMS[name].read(pl.col("text"), Options(**options)))
        .to_series()
        .to_list()
    )


def write(name: str, facts: list[Any], **options: Any) -> list[str | None]:
    """The texts that a transform writes for facts."""
    transform = TRANSFORMS[name]
    frame = pl.DataFrame({"fact": pl.Series(facts, dtype=DTYPES[transform.kind])})
    return frame.select(transform.write(pl.col("fact"), Options(**options))).to_series().to_list()


READ = [
    ("text", "As written", "As written"),
    ("lower", "MiXed", "mixed"),
    ("email", "Ann.Lee@ACME.com", "Ann.Lee@acme.com"),
    ("email", "mailto:jörg@müller.de", "jörg@müller.de"),
    ("email", "ann@acme.test", "ann@acme.test"),
    ("email", "ann@localhost", None),
    ("email", "nobody", None),
    ("email", "a@b@c.com", None),
    ("domain", "https://www.Acme.com/about?x=1", "acme.com"),
    ("domain", "ann@acme.co.uk", "acme.co.uk"),
    ("domain", "WWW.acme.com:8080", "acme.com"),
    ("domain", "münchen.de", "xn--mnchen-3ya.de"),
    ("domain", "acme", None),
    ("country", "USA", "US"),
    ("country", "U.S.A.", "US"),
    ("country", "the Netherlands", "NL"),
    ("country", "Deutschland", "DE"),
    ("country", "UK", "GB"),
    ("country", "NO", "NO"),
    ("country", "DEU", "DE"),
    ("country", "Côte d’Ivoire", "CI"),
    ("country", "Czech Republic", "CZ"),
    ("country", "Atlantis", None),
    ("number", "1,234.5", 1234.5),
    ("number", "1.0E7", 10_000_000.0),
    ("number", "12,5", None),
    ("number", "NaN", None),
    ("number", "inf", None),
    ("number", "1,23,456", None),
    ("integer", "12.0", 12.0),
    ("integer", "12.5", None),
    ("money", "$1,200.50", 1200.5),
    ("money", "1.200,50 €", 1200.5),
    ("money", "EUR 1.000.000", 1_000_000.0),
    ("money", "US$ 10k", 10_000.0),
    ("money", "1.5 million", 1_500_000.0),
    ("money", "(5,000)", -5000.0),
    ("money", "1.200 €", None),
    ("money", "1500000.000", 1_500_000.0),
    ("money", "0,125", 0.125),
    ("money", "10,000 - 20,000", None),
    ("money", "about 5000", None),
    ("percent", "45%", 45.0),
    ("percent", "45.5 %", 45.5),
    ("boolean", "YES", True),
    ("boolean", "off", False),
    ("boolean", "maybe", None),
    ("filled", "anything", True),
    ("list", "a; b;;c ", ["a", "b", "c"]),
    ("list", ";;", None),
    ("employee_range", "51-200", {"low": 51.0, "high": 200.0}),
    ("employee_range", "1,001–5,000 employees", {"low": 1001.0, "high": 5000.0}),
    ("employee_range", "10000+", {"low": 10_000.0, "high": None}),
    ("employee_range", "25", {"low": 25.0, "high": 25.0}),
    ("employee_range", "<10", {"low": 1.0, "high": 9.0}),
    ("employee_range", "200-51", None),
    ("employee_range", "-5", None),
    ("employee_range", "many", None),
    ("date", "2026-01-31", datetime.date(2026, 1, 31)),
    ("date", "1769817600000", datetime.date(2026, 1, 31)),
    ("date", "31/01/2026", None),
    ("datetime", "2026-01-31T12:00:00.000+0000", datetime.datetime(2026, 1, 31, 12, tzinfo=UTC)),
    ("datetime", "2026-01-31T12:00:00.000Z", datetime.datetime(2026, 1, 31, 12, tzinfo=UTC)),
    ("datetime", "2026-01-31T13:00:00+01:00", datetime.datetime(2026, 1, 31, 12, tzinfo=UTC)),
    ("datetime", "1769860800000", datetime.datetime(2026, 1, 31, 12, tzinfo=UTC)),
    ("datetime", "2026-01-31 12:00", datetime.datetime(2026, 1, 31, 12, tzinfo=UTC)),
    ("datetime", "yesterday", None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "fact"), READ)
def test_each_transform_reads_what_crms_and_people_write(name, text, fact):
    """Usual spellings become facts, and what is unclear becomes nothing."""
    assert read(name, [text]) == [fact]


@pytest.mark.parametrize("name", TRANSFORMS)
def test_blank_stays_blank_both_ways(name):
    """Null is null in and out, and a page of no rows is no trouble."""
    assert read(name, [None, None]) == [None, None]
    assert write(name, [None]) == [None]
    assert read(name, []) == []


FACTS = {
    "text": st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1),
    "number": st.floats(0, 1e12, allow_subnormal=False).map(lambda x: round(x, 4)),
    "boolean": st.booleans(),
    "date": st.dates(datetime.date(1970, 1, 1), datetime.date(2200, 1, 1)),
    "datetime": st.integers(0, 7_000_000_000_000_000).map(
        lambda microseconds: EPOCH + datetime.timedelta(microseconds=microseconds)
    ),
    "list": st.lists(
        st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=";,|"), min_size=1),
        min_size=1,
    ),
    "range": st.tuples(st.integers(0, 10**6), st.none() | st.integers(0, 10**6)).map(
        lambda pair: {
            "low": float(pair[0]),
            "high": pair[1] if pair[1] is None else float(sum(pair)),
        }
    ),
}
SPELLED = {
    "email": st.emails()
    .map(lambda address: address.rpartition("@")[0] + "@" + address.rpartition("@")[2].lower())
    .filter(lambda address: "xn--" not in address),
    "phone": st.integers(2_000_000_000, 9_999_999_999).map(lambda n: f"+1{n}"),
    "country": st.sampled_from(["US", "DE", "GB", "FR", "XK"]),
    "domain": st.from_regex(r"[a-z]{2,10}\.(com|de|co\.uk)", fullmatch=True),
    "seniority": st.sampled_from(LEVELS),
}
OPTIONS = [
    {},
    {"separator": ",", "decimal": ",", "time_zone": "Europe/Berlin"},
    {"separator": "|", "time_zone": "America/New_York", "currency": "USD"},
]


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("options", OPTIONS)
@settings(max_examples=40, deadline=None)
@given(choice=st.data())
def test_what_is_written_reads_back_and_is_written_the_same(name, options, choice):
    """Writing, reading and writing again gives the text of the first writing."""
    facts = choice.draw(st.lists(SPELLED.get(name, FACTS[TRANSFORMS[name].kind]), max_size=5))
    texts = write(name, facts, **options)
    stripped = [text.strip() if text else None for text in texts]

    assert write(name, read(name, stripped, **options), **options) == texts


@pytest.mark.parametrize("name", ["number", "integer", "boolean", "date", "datetime", "list"])
@settings(max_examples=40, deadline=None)
@given(choice=st.data())
def test_simple_facts_survive_the_way_out_and_in(name, choice):
    """What an exact transform writes is the very fact again when it is read."""
    fact = choice.draw(FACTS[TRANSFORMS[name].kind])
    if name == "integer":
        fact = float(round(fact))
    if name == "datetime":
        fact = fact.replace(microsecond=fact.microsecond // 1000 * 1000)

    assert read(name, write(name, [fact])) == [fact]


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.emails(),
        st.from_regex(r"[a-z.+-]{1,9}@[A-Za-z0-9.-]{1,12}\.[a-z]{2,3}", fullmatch=True),
        st.from_regex(r"[a.é\u0301ếж각かぴ李سל×-]{1,9}@a\.de", fullmatch=True),
    )
)
def test_plain_addresses_are_what_the_validator_says(address):
    """The quick way with addresses never answers otherwise than the careful one."""
    quick = pl.DataFrame({"text": [address]}).select(_plain_address(pl.col("text"))).item()
    try:
        careful = validate_email(
            address, check_deliverability=False, globally_deliverable=False
        ).normalized
    except EmailNotValidError:
        careful = None

    assert quick is None or quick == careful


@settings(max_examples=150, deadline=None)
@given(st.from_regex(r"(\+1|1|)[ .-]?\(?[0-9]{3}\)?[ .-]?[0-9]{3}[ .-]?[0-9]{4}", fullmatch=True))
def test_quick_numbers_are_what_the_library_says(text):
    """The quick way with North American numbers never answers otherwise than the careful one."""
    parsed = phonenumbers.parse(text, "US")
    careful = (
        phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        if phonenumbers.is_possible_number(parsed)
        else None
    )

    assert read("phone", [text], region="US") == [careful]


_calling_codes = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*_calling_codes, 0, 210, 999]),
            st.text("0123456789 -.()", min_size=2, max_size=16),
        ),
        min_size=50,
        max_size=200,
    )
)
def test_quick_international_numbers_are_what_the_library_says(parts):
    """Numbers with a calling code read the same way with and without Python, whatever the country."""
    pairs = [f"DE\x1f+{code}{national}" for code, national in parts]
    quick = pl.DataFrame({"pair": pairs}).select(_plain_number(pl.col("pair"))).to_series()
    for pair, number in zip(pairs, quick, strict=True):
        assert number is None or number == _checked_number(pair)


def test_common_international_numbers_take_the_quick_way():
    """Ordinary numbers of many countries need no Python."""
    numbers = ["+49 30 6035624", "+43 (1) 2345-678", "+33 1 42 68 53 00", "+48.22.123.4567"]
    pairs = pl.DataFrame({"pair": ["\x1f" + number for number in numbers]})
    assert pairs.select(_plain_number(pl.col("pair"))).to_series().null_count() == 0


def test_numbers_are_read_by_the_lead_country_first():
    """A lead's country beats the region of the mapping, which beats none."""
    frame = pl.DataFrame(
        {"text": ["030 1234567"] * 2 + ["+49 (0)30 1234567"], "land": ["DE", None, None]}
    )
    options = Options(region="GB", country=pl.col("land"))
    numbers = frame.select(TRANSFORMS["phone"].read(pl.col("text"), options)).to_series()

    assert numbers.to_list() == ["+49301234567", "+44301234567", "+49301234567"]
    assert read("phone", ["030 1234567"]) == [None]


def test_amounts_in_another_currency_are_refused():
    """A budget in euros is not a budget in dollars."""
    texts = ["$5", "5 €", "5", "CHF 5", "CAD 5", "5 usd"]

    assert read("money", texts, currency="USD") == [5, None, 5, None, None, 5]


def test_a_decimal_comma_settles_what_is_unclear():
    """With `decimal: ","` a point separates thousands."""
    assert read("money", ["1.200 €", "1.200.000", "12,5"], decimal=",") == [1200, 1_200_000, 12.5]
    assert read("number", ["1.234,5", "12.5"], decimal=",") == [1234.5, None]


def test_clock_changes_are_survived():
    """An hour that happens twice is the first of the two; one that never happens is the next."""
    texts = ["2026-10-25T02:30:00", "2026-03-29T02:30:00"]
    first, later = read("datetime", texts, time_zone="Europe/Berlin")

    assert first == datetime.datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert later == datetime.datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_date_is_its_first_moment_in_the_named_zone():
    """Dates become instants, and instants dates, only through a time zone."""
    (start,) = read("datetime", ["2026-01-31"], time_zone="America/New_York")

    assert start == datetime.datetime(2026, 1, 31, 5, tzinfo=UTC)
    assert read("date", ["2026-01-31T23:30:00Z"], time_zone="Europe/Berlin") == [
        datetime.date(2026, 2, 1)
    ]


def test_a_format_is_the_only_one_that_is_read():
    """With `format:` the day comes where the mapping says."""
    assert read("date", ["31.01.2026", "2026-01-31"], format="%d.%m.%Y") == [
        datetime.date(2026, 1, 31),
        None,
    ]
    assert read(
        "datetime", ["31.01.2026 13:00"], format="%d.%m.%Y %H:%M", time_zone="Europe/Berlin"
    ) == [datetime.datetime(2026, 1, 31, 12, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("title", "level"),
    [
        ("CEO", "c_level"), ("Chief Revenue Officer", "c_level"), ("Co-Founder & CTO", "c_level"),
        ("Managing Director", "c_level"), ("Geschäftsführerin", "c_level"), ("Owner", "c_level"),
        ("Vice President, Sales", "vp"), ("SVP Marketing", "vp"), ("Director of IT", "director"),
        ("Head of Growth", "director"), ("Vertriebsleiter", "director"), ("Senior Director", "director"),
        ("Marketing Manager", "manager"), ("Team Lead", "manager"), ("Teamleiterin Einkauf", "manager"),
        ("Senior Engineer", "senior"), ("Sr. Accountant", "senior"), ("Accountant", "staff"),
        ("Product Owner", "staff"), ("Executive Assistant", "staff"), ("Assistant to the CEO", "staff"),
        ("Lead Generation Specialist", "staff"), ("Junior Developer", "junior"), ("Trainee", "junior"),
        ("Student", "student"), ("Marketing Intern", "student"), ("Director, Internal Audit", "director"),
        ("International Sales", "staff"), ("Directrice commerciale", "director"),
    ],
)  # fmt: skip
def test_titles_speak_of_seniority(title, level):
    """A title's strongest word decides, and assistants and product owners are not their bosses."""
    assert read("seniority", [title]) == [level]


def test_titles_without_letters_say_nothing():
    """A dash in the title field is not a job."""
    assert read("seniority", ["-", "007"]) == [None, None]


def test_every_lead_field_has_a_natural_transform_that_fits():
    """A mapping that names no transform gets one that gives the fact's kind."""
    for name, field in FIELDS.items():
        assert suits(natural(name, field.kind), field.kind), name


def test_a_team_fact_named_like_a_lead_field_keeps_its_own_kind():
    """The transform by name is only taken where the kind agrees."""
    assert natural("budget", "text").name == "text"


def test_plain_domains_need_no_python():
    """Lower-cased domains pass the quick way; www. is left to the careful one."""
    frame = pl.DataFrame({"text": ["Acme.com", "www.acme.com", "acme"]})

    assert frame.select(_plain_domain(pl.col("text"))).to_series().to_list() == [
        "acme.com",
        None,
        None,
    ]
