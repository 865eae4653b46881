"""Real leads with everybody replaced: what a rehearsal works on instead of personal data.

Every text is exchanged by its own value, so equal texts stay equal, across columns and runs of the
same seed, and what hangs on repetition (one submission under many addresses) still shows. Kept in
kind are: a free-mail, disposable or role address, a placeholder, gibberish, the rank of a job title, the
country and type of a telephone number, the country of a place. Picklists, numbers, dates, booleans
and ids stay as they are; so does a short text that at least `SHARED` leads have in common.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import polars as pl

from connector.sandbox.names import COUNTRIES, MESSAGES, TITLES, TRADES, latin
from connector.sandbox.stand_in_phones import phone_like
from mappings.transforms.base import Options
from mappings.transforms.titles import SENIORITY
from scoring.genuine.characters import characters
from scoring.genuine.lists import lists
from scoring.genuine.texts import fold_word

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from connector.sandbox.names import Country
    from mappings.mapping import Mapping as FieldMapping
    from mappings.schema import ObjectSchema

_T = TypeVar("_T")

SHARED = 5
"""A text in common to so many leads of a sample points at nobody."""

_BY_FACT = {
    "email": "email", "first_name": "given", "last_name": "family", "phone": "phone",
    "mobile": "phone", "title": "title", "company": "company", "domain": "domain", "city": "city",
}  # fmt: skip
_BY_TYPE = {"email": "email", "phone": "phone", "url": "domain", "long_text": "message"}
_KEPT_FACTS = frozenset({
    "seniority", "country", "region", "time_zone", "language", "source", "owner", "stage",
    "crm_status", "campaign", "industry",
})  # fmt: skip
_BY_NAME: tuple[tuple[str, str], ...] = (
    ("first_?name|given_?name|vorname", "given"),
    ("last_?name|family_?name|surname|nachname", "family"),
    ("mail", "email"),
    ("phone|mobile|fax|whatsapp", "phone"),
    ("company|account_?name|employer|firm", "company"),
    ("street|address|postal|zip", "street"),
    ("^city|_city|town|^place", "city"),
    ("website|domain|linkedin|twitter|facebook|url", "domain"),
    ("^name$|full_?name|contact_?name", "name"),
    ("title", "title"),
)
_DOMAIN = re.compile(r"(?:[\w-]+\.)+[\w-]{2,}", re.UNICODE)
_MEASURED = re.compile(r"[\d.,:%+ T/Z-]+")
_LOCAL_FORMS = ("{0}.{1}", "{2}{1}", "{0}{1}", "{1}.{0}", "{0}_{1}")


def with_stand_ins(
    leads: pl.DataFrame, schema: ObjectSchema, mapping: FieldMapping, *, seed: int
) -> pl.DataFrame:
    """The raw page frame with a stand-in for every text that may tell who somebody is."""
    crowd = _Crowd(seed, lists().free_mail | lists().disposable)
    country = _country_column(leads, mapping)
    kinds = {name: _kind(name, schema, mapping) for name in leads.columns}
    return leads.with_columns(
        _replaced(leads, name, kind, crowd, country) for name, kind in kinds.items() if kind
    )


def _kind(name: str, schema: ObjectSchema, mapping: FieldMapping) -> str | None:
    """What kind of personal text a column holds; None for one that is kept."""
    field_ = schema.fields.get(name)
    if name.startswith("@") or field_ is None or name in {w.field for w in mapping.write.values()}:
        return None
    if field_.type not in {"text", *_BY_TYPE}:
        return None
    facts = [fact for fact, entries in mapping.read.items() if name in {e.field for e in entries}]
    by_fact = next((_BY_FACT[fact] for fact in facts if fact in _BY_FACT), None)
    if by_fact or (facts and all(_is_kept(fact, mapping) for fact in facts)):
        return by_fact
    by_name = next((k for words, k in _BY_NAME if re.search(words, name.lower())), None)
    return by_name or _BY_TYPE.get(field_.type, "text")


def _is_kept(fact: str, mapping: FieldMapping) -> bool:
    return fact in _KEPT_FACTS or mapping.kind(fact) != "text"


def _country_column(leads: pl.DataFrame, mapping: FieldMapping) -> pl.Series:
    """The country of each lead as it is written, null where no field tells."""
    fields = [e.field for e in mapping.read.get("country", ()) if e.field in leads.columns]
    return leads.select(pl.coalesce(*fields, pl.lit(None, pl.String)).alias("country")).to_series()


def _replaced(
    leads: pl.DataFrame, name: str, kind: str, crowd: _Crowd, country: pl.Series
) -> pl.Series:
    column = leads[name]
    shared: set[str] = set()
    if kind in {"text", "title"}:
        counts = column.drop_nulls().value_counts()
        shared = set(counts.filter(pl.col("count") >= SHARED)[name])
    make = getattr(crowd, kind)
    made = [
        text if text is None or text in shared else make(text, place)
        for text, place in zip(column, country, strict=True)
    ]
    return pl.Series(name, made, pl.String)


_COUNTRY_OF: dict[str, Country] = {
    spelling.casefold(): country for country in COUNTRIES for spelling in country.spellings
} | {country.code.casefold(): country for country in COUNTRIES}


@dataclass
class _Crowd:
    """Makes stand-ins. The methods take a text and the lead's country as it is written."""

    seed: int
    known: Collection[str]
    """Domains that belong to nobody in particular: free mail and disposable ones."""
    _taken: dict[str, str] = field(default_factory=dict)
    """Made addresses, and of which original each is the stand-in."""

    def given(self, text: str, place: str | None) -> str:
        """A given name."""
        return self._unless_placeholder(text, lambda: self._of(text, place).given_name)

    def family(self, text: str, place: str | None) -> str:
        """A family name."""
        return self._unless_placeholder(text, lambda: self._of(text, place).family_name)

    def name(self, text: str, place: str | None) -> str:
        """A whole name."""
        return f"{self.given(text, place)} {self.family(text, place)}"

    def company(self, text: str, place: str | None) -> str:
        """A company's name."""
        return self._unless_placeholder(text, lambda: self._of(text, place).company)

    def city(self, text: str, place: str | None) -> str:
        """A city of the same country."""
        return self._of(text, place).pick("city", self._country(place).cities)[0]

    def street(self, text: str, place: str | None) -> str:
        """Digits for digits, and a street of no city."""
        if _MEASURED.fullmatch(text):
            return self._digits(text)
        chosen = self._of(text, place)
        return f"{chosen.pick('street', _STREETS)} {1 + chosen.number('house') % 99}"

    def title(self, text: str, _: str | None) -> str:
        """A job title of the same rank."""
        alike = _titles_by_level().get(_level(text)) or TITLES[-2]
        return self._of(text, None).pick("title", alike)

    def phone(self, text: str, place: str | None) -> str:
        """A number of the same country and type that is valid; junk stays junk."""
        code = self._country_code(place)
        return phone_like(text, code, self._of(text, None).number("phone"))

    def domain(self, text: str, _: str | None) -> str:
        """The same text around another domain; a free-mail domain stays."""
        found = _DOMAIN.search(text)
        if found is None:
            return self.text(text, None)
        bare = found.group().casefold().removeprefix("www.")
        return text[: found.start()] + self._domain(bare)

    def email(self, text: str, place: str | None) -> str:
        """An address of the same kind; every address gets one of its own."""
        local, at, domain = text.strip().rpartition("@")
        if not at:
            return self.text(text, place)
        chosen = self._of(text.strip().casefold(), place)
        kept = lists()
        if local.casefold() not in kept.roles | kept.local_placeholders:
            form = chosen.pick("local", _LOCAL_FORMS)
            given, family = latin(chosen.given_name) or "sam", latin(chosen.family_name) or "doe"
            named = form.format(given, family, given[:1])
            local = self._mashed(local.lower()) if _gibberish(local) else named
        return self._free(local, self._domain(domain.casefold()), text.strip().casefold())

    def message(self, text: str, place: str | None) -> str:
        """Something that a lead might write."""
        written = [message for message in MESSAGES if message]
        said = self._of(text, place).pick("message", written).format(n=len(text))
        return said[: max(len(text), 12)]

    def text(self, text: str, place: str | None) -> str:
        """Digits for digits, words for words."""
        if _MEASURED.fullmatch(text):
            return self._digits(text)
        return self._unless_placeholder(
            text, lambda: self._of(text, place).pick("text", TRADES)[0][: max(len(text), 3)]
        )

    def _domain(self, domain: str) -> str:
        if domain in self.known or domain in lists().domain_placeholders:
            return domain
        chosen = self._of(domain, None)
        first, trade = chosen.pick("firm", COUNTRIES[0].firms), chosen.pick("trade", TRADES)
        return f"{first[1]}{trade[1]}{chosen.number('domain') % 100_000}.example.com"

    def _free(self, local: str, domain: str, original: str) -> str:
        """The address, with a number in it if it is another one's already."""
        address, number = f"{local}@{domain}", 1
        while self._taken.setdefault(address, original) != original:
            number += 1
            address = f"{local}{number}@{domain}"
        return address

    def _digits(self, text: str) -> str:
        drawn = iter(f"{self._of(text, None).number('digits'):040d}"[::-1] * (len(text) // 40 + 1))
        return "".join(next(drawn) if c.isdigit() else c for c in text)

    def _unless_placeholder(self, text: str, make: Callable[[], str]) -> str:
        kept = lists()
        junk = kept.certain_placeholders | kept.likely_placeholders | kept.company_placeholders
        if fold_word(text) in junk or not any(c.isalnum() for c in text):
            return text
        return self._mashed(text) if _gibberish(text) else make()

    def _mashed(self, text: str) -> str:
        """Other keys hit at random: gibberish stays gibberish."""
        drawn = self._of(text, None).number("mashed")
        letters = (_MASHED[drawn >> 4 * place & 15] for place, _ in enumerate(text))
        return "".join(n if c.isalpha() else c for c, n in zip(text, letters, strict=True))

    def _of(self, text: str, place: str | None) -> _Chosen:
        return _Chosen(self.seed, text, self._country(place))

    def _country(self, place: str | None) -> Country:
        return _COUNTRY_OF.get((place or "").strip().casefold(), COUNTRIES[0])

    @staticmethod
    def _country_code(place: str | None) -> str | None:
        written = (place or "").strip()
        found = _COUNTRY_OF.get(written.casefold())
        return found.code if found else written.upper() if len(written) == 2 else None  # noqa: PLR2004 — ISO


_MASHED = "qwrtzpsdfghjkxcv"
_TYPED_AT_RANDOM = -2.0
"""The log-odds below which a word was rather typed at random than written."""


def _gibberish(text: str) -> bool:
    words = [fold_word(word) for word in re.findall(r"[^\W\d_]{4,}", text)]
    return bool(words) and bool((characters().evidence(words) < _TYPED_AT_RANDOM).all())


_STREETS = ("Maple Street", "Station Road", "Mill Lane", "Lindenweg", "Rue du Lac", "Harbour Row")


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What is drawn for one text: the same for the same seed and text, whatever else there is."""

    seed: int
    text: str
    country: Country

    def number(self, what: str) -> int:
        """A large number."""
        key = f"{self.seed}\x1f{what}\x1f{self.text}".encode()
        return int.from_bytes(hashlib.blake2b(key, digest_size=16).digest())

    def pick(self, what: str, pool: Sequence[_T]) -> _T:
        """One of a pool."""
        return pool[self.number(what) % len(pool)]

    @property
    def given_name(self) -> str:
        """A given name of the country."""
        return self.pick("given", self.country.given)[0]

    @property
    def family_name(self) -> str:
        """A family name of the country."""
        return self.pick("family", self.country.family)[0]

    @property
    def company(self) -> str:
        """A company's name in the manner of the country."""
        form = self.pick("form", self.country.forms)
        first, trade = self.pick("firm", self.country.firms)[0], self.pick("trade", TRADES)[0]
        other = self.pick("partner", self.country.family)[0]
        return form.format(a=first, b=trade, f=self.family_name, g=other)


def _level(title: str) -> str | None:
    frame = pl.DataFrame({"title": [title]})
    found: str | None = frame.select(SENIORITY.read(pl.col("title"), Options())).item()
    return found


@cache
def _titles_by_level() -> dict[str | None, tuple[str, ...]]:
    found: dict[str | None, tuple[str, ...]] = {}
    for title in (title for tier in TITLES for title in tier):
        level = _level(title)
        found[level] = (*found.get(level, ()), title)
    return found
