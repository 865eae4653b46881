"""The files of a new project: complete, valid, and never over somebody's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.errors import ConfigurationError
from connector.settings import load_project
from connector.template import write_project
from connector.wiring import load_files

if TYPE_CHECKING:
    from pathlib import Path

CRMS = ("salesforce", "hubspot", "csv")
SECRETS = {
    "SALESFORCE_CLIENT_ID": "i",
    "SALESFORCE_CLIENT_SECRET": "s",
    "HUBSPOT_ACCESS_TOKEN": "t",
}


@pytest.mark.parametrize("crms", [[crm] for crm in CRMS] + [list(CRMS), ["csv", "csv"]])
def test_new_project_is_valid(tmp_path: Path, crms: list[str]) -> None:
    """With the variables set, every file of a fresh project passes its checks, untouched."""
    made = write_project(tmp_path, crms)
    assert all(path.is_file() for path in made)
    project = load_project(tmp_path, SECRETS)
    assert project.connections == tuple(dict.fromkeys(crms))
    for name in project.connections:
        assert load_files(project, name).settings.common.mapping == f"mappings/{name}.yaml"


def test_secrets_are_named_not_written(tmp_path: Path) -> None:
    """The settings name environment variables, and a Git client is told what to leave out."""
    write_project(tmp_path, CRMS)
    text = (tmp_path / "leadgate.yaml").read_text()
    assert all(f"${{{name}}}" in text for name in SECRETS)
    assert {"leadgate.db*", ".leadgate/", ".env"} <= set(
        (tmp_path / ".gitignore").read_text().split()
    )


def test_address_of_a_crm_replaces_the_placeholder(tmp_path: Path) -> None:
    """A project can be made for an address that is known already."""
    write_project(tmp_path, ["hubspot"], {"hubspot": "http://127.0.0.1:8901"})
    settings = load_files(load_project(tmp_path, SECRETS), "hubspot").settings.own
    assert settings.base_url == "http://127.0.0.1:8901"


@pytest.mark.parametrize(
    "name", ["leadgate.yaml", "mappings/csv.yaml", "scoring/model.yaml", ".gitignore"]
)
def test_existing_file_stops_everything(tmp_path: Path, name: str) -> None:
    """If a single file is there already, nothing at all is written."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    with pytest.raises(ConfigurationError, match="exists already"):
        write_project(tmp_path, ["csv"])
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]
    assert path.read_text() == "mine"


def test_unknown_crm_is_refused_with_the_nearest(tmp_path: Path) -> None:
    """A slip names what was meant; nothing is written."""
    with pytest.raises(ConfigurationError, match='Did you mean "hubspot"'):
        write_project(tmp_path, ["csv", "hubsopt"])
    assert list(tmp_path.iterdir()) == []
