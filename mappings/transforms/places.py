"""Countries: any usual name or code as ISO 3166-1 alpha-2."""

from __future__ import annotations

import functools
import unicodedata

import polars as pl

from mappings.transforms.base import Options, Transform, by_value, unchanged

_VARIANTS = {
    "US": "usa|u.s.|u.s.a.|united states|america|united states of america|the united states|estados unidos|états-unis|vereinigte staaten",
    "GB": "uk|u.k.|united kingdom|great britain|britain|england|scotland|wales|northern ireland",
    "DE": "deutschland|allemagne|alemania|germania|brd",
    "AT": "österreich|autriche",
    "CH": "schweiz|suisse|svizzera|svizra",
    "FR": "frankreich|francia",
    "ES": "españa|espagne|spanien",
    "IT": "italia|italie|italien",
    "PT": "portugal",
    "NL": "nederland|holland|the netherlands|netherlands|niederlande|pays-bas",
    "BE": "belgië|belgique|belgien|belgie",
    "LU": "lëtzebuerg|luxemburg",
    "DK": "danmark|dänemark",
    "SE": "sverige|schweden|suède",
    "NO": "norge|noreg|norwegen",
    "FI": "suomi|finnland",
    "IS": "ísland",
    "IE": "éire|republic of ireland|irland",
    "PL": "polska|polen",
    "CZ": "czech republic|česko|česká republika|tschechien|czechia",
    "SK": "slovensko|slowakei|slovak republic",
    "HU": "magyarország|ungarn",
    "RO": "românia|rumänien",
    "BG": "българия|bulgarien",
    "HR": "hrvatska|kroatien",
    "SI": "slovenija|slowenien",
    "RS": "srbija|србија",
    "GR": "ελλάδα|hellas|griechenland",
    "TR": "turkey|türkiye|türkei",
    "RU": "russia|россия|russian federation",
    "UA": "україна|the ukraine",
    "EE": "eesti|estland",
    "LV": "latvija|lettland",
    "LT": "lietuva|litauen",
    "CN": "china|prc|mainland china|中国|中國|people's republic of china",
    "TW": "taiwan|台灣|臺灣",
    "HK": "hong kong sar|香港",
    "JP": "日本|nippon",
    "KR": "korea|south korea|republic of korea|대한민국|한국",
    "KP": "north korea",
    "VN": "vietnam|viet nam|việt nam",
    "TH": "ประเทศไทย",
    "IN": "bharat|भारत",
    "AE": "uae|u.a.e.|emirates|united arab emirates|الإمارات",
    "SA": "ksa|kingdom of saudi arabia|السعودية",
    "EG": "مصر",
    "IL": "ישראל",
    "IR": "iran|ایران",
    "SY": "syria",
    "BR": "brasil|brasilien",
    "MX": "méxico|mejico",
    "BO": "bolivia",
    "VE": "venezuela",
    "TZ": "tanzania",
    "MD": "moldova",
    "LA": "laos",
    "BN": "brunei",
    "CI": "ivory coast|cote d'ivoire",
    "CD": "dr congo|drc|democratic republic of the congo",
    "CG": "congo-brazzaville|republic of the congo",
    "CV": "cape verde",
    "SZ": "swaziland",
    "MK": "macedonia|north macedonia",
    "MM": "burma",
    "PS": "palestine",
    "FM": "micronesia",
    "XK": "kosovo|xk",
    "NZ": "aotearoa",
    "ZA": "rsa|suid-afrika",
}  # fmt: skip


def _country(text: pl.Expr, _: Options) -> pl.Expr:
    return by_value(text, lambda value: _codes().get(_folded(value)), pl.String())


@functools.cache
def _codes() -> dict[str, str]:
    import pycountry  # noqa: PLC0415 — reading its tables is slow and many commands need none

    codes: dict[str, str] = {}
    for country in pycountry.countries:
        for name in ("official_name", "common_name", "name", "alpha_3", "alpha_2"):
            if hasattr(country, name):
                codes[_folded(getattr(country, name))] = country.alpha_2
    for code, names in _VARIANTS.items():
        codes.update((_folded(name), code) for name in names.split("|"))
    return codes


def _folded(text: str) -> str:
    """A name without case, accents, dots and double blanks."""
    bare = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    letters = "".join(c for c in bare if not unicodedata.combining(c) and c != ".")
    return " ".join(letters.removeprefix("the ").split())


COUNTRY = Transform("country", "text", _country, unchanged, "is not a country that we know")
