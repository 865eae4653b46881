"""What the checks look at: columns read off the lead's texts, one pass over a page.

Strengths are 0 to 1 (Float64), the rest is Boolean and never null.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from scoring.genuine.characters import Characters, characters
from scoring.genuine.lists import Lists, lists
from scoring.genuine.names import name_readings, stem
from scoring.genuine.phones import phone_facts
from scoring.genuine.texts import COMPANY, LOCAL, folded, judged

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NUMBER = pl.Float64()
_COMPARED = 3
"""Letters from which a name is looked for in an address."""
_CERTAINLY_ODD = 9.0
"""Evidence at which a word is certainly odd; below 0 it is not odd at all."""

_SURELY_WRITTEN = -4.0
"""Evidence below which a word may well have four neighbouring keys: Wertheim."""

_JUDGED = {
    "first": ("first.folded", "name"),
    "last": ("last.folded", "name"),
    "company": ("company.folded", COMPANY),
    "local": ("local.folded", LOCAL),
    "domain": ("stem.folded", COMPANY),
}
"""The texts that are judged by their letters: the column and the kind."""

_STEM = r"@(?:.*\.)?([^.@]+)\.(?:(?:co|com|net|org|ac|gov|ltd)\.)?[^.@]+\.?$"
_SYNTAX = r"^[^\s@,;:<>()\[\]\\]{1,64}@(?:[\p{L}\d](?:[\p{L}\d-]*[\p{L}\d])?\.)+[\p{L}][\p{L}\d-]*[\p{L}\d]$"


@dataclass(frozen=True)
class Reader:
    """Reads lead frames with the models of words, the lists, and the columns that hold messages."""

    messages: Sequence[str] = ()
    characters: Characters = field(default_factory=characters)
    lists: Lists = field(default_factory=lists)

    def __call__(self, leads: pl.DataFrame) -> pl.DataFrame:
        """The readings of a lead frame, row for row."""
        texts = leads.select(self._texts)
        frame = pl.concat(
            [texts, phone_facts(leads), _oddness(texts, self.characters)], how="horizontal"
        )
        return frame.with_columns(self._first).with_columns(self._second)

    @cached_property
    def _texts(self) -> list[pl.Expr]:
        """Folded texts; null where there is nothing."""
        address = pl.col("email").str.strip_chars().str.to_lowercase()
        facts = {"first": "first_name", "last": "last_name", "company": "company", "title": "title"}
        return [
            *(_filled(pl.col(facts[name])).alias(f"{name}.text") for name in ("first", "last")),
            *(
                _filled(folded(pl.col(fact))).alias(f"{name}.folded")
                for name, fact in facts.items()
            ),
            _filled(address).alias("address"),
            _filled(address.str.extract(r"^([^@]+)@?")).alias("local"),
            folded(address.str.extract(r"^([^@]+)@?")).alias("local.folded"),
            _filled(address.str.extract(r"@([^@]+)$").str.strip_chars(".")).alias("at"),
            folded(address.str.extract(_STEM)).alias("stem.folded"),
            _site(pl.col("domain")).alias("site"),
            self.message(self.messages),
        ]

    def message(self, facts: Sequence[str]) -> pl.Expr:
        """What the lead wrote, as the column `message`."""
        said = [pl.col(fact).cast(pl.String) for fact in facts] or [pl.lit("")]
        return pl.concat_str(said, separator="\n", ignore_nulls=True).alias("message")

    @cached_property
    def of_messages(self) -> list[pl.Expr]:
        """What is read off the column `message`."""
        return _messages(self.lists)

    @cached_property
    def _first(self) -> list[pl.Expr]:
        return [*name_readings(self.lists), *_emails(self.lists), *self.of_messages, *_spelled()]

    @cached_property
    def _second(self) -> list[pl.Expr]:
        return _relations()


def _filled(text: pl.Expr) -> pl.Expr:
    stripped = text.str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def _site(domain: pl.Expr) -> pl.Expr:
    return _filled(domain.str.to_lowercase().str.replace(r"^(?:https?://)?(?:www\.)?", ""))


def _oddness(texts: pl.DataFrame, characters: Characters) -> pl.DataFrame:
    """How much each text looks typed at random (`odd`), and whether it surely does not (`plain`)."""
    long = pl.concat(
        [
            texts.select(pl.col(column).alias("text"), kind=pl.lit(kind))
            for column, kind in _JUDGED.values()
        ]
    )
    strength = _strength()
    found = judged(long, characters).select(
        "text",
        "kind",
        strength.alias("odd"),
        (pl.col("odd").is_not_null() & (strength == 0)).alias("plain"),
    )
    rows = long.join(found, on=["text", "kind"], how="left", maintain_order="left").select(
        pl.col("odd").fill_null(0.0), pl.col("plain").fill_null(value=False)
    )
    height = texts.height
    return pl.concat(
        [
            rows.slice(number * height, height).rename(
                {"odd": f"{name}.odd", "plain": f"{name}.plain"}
            )
            for number, name in enumerate(_JUDGED)
        ],
        how="horizontal",
    )


def _strength() -> pl.Expr:
    """How much a text looks typed at random: by its letters, its repeats, its runs on the keyboard."""
    doubtful = pl.when(pl.col("odd") < _SURELY_WRITTEN).then(0.3).otherwise(1.0)
    return pl.max_horizontal(
        (pl.col("odd") / _CERTAINLY_ODD).clip(0.0, 1.0),
        pl.when(pl.col("repeated") == 1).then(0.9).otherwise(pl.col("repeated") * 0.5 * doubtful),
        pl.col("keys") * 0.9 * doubtful,
    ).fill_null(0.0)


def _emails(known: Lists) -> list[pl.Expr]:
    """Syntax, kinds of domains, placeholders and numbers in the address."""
    parent = pl.col("at").str.extract(r"^[^.]+\.(.+\..+)$")
    disposable = _any([pl.col("at").is_in(known.disposable), parent.is_in(known.disposable)])
    free = pl.col("at").is_in(known.free_mail)
    numbered = pl.col("at").is_in(known.numbered_mail)
    digits = pl.col("local").str.count_matches(r"\d")
    letters = pl.col("local").str.count_matches(r"\p{L}")
    turns = pl.col("local").str.count_matches(r"\p{L}\d")
    role = pl.col("local").is_in(known.roles)
    bare = stem(pl.col("local"))
    return [
        pl.when(pl.col("address").str.contains(_SYNTAX)).then(0.0).when(pl.col("address").str.contains("@.", literal=False)).then(0.7).otherwise(pl.when(pl.col("address").is_null()).then(0.0).otherwise(1.0)).alias("email_wrong"),
        disposable.alias("disposable"),
        _sure(free & ~disposable).alias("free_mail"),
        _sure(role).alias("role"),
        (_any([pl.col("local").is_in(known.local_placeholders), bare.is_in(known.local_placeholders), pl.col("local").str.contains(known.rehearsing_locals)]) & ~_sure(role)).alias("local_placeholder"),
        _sure(pl.col("local").str.contains(known.refusing_locals)).alias("local_refusal"),
        _sure(
            pl.col("at").is_in(known.domain_placeholders)
            | (pl.col("at").str.extract(r"^([^.]+)\.[^.]+$") == pl.col("at").str.extract(r"\.([^.]+)$"))
        ).alias("domain_placeholder"),
        _sure(((digits >= 6) | (digits > letters)) & ~numbered).alias("many_digits"),  # noqa: PLR2004
        _alternating(turns).alias("alternating"),
        _one_letter().alias("one_letter"),
    ]  # fmt: skip


def _alternating(turns: pl.Expr) -> pl.Expr:
    """Letters and digits by turns: x7f3k9. Twice is rare, too, in what people choose."""
    share = pl.when(turns >= 3).then(1.0).when(turns == 2).then(0.4)  # noqa: PLR2004
    return share.fill_null(0.0)


def _one_letter() -> pl.Expr:
    local = _sure(pl.col("local").str.len_chars() == 1).cast(NUMBER)
    domain = _sure(pl.col("at").str.contains(r"^[^.]\.")).cast(NUMBER)
    return (local + domain) / 2


def _spelled() -> list[pl.Expr]:
    """Names, company, local part and domain in their Latin letters alone."""
    texts = {f"{name}.latin": f"{name}.folded" for name in ("first", "last", "company", "local")}
    return [
        *(pl.col(text).str.replace_all(r"[^a-z]", "").alias(name) for name, text in texts.items()),
        pl.col("stem.folded").str.replace_all(r"[^a-z]", "").alias("stem"),
        pl.col("company.folded").str.extract(r"([a-z]{4,})").alias("company.word"),
    ]


def _relations() -> list[pl.Expr]:
    """How names, address and company fit together."""
    named = _of_the_firm()
    firm = ~pl.any_horizontal("free_mail", "disposable", "domain_placeholder")
    fits = _any([_within("first.latin", "local.latin"), _within("last.latin", "local.latin")])
    long_enough = {
        name: pl.col(f"{name}.latin").str.len_chars() >= _COMPARED
        for name in ("first", "last", "local")
    }
    first_or_none = long_enough["first"] | pl.col("first.folded").is_null()
    comparable = first_or_none & long_enough["last"] & long_enough["local"]
    initials = pl.all_horizontal(
        *(
            pl.col("local.latin").str.contains(pl.col(name).str.head(1).fill_null(""), literal=True)
            for name in ("first.latin", "last.latin")
        )
    )
    names = pl.concat_str("first.latin", "last.latin", ignore_nulls=True)
    plain = pl.any_horizontal("first.plain", "last.plain")
    return [
        _sure(plain & (names.str.len_chars() == 0)).alias("other_script"),
        fits.alias("name_in_email"),
        _sure(comparable & ~fits & ~initials & ~pl.col("role")).alias("name_not_in_email"),
        (firm & named).alias("firm_in_email"),
        _sure(firm & ~named & pl.col("site").is_not_null()).alias("other_firm_in_email"),
        _sure(pl.col("first.folded") == pl.col("last.folded")).alias("same_names"),
        _sure(pl.col("last.folded") == pl.col("company.folded")).alias("same_company"),
    ]


def _of_the_firm() -> pl.Expr:
    """Whether the address's domain is the company's, or one is named after the other."""
    return _any(
        [
            _within("stem", "company.latin"),
            pl.col("stem").str.contains(pl.col("company.word"), literal=True),
            pl.col("site") == pl.col("at"),
            pl.col("at").str.ends_with(pl.lit(".") + pl.col("site")),
        ]
    )


def _within(part: str, whole: str) -> pl.Expr:
    """Whether a text of three letters or more is within another."""
    long_enough = pl.col(part).str.len_chars() >= _COMPARED
    return long_enough & pl.col(whole).str.contains(pl.col(part), literal=True)


def _messages(known: Lists) -> list[pl.Expr]:
    """Links and pitches in what the lead wrote."""
    links = pl.col("message").str.count_matches(r"(?i)https?://|www\.").cast(NUMBER)
    markup = pl.col("message").str.contains(r"(?i)<a\s|\[url|\[link")
    return [
        pl.when(markup).then(1.0).otherwise((links * 0.5).clip(0.0, 1.0)).fill_null(0.0).alias("links"),
        _sure(pl.col("message").str.contains(known.pitch)).alias("pitch"),
        _sure(pl.col("message").str.contains(r"(?i)^\s*(?:asdf|test|qwer|xxx|aaa|blah)[\s\w]{0,20}$")).alias("empty_message"),
    ]  # fmt: skip


def _any(conditions: Iterable[pl.Expr]) -> pl.Expr:
    return pl.any_horizontal(*(_sure(condition) for condition in conditions))


def _sure(condition: pl.Expr) -> pl.Expr:
    return condition.fill_null(value=False)
