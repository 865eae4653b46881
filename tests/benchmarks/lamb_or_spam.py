"""How well Lamb or Spam tells genuine leads from junk, and how fast. Prints JSON.

    pip install "leadgate[names]"
    python -m tests.benchmarks.lamb_or_spam

Names that are measured were kept from the model that judges them: for `random_typing` half of the
US Census, for `foreign_names` whole locales and a fifth of the words of all others. `shipped` is the
model that comes with the package, which has seen them.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np
import phonenumbers
import polars as pl

from connector.sandbox.people import Person, people
from scoring.document import parse_yaml
from scoring.genuine.characters import Characters, read_characters
from scoring.judge import Judge, compile_judge
from scoring.lead import DTYPES, FIELDS
from scoring.model import load_model
from scoring.training import names_model
from tests.benchmarks.lamb_or_spam_leads import GENERATORS, LAMBS, genuine, junk
from tests.benchmarks.lamb_or_spam_others import other_junk

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.lamb_or_spam_leads import Row

AS_OF = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, tzinfo=UTC)
HELD_OUT = ("et_EE", "hr_HR", "hu_HU", "is_IS", "lv_LV", "vi_VN", "tr_TR", "en_KE", "yo_NG", "zu_ZA",
            "en_PK", "uz_UZ", "mk_MK", "mr_IN", "ar_DZ", "zh_TW")  # fmt: skip
MODEL = "name: bench\nversion: 1\nlamb_or_spam: {}\nscore: {lamb_or_spam: 1.0}\n"
PROBLEM = pl.List(pl.Struct({"fact": pl.String, "field": pl.String, "what": pl.String}))
TYPED = {name: DTYPES[field.kind] for name, field in FIELDS.items()}


def judge_with(characters: Characters | None = None) -> Judge:
    """A judge of the default Lamb or Spam, with these character models."""
    judge = compile_judge(load_model(parse_yaml(MODEL, "bench.yaml")))
    if characters is None:
        return judge
    (weighted,) = judge.scorer.methods
    method = replace(weighted.method, reader=replace(weighted.method.reader, characters=characters))
    return replace(judge, scorer=replace(judge.scorer, methods=(replace(weighted, method=method),)))


def frame_of(rows: list[dict[str, object]]) -> pl.DataFrame:
    """A lead frame of rows of facts."""
    named = {name for row in rows for name in row} - {"problems"}
    schema = {"id": pl.String()} | {n: TYPED[n] for n in sorted(named)} | {"problems": PROBLEM}
    return pl.DataFrame([{"id": str(i), **row} for i, row in enumerate(rows)], schema=schema)


def outcomes(judge: Judge, rows: list[dict[str, object]]) -> pl.Series:
    """lamb, unsure or spam of each row."""
    return judge(frame_of(rows), AS_OF)["genuine"]


def shares(found: pl.Series) -> dict[str, float]:
    """The share of each outcome."""
    return {o: round(float((found == o).mean()), 4) for o in ("lamb", "unsure", "spam")}


def random_typing() -> dict[str, object]:
    """Names against typed strings, by the characters alone: AUC and recall at 1 % false alarms."""
    census = sorted(word for word in names_model.census_names() if len(word) > 2)
    known = [word for word in census if names_model.part_of(word, 2)]
    unseen = [word for word in census if not names_model.part_of(word, 2)]
    model = read_characters(names_model.learn(dict.fromkeys(known, 1)))
    genuine_evidence = model.evidence(unseen)
    cut = np.quantile(genuine_evidence, 0.01)
    draw = random.Random(11)
    found = {}
    for name, generator in GENERATORS.items():
        typed = model.evidence([generator(draw) for _ in range(1_000)])
        both = np.concatenate([genuine_evidence, typed])
        ranks = both.argsort().argsort()
        wins = ranks[len(unseen) :].sum() - len(typed) * (len(typed) - 1) / 2
        auc = 1 - wins / (len(unseen) * len(typed))
        recall = float((typed < cut).mean())
        found[name] = {"auc": round(float(auc), 4), "recall_at_1_percent": round(recall, 4)}
    return {"unseen_names": len(unseen)} | found


def foreign_names() -> dict[str, object]:
    """Full names of locales that the model never saw: what the final verdict says of them."""
    by_locale = names_model.names_by_locale()
    learnt = {
        locale: {word for word in words if names_model.part_of(word, 5)}
        for locale, words in by_locale.items()
        if locale not in HELD_OUT
    }
    seen = {word for words in learnt.values() for word in words}
    plain = [
        [word for word in words if names_model.part_of(word, 5)]
        for words in (names_model.census_names(), names_model.other_words())
    ]
    seen |= {word for words in plain for word in words}
    judge = judge_with(
        read_characters(names_model.learn(names_model.weighed(learnt.values(), *plain)))
    )
    shipped = judge_with()
    result: dict[str, object] = {}
    together: list[pl.Series] = []
    for locale, words in sorted(by_locale.items()):
        unseen = sorted(words - seen)
        if len(unseen) < 20:
            continue
        rows = [_full_name(unseen, random.Random(f"{locale}{n}")) for n in range(400)]
        found = outcomes(judge, rows)
        together.append(found)
        if locale in HELD_OUT:
            result[locale] = shares(found) | {"shipped": shares(outcomes(shipped, rows))}
    return {"all": shares(pl.concat(together)), "leads": sum(map(len, together))} | result


def _full_name(words: list[str], draw: random.Random) -> dict[str, object]:
    first, last = draw.choice(words), draw.choice(words)
    local = f"{first}.{last}" if (first + last).isascii() else f"lead{draw.randrange(99)}"
    return {"first_name": first.title(), "last_name": last.title(), "email": f"{local}@gmail.com"}


def measured(truth: list[bool], found: pl.Series) -> dict[str, object]:
    """Precision and recall of the verdict spam, and what becomes of both kinds."""
    spam = found == "spam"
    junk_leads = pl.Series(truth)
    right = int((spam & junk_leads).sum())
    return {
        "leads": len(truth),
        "junk": int(junk_leads.sum()),
        "precision": round(right / max(1, int(spam.sum())), 4),
        "recall": round(right / max(1, int(junk_leads.sum())), 4),
        "junk_outcomes": shares(found.filter(junk_leads)),
        "genuine_outcomes": shares(found.filter(~junk_leads)),
    }


def sandbox_people(*, with_messages: bool) -> dict[str, object]:
    """The sandbox's people, whose truth is known."""
    crowd = people(6_000, 5, NOW)
    rows = [_lead_of(person, with_message=with_messages) for person in crowd]
    return measured([p.truth == "spam" for p in crowd], outcomes(judge_with(), rows))


def _lead_of(person: Person, *, with_message: bool) -> dict[str, object]:
    """A person as the default mappings would read it."""
    phone, wrong = _phone(person.phone, person.country)
    mobile, _ = _phone(person.mobile, person.country)
    row: dict[str, object] = {
        "first_name": person.first_name or None,
        "last_name": person.last_name or None,
        "email": person.email or None,
        "phone": phone,
        "mobile": mobile,
        "title": person.title or None,
        "company": person.company or None,
        "domain": person.domain or None,
        "country": person.country if person.country_name else None,
        "visits": float(person.visits),
        "emails_opened": float(person.emails_opened),
        "emails_clicked": float(person.emails_clicked),
        "email_bounced": person.bounced,
        "accepted": person.status == "working",
        "problems": [{"fact": "phone", "field": "Phone", "what": "not a number"}] if wrong else [],
    }
    return row | ({"interest": person.message or None} if with_message else {})


def _phone(text: str, country: str) -> tuple[str | None, bool]:
    if not text:
        return None, False
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None, True
    if not phonenumbers.is_possible_number(number):
        return None, True
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), False


def made_leads(maker: Callable[[random.Random, int], tuple[Row, str]]) -> dict[str, object]:
    """Leads made here: Faker's people of many locales against junk of many kinds."""
    draw = random.Random(23)
    lambs = [genuine(draw, number) for number in range(4_000)]
    spam = [maker(draw, number) for number in range(1_120)]
    rows = [row for row, _ in [*((r, "") for r in lambs), *spam]]
    found = outcomes(judge_with(), rows)
    by_kind: dict[str, list[str]] = {}
    for (_, kind), outcome in zip(spam, found.tail(len(spam)), strict=True):
        by_kind.setdefault(kind, []).append(outcome)
    truth = [False] * len(lambs) + [True] * len(spam)
    kinds = {kind: shares(pl.Series(seen)) for kind, seen in sorted(by_kind.items())}
    return measured(truth, found) | {"by_kind": kinds}


def nasty_cases() -> dict[str, object]:
    """Genuine leads that simple rules call junk."""
    found = outcomes(judge_with(), LAMBS)
    doubted = [
        f"{row.get('first_name', '')} {row.get('last_name', '')} {row.get('company', '')}: {outcome}"
        for row, outcome in zip(LAMBS, found, strict=True)
        if outcome != "lamb"
    ]
    return shares(found) | {"cases": len(LAMBS), "doubted": doubted}


def speed() -> dict[str, int]:
    """Leads judged per second in pages of 2,000: all different, and each value ten times."""
    draw = random.Random(3)
    rows = [genuine(draw, number) | {"interest": f"for {number} users"} for number in range(4_000)]
    base = frame_of(rows)
    letters = pl.Series([f"{a}{b}" for a in "aeiou" for b in "lmnrst"])
    pages = [
        base.with_columns(
            pl.col("first_name", "last_name", "company", "email").str.replace(
                "^", letters[n % len(letters)] + str(n // len(letters) or "")
            )
        )
        for n in range(15)
    ]
    different = pl.concat(pages)
    repeated = pl.concat([base.head(400)] * 150)
    judge = judge_with()
    judge(base, AS_OF)
    return {"all_different": _rate(judge, different), "repeated": _rate(judge, repeated)}


def _rate(judge: Judge, leads: pl.DataFrame) -> int:
    (weighted,) = judge.scorer.methods
    pages = list(leads.with_columns(pl.lit("other").alias("segment")).iter_slices(2_000))
    start = time.perf_counter()
    for page in pages:
        weighted.method.evaluate(page, AS_OF)
    return round(leads.height / (time.perf_counter() - start))


def main() -> None:
    """Measure and print."""
    report = {
        "random_typing": random_typing(),
        "foreign_names": foreign_names(),
        "nasty_cases": nasty_cases(),
        "made_leads": made_leads(junk),
        "made_leads_other_junk": made_leads(other_junk),
        "sandbox": sandbox_people(with_messages=False),
        "sandbox_with_messages": sandbox_people(with_messages=True),
        "leads_per_second": speed(),
    }
    print(json.dumps(report, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
