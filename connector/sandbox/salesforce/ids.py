"""Record ids: 15 case-sensitive characters and the 18-character form with its case checksum."""

from __future__ import annotations

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
INSTANCE = "Sb0000"
SHORT, LONG, CHUNK = 15, 18, 5


def make_id(prefix: str, number: int) -> str:
    """The 18-character id of the `number`-th record of the object with this key prefix."""
    digits = []
    for _ in range(6):
        number, digit = divmod(number, len(DIGITS))
        digits.append(DIGITS[digit])
    return lengthened(prefix + INSTANCE + "".join(reversed(digits)))


def lengthened(short: str) -> str:
    """The 18-character form of a 15-character id."""
    return short + "".join(
        CHECKSUM[sum(1 << place for place, letter in enumerate(chunk) if "A" <= letter <= "Z")]
        for chunk in (short[0:5], short[5:10], short[10:15])
    )


def normalised(text: object) -> str | None:
    """The 18-character form of an id; None when the text is not an id."""
    if not isinstance(text, str) or not text.isascii() or not text.isalnum():
        return None
    if len(text) == SHORT:
        return lengthened(text)
    if len(text) == LONG and lengthened(text[:SHORT]) == text:
        return text
    return None
