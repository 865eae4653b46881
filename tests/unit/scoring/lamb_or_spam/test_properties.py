"""What holds for every lead: bounds, replay, independence of rows, any script of Unicode."""

from __future__ import annotations

from datetime import date

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.document import parse_yaml
from scoring.genuine.copies import count_copies, count_same_second
from scoring.judge import compile_judge
from scoring.lead import DTYPES, FIELDS
from scoring.model import load_model

AS_OF = date(2026, 11, 20)
TEXT = "name: t\nversion: 1\nscore: {lamb_or_spam: 1}\nlamb_or_spam: {deny: [bad.com]}\n"
JUDGE = compile_judge(load_model(parse_yaml(TEXT, "model.yaml")))

WORDS = st.sampled_from(["Anna", "xkqzv", "test", "-", "王", "Шевченко", "asdf", " ", "ACME Ltd"])
ANY_TEXT = st.none() | WORDS | st.text(max_size=30)
EMAILS = st.builds(
    "{}@{}".format, ANY_TEXT, st.sampled_from(["gmail.com", "yopmail.com", "x.de", "", "bad.com"])
)
PHONES = st.from_regex(r"\+[1-9][0-9]{0,14}", fullmatch=True) | st.text(max_size=12)
NUMBERS = st.integers(-3, 60).map(float) | st.just(float("nan"))
BOOLEANS = st.booleans()
VALUES = {
    "first_name": ANY_TEXT, "last_name": ANY_TEXT, "company": ANY_TEXT, "title": ANY_TEXT,
    "email": EMAILS | ANY_TEXT, "phone": PHONES, "mobile": PHONES, "country": st.sampled_from(["DE", "us", "", "X"]),
    "domain": st.sampled_from(["acme.com", "https://www.x.de", ""]), "interest": ANY_TEXT, "visits": NUMBERS,
    "copies": NUMBERS, "emails_clicked": NUMBERS, "accepted": BOOLEANS, "converted": BOOLEANS,
    "junk": BOOLEANS, "email_bounced": BOOLEANS, "budget": NUMBERS,
}  # fmt: skip
SCHEMA = {"id": pl.String()} | {name: DTYPES[FIELDS[name].kind] for name in VALUES}
PROBLEMS = pl.List(pl.Struct({"fact": pl.String, "field": pl.String, "what": pl.String}))
FOUND = ["genuine", "genuine:text", "genuine:confidence", "score"]
ROWS = st.fixed_dictionaries({name: st.none() | values for name, values in VALUES.items()})


def frame_of(rows):
    """A lead frame of these rows."""
    return pl.DataFrame([{"id": str(i)} | row for i, row in enumerate(rows)], schema=SCHEMA)


@settings(max_examples=40, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=6))
def test_outcome_confidence_and_points_stay_in_bounds(rows):
    """Every lead gets one of three outcomes, a text, a confidence of 0–100 and a score of 0–100."""
    frame = JUDGE.evaluate(frame_of(rows), AS_OF)

    assert set(frame["genuine"]) <= {"lamb", "unsure", "spam"}
    assert frame["genuine:text"].str.len_chars().min() > 0
    for name in ("genuine:confidence", "score"):
        assert frame[name].is_between(0, 100).all()
    points = JUDGE.points(frame_of(rows), AS_OF)
    for line in JUDGE.lines:
        if not line.limits:
            assert points[line.key].is_between(line.least - 1, line.most + 1).all()
    spam = frame.filter((pl.col("genuine") == "spam") & pl.col("junk").is_null())
    assert (spam["genuine:confidence"] >= 90).all()


@settings(max_examples=25, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_a_lead_is_judged_alone_as_among_others(rows, order):
    """The order and the company of leads change no verdict, and judging twice gives the same."""
    leads = frame_of(rows)
    together = JUDGE.evaluate(leads, AS_OF).select("id", *FOUND)
    places = list(range(len(rows)))
    order.shuffle(places)
    shuffled = JUDGE.evaluate(leads[places], AS_OF).select("id", *FOUND)
    alone = pl.concat(
        [JUDGE.evaluate(leads[[n]], AS_OF).select("id", *FOUND) for n in range(len(rows))]
    )

    assert together.equals(alone)
    assert together[places].equals(shuffled)
    assert together.equals(JUDGE.evaluate(leads, AS_OF).select("id", *FOUND))


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=60), st.text(min_size=1, max_size=60))
def test_no_text_of_unicode_breaks_it(first, second):
    """Any letters, signs, controls and emoji in any field are judged."""
    row = {"first_name": first, "last_name": second, "email": f"{second}@{first}", "company": first + second,
           "title": second, "phone": first, "country": second, "domain": first, "interest": second}  # fmt: skip
    verdict = JUDGE(frame_of([dict.fromkeys(VALUES) | row]), AS_OF)

    assert verdict["genuine"].item() in ("lamb", "unsure", "spam")


@settings(max_examples=25, deadline=None)
@given(ROWS, BOOLEANS)
def test_a_persons_word_wins_over_everything(row, junk):
    """Whatever a lead looks like, a person's word decides."""
    frame = JUDGE.evaluate(frame_of([row | {"junk": junk}]), AS_OF)

    assert frame["genuine"].item() == ("spam" if junk else "lamb")
    assert frame["genuine:confidence"].item() == 100


@settings(max_examples=25, deadline=None)
@given(ROWS)
def test_more_evidence_makes_no_lead_more_genuine(row):
    """A bounce, more copies and a data problem never move a verdict towards lamb."""
    rank = {"lamb": 0, "unsure": 1, "spam": 2}
    worse = {"email_bounced": True, "copies": 50.0}
    wrong = [{"fact": "phone", "field": "Phone", "what": "is not a number"}]
    leads = frame_of([row | {"email_bounced": None, "copies": None}, row | worse])
    listed = leads.with_columns(pl.Series("problems", [[], wrong], dtype=PROBLEMS))
    before, after = JUDGE.evaluate(listed, AS_OF)["genuine"]

    assert rank[before] <= rank[after]


@settings(max_examples=25, deadline=None)
@given(st.lists(ROWS, max_size=6), st.randoms(use_true_random=False))
def test_copies_are_counted_whatever_the_order(rows, order):
    """Counts belong to leads, are at least 1 where known, and never exceed the page."""
    leads = frame_of(rows)
    counts = count_copies(leads)
    places = list(range(len(rows)))
    order.shuffle(places)

    assert counts.len() == len(rows)
    assert counts.drop_nulls().is_between(1, max(1, len(rows))).all()
    assert counts[places].equals(count_copies(leads[places]))


def test_copies_of_one_submission():
    """One name, company and text under many addresses, and one number under many names."""
    rows = [
        {"first_name": "Ann", "last_name": "Lee", "company": "Acme", "email": f"ann{n}@x.de"}
        for n in range(3)
    ] + [
        {"first_name": "Bo", "last_name": name, "email": f"{name}@x.de", "phone": "+4930123456"}
        for name in ("Alm", "Berg")
    ]
    rows.append({"email": "only@x.de"})
    leads = frame_of([dict.fromkeys(VALUES) | row for row in rows])

    assert count_copies(leads).to_list() == [3.0, 3.0, 3.0, 2.0, 2.0, None]
    assert count_copies(pl.DataFrame({"id": ["1"]})).to_list() == [None]


def test_leads_of_the_same_second():
    """Moments are compared to the second; unknown ones are not counted."""
    moments = pl.Series(
        ["2026-11-20T10:00:00.100", "2026-11-20T10:00:00.900", None, "2026-11-20T10:00:01"]
    )
    leads = pl.DataFrame({"created_at": moments.str.to_datetime(time_zone="UTC", time_unit="us")})

    assert count_same_second(leads).to_list() == [2.0, 2.0, None, 1.0]
