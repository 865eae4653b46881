"""Synthetic people: leads as a living CRM holds them, with noise, junk and a known truth.

The same count, seed and moment give the same people. Nobody here exists: e-mail domains of companies
are reserved for examples, and telephone numbers are fictitious where a range is set aside for that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

from connector.sandbox.draws import Draws
from connector.sandbox.names import (
    BEST_SOURCES,
    COUNTRIES,
    DISPOSABLE,
    HEARD_FROM,
    INDUSTRIES,
    JUNK_PHONES,
    MESSAGES,
    PLACEHOLDERS,
    REPLACING,
    SOURCES,
    SPAM_MESSAGES,
    TITLES,
    TRADES,
    WORST_SOURCES,
    latin,
)

if TYPE_CHECKING:
    from datetime import datetime

    from connector.sandbox.names import Country, Word

Truth = Literal["customer", "lead", "spam"]
Status = Literal["new", "working", "unqualified"]

TIMELINES = ("This quarter", "Next quarter", "This year", "Later")
REPS = 12
"""How many reps own leads; `Person.rep_index` is below it."""


@dataclass(frozen=True, slots=True)
class Person:
    """One lead as it was typed, tracked and worked, and what will become of it (`truth`).

    Texts are empty when unknown. `employees` is a head count, `annual_revenue` US dollars a year.
    `answers` holds what a rep has asked so far: authority, budget, budget_approved, need, timeline,
    ready_to_buy, replacing. `rep_index` is None for a lead that waits in a queue.
    """

    first_name: str
    last_name: str
    email: str
    phone: str
    mobile: str
    title: str
    company: str
    domain: str
    website: str
    industry: str
    employees: int | None
    annual_revenue: float | None
    country: str
    country_name: str
    state: str
    city: str
    source: str
    created_at: datetime
    last_activity_at: datetime | None
    last_visit_at: datetime | None
    visits: int
    page_views: int
    emails_delivered: int
    emails_opened: int
    emails_clicked: int
    forms: int
    last_form_at: datetime | None
    last_email_open_at: datetime | None
    last_email_click_at: datetime | None
    status: Status
    rep_index: int | None
    opted_out: bool
    do_not_call: bool
    bounced: bool
    heard_from: str
    answers: dict[str, str | float]
    truth: Truth
    kind: Literal["b2b", "b2c"]
    message: str


def people(count: int, seed: int, now: datetime) -> list[Person]:
    """Make `count` people as of `now`: about 8 % customers-to-be, 80 % leads, 12 % spam.

    The first people of a longer list are the people of a shorter one.
    """
    crowd = _Crowd(seed, now)
    return [crowd.person() for _ in range(count)]


@dataclass(frozen=True, slots=True)
class _Firm:
    name: str
    domain: str
    website: str
    industry: str
    employees: int | None
    annual_revenue: float | None


_NO_FIRM = _Firm("", "", "", "", None, None)


@dataclass(frozen=True, slots=True)
class _Behaviour:
    """What the website and the e-mails have seen of one person."""

    visits: int
    page_views: int
    last_visit_at: datetime | None
    delivered: int
    opened: int
    clicked: int
    opened_at: datetime | None
    clicked_at: datetime | None
    forms: int
    last_form_at: datetime | None


class _Crowd:
    """Draws people one after another; remembers firms, addresses and spam campaigns."""

    def __init__(self, seed: int, now: datetime) -> None:
        self._draws = draws = Draws(seed, now)
        self._pick, self._chance = draws.pick, draws.chance
        self._draw, self._since = draws.share, draws.since
        self._addresses: set[str] = set()
        self._firms: dict[str, list[_Firm]] = {}
        self._campaign: tuple[str, str, str, str, str] | None = None

    def person(self) -> Person:
        """Make the next person."""
        roll = self._draw()
        if roll < 0.12:  # noqa: PLR2004 — the share of spam
            return self._spam()
        return self._genuine("customer" if roll < 0.20 else "lead")  # noqa: PLR2004 — 8 % on top

    # genuine people

    def _genuine(self, truth: Truth) -> Person:
        """Make a real person: `interest` is hidden; all that shows leans on it, with noise."""
        interest = self._draws.noise(0.9, 1.5 if truth == "customer" else 0.0)
        country = self._country()
        given, family = self._pick(country.given), self._pick(country.family)
        business = self._chance(0.85 if truth == "customer" else 0.74)
        firm = self._firm(country, family, interest) if business else _NO_FIRM
        created = self._draws.ago(20 + 400 * self._draw() ** 2)
        behaviour = self._behaviour(interest, created)
        status = self._status(truth, interest)
        city, state = self._pick(country.cities)
        phone, mobile = self._phones(country)
        return Person(
            first_name=self._typed(given[0]), last_name=self._typed(family[0]),
            email=self._email(country, (given[1], family[1]), firm.domain),
            phone=phone, mobile=mobile,
            title=self._title(country, interest) if business else "",
            company=firm.name, domain=firm.domain, website=firm.website, industry=firm.industry,
            employees=firm.employees, annual_revenue=firm.annual_revenue, country=country.code,
            country_name=self._pick(country.spellings) if self._chance(0.93) else "",
            state=state, city=city, source=self._source(interest), created_at=created,
            last_activity_at=self._touched(status, created),
            last_visit_at=behaviour.last_visit_at, visits=behaviour.visits,
            page_views=behaviour.page_views, emails_delivered=behaviour.delivered,
            emails_opened=behaviour.opened, emails_clicked=behaviour.clicked,
            forms=behaviour.forms, last_form_at=behaviour.last_form_at,
            last_email_open_at=behaviour.opened_at, last_email_click_at=behaviour.clicked_at,
            status=status,
            rep_index=self._rep(), opted_out=self._chance(0.05 - 0.015 * min(interest, 2)),
            do_not_call=self._chance(0.03), bounced=self._chance(0.02),
            heard_from=self._pick(HEARD_FROM) if self._chance(0.3) else "",
            answers=self._answers(status, interest), truth=truth,
            kind="b2b" if business else "b2c", message=self._message(),
        )  # fmt: skip

    def _country(self) -> Country:
        return self._draws.weighed(COUNTRIES, _COUNTRY_WEIGHTS)

    def _firm(self, country: Country, family: Word, interest: float) -> _Firm:
        known = self._firms.setdefault(country.code, [])
        if known and self._chance(0.2):
            return self._pick(known)
        first, trade = self._pick(country.firms), self._pick(TRADES)
        other = self._pick(country.family)[0]
        form = self._pick(country.forms)
        name = form.format(a=first[0], b=trade[0], f=family[0], g=other)
        stem = (family if "{a}" not in form else first)[1] + (trade[1] if "{b}" in form else "")
        stem = latin(stem) + (str(int(self._draw() * 90)) if self._chance(0.6) else "")
        domain = stem + self._pick((".example", ".example", ".example.com", ".example.net"))
        firm = _Firm(name, domain, self._website(domain), *self._firmographics(interest))
        known.append(firm)
        return firm

    def _website(self, domain: str) -> str:
        form = self._pick(("www.{}", "https://www.{}/", "http://{}", "{}", "", ""))
        return form.format(domain)

    def _firmographics(self, interest: float) -> tuple[str, int | None, float | None]:
        fit = 0.55 * interest + self._draws.noise(0.8)
        tier = 0 if fit > 0.5 else 1 if fit > -0.4 else 2  # noqa: PLR2004 — thirds of the fit
        size = max(1, int(math.exp(3.6 + 0.9 * fit + self._draws.noise(1.1))))
        revenue = round(size * (60_000 + 240_000 * self._draw()), -3)
        industry = self._pick(INDUSTRIES[tier]) if self._chance(0.88) else ""
        return (
            industry,
            size if self._chance(0.85) else None,
            revenue if self._chance(0.6) else None,
        )

    def _title(self, country: Country, interest: float) -> str:
        if self._chance(0.08):
            return ""
        rank = 3.6 - 1.25 * interest + self._draws.noise(1.5)
        tier = min(max(int(rank), 0), len(TITLES) - 1)
        local = country.titles and self._chance(0.7)
        return self._pick(country.titles[tier] if local else TITLES[tier])

    def _email(self, country: Country, name: Word, domain: str) -> str:
        if self._chance(0.025):
            return ""
        if not domain or self._chance(0.06):
            domain = self._pick(country.free_mail)
        given, family = name
        local = self._pick(("{0}.{1}", "{0}.{1}", "{2}{1}", "{0}", "{0}{1}", "{1}.{0}", "{0}_{1}"))
        return self._address(local.format(given, family, given[:1]), domain)

    def _address(self, local: str, domain: str) -> str:
        address, number = f"{local}@{domain}", 2
        while address in self._addresses:
            number += int(self._draw() * 97) + 1
            address = f"{local}{number}@{domain}"
        self._addresses.add(address)
        return address if self._chance(0.97) else address.title()

    def _typed(self, name: str) -> str:
        """Write a name as people type it: sometimes in capitals or with stray blanks."""
        roll = self._draw()
        if roll > 0.06:  # noqa: PLR2004 — few are careless
            return name
        return (name.upper(), name.lower(), f" {name}", f"{name}  ")[int(roll / 0.06 * 4)]

    def _phones(self, country: Country) -> tuple[str, str]:
        roll = self._draw()
        phone = "" if roll < 0.22 else self._pick(JUNK_PHONES) if roll < 0.25 else None  # noqa: PLR2004
        if phone is None:
            phone = self._draws.digits(self._pick(country.phones))
        mobile = self._draws.digits(self._pick(country.mobiles)) if self._chance(0.3) else ""
        return phone, mobile

    def _source(self, interest: float) -> str:
        if interest > 1 and self._chance(0.55):
            return self._pick(BEST_SOURCES)
        return self._draws.weighed(_SOURCE_NAMES, _SOURCE_WEIGHTS)

    def _behaviour(self, interest: float, created: datetime) -> _Behaviour:
        level = math.exp(0.8 * interest + self._draws.noise(0.9, -0.3))
        visits = int(2.2 * level)
        seen = self._since(created, pull=0.7 * interest) if visits else None
        delivered = int(self._draw() * 18)
        opened = int(delivered * min(1.0, 0.22 * level * 2 * self._draw()))
        clicked = int(opened * min(1.0, 0.4 * level * self._draw()))
        forms = min(9, int(0.6 * level + self._draw()))
        return _Behaviour(
            visits=visits,
            page_views=int(visits * (1 + 4 * self._draw() + 0.4 * level)),
            last_visit_at=seen,
            delivered=delivered,
            opened=opened,
            clicked=clicked,
            opened_at=self._since(created, pull=interest) if opened else None,
            clicked_at=self._since(created, pull=interest) if clicked else None,
            forms=forms,
            last_form_at=self._since(created, pull=0.4 * interest) if forms else None,
        )

    def _status(self, truth: Truth, interest: float) -> Status:
        roll = self._draw()
        if truth == "customer":
            return "working" if roll < 0.82 else "new" if roll < 0.985 else "unqualified"  # noqa: PLR2004
        if roll < 0.16 - 0.06 * min(interest, 2):
            return "unqualified"
        return "working" if roll < 0.34 + 0.1 * interest else "new"

    def _rep(self) -> int | None:
        return None if self._chance(0.04) else int(self._draw() * REPS)

    def _touched(self, status: Status, created: datetime) -> datetime | None:
        """When a rep last did something: nearly always for worked leads, rarely for new ones."""
        if not self._chance({"working": 0.97, "unqualified": 0.8, "new": 0.07}[status]):
            return None
        return self._since(created, pull=0.8 if status == "working" else 0.0)

    def _answers(self, status: Status, interest: float) -> dict[str, str | float]:
        known = {"working": 0.62, "unqualified": 0.25, "new": 0.04}[status]
        if not self._chance(known * 1.4):
            return {}
        good = 1 / (1 + math.exp(0.4 - 1.5 * interest))
        found: dict[str, str | float] = {}
        for key in ("authority", "budget_approved", "need", "ready_to_buy"):
            if self._chance(known):
                easier = 0.15 if key == "need" else -0.1 if key == "ready_to_buy" else 0.0
                found[key] = "yes" if self._chance(good + easier) else "no"
        if self._chance(known):
            lean = min(3, int(4 * self._draw() ** (0.4 + 1.6 * good)))
            found["timeline"] = TIMELINES[lean]
        if self._chance(known):
            found["budget"] = round(math.exp(8.6 + 0.8 * interest + self._draws.noise(0.9)), -2)
        if self._chance(known * 0.6):
            found["replacing"] = self._pick(REPLACING)
        return found

    def _message(self) -> str:
        if not self._chance(0.45):
            return ""
        return self._pick(MESSAGES).format(n=int(2 + self._draw() * 300))

    # spam

    def _spam(self) -> Person:
        """Someone who never was a lead: gibberish, placeholders, or a copy of one submission."""
        first, last, company, phone, message = self._submission()
        created = self._draws.ago(400 * self._draw() ** 2)
        roll = self._draw()
        status: Status = "new" if roll < 0.74 else "unqualified" if roll < 0.975 else "working"  # noqa: PLR2004
        country = self._country()
        forms = 1 + int(self._draw() * 1.4)
        visits = int(self._draw() * 2.4)
        return Person(
            first_name=first, last_name=last, email=self._spam_email(first), phone=phone, mobile="",
            title=self._pick(("", "", "test", "CEO", "SEO Expert", "aaa")), company=company,
            domain="", website=self._pick(("", "", "http://rank-fast.example")), industry="",
            employees=self._pick((None, None, 1, 999999)), annual_revenue=None,
            country=country.code, country_name=self._pick((country.spellings[0], "", "xx")),
            state="", city=self._pick(("", "test", country.cities[0][0])),
            source=self._pick(WORST_SOURCES), created_at=created,
            last_activity_at=self._touched(status, created),
            last_visit_at=created if visits else None, visits=visits, page_views=visits,
            emails_delivered=int(self._draw() * 3), emails_opened=0, emails_clicked=0, forms=forms,
            last_form_at=created, last_email_open_at=None, last_email_click_at=None, status=status,
            rep_index=self._rep(), opted_out=self._chance(0.02), do_not_call=False,
            bounced=self._chance(0.4), heard_from="",
            answers=self._answers("working", 0.5) if self._chance(0.02) else {},
            truth="spam", kind="b2b" if company else "b2c", message=message,
        )  # fmt: skip

    def _submission(self) -> tuple[str, str, str, str, str]:
        if self._campaign is not None and self._chance(0.4):
            return self._campaign
        roll = self._draw()
        if roll < 0.45:  # noqa: PLR2004 — gibberish, placeholders, then well-written spam
            first, last = self._gibberish(), self._gibberish()
        elif roll < 0.75:  # noqa: PLR2004
            first, last = self._pick(PLACEHOLDERS), self._pick(PLACEHOLDERS)
        else:
            country = self._country()
            first, last = self._pick(country.given)[0], self._pick(country.family)[0]
        company = self._pick(("", "google", self._gibberish(), self._pick(PLACEHOLDERS), "SEO Pro"))
        phone = self._pick((self._pick(JUNK_PHONES), self._draws.digits("8########"), ""))
        self._campaign = (first, last, company, phone, self._pick(SPAM_MESSAGES))
        return self._campaign

    def _gibberish(self) -> str:
        letters = "bcdfghjklmnpqrstvwxzBKQXaeu"
        return "".join(self._pick(letters) for _ in range(6 + int(self._draw() * 8)))

    def _spam_email(self, first: str) -> str:
        stem = latin(first) or "x"
        domain = self._pick((*DISPOSABLE, "gmail.com", "qq.com", "example.com", "spam.example"))
        return self._address(stem + self._draws.digits("####"), domain)


_COUNTRY_WEIGHTS = list(accumulate(country.weight for country in COUNTRIES))
_SOURCE_NAMES = [name for name, _ in SOURCES]
_SOURCE_WEIGHTS = list(accumulate(weight for _, weight in SOURCES))
