"""The short forms of a mapping file, written out, so that every entry has one shape to check."""

from __future__ import annotations

import datetime
from typing import Any


def usable_sections(content: dict[str, Any]) -> dict[str, Any]:
    """What can be used of a top that is partly wrong."""
    whole: dict[str, Any] = {"read": {}, "write": {}, "convert": None, "history": None}
    whole |= {k: v for k, v in content.items() if k in whole and isinstance(v, dict)}
    return whole


def written_out(content: dict[Any, Any]) -> dict[Any, Any]:
    """The file's content with every short form written out and empty sections left out."""
    normal = {key: value for key, value in content.items() if value is not None}
    for section in ("read", "write"):
        entries = normal.get(section)
        if isinstance(entries, dict):
            normal[section] = {k: _entry(v) for k, v in entries.items() if k != "extra"}
            if section == "read" and isinstance(entries.get("extra"), dict):
                extra = {k: _entry(v) for k, v in entries["extra"].items()}
                normal[section]["extra"] = extra
            elif "extra" in entries and entries["extra"] is not None:
                normal[section]["extra"] = entries["extra"]
    return normal


def _entry(value: Any) -> Any:
    if isinstance(value, list):
        return [_entry(each) for each in value]
    return {"field": value} if isinstance(value, str) else value


def resolved_conversion(convert: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Conversion values with their short forms written out: a template, a fact's name, a value."""
    opportunity = convert.get("opportunity")
    if not isinstance(opportunity, dict):
        return {key: value for key, value in convert.items() if value is not None}
    return {**convert, "opportunity": {k: _source(v, known) for k, v in opportunity.items()}}


def _source(value: Any, known: dict[str, Any]) -> Any:
    if isinstance(value, str):
        if "{" in value or "}" in value:
            return {"template": value}
        return {"field": value} if value in known else {"value": value}
    if isinstance(value, bool | int | float | datetime.date):
        return {"value": value}
    return value
