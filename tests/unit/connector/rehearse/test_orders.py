"""What may be asked of a rehearsal, and what is said of what may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.errors import ConfigurationError
from connector.rehearsal.faults import FAULTS, USUAL, chosen_faults
from connector.template import write_project
from tests.support import leadgate
from tests.unit.connector.rehearse.conftest import taken_of, world

if TYPE_CHECKING:
    from pathlib import Path

LEADS = """\
id,email,first_name,last_name,company,title,country
1,ada@planted.example,Ada,Planted,Planted Works,CEO,Germany
2,bob@planted.example,Bob,Planted,Planted Works,Intern,Germany
"""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("none", ()),
        ("usual", USUAL),
        ("all", tuple(FAULTS)),
        ("row-lock, 429", ("429", "row-lock")),
        ("usual,bad-value", (*USUAL[:4], "bad-value", USUAL[4])),
    ],
)
def test_faults_are_chosen_by_group_and_by_name(text: str, names: tuple[str, ...]) -> None:
    """Groups and names may be mixed; each fault is made once."""
    assert names == tuple(fault.name for fault in chosen_faults(text))


def test_unknown_fault_is_told_with_the_nearest() -> None:
    """A typing error costs no reading of the live CRM."""
    with pytest.raises(ConfigurationError, match=r'"row-lok" is not a fault.*"row-lock"'):
        chosen_faults("row-lok")


def test_csv_is_copied_and_left_alone(tmp_path: Path) -> None:
    """A file is rehearsed on a copy of itself: no verdict is written beside the real one."""
    write_project(tmp_path, ["csv"])
    (tmp_path / "leads.csv").write_text(LEADS, encoding="utf-8")

    ran = leadgate(tmp_path, "rehearse", "csv", "--json")

    assert ran.code in (0, 3), ran.err
    assert ran.json["leads"] == 2
    assert ran.json["second"] == 0
    assert not any(fault["possible"] for fault in ran.json["faults"])
    assert (tmp_path / "leads.csv").read_text(encoding="utf-8") == LEADS
    assert not (tmp_path / "judged.csv").exists()
    assert not (tmp_path / "leadgate.db").exists()


def test_mapping_that_does_not_fit_is_told_before_leads_are_read(tmp_path: Path) -> None:
    """The place in the file and the nearest field, as `check` tells them, and no lead was asked for."""
    with world("salesforce", tmp_path, 2) as live:
        live.edit("mappings/salesforce.yaml", "email: Email", "email: Emial")

        ran = live.run("rehearse", "salesforce")

        assert ran.code == 2
        assert 'Did you mean "Email"' in ran.err
        assert not [call for call in live.calls() if "query" in call]


def test_object_without_a_copy_is_told(tmp_path: Path) -> None:
    """HubSpot's lead object cannot be copied; the message says what can, and what else to do."""
    with world("hubspot", tmp_path, 2) as live:
        live.edit("leadgate.yaml", "object: contacts", "object: leads")

        ran = live.run("rehearse", "hubspot")

        assert ran.code == 2
        assert "leadgate plan" in ran.err
        assert not live.calls()


def test_crm_without_leads_is_told(tmp_path: Path) -> None:
    """An empty portal is said to be empty, and nothing is made up for it."""
    with world("hubspot", tmp_path, 0) as live:
        ran = live.run("rehearse", "hubspot")

        assert ran.code == 2
        assert "nothing to rehearse with" in ran.err


def test_folder_that_is_taken_is_refused(tmp_path: Path) -> None:
    """`--keep` never writes over a project."""
    with world("hubspot", tmp_path, 2) as live:
        ran = live.run("rehearse", "hubspot", "--keep", str(tmp_path))

        assert ran.code == 2
        assert "Name an empty folder" in ran.err


def test_sample_is_of_the_newest_and_has_rare_stages(tmp_path: Path) -> None:
    """The one lead in a late stage is taken though nine newer ones would fill the sample."""
    with world("hubspot", tmp_path, 1) as live:
        rare = live.plant("rare@planted.example")
        live.run("setup", "hubspot", "--yes")
        live.type(rare, **{live.stage: "sql"})
        live.tick()
        for number in range(9):
            live.plant(f"lead{number}@planted.example")
        live.tick()

        taken = taken_of(live, 3)

    assert taken.total == 11
    assert taken.snapshot.leads.height == 3
    assert rare in taken.snapshot.leads["@id"]
    assert taken.stages["sql"] == 1
