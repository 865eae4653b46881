"""The pictures of a trained model: how true its probabilities are, what it finds, what moves it."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

from connector.report.charts import WIDTH
from connector.report.drawing import Box, Drawing, number, per_cent, ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    Figures = dict[str, Any]

_SURE = 1.96
_TEXT = 52


def reliability_chart(random: Figures, forward: Figures | None) -> Markup:
    """What was predicted against what happened, a point per tenth of the leads, with 95 % intervals.

    On the diagonal, of a hundred leads with 30 % thirty converted.
    """
    side, left, top = 284.0, 46.0, 30.0
    shown = [("new", "held out at random", random)]
    if forward is not None:
        shown.append(("old", "forward in time", forward))
    summary = "; ".join(f"calibration error {f['ece']:.1%} {words}" for _, words, f in shown)
    drawing = Drawing(
        WIDTH, top + side + 42, title="Predicted and actual conversion", summary=summary
    )
    square = Box(left, top, side, side)
    _square(drawing, square)
    for style, _, found in reversed(shown):
        _curve(drawing, square, style, found["bins"])
    at = left
    for style, words, _ in shown:
        drawing.rect(Box(at, 4, 11, 11), style)
        drawing.text((at + 16, 14), words, "tiny")
        at += 34 + 6.4 * len(words)
    return drawing.markup()


def _square(drawing: Drawing, box: Box) -> None:
    """Both axes from 0 to 100 %, and the diagonal of true probabilities."""
    for tenth in (0, 20, 40, 60, 80, 100):
        x, y = _place(box, tenth / 100, tenth / 100)
        style = "grid" if tenth else "axis"
        drawing.line((x, box.y), (x, box.y + box.height), style)
        drawing.line((box.x, y), (box.x + box.width, y), style)
        drawing.text((x, box.y + box.height + 15), f"{tenth}\u202f%", "tiny", anchor="middle")
        drawing.text((box.x - 6, y + 4), f"{tenth}\u202f%", "tiny", anchor="end")
    drawing.line(_place(box, 0, 0), _place(box, 1, 1), "diagonal")
    middle = box.x + box.width / 2
    drawing.text((middle, box.y + box.height + 34), "predicted →", "tiny", anchor="middle")
    drawing.text((box.x + 6, box.y + 14), "↑ actual", "tiny")


def _curve(drawing: Drawing, box: Box, style: str, bins: Sequence[Figures]) -> None:
    drawing.polyline([_place(box, b["predicted"], b["actual"]) for b in bins], f"line-{style}")
    for one in bins:
        error = _SURE * sqrt(one["actual"] * (1 - one["actual"]) / one["leads"])
        low, high = max(0.0, one["actual"] - error), min(1.0, one["actual"] + error)
        drawing.line(
            _place(box, one["predicted"], low), _place(box, one["predicted"], high), f"line-{style}"
        )
        tip = (
            f"{number(one['leads'])} leads: predicted {per_cent(100 * one['predicted'])}, "
            f"converted {per_cent(100 * one['actual'])}"
        )
        drawing.circle(_place(box, one["predicted"], one["actual"]), 4.2, style, tip=tip)


def _place(box: Box, predicted: float, actual: float) -> tuple[float, float]:
    return box.x + box.width * predicted, box.y + box.height * (1 - actual)


def lift_chart(random: Figures) -> Markup:
    """Conversion among the best so many per cent of the leads, as a multiple of the average."""
    step, bar, left = 26, 16, 76
    room = WIDTH - left - 52
    lifts = random["lift"]
    most = ticks(max(lifts), 3)[-1]
    summary = f"the best tenth converts {lifts[0]:.2f} times as often as the average"
    drawing = Drawing(WIDTH, step * len(lifts) + 26, title="Lift", summary=summary)
    for tenth, value in enumerate(lifts):
        top = tenth * step + 4.0
        drawing.text((left - 8, top + 13), f"best {10 * (tenth + 1)}\u202f%", "tiny", anchor="end")
        drawing.rect(Box(left, top, room, bar), "track")
        tip = f"{value:.2f} times the average conversion"
        drawing.rect(Box(left, top, room * value / most, bar), "new", tip=tip)
        drawing.text((left + room + 8, top + 13), f"{value:.2f}×", "small")
    x, bottom = left + room / most, step * len(lifts) + 2
    drawing.line((x, 0), (x, bottom), "mark")
    drawing.text((x, bottom + 16), "average", "tiny", anchor="middle")
    return drawing.markup()


def factors_chart(factors: Sequence[Figures]) -> Markup:
    """What raises and what lowers the probability most, in log-odds, the strongest fact first."""
    step, bar = 66, 9
    most = max((abs(f[key]) for f in factors for key in ("best_gives", "worst_gives")), default=1.0)
    summary = "; ".join(f"{f['best']} {f['best_gives']:+.2f}" for f in factors[:3])
    drawing = Drawing(
        WIDTH, step * len(factors), title="What moves the probability", summary=summary
    )
    for row, factor in enumerate(factors):
        for line, (key, style) in enumerate((("best", "up"), ("worst", "down"))):
            top, gives = row * step + line * 29.0, factor[f"{key}_gives"]
            words = factor[key] if len(factor[key]) <= _TEXT else factor[key][: _TEXT - 1] + "…"
            drawing.text((0, top + 11), words, "small")
            drawing.text((WIDTH, top + 11), f"{gives:+.2f}".replace("-", "−"), "tiny", anchor="end")
            box = Box(0, top + 15, max(1.5, WIDTH * abs(gives) / (most or 1.0)), bar)
            drawing.rect(box, style if gives >= 0 or key == "worst" else "down", tip=factor[key])
    return drawing.markup()
