"""Telephone numbers that nobody in the sample has, valid for the same country."""

from __future__ import annotations

import phonenumbers

TRIES = 200
_KEPT_DIGITS = 5
"""How many leading digits of a national number tell its area or network, at most."""


def phone_like(text: str, region: str | None, draw: int) -> str:
    """A valid number of the same country, area and notation; `draw` decides which.

    A text that is no valid number gets other digits, unless it is one digit over and over or counts
    upwards: that is junk, and means nobody.
    """
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return _shuffled(text, draw)
    if not phonenumbers.is_valid_number(number):
        return _shuffled(text, draw)
    made = _another(number, draw)
    plus = text.lstrip().startswith("+")
    form = phonenumbers.PhoneNumberFormat
    return str(phonenumbers.format_number(made, form.INTERNATIONAL if plus else form.NATIONAL))


def _another(number: phonenumbers.PhoneNumber, draw: int) -> phonenumbers.PhoneNumber:
    """A number with the same beginning that is valid and another; else the country's example."""
    national = phonenumbers.national_significant_number(number)
    kept = min(_KEPT_DIGITS, max(0, len(national) - 4))
    room = 10 ** (len(national) - kept)
    for attempt in range(TRIES):
        rest = f"{(draw + attempt * 7_919) % room:0{len(national) - kept}d}"
        made = phonenumbers.parse(f"+{number.country_code}{national[:kept]}{rest}", None)
        if rest != national[kept:] and phonenumbers.is_valid_number(made):
            return made
    region = phonenumbers.region_code_for_number(number) or ""
    return phonenumbers.example_number(region) or number


def _shuffled(text: str, draw: int) -> str:
    digits = [c for c in text if c.isdigit()]
    plain = "".join(digits)
    if len(set(digits)) <= 1 or plain in "01234567890":
        return text
    drawn = iter(f"{draw:040d}"[::-1])
    return "".join(next(drawn, "0") if c.isdigit() else c for c in text)
