"""`leadgate.yaml` and the environment: what is taken, what is refused, what is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.errors import ConfigurationError
from connector.settings import FILE, Project, load_project, plugins
from scoring.problem import ProblemsError

if TYPE_CHECKING:
    from pathlib import Path

    from connector.settings import ConnectionSettings

HUBSPOT = """\
connections:
  acme:
    crm: hubspot
    client_id: app
    client_secret: ${SECRET}
    refresh_token: ${REFRESH}
"""
SECRETS = {"SECRET": "s3cret", "REFRESH": "first"}


def project(folder: Path, text: str, environment: dict[str, str] | None = None) -> Project:
    """A project with this file."""
    (folder / FILE).write_text(text, encoding="utf-8")
    return load_project(folder, SECRETS if environment is None else environment)


def acme(
    folder: Path, text: str = HUBSPOT, environment: dict[str, str] | None = None
) -> ConnectionSettings:
    """The settings of the connection."""
    return project(folder, text, environment).connection("acme")


def refused(folder: Path, text: str, environment: dict[str, str] | None = None) -> str:
    """Everything that is said about a broken file."""
    with pytest.raises((ProblemsError, ConfigurationError)) as raised:
        acme(folder, text, environment)
    return str(raised.value)


def refresh_token(settings: ConnectionSettings) -> str:
    """The resolved refresh token."""
    return settings.own.refresh_token.get_secret_value()


def test_variables_are_filled_in(tmp_path: Path) -> None:
    """${NAME} is the variable's value, alone or within a text."""
    settings = acme(tmp_path, HUBSPOT.replace("client_id: app", "client_id: app-${SECRET}-x"))
    assert settings.own.client_id == "app-s3cret-x"
    assert settings.own.client_secret.get_secret_value() == "s3cret"
    assert settings.common.crm == settings.plugin.name == "hubspot"


def test_secret_from_a_file(tmp_path: Path) -> None:
    """NAME_FILE names a file that holds the value, as container platforms give secrets."""
    held = tmp_path / "held"
    held.write_text("from-a-file\n")
    settings = acme(tmp_path, environment={"SECRET": "s", "REFRESH_FILE": str(held)})
    assert refresh_token(settings) == "from-a-file"


def test_variable_wins_over_its_file(tmp_path: Path) -> None:
    """Given both, the variable itself counts, even if the file is not there."""
    settings = acme(tmp_path, environment=SECRETS | {"REFRESH_FILE": "/nowhere"})
    assert refresh_token(settings) == "first"


def test_missing_file_of_a_secret_is_refused(tmp_path: Path) -> None:
    """The message names the variable, and nothing of any other secret."""
    said = refused(tmp_path, HUBSPOT, {"SECRET": "s3cret", "REFRESH_FILE": "/nowhere/at/all"})
    assert "REFRESH_FILE" in said
    assert "s3cret" not in said


def test_missing_variables_are_all_told(tmp_path: Path) -> None:
    """Each with its line and both ways to give it; what follows from it is not told again."""
    said = refused(tmp_path, HUBSPOT, {}).splitlines()
    assert [line.split(": ")[0] for line in said] == ["leadgate.yaml:5", "leadgate.yaml:6"]
    assert "SECRET is not set" in said[0]
    assert "SECRET_FILE" in said[0]


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    """Settings printed by accident show no secret."""
    settings = acme(tmp_path)
    assert "s3cret" not in repr(settings.own)
    assert "first" not in str(settings.own)


def test_rotated_secret_is_kept(tmp_path: Path) -> None:
    """What the CRM has replaced is used from then on, privately kept."""
    found = project(tmp_path, HUBSPOT)
    found.keep_secret("acme", "refresh_token", "second")
    assert refresh_token(acme(tmp_path)) == "second"
    kept = tmp_path / ".leadgate" / "secrets.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "first" not in kept.read_text()
    found.keep_secret("acme", "refresh_token", "third")
    assert refresh_token(acme(tmp_path)) == "third"


def test_new_secret_of_the_user_replaces_the_kept_one(tmp_path: Path) -> None:
    """A kept secret stands for the one that it replaced; a fresh one in the environment wins."""
    project(tmp_path, HUBSPOT).keep_secret("acme", "refresh_token", "second")
    fresh = acme(tmp_path, environment=SECRETS | {"REFRESH": "given anew"})
    assert refresh_token(fresh) == "given anew"
    assert refresh_token(acme(tmp_path)) == "second"


def test_kept_secret_is_of_one_connection_and_key(tmp_path: Path) -> None:
    """Another connection with the same secret keeps its own."""
    other = HUBSPOT.replace("connections:\n", "").replace("acme", "other")
    found = project(tmp_path, HUBSPOT + other)
    found.keep_secret("acme", "refresh_token", "second")
    again = load_project(tmp_path, SECRETS)
    assert refresh_token(again.connection("other")) == "first"
    assert refresh_token(again.connection("acme")) == "second"


def test_broken_file_of_kept_secrets_is_refused(tmp_path: Path) -> None:
    """It is said what to remove, instead of going on with a secret that is spent."""
    found = project(tmp_path, HUBSPOT)
    found.keep_secret("acme", "refresh_token", "second")
    (tmp_path / ".leadgate" / "secrets.json").write_text("{")
    assert "Remove it" in refused(tmp_path, HUBSPOT)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("client_id: app", "clinet_id: app", 'leadgate.yaml:4: connections.acme.clinet_id: "clinet_id" is not a key here. Did you mean "client_id"?'),
        ("crm: hubspot", "crm: hubsopt", 'leadgate.yaml:3: connections.acme.crm: "hubsopt" is not a CRM that is installed. Did you mean "hubspot"?'),
        ("    crm: hubspot\n", "", 'leadgate.yaml:2: connections.acme: "crm" is missing. Known: csv, hubspot, salesforce.'),
        ("acme:", "acme corp:", "has only letters, digits"),
        ("connections:", "conections:", 'Did you mean "connections"?'),
        ("    client_secret: ${SECRET}\n", "", "missing for OAuth: client_secret"),
    ],
)  # fmt: skip
def test_mistake_is_told_with_its_place_and_the_nearest_name(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    """File, line, key, what is wrong and what was meant."""
    assert said in refused(tmp_path, HUBSPOT.replace(old, new, 1))


@pytest.mark.parametrize(
    "address",
    ["http://api.hubapi.com", "http://10.0.0.1", "http://127.0.0.1.evil.example", "http://localhost.evil.example",
     "ftp://127.0.0.1", "127.0.0.1", "https://user:pass@host", "http://0.0.0.0", "http://2130706433"],
)  # fmt: skip
def test_insecure_address_is_refused(tmp_path: Path, address: str) -> None:
    """Plain http is for this machine only, whatever the address looks like."""
    said = refused(tmp_path, HUBSPOT + f'    base_url: "{address}"\n')
    assert "leadgate.yaml:7: connections.acme.base_url" in said
    assert "must" in said


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://x.example"]
)
def test_secure_or_local_address_is_taken(tmp_path: Path, address: str) -> None:
    """Encrypted, or on loopback."""
    assert acme(tmp_path, HUBSPOT + f'    base_url: "{address}"\n').own.base_url == address


@pytest.mark.parametrize(
    ("ledger", "expected"),
    [
        ("sqlite:///own.db", "sqlite:///{root}/own.db"),
        ("sqlite:////var/lib/x.db", "sqlite:////var/lib/x.db"),
        ("postgresql://u:${SECRET}@h/d", "postgresql://u:s3cret@h/d"),
    ],
)
def test_ledger_address(tmp_path: Path, ledger: str, expected: str) -> None:
    """Relative to the project, absolute, or a server with its password from the environment."""
    found = project(tmp_path, f'ledger: "{ledger}"\n{HUBSPOT}')
    assert found.ledger == expected.format(root=tmp_path)


@pytest.mark.parametrize("ledger", ["mysql://h/d", "leadgate.db", "${NOT_SET}"])
def test_other_ledger_is_refused_without_repeating_it(tmp_path: Path, ledger: str) -> None:
    """Only the two databases are taken; an address may hold a password and is not repeated."""
    said = refused(tmp_path, f'ledger: "{ledger}"\n{HUBSPOT}')
    assert "leadgate.yaml:1: ledger" in said
    assert "mysql://h/d" not in said


def test_unknown_connection_names_the_nearest(tmp_path: Path) -> None:
    """A slip on the command line names what was meant."""
    found = project(tmp_path, HUBSPOT)
    for ask in (found.connection, found.require):
        with pytest.raises(ConfigurationError, match='Did you mean "acme"'):
            ask("amce")


def test_folder_without_a_project_names_the_command(tmp_path: Path) -> None:
    """What to do where there is no file at all."""
    with pytest.raises(ConfigurationError, match="leadgate init"):
        load_project(tmp_path, {})


def test_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """A file that is no UTF-8 is said to be unreadable; a byte-order mark does not matter."""
    (tmp_path / FILE).write_bytes(HUBSPOT.encode("utf-16"))
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_project(tmp_path, {})
    (tmp_path / FILE).write_bytes(HUBSPOT.encode("utf-8-sig"))
    assert load_project(tmp_path, SECRETS).connections == ("acme",)


def test_files_of_a_connection_are_in_the_projects_folder(tmp_path: Path) -> None:
    """Relative paths do not depend on where the command was started."""
    settings = acme(
        tmp_path, "connections:\n  acme: {crm: csv, path: leads.csv, out: judged.csv}\n"
    )
    assert settings.own.path == str(tmp_path / "leads.csv")
    assert settings.own.out == str(tmp_path / "judged.csv")


def test_installed_crms_are_found() -> None:
    """The three that ship are plugins like any other."""
    assert {"salesforce", "hubspot", "csv"} <= set(plugins())
    assert all(name == plugin.name for name, plugin in plugins().items())
