"""Pictures of many groups side by side: small funnels on one scale, and cohorts by month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.report.charts import NAMES, WIDTH
from connector.report.drawing import Box, Drawing, number, per_cent, ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    Group = dict[str, Any]

SHOWN = 12
"""So many groups have a picture; the table has all of them."""

MONTHS = 24
"""So many cohorts have a row; the table has all of them."""

FEW = 20
"""A group of fewer leads says little; it is marked."""

WARM, STRONG = 0.5, 0.75
"""From which strength of its colour a cell needs another ink, on dark and on light paper."""

_SMALL = 190
SHORT = {"mql": "MQL", "sal": "SAL", "sql": "SQL", "opportunity": "Opp.", "customer": "Cust."}


def common_scale(groups: Sequence[Group]) -> float:
    """The end of the scale that all small pictures share, per cent of a group's leads."""
    return ticks(max((s["share"] or 0 for g in groups for s in g["stages"][1:]), default=0), 2)[-1]


def small_chart(group: Group, most: float) -> Markup:
    """What share of one group's leads came to each stage above the first."""
    step, bar, left = 18, 12, 40
    room = _SMALL - left - 48
    stages = group["stages"][1:]
    summary = ", ".join(f"{NAMES[s['stage']]} {per_cent(s['share'])}" for s in stages)
    title = f"{group['value']}: {number(group['leads'])} leads"
    drawing = Drawing(_SMALL, step * len(stages) + 20, title=title, summary=summary)
    for row, stage in enumerate(stages):
        top = row * step + 3
        width = room * (stage["share"] or 0) / most
        drawing.rect(Box(left, top, room, bar), "track")
        if stage["reached"]:
            tip = f"{NAMES[stage['stage']]}: {number(stage['reached'])} leads"
            drawing.rect(Box(left, top, max(width, 1), bar), f"step{row + 1}", tip=tip)
        drawing.text((0, top + 10), SHORT[stage["stage"]], "tiny")
        drawing.text((_SMALL, top + 10), per_cent(stage["share"]), "tiny", anchor="end")
    bottom = step * len(stages)
    drawing.line((left, bottom + 3), (left + room, bottom + 3), "axis")
    drawing.text((left, bottom + 16), "0", "tiny")
    drawing.text((left + room, bottom + 16), _end(most), "tiny", anchor="end")
    return drawing.markup()


def cohort_chart(groups: Sequence[Group]) -> Markup:
    """The share of each month's leads that came to each stage, the darker the more."""
    shown = list(groups)[-MONTHS:][::-1]
    most = max((s["share"] or 0 for g in shown for s in g["stages"][1:]), default=0)
    row_height, top, left = 25, 20, 104
    column = (WIDTH - left) / 5
    height = top + row_height * len(shown) + 30
    title = "Cohorts by the month in which leads began"
    summary = "; ".join(
        f"{g['value']}: {number(g['leads'])} leads, {per_cent(g['stages'][1]['share'])} MQL"
        for g in shown
    )
    drawing = Drawing(WIDTH, height, title=title, summary=summary)
    drawing.text((94, 12), "leads", "tiny", anchor="end")
    for number_, name in enumerate(SHORT.values()):
        at = (left + column * (number_ + 0.5), 12)
        drawing.text(at, name, "tiny", anchor="middle")
    for row, group in enumerate(shown):
        _cohort(drawing, group, Box(left, top + row * row_height, column, row_height), most)
    _strength(drawing, top + row_height * len(shown) + 8, most)
    return drawing.markup()


def _cohort(drawing: Drawing, group: Group, first: Box, most: float) -> None:
    baseline = first.y + 16
    few = " muted" if group["leads"] < FEW else ""
    drawing.text((0, baseline), group["value"], f"small{few}")
    drawing.text((94, baseline), number(group["leads"]), f"tiny{few}", anchor="end")
    for index, stage in enumerate(group["stages"][1:]):
        share = stage["share"] or 0
        strength = share / most if most else 0
        x = first.x + index * first.width
        cell = Box(x + 1, first.y + 1, first.width - 2, first.height - 2)
        tip = f"{group['value']}, {NAMES[stage['stage']]}: {number(stage['reached'])} of {number(group['leads'])}"
        drawing.rect(cell, "track")
        drawing.rect(cell, "heat", tip=tip, opacity=round(strength, 3))
        ink = f"small {_ink(strength)}"
        drawing.text(
            (x + first.width / 2, baseline), per_cent(stage["share"]), ink, anchor="middle"
        )


def _ink(strength: float) -> str:
    """The colour of a text on a cell; where it changes differs on light and dark paper."""
    if strength > STRONG:
        return "on-heat"
    return "on-warm" if strength > WARM else "on-cool"


def _strength(drawing: Drawing, top: float, most: float) -> None:
    """The legend of the colours, from zero."""
    drawing.text((104, top + 10), "0", "tiny", anchor="end")
    for step in range(20):
        drawing.rect(Box(110 + step * 8, top, 8, 12), "heat", opacity=round((step + 0.5) / 20, 3))
    drawing.text((276, top + 10), _end(most), "tiny")


def _end(most: float) -> str:
    """The end of a scale."""
    return f"{number(most)}\u202f%"
