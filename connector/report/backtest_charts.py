"""The pictures of a backtest: the old model grey, the new one in colour, on one scale from zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.report.charts import NAMES, WIDTH
from connector.report.drawing import Box, Drawing, number, ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    Figures = dict[str, Any]

SIDES = ("old", "new")
LABELS = {**NAMES, "hot": "Hot"}
TIMES = ("lead", "mql", "sal", "sql")
"""The stages whose number of leads is drawn over time."""

LOADS = ("mql", "sal", "sql", "hot")
"""What is drawn of the reps' load."""

SMALL = 250
_STRONG = 0.55


def ends_chart(stages: Sequence[Figures]) -> Markup:
    """How many leads end in each stage, under both models."""
    step, bar, left = 40, 12, 96
    room = WIDTH - left - 84
    stages = [s for s in stages if s["now"]["old"] or s["now"]["new"]]
    most = ticks(max((s["now"][side] for s in stages for side in SIDES), default=1), 3)[-1]
    summary = "; ".join(
        f"{LABELS[s['stage']]} {number(s['now']['old'])}, new {number(s['now']['new'])}"
        for s in stages
    )
    drawing = Drawing(WIDTH, 24 + step * len(stages), title="Where leads end", summary=summary)
    legend(drawing)
    for row, stage in enumerate(stages):
        top = 30 + row * step
        drawing.text((0, top + 17), LABELS[stage["stage"]], "strong")
        for place, side in enumerate(SIDES):
            count = stage["now"][side]
            box = Box(left, top + place * (bar + 2), max(1.5, room * count / most), bar)
            if count:
                drawing.rect(box, side, tip=f"{side} model: {number(count)} leads")
            at = (left + (box.width if count else 0) + 5, box.y + 10)
            drawing.text(at, number(count), "tiny")
        change = stage["now"]["new"] - stage["now"]["old"]
        drawing.text(
            (WIDTH, top + 17), _signed(change), "strong" if change else "tiny", anchor="end"
        )
    return drawing.markup()


def moves_chart(moves: Sequence[Figures]) -> Markup:
    """From which stage to which: a cell per pair, the fuller the more leads; the diagonal stays."""
    stages = [s for s in NAMES if any(s in (m["old"], m["new"]) for m in moves)]
    found = {(m["old"], m["new"]): m["leads"] for m in moves}
    most = max((n for (a, b), n in found.items() if a != b), default=0)
    left, top, cell = 96, 46, (WIDTH - 96) / max(1, len(stages))
    row = min(cell, 40.0)
    changed = sum(n for (a, b), n in found.items() if a != b)
    title = "From which stage to which"
    summary = f"{number(changed)} leads end in another stage"
    drawing = Drawing(WIDTH, top + row * len(stages) + 6, title=title, summary=summary)
    drawing.text((left, 12), "new model →", "tiny")
    drawing.text((0, 12), "old model ↓", "tiny")
    for place, stage in enumerate(stages):
        middle = left + cell * (place + 0.5)
        drawing.text((middle, 36), SHORT.get(stage, LABELS[stage]), "tiny", anchor="middle")
        drawing.text((0, top + row * place + row / 2 + 4), LABELS[stage], "strong")
    for y, old in enumerate(stages):
        for x, new in enumerate(stages):
            box = Box(left + cell * x + 1, top + row * y + 1, cell - 2, row - 2)
            _cell(drawing, box, (old, new), (found.get((old, new), 0), most))
    return drawing.markup()


SHORT = {"opportunity": "Opp.", "customer": "Cust.", "disqualified": "Disq.", "recycled": "Recy."}
"""Names of stages where there is little room."""


def _cell(drawing: Drawing, box: Box, pair: tuple[str, str], counts: tuple[int, int]) -> None:
    (old, new), (count, most) = pair, counts
    drawing.rect(box, "track")
    middle = (box.x + box.width / 2, box.y + box.height / 2 + 4)
    if not count:
        return
    tip = f"{LABELS[old]} → {LABELS[new]}: {number(count)} leads"
    if old == new:
        drawing.text(middle, number(count), "tiny", anchor="middle")
        return
    order = list(NAMES)
    ladder = order[:6]
    down = new not in ladder or (old in ladder and order.index(new) < order.index(old))
    strength = 0.25 + 0.75 * count / most
    drawing.rect(box, "down" if down else "up", tip=tip, opacity=round(strength, 3))
    ink = "small on-heat" if strength > _STRONG else "small"
    drawing.text(middle, number(count), ink, anchor="middle")


def lines_chart(name: str, points: Sequence[tuple[str, Figures]], unit: str) -> Markup:
    """Two lines over time, one per model; `points` are days (ISO) with the numbers of both."""
    height, left, bottom = 120, 30, 98
    room = SMALL - left - 8
    scale = ticks(max((p[side] for _, p in points for side in SIDES), default=1) or 1, 3)
    ends = points[-1][1]
    summary = f"last: old {number(ends['old'])}, new {number(ends['new'])} {unit}"
    drawing = Drawing(SMALL, height, title=LABELS[name], summary=summary)

    def at(place: int, value: float) -> tuple[float, float]:
        share = place / (len(points) - 1) if len(points) > 1 else 0.5
        return left + room * share, bottom - (bottom - 10) * value / scale[-1]

    for value in scale:
        y = at(0, value)[1]
        drawing.line((left, y), (left + room, y), "grid" if value else "axis")
        drawing.text((left - 5, y + 4), number(value), "tiny", anchor="end")
    for side in SIDES:
        drawn = [at(place, values[side]) for place, (_, values) in enumerate(points)]
        drawing.polyline(drawn, f"line-{side}")
        for (x, y), (day, values) in zip(drawn, points, strict=True):
            tip = f"{day}: {number(values[side])} {unit}, {side} model"
            drawing.circle((x, y), 2.2, side, tip=tip)
    drawing.text((left, height - 6), points[0][0], "tiny")
    if len(points) > 1:
        drawing.text((left + room, height - 6), points[-1][0], "tiny", anchor="end")
    return drawing.markup()


def measures_chart(found: Figures) -> Markup:
    """Precision and recall as points with their 95 % intervals; per cent, from 0 to 100."""
    rows = [
        (f"{_pick(kind)}: {name}", measured[name])
        for kind, measured in found["picks"].items()
        for name in ("precision", "recall")
    ]
    summary = "; ".join(f"{words} {_said(r['old'])}, new {_said(r['new'])}" for words, r in rows)
    return _forest(rows, "Precision and recall", summary, (1.0, 100.0, " %"))


def lift_chart(found: Figures) -> Markup:
    """The lift of the top tenth by score with its 95 % interval; 1 is chance."""
    tenth = found["top_tenth"]
    highs = [tenth[side]["high"] or tenth[side]["value"] for side in SIDES if tenth[side]]
    most = ticks(max([1.5, *highs]), 3)[-1]
    rows = [("top tenth by score", tenth)]
    summary = "; ".join(f"{side} {tenth[side]['value']:.2f}" for side in SIDES if tenth[side])
    return _forest(rows, "Lift", summary, (most, 1.0, "×"), mark=1.0)


def _forest(
    rows: Sequence[tuple[str, Figures]],
    title: str,
    summary: str,
    scale: tuple[float, float, str],
    *,
    mark: float | None = None,
) -> Markup:
    """A row per measure: both models' values with their intervals over one another."""
    most, factor, unit = scale
    step, left, right = 58, 14, 74
    room = WIDTH - left - right
    bottom = 28 + step * len(rows)
    drawing = Drawing(WIDTH, bottom + 24, title=title, summary=summary)
    legend(drawing)
    for value in ticks(most * factor, 4):
        x = left + room * value / (most * factor)
        drawing.line((x, 28), (x, bottom), "grid" if value else "axis")
        drawing.text((x, bottom + 16), number(value) + unit, "tiny", anchor="middle")
    if mark is not None:
        x = left + room * mark / most
        drawing.line((x, 46), (x, bottom), "mark")
    for place, (words, measured) in enumerate(rows):
        top = 28 + place * step
        drawing.text((left + 5, top + 15), words, "strong")
        for line, side in enumerate(SIDES):
            box = Box(left, top + 27 + line * 16, room, 0)
            if measured[side] is None:
                drawing.text((left + 5, box.y + 4), "it picks nobody", "tiny")
            else:
                _interval(drawing, box, (side, measured[side]), scale)
    return drawing.markup()


def _interval(
    drawing: Drawing, box: Box, named: tuple[str, Figures], scale: tuple[float, float, str]
) -> None:
    side, measured = named
    most, factor, unit = scale
    low, high = (
        measured[n] if measured[n] is not None else measured["value"] for n in ("low", "high")
    )
    x = [box.x + box.width * min(v, most) / most for v in (low, measured["value"], high)]
    digits = 1 if unit == " %" else 2
    said = [f"{v * factor:.{digits}f}{unit}" for v in (measured["value"], low, high)]
    tip = f"{side} model: {said[0]} ({said[1]} to {said[2]})"
    drawing.rect(Box(x[0], box.y - 2.5, max(1.5, x[2] - x[0]), 5), f"{side}-soft", tip=tip)
    drawing.circle((x[1], box.y), 5, side, tip=tip)
    drawing.text((WIDTH, box.y + 4), said[0], "tiny", anchor="end")


def _pick(kind: str) -> str:
    return "ranked hot" if kind == "hot" else f"reached {LABELS[kind]}"


def _said(measured: Figures | None) -> str:
    return "–" if measured is None else f"{100 * measured['value']:.1f} %"


def legend(drawing: Drawing) -> None:
    """Which colour is which model."""
    for left, side in ((0, "old"), (92, "new")):
        drawing.rect(Box(left, 4, 11, 11), side)
        drawing.text((left + 16, 14), f"{side} model", "tiny")


def _signed(value: float) -> str:
    return f"{value:+,}".replace("-", "−") if value else "±0"
