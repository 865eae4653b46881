"""The HTML file: whole, escaped, self-contained, and with the very figures that it was given."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.report.charts import drop_off_chart, funnel_chart
from connector.report.drawing import number, per_cent, ticks
from connector.report.figures import DIMENSIONS, Asked, funnel_figures
from connector.report.page import funnel_page

AS_OF = datetime(2026, 11, 22, 8, tzinfo=UTC)
NASTY = "</script><script>alert(1)</script><b>&'\""
SVG = "{http://www.w3.org/2000/svg}"
VOID = {"meta", "br"}


def figures(*, source: str = "Web", leads: int = 40, connection: str = "acme") -> dict:
    """Figures of leads of which every second one is an mql and every fourth a sal."""
    rows = [
        (str(n), source, f"005{n % 3}", "b2b", AS_OF - timedelta(days=n), stage, AS_OF)
        for n in range(leads)
        for stage in [("sal", "lead", "mql", "lead")[n % 4]]
    ]
    columns = ("id", "source", "owner", "segment", "created_at", "stage", "entered_at")
    instant = pl.Datetime("us", "UTC")
    types = {name: instant if name.endswith("_at") else pl.String for name in columns}
    history = pl.DataFrame(rows, types, orient="row")
    found = funnel_figures(connection, history, AS_OF, Asked(by=DIMENSIONS))
    hot = {"id": "00Q1", "score": 91.0, "stage": "mql", "priority": "hot", "grade": "A"}
    return found | {"hottest": [hot]}


class Page(HTMLParser):
    """Checks that tags close in order, and collects what the page refers to and says."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag, attrs):
        """An element begins."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """An element without content."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        """An element ends: it is the one that began last."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """A text, as a reader sees it."""
        self.texts.append(data)


def read(text: str) -> Page:
    """The parsed page, all its tags closed."""
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    return page


def embedded(text: str) -> list[dict]:
    """The figures in the file."""
    found = re.search(
        r'<script type="application/json" id="figures">(.*?)</script>', text, re.DOTALL
    )
    assert found is not None
    return json.loads(found[1])


def rects_of(picture: str) -> list[ET.Element]:
    """The rectangles of a picture, in the order in which they were drawn."""
    return ET.fromstring(picture).findall(f"{SVG}rect")  # noqa: S314 — our own drawing


def test_the_file_has_the_very_figures() -> None:
    """What is embedded is what was computed, and each count of a stage is written on the page."""
    given_ = [figures(leads=4_000), figures(connection="other")]
    text = funnel_page(given_)
    assert embedded(text) == json.loads(json.dumps(given_))
    said = " ".join(read(text).texts)
    for stage in given_[0]["stages"]:
        assert number(stage["reached"]) in said
        assert per_cent(stage["share"]) in said
    assert "4,000" in said


def test_nothing_is_fetched_and_no_script_runs() -> None:
    """No address, no import, and the only script element is data."""
    text = funnel_page([figures()])
    page = read(text)
    for tag, attributes in page.tags:
        assert tag not in ("link", "img", "iframe", "object", "base")
        assert not {"src", "onload", "onclick", "style"} & attributes.keys()
        assert attributes.get("href", "#").startswith("#")
        if tag == "script":
            assert attributes["type"] == "application/json"
    outside = re.findall(r"https?://[^\"' ]+", text)
    assert set(outside) <= {"http://www.w3.org/2000/svg"}
    assert "@import" not in text
    assert "url(" not in text


def test_all_texts_are_escaped() -> None:
    """A source that looks like markup is shown as it is written, in texts, pictures and JSON."""
    text = funnel_page([figures(source=NASTY, connection=NASTY)])
    page = read(text)
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert "alert" not in "".join(tag for tag, _ in page.tags)
    assert NASTY in page.texts
    assert embedded(text)[0]["by"]["source"][0]["value"] == NASTY


def test_every_picture_says_in_words_what_it_shows() -> None:
    """Pictures have a role and a label, and tables are beside them."""
    page = read(funnel_page([figures()]))
    pictures = [a for tag, a in page.tags if tag == "svg" and "aria-hidden" not in a]
    assert len(pictures) >= 5
    assert all(a["role"] == "img" and a["aria-label"] for a in pictures)
    assert [tag for tag, _ in page.tags].count("table") >= 5


def test_nobody_to_count() -> None:
    """A connection without leads has a page that says so."""
    assert "There is no lead to count" in funnel_page([figures(leads=0)])


@pytest.mark.parametrize(
    "reached", [[1000, 300, 90, 45, 9, 0], [7, 7, 7, 7, 7, 7], [1, 0, 0, 0, 0, 0]]
)
def test_bars_are_as_wide_as_their_counts(reached: list[int]) -> None:
    """The scale begins at zero: widths are proportional, and nobody has no bar."""
    stages = figures()["stages"]
    for stage, count in zip(stages, reached, strict=True):
        stage["reached"] = count
    rects = rects_of(funnel_chart(stages))
    widths = [float(rect.attrib["width"]) for rect in rects]
    assert len(widths) == sum(count > 0 for count in reached)
    full = widths[0] / reached[0]
    for width, count in zip(widths, reached, strict=False):
        assert width == pytest.approx(max(1.5, full * count), abs=0.01)


def test_parts_of_a_stage_fill_its_bar() -> None:
    """Gone on, open and set aside are all that reached the stage."""
    stages = figures()["stages"]
    drawn = rects_of(drop_off_chart(stages))
    whole = float(next(r for r in drawn if r.attrib["class"] == "track").attrib["width"])
    parts = [
        r
        for r in drawn
        if r.attrib["class"] in ("gone", "open", "aside") and float(r.attrib["height"]) == 20
    ]
    filled = sum(float(part.attrib["width"]) for part in parts)
    reached_any = sum(stage["reached"] > 0 for stage in stages[:-1])
    assert filled == pytest.approx(whole * reached_any, abs=0.1)


@given(st.floats(0.01, 1e7), st.integers(2, 5))
def test_scales_are_round_and_begin_at_zero(most: float, count: int) -> None:
    """A scale covers its greatest value, is evenly spaced, and is not much longer than needed."""
    scale = ticks(most, count)
    assert scale[0] == 0
    assert scale[-1] >= most * (1 - 1e-6)
    assert scale[-2] <= most * (1 + 1e-6)
    assert len(scale) <= count + 2
