"""What every HTML report is made with: the templates, and figures as JSON inside a page."""

from __future__ import annotations

import json
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from connector.report.drawing import days, number, per_cent


def environment() -> Environment:
    """The templates of `connector/report/templates`; texts are escaped, a missing name is an error."""
    made = Environment(
        loader=PackageLoader("connector.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": number, "per_cent": per_cent, "days": days}
    return made


def embedded(figures: Any) -> Markup:
    """JSON that no text in it can leave."""
    text = json.dumps(figures, ensure_ascii=False, default=str)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 — every sign that could end the element is escaped
