"""A small SVG drawing: shapes and texts in units of its view box, all texts escaped."""

from __future__ import annotations

import math
from typing import NamedTuple

from markupsafe import Markup

_STEPS = (1, 2, 2.5, 5, 10)


class Box(NamedTuple):
    """A rectangle: its left upper corner, width and height."""

    x: float
    y: float
    width: float
    height: float


class Drawing:
    """Shapes in the order in which they were drawn; `title` and `summary` say it in words."""

    def __init__(self, width: float, height: float, *, title: str, summary: str = "") -> None:
        self.width, self.height = width, height
        self.title, self.summary = title, summary
        self._parts: list[Markup] = []

    def rect(self, box: Box, style: str, *, tip: str = "", opacity: float | None = None) -> None:
        """A filled rectangle; `tip` is shown where the pointer rests."""
        strength = Markup("") if opacity is None else Markup(' fill-opacity="{}"').format(opacity)
        corner = Markup(' x="{}" y="{}"').format(_plain(box.x), _plain(box.y))
        size = Markup(' width="{}" height="{}"').format(_plain(box.width), _plain(box.height))
        rect = Markup('<rect class="{}"{}{}{} rx="2">{}</rect>')
        self._add(rect.format(style, corner, size, strength, _tip(tip)))

    def polygon(self, points: list[tuple[float, float]], style: str) -> None:
        """A filled polygon."""
        corners = " ".join(f"{_plain(x)},{_plain(y)}" for x, y in points)
        self._add(Markup('<polygon class="{}" points="{}"/>').format(style, corners))

    def line(self, start: tuple[float, float], end: tuple[float, float], style: str) -> None:
        """A straight line."""
        ends = Markup(' x1="{}" y1="{}" x2="{}" y2="{}"').format(*map(_plain, (*start, *end)))
        self._add(Markup('<line class="{}"{}/>').format(style, ends))

    def polyline(self, points: list[tuple[float, float]], style: str, *, tip: str = "") -> None:
        """A line through points, not filled."""
        corners = " ".join(f"{_plain(x)},{_plain(y)}" for x, y in points)
        line = Markup('<polyline class="{}" fill="none" points="{}">{}</polyline>')
        self._add(line.format(style, corners, _tip(tip)))

    def circle(self, at: tuple[float, float], radius: float, style: str, *, tip: str = "") -> None:
        """A filled circle."""
        place = Markup(' cx="{}" cy="{}" r="{}"').format(*map(_plain, (*at, radius)))
        self._add(Markup('<circle class="{}"{}>{}</circle>').format(style, place, _tip(tip)))

    def text(
        self, at: tuple[float, float], words: str, style: str = "", *, anchor: str = "start"
    ) -> None:
        """A text on one line; `anchor` is start, middle or end."""
        place = Markup(' x="{}" y="{}"').format(*map(_plain, at))
        self._add(
            Markup('<text class="{}"{} text-anchor="{}">{}</text>').format(
                style, place, anchor, words
            )
        )

    def markup(self) -> Markup:
        """The SVG element; it needs no other file."""
        size = Markup('viewBox="0 0 {} {}"').format(_plain(self.width), _plain(self.height))
        label = ". ".join(part for part in (self.title, self.summary) if part)
        head = Markup('<svg xmlns="http://www.w3.org/2000/svg" {} role="img" aria-label="{}">')
        return head.format(size, label) + Markup("").join(self._parts) + Markup("</svg>")

    def _add(self, part: Markup) -> None:
        self._parts.append(part)


def ticks(most: float, count: int = 4) -> list[float]:
    """Round values from zero up to the first that is not below `most`."""
    if most <= 0:
        return [0.0, 1.0]
    raw = most / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in _STEPS if s * power >= raw * (1 - 1e-9))
    return [round(step * n, 10) for n in range(math.ceil(most / step - 1e-9) + 1)]


def number(value: float) -> str:
    """A number with thousands separators, without needless decimals."""
    text = f"{value:,.1f}"
    return text.removesuffix(".0")


def per_cent(value: float | None) -> str:
    """A share with its sign, or a dash where there is none."""
    if value is None:
        return "–"
    text = f"{value:.0f}" if value in (0, 100) else f"{value:.1f}"
    return f"{text}\u202f%"


def days(value: float | None) -> str:
    """A length of time with its unit, or a dash where there is none."""
    if value is None:
        return "–"
    return f"{number(value)}\u202fday{'' if value == 1 else 's'}"


def _plain(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _tip(words: str) -> Markup:
    return Markup("<title>{}</title>").format(words) if words else Markup("")
