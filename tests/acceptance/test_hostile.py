"""Leads that want to be more than text: in queries, in XML, in sheets, on the terminal and in pages."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from connector.cli import console as consoles
from tests.support import WORLDS, leadgate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support import Ran, World

MARKUP = "[red]Boom[/] [/] [link=https://evil.example]x[/link] \\"
ESCAPES = "\x1b[2J\x1b]0;owned\x07 \x9b31m \u202egnp.exe"
PAGE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
XML = "</leadId><x>&amp;&lt;]]></x><!-- & \" '"
SHEET = "=cmd|' /C calc'!A0"
TEMPLATE = "{{ 7*7 }}{% for x in ().__class__.__base__.__subclasses__() %}"
ALL = f"{MARKUP} {PAGE} {TEMPLATE}"
INJECTIONS = (
    "x' OR Email != '@evil.example",
    "x\\' OR IsDeleted = false OR Name = \\'@evil.example",
    '") OR ("@evil.example',
    "a@b.example%' AND Id != '",
    "00Q' OR Id != '",
)


def hostile(world: World) -> str:
    """A lead all of whose words are dangerous somewhere; it is converted."""
    named = (
        {"FirstName": SHEET, "LastName": MARKUP[:60], "Company": f"{XML} {PAGE}", "Title": ESCAPES}
        if world.crm == "salesforce"
        else {"firstname": SHEET, "lastname": ALL, "company": f"{XML} {PAGE}", "jobtitle": ESCAPES}
    )
    return world.plant("hostile@planted.example", **named)


def said_by_all(world: World, lead: str) -> list[Ran]:
    """What every command says that may show something of a lead."""
    commands: tuple[tuple[str, ...], ...] = (
        ("-v", "sync"), ("plan", world.crm, "--full"), ("explain", lead),
        ("explain", "hostile@planted.example"), ("explain",), ("ask", "-c", world.crm),
        ("funnel", "--by", "source", "--by", "owner"), ("rejects",), ("runs",),
        ("funnel", "--html", "page.html", "--with-names"), ("check",),
    )  # fmt: skip
    return [world.run(*command) for command in commands]


def test_hostile_words_stay_words(world: World) -> None:
    """No markup is obeyed, no escape reaches the terminal, no tag the page; values move as they are."""
    lead = hostile(world)
    planned = world.run("plan", world.crm)
    ran = [planned, *said_by_all(world, lead)]

    for one in ran:
        assert "defect" not in one.err
        assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(one.out + one.err)
    page = (world.folder / "page.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert world.opportunities().get(lead) == 1
    assert XML in opportunity_name(world, lead)


def opportunity_name(world: World, lead: str) -> str:
    """The name of the opportunity that we made of a lead."""
    if world.crm == "salesforce":
        row = world.org.rows(f"SELECT ConvertedOpportunityId FROM Lead WHERE Id = '{lead}'")[0]  # noqa: S608 — a test's own id
        made = row["ConvertedOpportunityId"]
        return str(world.org.rows(f"SELECT Name FROM Opportunity WHERE Id = '{made}'")[0]["Name"])  # noqa: S608 — as above
    with world.portal.lock:
        deals = world.portal.records.stores["deals"].records.values()
        return next(d.properties["dealname"] for d in deals if int(lead) in d.linked("contacts"))


@pytest.mark.parametrize("text", INJECTIONS)
def test_address_on_the_command_line_is_a_value(injected: World, text: str) -> None:
    """Whatever is given as a lead is looked for as it is: nobody is found, and nothing else happens."""
    writes = injected.writes()
    for command in (
        ("explain", text),
        ("convert", text),
        ("answer", text, "budget=5"),
        ("ask", text),
    ):
        ran = injected.run(*command)
        assert ran.code == 2, (command, ran.out)
        assert "defect" not in ran.err
        assert "evil.example" not in ran.err
    assert injected.writes() == writes


@pytest.fixture(scope="module", params=["hubspot", "salesforce"])
def injected(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A settled world for all injections."""
    world = WORLDS[request.param](tmp_path_factory.mktemp("injected"), 8)
    assert world.run("setup", request.param, "--yes").code == 0
    world.sync()
    yield world
    world.close()


def test_terminal_gets_no_control_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal, too, where styles are escapes: those of the text are shown, not obeyed."""
    shown = io.StringIO()
    monkeypatch.setattr(shown, "isatty", lambda: True)
    console = consoles._console(shown)
    assert isinstance(console, Console)
    table = consoles.table("name")
    table.add_row(f"cell {ESCAPES}")
    console.print(f"[bold]line[/] {ESCAPES}")
    console.print(table)
    console.print(f"plain {ESCAPES}", markup=False)

    for sign in ("\x1b[2J", "\x1b]0", "\x07", "\x9b", "\u202e"):
        assert sign not in shown.getvalue()
    assert "owned" in shown.getvalue()


def test_exported_sheets_hold_no_formulas(tmp_path: Path) -> None:
    """Every cell of the files that we write for spreadsheets is text or a number."""
    rows = [
        {"email": f"a{n}@planted.example", "first_name": text, "company": text, "title": text}
        for n, text in enumerate((SHEET, "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"))
    ]
    with (tmp_path / "leads.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert leadgate(tmp_path, "init", ".", "--crm", "csv").code == 0
    ran = leadgate(tmp_path, "sync")
    assert ran.code == 0, ran.err

    for path in tmp_path.glob("*.csv"):
        if path.name == "leads.csv":
            continue
        with path.open(newline="", encoding="utf-8") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert cells
        risky = [c for c in cells if c[:1] in "=+@\t\r" and c] + [
            c for c in cells if c.startswith("-") and not c.replace(".", "")[1:].isdigit()
        ]
        assert risky == []


def test_http_beyond_this_machine_is_refused(make_world: Callable[..., World]) -> None:
    """Plain http to any other host is a mistake in the settings, before anything is sent."""
    world = make_world("hubspot", 4, ready=False)
    for address in ("http://api.hubapi.com", "http://127.0.0.1.evil.example", "http://0.0.0.0:1"):
        text = (world.folder / "leadgate.yaml").read_text(encoding="utf-8")
        (world.folder / "leadgate.yaml").write_text(text.replace(world.served.url, address))
        ran = world.run("sync")
        assert (ran.code, "https://" in ran.err) == (2, True)
        (world.folder / "leadgate.yaml").write_text(text)
    assert world.calls() == {}
