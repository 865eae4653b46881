"""The pictures of a funnel, drawn from its figures. Every scale begins at zero and is labelled."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from connector.report.drawing import Box, Drawing, days, number, per_cent, ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    Stage = dict[str, Any]

WIDTH = 360
"""Width of a picture in its own units; texts of 12 units stay readable on a telephone."""

NAMES = {
    "lead": "Lead", "mql": "MQL", "sal": "SAL", "sql": "SQL", "opportunity": "Opportunity",
    "customer": "Customer", "disqualified": "Disqualified", "recycled": "Recycled",
}  # fmt: skip
MEANINGS = {
    "lead": "has shown interest", "mql": "marketing qualified", "sal": "sales accepted",
    "sql": "sales qualified", "opportunity": "converted", "customer": "won",
}  # fmt: skip
_LEAST_VISIBLE = 1.5


def funnel_chart(stages: Sequence[Stage]) -> Markup:
    """How many leads came to each stage, one bar below the other, centred."""
    step, bar, middle, room = 52, 28, 213.0, 160.0
    most = max(1, stages[0]["reached"])
    summary = ", ".join(f"{NAMES[s['stage']]} {number(s['reached'])}" for s in stages)
    drawing = Drawing(WIDTH, step * len(stages) - 16, title="Leads per stage", summary=summary)
    widths = [_visible(room * s["reached"] / most) for s in stages]
    for row, (stage, width) in enumerate(zip(stages, widths, strict=True)):
        top = row * step + 2
        if row:
            _between(drawing, (middle, top - step + bar), widths[row - 1 : row + 1], step - bar)
            drawing.text((middle, top - 8), per_cent(stage["conversion"]), "small", anchor="middle")
        tip = f"{NAMES[stage['stage']]}: {number(stage['reached'])} leads"
        style = f"step{row}"
        if width:
            drawing.rect(Box(middle - width / 2, top, width, bar), style, tip=tip)
        drawing.text((0, top + 13), NAMES[stage["stage"]], "strong")
        drawing.text((0, top + 26), MEANINGS[stage["stage"]], "tiny")
        drawing.text((WIDTH, top + 13), number(stage["reached"]), "strong", anchor="end")
        drawing.text((WIDTH, top + 26), per_cent(stage["share"]), "tiny", anchor="end")
    return drawing.markup()


def _between(
    drawing: Drawing, at: tuple[float, float], widths: Sequence[float], height: float
) -> None:
    """The slope from one bar to the next."""
    (middle, top), (above, below) = at, widths
    corners = [
        (middle - above / 2, top),
        (middle + above / 2, top),
        (middle + below / 2, top + height),
        (middle - below / 2, top + height),
    ]
    drawing.polygon(corners, "slope")


def drop_off_chart(stages: Sequence[Stage]) -> Markup:
    """What became of the leads of each stage: gone on, still open, or set aside; to 100 %."""
    step, bar, legend = 50, 20, 26
    pairs = list(pairwise(stages))
    summary = "; ".join(
        f"{NAMES[a['stage']]} to {NAMES[b['stage']]}: {per_cent(b['drop_off'])} came no further"
        for a, b in pairs
        if a["reached"]
    )
    height = legend + step * len(pairs) + 6
    drawing = Drawing(WIDTH, height, title="Where leads are lost", summary=summary)
    _legend(
        drawing, [("gone", "went on"), ("open", "still open"), ("aside", "disqualified, recycled")]
    )
    for row, (stage, following) in enumerate(pairs):
        top = legend + row * step + 18
        way = f"{NAMES[stage['stage']]} → {NAMES[following['stage']]}"
        drawing.text((0, top - 6), way, "strong")
        of = f"of {number(stage['reached'])}" if stage["reached"] else "nobody here yet"
        drawing.text((WIDTH, top - 6), of, "tiny", anchor="end")
        drawing.rect(Box(0, top, WIDTH, bar), "track")
        parts = (("gone", following["reached"]), ("open", stage["open"]), ("aside", stage["aside"]))
        _stack(drawing, Box(0, top, WIDTH, bar), parts, stage["reached"])
    return drawing.markup()


def _stack(drawing: Drawing, box: Box, parts: Sequence[tuple[str, int]], whole: int) -> None:
    """Parts of a whole side by side; a part says its share where there is room for it."""
    left = box.x
    for style, count in parts:
        if not count:
            continue
        width = box.width * count / whole
        share = per_cent(round(100 * count / whole, 1))
        tip = f"{number(count)} leads, {share}"
        drawing.rect(Box(left, box.y, width, box.height), style, tip=tip)
        if width > 46:  # noqa: PLR2004 — the widest share is so wide
            at = (left + width / 2, box.y + 14)
            drawing.text(at, share, f"small on-{style}", anchor="middle")
        left += width


def time_chart(stages: Sequence[Stage]) -> Markup:
    """How long leads stay in each stage: stays that have ended, and those that last."""
    step, bar, legend, left = 42, 12, 26, 96
    room = WIDTH - left - 74
    known = [s[n] or 0 for s in stages for n in ("median_days", "waiting_days")]
    scale = ticks(max(known), 3)
    height = legend + step * len(stages) + 22
    summary = "; ".join(
        f"{NAMES[s['stage']]}: left after {days(s['median_days'])}, waiting {days(s['waiting_days'])}"
        for s in stages
    )
    drawing = Drawing(WIDTH, height, title="Median time in each stage", summary=summary)
    _legend(drawing, [("gone", "until they left it"), ("open", "waiting there now")])
    _axis(drawing, Box(left, legend, room, step * len(stages)), scale, " d")
    for row, stage in enumerate(stages):
        top = legend + row * step + 7
        drawing.text((0, top + 17), NAMES[stage["stage"]], "strong")
        for offset, style, value in (
            (0, "gone", stage["median_days"]),
            (bar + 3, "open", stage["waiting_days"]),
        ):
            width = _visible(room * (value or 0) / scale[-1])
            if width:
                drawing.rect(Box(left, top + offset, width, bar), style, tip=days(value))
            drawing.text((left + width + 5, top + offset + 10), days(value), "tiny")
    return drawing.markup()


def _axis(drawing: Drawing, box: Box, scale: Sequence[float], unit: str) -> None:
    for value in scale:
        x = box.x + box.width * value / scale[-1]
        drawing.line((x, box.y), (x, box.y + box.height), "grid" if value else "axis")
        words = number(value) + unit
        drawing.text((x, box.y + box.height + 15), words, "tiny", anchor="middle")


def _legend(drawing: Drawing, entries: Sequence[tuple[str, str]]) -> None:
    left = 0.0
    for style, words in entries:
        drawing.rect(Box(left, 4, 11, 11), style)
        drawing.text((left + 16, 14), words, "tiny")
        left += 16 + 6.6 * len(words) + 12


def _visible(width: float) -> float:
    """Nothing for nothing; anything else can at least be seen."""
    return max(_LEAST_VISIBLE, width) if width else 0.0
