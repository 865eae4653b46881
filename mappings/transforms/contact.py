"""E-mail addresses, telephone numbers and web domains."""

from __future__ import annotations

import re
from functools import cache

import phonenumbers
import polars as pl
from email_validator import EmailNotValidError, validate_email

from mappings.transforms.base import Options, Transform, by_value, unchanged

_LETTERS = (
    "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"  # Latin with accents
    "\u03ac-\u03ce\u0400-\u0481\u048a-\u052f\u05d0-\u05ea\u0621-\u063a\u0641-\u064a"
    "\u3041-\u3096\u30a1-\u30fa\u4e00-\u9ffc\uac00-\ud7a3"
)
"""Letters that are in Unicode's normal form C already, whatever of them stand side by side."""
_ATOM = rf"[A-Za-z0-9{_LETTERS}!#$%&'*+/=?^_`{{|}}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN_ADDRESS = rf"^{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}$"
_PLAIN_DOMAIN = rf"^(?:{_LABEL}\.)+[A-Za-z]{{2,63}}$"
_LONGEST_LOCAL_PART = 64
_LONGEST_ADDRESS = 254
_LONGEST_DOMAIN = 253
_BETWEEN = "\x1f"


def _email(text: pl.Expr, _: Options) -> pl.Expr:
    return by_value(text, _checked_address, pl.String(), _plain_address)


def _plain_address(text: pl.Expr) -> pl.Expr:
    """Addresses of letters, digits and no surprises, the great majority, without Python."""
    local = text.str.extract(r"^([^@]*)@", 1)
    plain = (
        text.str.contains(_PLAIN_ADDRESS)
        & (local.str.len_bytes() <= _LONGEST_LOCAL_PART)
        & (text.str.len_bytes() <= _LONGEST_ADDRESS)
        & ~text.str.contains(r"[@.]..--")
    )
    domain = text.str.extract(r"@(.*)$", 1).str.to_lowercase()
    return pl.when(plain).then(pl.concat_str(local, domain, separator="@"))


def _checked_address(text: str) -> str | None:
    """The normal form of an address; None if it is not one. Asks no name server."""
    try:
        checked = validate_email(
            text.removeprefix("mailto:"),
            check_deliverability=False,
            globally_deliverable=False,
        )
    except EmailNotValidError:
        return None
    return checked.normalized if "." in checked.domain else None


def _phone(text: pl.Expr, options: Options) -> pl.Expr:
    country = pl.lit(options.region, pl.String)
    if options.country is not None:
        country = pl.coalesce(options.country, country)
    # One text per (country, number), so that each distinct pair is parsed once.
    pair = pl.concat_str(country.fill_null(""), text, separator=_BETWEEN)
    return by_value(pair, _checked_number, pl.String(), _plain_number)


def _plain_number(pair: pl.Expr) -> pl.Expr:
    """Numbers of the commonest forms, without Python."""
    return pl.coalesce(_north_american(pair), _international(pair))


def _international(pair: pl.Expr) -> pl.Expr:
    """`+`, a calling code and a number that needs nothing taken off, where its length is possible."""
    full = pair.str.extract(r"^[A-Z]{0,2}\x1f\+([0-9][0-9 ().-]+)$", 1)
    digits = full.str.replace_all(r"[^0-9]", "")
    return pl.when(digits.str.contains(_international_pattern())).then("+" + digits)


@cache
def _international_pattern() -> str:
    """Calling code and national number of every country whose trunk prefix is 0 or none."""
    lengths: dict[tuple[int, ...], list[int]] = {}
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        main = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, regions[0])
        description = main.general_desc if main else None
        if main is None or description is None:
            continue
        if (main.national_prefix_for_parsing or "0") != "0":
            continue
        possible = {*description.possible_length, *description.possible_length_local_only}
        lengths.setdefault(tuple(sorted(possible - {-1})), []).append(code)
    alternatives = [
        rf"(?:{'|'.join(map(str, codes))})[1-9](?:{'|'.join(f'[0-9]{{{n - 1}}}' for n in possible)})"
        for possible, codes in lengths.items()
    ]
    return f"^(?:{'|'.join(alternatives)})$"


def _north_american(pair: pl.Expr) -> pl.Expr:
    """Numbers of ten digits in the United States and Canada, without Python."""
    local = pair.str.extract(r"^(?:US|CA)\x1f(?:1[ .-]?)?([0-9 ().-]+)$", 1)
    full = pair.str.extract(r"^[A-Z]{0,2}\x1f\+1[ .-]?([0-9 ().-]+)$", 1)
    digits = pl.coalesce(full, local).str.replace_all(r"[^0-9]", "")
    return pl.when(digits.str.contains(r"^[2-9][0-9]{9}$")).then("+1" + digits)


def _checked_number(pair: str) -> str | None:
    country, _, text = pair.partition(_BETWEEN)
    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _domain(text: pl.Expr, _: Options) -> pl.Expr:
    return by_value(text, _host, pl.String(), _plain_domain)


def _plain_domain(text: pl.Expr) -> pl.Expr:
    lowered = text.str.to_lowercase()
    plain = lowered.str.contains(_PLAIN_DOMAIN) & (lowered.str.len_chars() <= _LONGEST_DOMAIN)
    return pl.when(plain & ~lowered.str.starts_with("www.")).then(lowered)


def _host(text: str) -> str | None:
    """The domain of an address or a URL in ASCII, without `www.`; None if there is none."""
    bare = re.sub(r"^(?:[A-Za-z][A-Za-z0-9+.-]*:)?//|^mailto:", "", text)
    bare = re.split(r"[/?#\\]", bare, maxsplit=1)[0]
    host = bare.rpartition("@")[2].partition(":")[0].strip(" .").lower()
    try:
        host = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    while host.startswith("www."):
        host = host[4:]
    known = re.match(rf"(?:{_LABEL}\.)+(?:[A-Za-z]{{2,63}}|xn--[A-Za-z0-9-]+)$", host)
    return host if known and len(host) <= _LONGEST_DOMAIN else None


EMAIL = Transform("email", "text", _email, unchanged, "is not an e-mail address")
PHONE = Transform(
    "phone",
    "text",
    _phone,
    unchanged,
    "is not a telephone number, or names no country and there is no region",
)
DOMAIN = Transform("domain", "text", _domain, unchanged, "is not a web domain")
