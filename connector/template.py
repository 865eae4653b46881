"""The files of a new project, as `leadgate init` and the demo write them."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from connector.errors import ConfigurationError
from mappings.defaults import default_mapping_text
from scoring.problem import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_CONNECTIONS = {
    "salesforce": """\
  salesforce:
    crm: salesforce
    login_url: {url}
    auth: client_credentials            # or jwt, refresh_token, password
    client_id: ${{SALESFORCE_CLIENT_ID}}
    client_secret: ${{SALESFORCE_CLIENT_SECRET}}
    object: Lead
    mapping: mappings/salesforce.yaml
    model: scoring/model.yaml
    schedule: "*/15 * * * *"
    quota: 40%                          # of the org's daily calls
""",
    "hubspot": """\
  hubspot:
    crm: hubspot
    base_url: {url}
    token: ${{HUBSPOT_ACCESS_TOKEN}}
    object: contacts
    mapping: mappings/hubspot.yaml
    model: scoring/model.yaml
    schedule: "*/15 * * * *"
    quota: 40%
""",
    "csv": """\
  csv:
    crm: csv
    path: {url}
    out: judged.csv
    mapping: mappings/csv.yaml
    model: scoring/model.yaml
""",
}
_ADDRESSES = {
    "salesforce": "https://YOUR-DOMAIN.my.salesforce.com",
    "hubspot": "https://api.hubapi.com",
    "csv": "leads.csv",
}
_HEAD = """\
# leadgate: which CRMs are judged, by which mapping and model. Secrets come from the environment:
# ${NAME} is read from the variable NAME, or from the file that the variable NAME_FILE names.
ledger: sqlite:///leadgate.db           # runs, verdicts and what was written; or postgresql://…
connections:
"""
_IGNORE = "leadgate.db*\n.leadgate/\n*.plan\n.env\n"


def write_project(
    folder: Path, crms: Sequence[str], addresses: Mapping[str, str] | None = None
) -> list[Path]:
    """Write a project's files and return them; raises `ConfigurationError` if one exists already.

    `addresses` says where a CRM is found (for CSV: the file), instead of the placeholder.
    """
    given = dict(addresses or {})
    for crm in (*crms, *given):
        if crm not in _CONNECTIONS:
            near = did_you_mean(crm, _CONNECTIONS)
            raise ConfigurationError(f'"{crm}" is not a CRM that init knows. {near}')
    texts = _texts(list(dict.fromkeys(crms)), _ADDRESSES | given)
    there = [name for name in texts if (folder / name).exists()]
    if there:
        raise ConfigurationError(
            f"{folder / there[0]} exists already. Choose an empty folder: leadgate init FOLDER"
        )
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def _texts(crms: Sequence[str], addresses: Mapping[str, str]) -> dict[str, str]:
    connections = {crm: _CONNECTIONS[crm].format(url=addresses[crm]) for crm in crms}
    model = files("scoring").joinpath("models", "default.yaml").read_text(encoding="utf-8")
    texts = {"leadgate.yaml": _HEAD + "\n".join(connections[crm] for crm in crms)}
    texts |= {f"mappings/{crm}.yaml": default_mapping_text(crm) for crm in crms}
    return texts | {"scoring/model.yaml": model, ".gitignore": _IGNORE}
