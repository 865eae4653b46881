"""`share: engagement` as a user runs it, over two files of the same people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import leadgate

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = """
ledger: sqlite:///leadgate.db
connections:
  acme: {crm: csv, path: acme.csv, id: id, model: model.yaml}
  acme-marketing: {crm: csv, path: market.csv, id: id, model: model.yaml}
"""
MODEL = """
name: small
version: 1
share: engagement
groups: {web: {side: engagement}}
rules:
  - {id: came, group: web, when: {visits: {at_least: 3}}, points: 30, reason: came back}
  - {id: clicks, group: web, when: {emails_clicked: {at_least: 1}}, points: 20, reason: clicked}
  - {id: out, group: web, when: {email_opt_out: true}, points: -5, reason: opted out}
cycles: [{name: all, gates: {mql: {criteria: [{score: {at_least: 50}}]}}}]
"""
ACME = """id,email,visits
1,ann@firm.example,1
2,bob@firm.example,
3,cy@firm.example,4
4,cy@firm.example,1
"""
MARKET = """id,email,visits,emails_clicked,email_opt_out
71, ANN@firm.example,5,2,false
72,bob@firm.example,2,,true
73,cy@firm.example,30,,true
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of two files, synced twice: each connection knows of the other."""
    texts = {"leadgate.yaml": PROJECT, "model.yaml": MODEL, "acme.csv": ACME, "market.csv": MARKET}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for _ in range(2):
        assert leadgate(tmp_path, "sync").code == 0
    return tmp_path


def explained(project: Path, lead: str) -> dict[str, Any]:
    """What `leadgate explain` says of a lead of the first file."""
    found: dict[str, Any] = leadgate(project, "explain", lead, "-c", "acme", "--json").json
    return found


def synced(project: Path) -> dict[str, Any]:
    """The report of a sync of the first file alone."""
    report: dict[str, Any] = leadgate(project, "sync", "acme", "--json").json
    return report


def test_engagement_of_the_other_connection_counts(project: Path) -> None:
    """The visits and clicks seen elsewhere make the score, and explain names where they came from."""
    found = explained(project, "1")
    told = leadgate(project, "explain", "1", "-c", "acme").out

    assert (found["explanation"]["score"], found["explanation"]["stage"]) == (50, "mql")
    assert found["shared"]["facts"]["visits"] == {"value": 5, "own": 1, "from": "acme-marketing"}
    assert "came back (from acme-marketing)" in told
    assert "visits: 5 from acme-marketing (here 1)" in told


def test_the_verdict_can_be_replayed_with_what_was_shared(project: Path) -> None:
    """The facts kept with the verdict are the ones put together, so it comes out the same again."""
    day = explained(project, "1")["verdict"]["as_of"]
    replayed = leadgate(project, "explain", "1", "-c", "acme", "--as-of", day, "--json").json

    assert replayed["differs"] == []
    assert replayed["explanation"]["score"] == 50
    assert replayed["shared"]["facts"]["visits"]["from"] == "acme-marketing"


def test_an_ambiguous_address_shares_no_engagement_and_says_so(project: Path) -> None:
    """Two leads with one address get no visits from elsewhere; the refusal counts for both."""
    found = explained(project, "3")

    assert found["shared"]["apart"] == "2 leads here have this address"
    assert set(found["shared"]["facts"]) == {"email_opt_out"}
    assert found["explanation"]["score"] == 25


def test_news_elsewhere_is_judged_without_reading_here(project: Path) -> None:
    """When the other file changes, the next sync judges its persons here again, from the ledger."""
    assert synced(project)["planned"] == 0

    text = MARKET.replace("72,bob@firm.example,2,,true", "72,bob@firm.example,7,1,true")
    (project / "market.csv").write_text(text, encoding="utf-8")
    assert leadgate(project, "sync", "acme-marketing").code == 0
    report = synced(project)

    assert (report["read"], report["planned"], report["written"]) == (0, 1, 1)
    assert explained(project, "2")["explanation"]["score"] == 45
    again = synced(project)
    assert (again["rescored"], again["planned"]) == (0, 0)


def test_without_the_key_nothing_is_shared(project: Path) -> None:
    """Taking the key out of the model judges every lead by its own connection again."""
    (project / "model.yaml").write_text(MODEL.replace("share: engagement\n", ""), encoding="utf-8")
    synced(project)
    found = explained(project, "1")

    assert (found["explanation"]["score"], found["shared"]["facts"]) == (0, {})


def test_a_wrong_word_is_refused_with_its_place(project: Path) -> None:
    """What can be shared is named where something else stands."""
    text = MODEL.replace("share: engagement", "share: [engagment]")
    (project / "model.yaml").write_text(text, encoding="utf-8")
    ran = leadgate(project, "check", "acme")

    assert ran.code == 2
    assert "model.yaml:4: share" in ran.err + ran.out
    assert "must be one of: engagement" in ran.err + ran.out
