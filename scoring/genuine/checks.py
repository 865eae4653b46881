"""The checks of Lamb or Spam: each a named piece of evidence with a weight and a reason.

A weight is the log-odds that the check adds at full strength: 1 makes junk 2.7 times as likely,
2 seven times, 3 twenty times; a check of a negative weight speaks for a genuine lead. No check
decides alone, but for words that no name has and addresses that are thrown away, where nobody can be
reached: strange names are names, and careless people are people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

NUMBER = pl.Float64()
Side = Literal["fit", "engagement"]


@dataclass(frozen=True)
class Check:
    """One piece of evidence. `strength` is 0 to 1, over readings and lead fields."""

    key: str
    weight: float
    text: str
    facts: tuple[str, ...]
    strength: pl.Expr
    side: Side = "fit"

    def evidence(self, weight: float) -> pl.Expr:
        """The log-odds for junk that the check finds, in thousandths that sum without error."""
        strength = self.strength.cast(NUMBER).fill_nan(0.0).fill_null(0.0).clip(0.0, 1.0)
        return (strength * weight).round(3).alias(self.key)


def _is(reading: str) -> pl.Expr:
    return pl.col(reading)


def _odd(name: str) -> pl.Expr:
    """Random typing; a placeholder such as asdf is counted as that alone.

    Of the world's names in other letters than Latin fewer are known, so they are doubted less.
    """
    letters = pl.when(pl.col(f"{name}.latin") == "").then(0.6).otherwise(1.0)
    odd = pl.col(f"{name}.odd") * letters
    return pl.when(pl.col(f"{name}.placeholder") > 0).then(0.0).otherwise(odd)


def _between(fact: str, least: float, full: float) -> pl.Expr:
    """0 below `least`, then from a half to 1 at `full`."""
    value = pl.col(fact)
    share = (value - least) / (full - least) * 0.5 + 0.5
    return pl.when(value >= least).then(share)


def _unreadable(*facts: str) -> pl.Expr:
    """Whether the lead's data problems name one of these facts."""
    named = pl.col("problems").list.eval(pl.element().struct.field("fact").is_in(list(facts)))
    return named.list.any()


_ODD = 0.3
"""Strength of random typing from which a name is no evidence that a person is behind it."""
_PERSON = ("first_name", "last_name")
_TWO_NAMES_GIVEN = pl.col("first.plain") & pl.col("last.plain")
_LOCAL_IS_NAME = pl.col("name_in_email") | pl.col("role") | pl.col("local_placeholder")
_SPELLED = pl.when(pl.col("other_script")).then(0.4).otherwise(1.0)
"""A name of another script may be spelled in an address without its vowels."""
_REAL_NAME = (pl.max_horizontal("first.odd", "last.odd") < _ODD) & (
    pl.max_horizontal("first.placeholder", "last.placeholder") == 0
)
_OWN_NAME = ~pl.any_horizontal("famous", "refusal", "two_scripts") & (
    pl.col("digits_in_name") < _ODD
)
_ANSWERS = (
    "budget",
    "budget_approved",
    "authority",
    "need",
    "timeline",
    "ready_to_buy",
    "replacing",
)

JUNK = (
    Check("first_name_typed_at_random", 4.1, "the first name looks like random typing", ("first_name",), _odd("first")),
    Check("last_name_typed_at_random", 4.1, "the last name looks like random typing", ("last_name",), pl.when(_is("same_company")).then(0.0).otherwise(_odd("last"))),
    Check("company_typed_at_random", 2.2, "the company looks like random typing", ("company",), _odd("company")),
    Check("email_typed_at_random", 2.8, "the e-mail address looks like random typing", ("email",), pl.when(_LOCAL_IS_NAME).then(0.0).otherwise(pl.col("local.odd") * _SPELLED)),
    Check("domain_typed_at_random", 1.5, "the e-mail domain looks like random typing", ("email",), pl.when(pl.any_horizontal("free_mail", "firm_in_email", "disposable")).then(0.0).otherwise((pl.col("domain.odd") - 0.7) / 0.3)),
    Check("first_name_placeholder", 3.0, "the first name is a placeholder", ("first_name",), _is("first.placeholder")),
    Check("last_name_placeholder", 3.0, "the last name is a placeholder", ("last_name",), _is("last.placeholder")),
    Check("company_placeholder", 2.0, "the company is a placeholder", ("company",), _is("company.placeholder")),
    Check("title_placeholder", 2.5, "the job title is a placeholder", ("title",), _is("title.placeholder")),
    Check("famous_name", 2.2, "the name is one that people use to hide their own", _PERSON, _is("famous")),
    Check("link_in_name", 4.5, "there is a link, an address or code in the name", _PERSON, _is("link_in_name")),
    Check("digits_in_name", 4.2, "there are digits in the name", _PERSON, pl.when(_is("link_in_name")).then(0.0).otherwise(_is("digits_in_name"))),
    Check("two_scripts_in_name", 4.2, "letters of two scripts in one name", _PERSON, _is("two_scripts")),
    Check("letters_for_names", 2.0, "single letters for names", _PERSON, _is("letters_for_names")),
    Check("refuses", 4.5, "words of refusal or abuse in the name or the e-mail address", (*_PERSON, "email"), _is("refusal") | _is("local_refusal")),
    Check("mixed_capitals", 1.5, "capitals in the middle of the name", _PERSON, _is("capitals")),
    Check("same_names", 1.2, "first and last name are the same", _PERSON, pl.when(_is("same_names") & (pl.col("last.placeholder") == 0)).then(0.6)),
    Check("name_is_company", 1.2, "name and company are the same", ("last_name", "company"), pl.when(_is("same_company")).then(pl.when(_is("same_names")).then(1.0).otherwise(0.2))),
    Check("disposable_email", 5.0, "disposable e-mail address", ("email",), _is("disposable")),
    Check("email_invalid", 3.0, "the e-mail address is not valid", ("email",), _is("email_wrong")),
    Check("email_unreadable", 1.5, "the e-mail address cannot be read", ("email",), _unreadable("email")),
    Check("email_placeholder", 2.0, "the e-mail address is a placeholder", ("email",), (_is("local_placeholder") | _is("domain_placeholder")).cast(NUMBER) * 0.7 + (_is("local_placeholder") & _is("domain_placeholder")).cast(NUMBER) * 0.3),
    Check("email_digits", 0.8, "the e-mail address is mostly digits", ("email",), _is("many_digits")),
    Check("email_alternating", 1.8, "letters and digits alternate in the e-mail address", ("email",), _is("alternating")),
    Check("email_one_letter", 1.6, "one letter before or after the @", ("email",), _is("one_letter")),
    Check("role_account", 0.3, "shared mailbox", ("email",), _is("role")),
    Check("free_mail", 0.2, "free mail for a company", ("email", "company"), _is("free_mail") & pl.col("company").is_not_null()),
    Check("name_not_in_email", 0.4, "the name does not fit the e-mail address", ("email", *_PERSON), _is("name_not_in_email")),
    Check("other_firm_in_email", 0.3, "the e-mail address is of another company", ("email", "domain"), _is("other_firm_in_email")),
    Check("email_bounced", 1.4, "the e-mail address bounces", ("email_bounced",), pl.col("email_bounced"), "engagement"),
    Check("phone_impossible", 1.0, "the telephone number cannot exist", ("phone", "mobile"), _is("phone_impossible")),
    Check("phone_made_up", 2.0, "the telephone number is made up", ("phone", "mobile"), _is("phone_made_up") & ~_is("phone_impossible")),
    Check("phone_unreadable", 1.0, "the telephone number cannot be read", ("phone", "mobile"), _unreadable("phone", "mobile")),
    Check("phone_abroad", 0.4, "the telephone number is of another country", ("phone", "country"), _is("phone_abroad")),
    Check("links_in_message", 2.2, "links in the message", (), _is("links"), "engagement"),
    Check("pitch_in_message", 4.6, "the message sells something", (), _is("pitch"), "engagement"),
    Check("empty_message", 1.5, "the message is a placeholder", (), _is("empty_message"), "engagement"),
    Check("copies", 4.0, "the same submission came under several addresses", (), (pl.col("copies").log(2.0) / 4.0), "engagement"),
    Check("too_fast", 2.5, "the form was sent faster than a person types", (), pl.when(pl.col("form_seconds") >= 0).then((8.0 - pl.col("form_seconds")) / 5.0), "engagement"),
    Check("same_second", 1.0, "many leads came in the same second", (), _between("same_second", 5, 50), "engagement"),
    Check("competitor", 4.2, "works for a competitor", ("email", "domain"), _is("competitor")),
    Check("own_company", 4.2, "works for us", ("email", "domain"), _is("own")),
)  # fmt: skip
"""What speaks for junk."""

GENUINE = (
    Check("accepted", -3.5, "a rep has accepted the lead", ("accepted",), pl.col("accepted")),
    Check("sold_to", -5.0, "has become an opportunity", ("converted",), pl.col("converted")),
    Check("answered", -2.5, "has answered a rep's questions", _ANSWERS, pl.sum_horizontal(*(pl.col(fact).is_not_null().cast(NUMBER) for fact in _ANSWERS)) / 2.0),
    Check("came_back", -0.8, "came back several times", ("visits",), _between("visits", 3, 6), "engagement"),
    Check("reads_mail", -1.2, "opens or clicks our e-mails", ("emails_opened", "emails_clicked"), pl.max_horizontal(_between("emails_clicked", 1, 2), _between("emails_opened", 2, 6)), "engagement"),
    Check("attended", -1.5, "attended an event", ("events",), _between("events", 1, 2), "engagement"),
    Check("name_in_email", -1.0, "the name fits the e-mail address", ("email", *_PERSON), _is("name_in_email") & _REAL_NAME & _OWN_NAME & ~_is("disposable")),
    Check("firm_in_email", -1.0, "the e-mail address is of the company", ("email", "company", "domain"), _is("firm_in_email") & (pl.col("company.odd") < _ODD) & (pl.col("company.placeholder") == 0)),
    Check("plain_name", -0.4, "first and last name read like names", _PERSON, _TWO_NAMES_GIVEN & _REAL_NAME & _OWN_NAME),
    Check("phone_possible", -0.4, "the telephone number fits the country", ("phone", "country"), _is("phone_possible")),
)  # fmt: skip
"""What speaks for a genuine lead."""

CHECKS = {check.key: check for check in (*JUNK, *GENUINE)}
"""Every check by its key, which is also its key under `weights` in the model file."""
