"""A trained model's card as one HTML file that needs nothing else: no script runs in it."""

from __future__ import annotations

from typing import Any

from connector.report import training_charts as charts
from connector.report.drawing import per_cent
from connector.report.templating import embedded, environment
from scoring.words import label

Figures = dict[str, Any]

LEVELS = {
    "refused": "Kept out: written too late",
    "doubtful": "Kept out: doubtful",
    "dropped": "Cannot help",
    "note": "Worth knowing",
}
"""Headings of what was found out about columns, the worst first."""


def training_page(told: Figures) -> str:
    """The card, from what `leadgate train --json` prints; it is in the file as JSON as well."""
    made = environment()
    made.filters |= {"label": label, "share": _share}
    card = told["card"]
    return made.get_template("training.html.jinja").render(
        it=told,
        card=card,
        picture=None if card is None else _pictures(card),
        findings={
            heading: [found for found in told["findings"] if found["level"] == level]
            for level, heading in LEVELS.items()
        },
        json=embedded(told),
    )


def _pictures(card: Figures) -> Figures:
    named = [
        factor | {key: _named(factor[key], factor["column"]) for key in ("best", "worst")}
        for factor in card["factors"]
    ]
    return {
        "reliability": charts.reliability_chart(card["random"], card["forward"]),
        "lift": charts.lift_chart(card["random"]),
        "factors": charts.factors_chart(named),
    }


def _named(words: str, column: str) -> str:
    return words.replace(column, label(column), 1)


def _share(value: float) -> str:
    """A share of 0 to 1 as per cent."""
    return per_cent(100 * value)
