"""Queries put together from names that are checked and values that are quoted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connector.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME = re.compile(r"^[A-Za-z]\w*(?:\.[A-Za-z]\w*){0,5}$")


def select(names: Iterable[str], source: str, rest: str = "") -> str:
    """`SELECT names FROM source rest`. Raises `ConfigurationError` for what cannot be a field."""
    listed = list(names)
    for name in (*listed, source):
        if not _NAME.match(name):
            raise ConfigurationError(f'"{name}" cannot be the name of a Salesforce field.')
    return f"SELECT {', '.join(listed)} FROM {source} {rest}".rstrip()  # noqa: S608 — names are checked, values quoted by `where`


def count(source: str, rest: str = "") -> str:
    """`SELECT COUNT() FROM source rest`."""
    return f"SELECT COUNT() FROM {source} {rest}".rstrip()  # noqa: S608 — as above


def where(template: str, *values: Any) -> str:
    """A condition whose `{}` are replaced by quoted and escaped values."""
    from simple_salesforce.format import format_soql  # noqa: PLC0415 — the SDK is slow to import

    return "WHERE " + str(format_soql(template, *values))
