"""One HTML file that needs nothing else: no script runs in it and nothing is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.report import charts, groups
from connector.report.drawing import Box, Drawing, number, per_cent
from connector.report.templating import embedded, environment
from scoring.verdict import STAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

_DIMENSIONS = {"source": "source", "owner": "owner", "segment": "segment"}


def funnel_page(figures: Sequence[dict[str, Any]]) -> str:
    """The report of one or more connections, from their figures.

    The figures are in the file as JSON as well, so that what is drawn can be counted again.
    """
    page = environment().get_template("funnel.html.jinja")
    return page.render(
        figures=figures,
        pictures=[_pictures(each) for each in figures],
        names=charts.NAMES,
        shown=groups.SHOWN,
        few=groups.FEW,
        ladder=STAGES,
        json=embedded(list(figures)),
    )


def _pictures(figures: dict[str, Any]) -> dict[str, Any]:
    stages, by = figures["stages"], figures["by"]
    return {
        "usual": _usual(figures),
        "funnel": charts.funnel_chart(stages),
        "drop_off": charts.drop_off_chart(stages),
        "time": charts.time_chart(stages),
        "cohorts": groups.cohort_chart(by["month"]) if by.get("month") else None,
        "small": {name: _small(by[name]) for name in _DIMENSIONS if by.get(name)},
    }


def _small(found: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], Markup]]:
    shown = found[: groups.SHOWN]
    most = groups.common_scale(shown)
    return [(group, groups.small_chart(group, most)) for group in shown]


def _usual(figures: dict[str, Any]) -> Markup:
    """The share that never moved beside the usual one."""
    share, usual = figures["never_moved"], figures["usual_never_moved"]
    title = "Leads that never became more than a lead"
    summary = f"{per_cent(share)}, usual about {per_cent(usual)}"
    drawing = Drawing(charts.WIDTH, 62, title=title, summary=summary)
    bar = Box(0, 20, charts.WIDTH, 18)
    drawing.rect(bar, "track")
    drawing.rect(bar._replace(width=charts.WIDTH * (share or 0) / 100), "open", tip=per_cent(share))
    mark = charts.WIDTH * usual / 100
    drawing.line((mark, 14), (mark, 44), "mark")
    drawing.text((mark, 10), f"usual: about {number(usual)}\u202f%", "tiny", anchor="middle")
    for at, anchor in ((0, "start"), (50, "middle"), (100, "end")):
        drawing.text((charts.WIDTH * at / 100, 56), f"{at}\u202f%", "tiny", anchor=anchor)
    return drawing.markup()
