"""The sandbox's people: deterministic, plausible, and with a truth that shows through the noise."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta
from statistics import mean

import pytest

from connector.sandbox.names import DISPOSABLE
from connector.sandbox.people import REPS, TIMELINES, people

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
FREE = re.compile(r"(gmail|outlook|yahoo|hotmail|icloud|web|gmx|t-online|freenet|orange|free|laposte|"
                  r"wanadoo|btinternet|uol|bol|rediffmail|qq|163|126|sina|docomo|naver|daum|ukr|i|wp|"
                  r"onet|interia|rogers|sympatico|videotron)\.[a-z.]+")  # fmt: skip
RESERVED = re.compile(r".+\.example|(.+\.)?example\.(com|net|org)")


@pytest.fixture(scope="module")
def crowd():
    """Six thousand people."""
    return people(6000, 3, NOW)


def of(crowd, truth):
    """The people with one truth."""
    return [p for p in crowd if p.truth == truth]


def test_the_same_arguments_give_the_same_people(crowd):
    """Count, seed and moment decide everything; a shorter list is the beginning of a longer one."""
    assert crowd[:300] == people(300, 3, NOW)
    assert crowd[:300] != people(300, 4, NOW)
    later = people(300, 3, NOW + timedelta(days=1))
    assert [p.created_at + timedelta(days=1) for p in crowd[:300]] == [p.created_at for p in later]


def test_a_person_cannot_be_changed(crowd):
    """The record is frozen."""
    with pytest.raises(FrozenInstanceError):
        crowd[0].email = ""


def test_the_shares_are_those_of_real_lists(crowd):
    """About 8 % buy, 12 % are spam, few wait in a queue, some are consumers."""
    shares = {t: n / len(crowd) for t, n in Counter(p.truth for p in crowd).items()}

    assert shares == pytest.approx({"customer": 0.08, "lead": 0.80, "spam": 0.12}, abs=0.015)
    assert 0.02 < mean(p.rep_index is None for p in crowd) < 0.07
    assert 0.15 < mean(p.kind == "b2c" for p in crowd) < 0.35
    assert {p.rep_index for p in crowd} == {None, *range(REPS)}


MEASURES = {
    "visits": lambda p: p.visits,
    "page views": lambda p: p.page_views,
    "clicks": lambda p: p.emails_clicked,
    "employees": lambda p: p.employees or 0,
    "authority": lambda p: p.answers.get("authority") == "yes",
    "timeline": lambda p: p.answers.get("timeline") == TIMELINES[0],
    "budget": lambda p: p.answers.get("budget", 0),
    "worked": lambda p: p.status == "working",
    "seniority": lambda p: "VP" in p.title or "Chief" in p.title or "Director" in p.title,
}


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
def test_buyers_differ_from_leads_but_not_cleanly(crowd, measure):
    """On average they stand out; some leads stand higher than some buyers."""
    buyers, leads = ([measure(p) for p in of(crowd, t)] for t in ("customer", "lead"))

    assert mean(leads) * 1.3 < mean(buyers)
    assert min(buyers) < max(leads)


def test_buyers_have_been_seen_more_lately(crowd):
    """Their last visit lies nearer."""
    ages = {
        truth: mean((NOW - p.last_visit_at).days for p in of(crowd, truth) if p.last_visit_at)
        for truth in ("customer", "lead", "spam")
    }

    assert ages["customer"] < ages["lead"] < ages["spam"]


def test_spam_looks_like_spam(crowd):
    """Disposable addresses, placeholders, and copies of one submission."""
    spam = of(crowd, "spam")
    domains = Counter(p.email.lower().rpartition("@")[2] for p in spam)
    copies = Counter((p.first_name, p.last_name, p.phone, p.message) for p in spam)

    assert 0.4 < sum(domains[d] for d in DISPOSABLE) / len(spam) < 0.8
    assert max(copies.values()) >= 3
    assert {"test", "asdf"} < {p.first_name for p in spam}
    assert not any(p.emails_opened for p in spam)


def test_nothing_happens_before_its_time_or_after_now(crowd):
    """Every moment lies between creation and now."""
    for p in crowd:
        moments = (
            p.last_activity_at, p.last_visit_at, p.last_form_at, p.last_email_open_at,
            p.last_email_click_at,
        )  # fmt: skip
        assert p.created_at < NOW
        assert all(p.created_at <= m < NOW for m in moments if m is not None)


def test_figures_fit_each_other(crowd):
    """No opens without deliveries, no clicks without opens, no last visit without visits."""
    for p in crowd:
        assert p.emails_delivered >= p.emails_opened >= p.emails_clicked >= 0
        assert bool(p.visits) == (p.last_visit_at is not None)
        assert bool(p.forms) == (p.last_form_at is not None)
        assert p.page_views >= p.visits


def test_addresses_differ_and_belong_to_nobody(crowd):
    """Company domains are reserved for examples; no address comes twice."""
    addresses = [p.email.lower() for p in crowd if p.email]
    domains = {a.rpartition("@")[2] for a in addresses} - set(DISPOSABLE)

    assert len(addresses) == len(set(addresses))
    assert all(a.isascii() for a in addresses)
    strange = {d for d in domains if not RESERVED.fullmatch(d) and not FREE.fullmatch(d)}
    assert set() == strange
    assert all(RESERVED.fullmatch(p.domain) for p in crowd if p.domain)


def test_american_numbers_are_fictitious(crowd):
    """They end in 555-01xx."""
    genuine = [p for p in crowd if p.country == "US" and p.truth != "spam"]
    dialled = [
        re.sub(r"\D", "", n.partition(" x")[0]) for p in genuine for n in (p.phone, p.mobile)
    ]
    full = [n for n in dialled if len(n) in (10, 11) and n.strip("0") and n != "9999999999"]

    assert len(full) > 300
    assert all(re.search(r"55501\d\d$", n) for n in full)


def test_names_come_in_many_scripts_and_with_awkward_signs(crowd):
    """Latin with accents, Cyrillic, Chinese, Japanese, Arabic, Greek, Korean, Hindi; quotes, commas."""
    text = "".join(p.first_name + p.last_name for p in crowd)
    scripts = {unicodedata.name(c, "?").split()[0] for c in set(text) if c.isalpha()}
    companies = "".join(p.company for p in crowd)

    expected = {"LATIN", "CYRILLIC", "CJK", "HIRAGANA", "ARABIC", "GREEK", "HANGUL", "DEVANAGARI"}
    assert expected <= scripts
    assert set(",\"'&üéöß.«（") <= set(companies)


def test_answers_are_those_that_a_rep_may_note(crowd):
    """Only the known questions, with values of the known kinds, mostly for leads that are worked."""
    yes_no = {"authority", "budget_approved", "need", "ready_to_buy"}
    for p in crowd:
        assert set(p.answers) <= yes_no | {"budget", "timeline", "replacing"}
        assert {p.answers[k] for k in yes_no & set(p.answers)} <= {"yes", "no"}
        assert p.answers.get("timeline", TIMELINES[0]) in TIMELINES
        assert isinstance(p.answers.get("budget", 1.0), float)

    known = {s: mean(bool(p.answers) for p in crowd if p.status == s) for s in ("new", "working")}
    assert known["new"] < 0.1
    assert known["working"] > 0.6
