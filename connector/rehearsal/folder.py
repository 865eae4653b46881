"""A rehearsal's own project: the files that the connection uses, its copy's address, a new ledger."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from connector import wiring
from connector.errors import ConfigurationError
from connector.settings import FILE, Project, load_project

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scoring.document import Document

_LEFT_OUT = frozenset({
    "login_url", "base_url", "auth", "client_id", "client_secret", "username", "password",
    "security_token", "private_key", "private_key_file", "refresh_token", "token", "quota",
    "schedule", "outreach", "path", "out",
})  # fmt: skip
"""Ways to the live CRM, and what would act by itself or reach people."""

_HEAD = """\
# A rehearsal of "{name}". It leads to a copy of the CRM on this machine that ended with the
# rehearsal; the live CRM is not named here.
"""


@dataclass(frozen=True)
class _Noting(Project):
    """A project that notes which of its files are read."""

    noted: set[str] = field(default_factory=set)

    def read(self, path: str) -> Document:
        self.noted.add(path)
        return super().read(path)

    def text(self, path: str) -> str | None:
        self.noted.add(path)
        return super().text(path)


def files_of(project: Project, name: str) -> set[str]:
    """The mapping, the model and all files that the model names, as the project calls them."""
    noting = _Noting(
        project.root, project.document, project.ledger, project.environment, project.brake
    )
    wiring.load_files(noting, name)
    return noting.noted


def require_empty(folder: Path) -> None:
    """Raise `ConfigurationError` for a folder that has a project in it already."""
    if (folder / FILE).exists():
        raise ConfigurationError(
            f"{folder / FILE} exists already. Name an empty folder: --keep FOLDER"
        )


def write_rehearsal(
    project: Project,
    name: str,
    folder: Path,
    *,
    keys: Mapping[str, Any],
    environment: Mapping[str, str],
) -> Project:
    """Copy what the connection uses into `folder`, led to the copy by `keys`; the project there.

    Secrets, `.env` and the ledger of the real project stay where they are.
    """
    given: dict[str, Any] = project.document.data["connections"][name]
    kept = {key: value for key, value in given.items() if key not in _LEFT_OUT}
    for path in files_of(project, name):
        _copy(project.root / path, folder, path)
    whole: dict[str, Any] = {
        "ledger": "sqlite:///leadgate.db",
        "connections": {name: kept | dict(keys)},
    }
    if project.document.data.get("brake"):
        whole["brake"] = project.document.data["brake"]
    with _private(folder / FILE) as file:
        file.write(_HEAD.format(name=name))
        YAML().dump(whole, file)
    with _private(folder / ".gitignore") as file:
        file.write("*\n")  # a kept rehearsal belongs to nobody's history
    with _private(folder / ".env") as file:
        file.writelines(f"{key}={value}\n" for key, value in environment.items())
    return load_project(folder, environment)


def _private(path: Path) -> Any:
    """A new text file that only its owner reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    return os.fdopen(handle, "w", encoding="utf-8")


def _copy(source: Path, folder: Path, path: str) -> None:
    if not source.exists():
        return
    target = (folder / path).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise ConfigurationError(
            f"{path} is outside of the project; a rehearsal copies only files inside. Move it there."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
