"""A backtest as one HTML file that needs nothing else: no script runs in it, nothing is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.report import backtest_charts as charts
from connector.report.drawing import number, per_cent
from connector.report.templating import embedded, environment
from scoring.backtest.flips import why_words

if TYPE_CHECKING:
    from markupsafe import Markup

    Figures = dict[str, Any]

SHOWN = 100
"""So many leads of a list are in the tables; the JSON has all of them."""


def backtest_page(figures: Figures) -> str:
    """The report, from the figures that `--json` prints; they are in the file as JSON as well."""
    made = environment()
    made.filters |= {
        "number": number, "per_cent": per_cent, "signed": _signed, "why": why_words,
        "interval": _interval,
    }  # fmt: skip
    return made.get_template("backtest.html.jinja").render(
        it=figures,
        picture=_pictures(figures),
        names=charts.LABELS,
        shown=SHOWN,
        json=embedded(figures),
    )


def _pictures(figures: Figures) -> dict[str, Any]:
    measures = figures["measures"]
    return {
        "ends": charts.ends_chart(figures["stages"]),
        "moves": charts.moves_chart(figures["moves"]),
        "times": _times(figures),
        "loads": _loads(figures),
        "measures": None if measures["silent"] else charts.measures_chart(measures),
        "lift": None if measures["silent"] else charts.lift_chart(measures),
    }


def _times(figures: Figures) -> list[tuple[str, Markup]]:
    days = figures["timeline"]
    if len(days) < 2:  # noqa: PLR2004 — a line needs two points
        return []
    return [
        (name, charts.lines_chart(name, [(d["day"], d["stages"][name]) for d in days], "leads"))
        for name in charts.TIMES
    ]


def _loads(figures: Figures) -> list[tuple[str, Markup]]:
    load = figures["load"]
    if load["silent"] or len(load["weeks"]) < 2:  # noqa: PLR2004 — a line needs two points
        return []
    return [
        (
            name,
            charts.lines_chart(
                name, [(w["week"], w[name]) for w in load["weeks"]], "leads that week"
            ),
        )
        for name in charts.LOADS
        if any(week[name][side] for week in load["weeks"] for side in charts.SIDES)
    ]


def _signed(value: float) -> str:
    """A change: +3, −1.5, ±0."""
    text = f"{value:+,.1f}".removesuffix(".0").replace("-", "−")
    return text if round(value, 1) else "±0"


def _interval(measured: Figures | None, kind: str) -> str:
    """A measure with its interval: 25.2 % (19.9 to 31.4), or 2.34 (1.53 to 3.27)."""
    if measured is None:
        return "–"
    factor, digits, unit = (1, 2, "") if kind == "lift" else (100, 1, "\u202f%")
    said = [
        "–" if v is None else f"{v * factor:.{digits}f}".replace("-", "−")
        for v in (measured["value"], measured["low"], measured["high"])
    ]
    return f"{said[0]}{unit} ({said[1]} to {said[2]})"
