"""`leadgate.yaml` and the environment: the only reader of either, and so of every secret."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import ConfigDict, Field

from connector.engine.brake import BrakeKeys
from connector.engine.keep import Keep
from connector.engine.schedule import ScheduleKeys
from connector.errors import ConfigurationError
from scoring.document import Document, Schema, parse_yaml, validate
from scoring.problem import Problem, ProblemsError, did_you_mean, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import timedelta

    from connector.engine.ports import Plugin

FILE = "leadgate.yaml"
GROUP = "leadgate.crms"
FORMATS = ("text", "json")
_TRACE_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class CommonKeys(Schema):
    """The keys of every connection; `outreach` is as the file has it: see `Project.section`."""

    crm: str
    mapping: str | None = None
    model: str | None = None
    schedule: ScheduleKeys | None = None
    reread_hours: Annotated[int, Field(ge=1, le=8760)] | None = None
    brake: BrakeKeys | None = None
    outreach: dict[str, Any] | None = None


class _Scheduled(Schema):
    """Of a connection's keys the schedule alone: whoever looks at it needs no credentials."""

    model_config = ConfigDict(extra="ignore")

    schedule: ScheduleKeys


class ProjectKeys(Schema):
    """The top of `leadgate.yaml`."""

    ledger: str = "sqlite:///leadgate.db"
    keep: Keep = None
    connections: dict[str, dict[str, Any]]
    brake: BrakeKeys | None = None


@dataclass(frozen=True)
class ConnectionSettings:
    """One connection as configured: common keys and the CRM's own, secrets resolved."""

    name: str
    plugin: Plugin
    common: CommonKeys
    own: Schema
    document: Document


@dataclass(frozen=True)
class Project:
    """A folder with a `leadgate.yaml`: where it is, its ledger and its connections."""

    root: Path
    document: Document
    ledger: str = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    brake: BrakeKeys | None = None
    keep: timedelta | None = None

    @property
    def connections(self) -> tuple[str, ...]:
        """The connections' names, in the order of the file."""
        return tuple(self.document.data["connections"])

    def read(self, path: str) -> Document:
        """A YAML file of the project, named as the user named it."""
        return read_document(self.root / path, path)

    def text(self, path: str) -> str | None:
        """The text of a file of the project; None if there is no such file."""
        if not (self.root / path).exists():
            return None
        try:
            return (self.root / path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path} cannot be read: {type(error).__name__}.") from None

    def require(self, name: str) -> None:
        """Raise `ConfigurationError` with the nearest name unless there is such a connection."""
        if name not in self.connections:
            near = did_you_mean(name, self.connections)
            raise ConfigurationError(f'{FILE} has no connection "{name}". {near}'.strip())

    def connection(self, name: str) -> ConnectionSettings:
        """The settings of one connection; raises `ConfigurationError` with all its problems."""
        self.require(name)
        return _connection(self, name)

    def schedules(self) -> dict[str, ScheduleKeys]:
        """The connections that have a schedule; raises `ProblemsError` for one that is wrong."""
        given = self.document.data["connections"]
        return {
            name: validate(self.document, _Scheduled, at=("connections", name)).schedule
            for name in given
            if given[name].get("schedule") is not None
        }

    def section(self, name: str, key: str) -> dict[str, Any]:
        """A section of a connection, its variables filled in; empty where there is none.

        Raises `ProblemsError` for variables that are not set: only who needs the section does.
        """
        problems: list[Problem] = []
        given = self.document.data["connections"][name].get(key) or {}
        if not isinstance(given, dict):
            what = "must be a mapping of keys to values, and is not."
            refuse([self.document.problem(("connections", name, key), what)])
        filled = _filled(self, given, ("connections", name, key), problems)
        refuse(problems)
        return dict(filled)

    def other_ledger(self, url: str, option: str) -> str:
        """The address of another ledger, given as an option's value, with its variables filled in."""
        missing: list[str] = []
        expanded = _expanded(url, self.environment, missing.append)
        if missing:
            raise ConfigurationError(f"{option}: the environment variable {missing[0]} is not set.")
        return _from_folder(expanded, self.root)

    def keep_secret(self, connection: str, key: str, value: str) -> None:
        """Keep a rotated secret for the next command, atomically, readable by the owner only."""
        path = self.root / ".leadgate" / "secrets.json"
        kept = _kept_secrets(self.root)
        original = str(self.document.data["connections"][connection].get(key, ""))
        given = _expanded(original, self.environment, lambda _: None)
        kept[f"{connection}.{key}"] = {"replaces": _fingerprint(given), "value": value}
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)


def log_form(given: str | None) -> str:
    """How log lines are written: as given, else as LEADGATE_LOG_FORMAT says, else as text."""
    where = "LEADGATE_LOG_FORMAT" if given is None else "--log-format"
    form = (os.environ.get(where) or "text") if given is None else given
    if form in FORMATS:
        return form
    near = did_you_mean(form, FORMATS)
    raise ConfigurationError(f'{where}: "{form}" is not a format of log lines. {near}')


def sends_traces() -> bool:
    """Whether the standard variables of OpenTelemetry name a place to send traces to."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not off and any(os.environ.get(name) for name in _TRACE_ENDPOINTS)


def plugins() -> dict[str, Plugin]:
    """The installed CRMs by name."""
    return {point.name: point.load() for point in entry_points(group=GROUP)}


def read_document(path: Path, name: str) -> Document:
    """Read and parse one YAML file; `name` is how messages call it."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigurationError(f"{name} does not exist.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name} cannot be read: {type(error).__name__}.") from None
    return parse_yaml(text, name)


def load_project(root: Path, environment: Mapping[str, str] | None = None) -> Project:
    """Read the project in this folder; raises `ConfigurationError` or `ProblemsError`.

    Secrets come from `environment`, by default the process's own.
    """
    variables = os.environ if environment is None else environment
    if not (root / FILE).exists():
        raise ConfigurationError(
            f"There is no {FILE} in {root}. Make one with: leadgate init, or name its folder "
            "with --project."
        )
    document = read_document(root / FILE, FILE)
    keys = validate(document, ProjectKeys)
    refuse(_structure_problems(document, keys))
    ledger = _expanded_ledger(document, keys.ledger, root, variables)
    return Project(root, document, ledger, variables, keys.brake, keys.keep)


def _structure_problems(document: Document, keys: ProjectKeys) -> Iterator[Problem]:
    if not keys.connections:
        yield document.problem(("connections",), "has no connection.")
    known = sorted(point.name for point in entry_points(group=GROUP))
    for name, given in keys.connections.items():
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
            yield document.problem(
                ("connections", name), "a connection's name has only letters, digits and . _ -"
            )
        crm = given.get("crm")
        if crm is None:
            fix = "Known: " + ", ".join(known) + "."
            yield document.problem(("connections", name), '"crm" is missing.', fix)
        elif crm not in known:
            what = f'"{crm}" is not a CRM that is installed.'
            yield document.problem(
                ("connections", name, "crm"), what, did_you_mean(str(crm), known)
            )


def _connection(project: Project, name: str) -> ConnectionSettings:
    document = project.document
    given: dict[str, Any] = document.data["connections"][name]
    plugin: Plugin = next(iter(entry_points(group=GROUP, name=given["crm"]))).load()
    own_type = plugin.settings_type()
    problems = list(_unknown_keys(document, name, own_type))
    kept = _kept_secrets(project.root)
    resolved = {
        key: _resolve(project, value, (name, key), kept, problems) for key, value in given.items()
    }
    own_keys = _keys(own_type)
    common = {k: v for k, v in resolved.items() if k in CommonKeys.model_fields}
    own = {k: v for k, v in resolved.items() if k in own_keys}
    own = {k: _from_root(project.root, k, v) for k, v in own.items()}
    checked = [
        _checked(document, name, part, kind, problems)
        for part, kind in ((common, CommonKeys), (own, own_type))
    ]
    refuse(dict.fromkeys(problems))
    return ConnectionSettings(name, plugin, checked[0], checked[1], document)


def _checked(
    document: Document, name: str, part: dict[str, Any], kind: type[Schema], problems: list[Problem]
) -> Any:
    data = {"connections": {name: part}}
    try:
        return validate(
            Document(document.name, data, document.lines), kind, at=("connections", name)
        )
    except ProblemsError as error:
        # A variable that is not set is the cause of what the connection then seems to lack.
        told = {p.where for p in problems} | (
            {document.where("connections", name)} if problems else set()
        )
        problems.extend(p for p in error.problems if p.where not in told)
        return None


def _unknown_keys(document: Document, name: str, own_type: type[Schema]) -> Iterator[Problem]:
    known = set(CommonKeys.model_fields) | _keys(own_type)
    for key in document.data["connections"][name]:
        if key not in known:
            yield document.problem(
                ("connections", name, key), f'"{key}" is not a key here.', did_you_mean(key, known)
            )


def _keys(own_type: type[Schema]) -> set[str]:
    return {field.alias or name for name, field in own_type.model_fields.items()}


def _from_root(root: Path, key: str, value: Any) -> Any:
    """Files named in a connection are looked for in the project's folder."""
    if isinstance(value, str) and (key in ("path", "out") or key.endswith("_file")):
        return str(root / value)
    return value


def _resolve(
    project: Project,
    value: Any,
    at: tuple[str, str],
    kept: dict[str, Any],
    problems: list[Problem],
) -> Any:
    """A connection's value with its variables filled in, or the newer secret that we were given."""
    if not isinstance(value, str):
        return value

    unset = partial(_say_unset, project.document, ("connections", *at), problems)
    given = _expanded(value, project.environment, unset)
    rotated = kept.get(".".join(at))
    if rotated and rotated["replaces"] == _fingerprint(given):
        return rotated["value"]
    return given


def _filled(
    project: Project, value: Any, at: tuple[str | int, ...], problems: list[Problem]
) -> Any:
    """A value with the variables in all its texts filled in."""
    if isinstance(value, dict):
        return {k: _filled(project, v, (*at, k), problems) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled(project, v, (*at, n), problems) for n, v in enumerate(value)]
    if not isinstance(value, str):
        return value
    unset = partial(_say_unset, project.document, at, problems)
    return _expanded(value, project.environment, unset)


def _say_unset(
    document: Document, at: tuple[str | int, ...], problems: list[Problem], variable: str
) -> None:
    what = f"the environment variable {variable} is not set."
    fix = f"Set it, or name a file that holds it in {variable}_FILE."
    problems.append(document.problem(at, what, fix))


def _expanded(text: str, environment: Mapping[str, str], missing: Callable[[str], None]) -> str:
    """The text with every ${NAME} filled in; unknown names are told to `missing`."""

    def look_up(match: re.Match[str]) -> str:
        variable = match.group(1)
        found = _variable(environment, variable)
        if found is None:
            missing(variable)
        return found or ""

    return _VARIABLE.sub(look_up, text)


def _variable(environment: Mapping[str, str], name: str) -> str | None:
    """A variable's value, or the content of the file that NAME_FILE names."""
    if name in environment:
        return environment[name]
    file = environment.get(f"{name}_FILE")
    if file is None:
        return None
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(
            f"The file named by {name}_FILE cannot be read: {type(error).__name__}."
        ) from None


def _expanded_ledger(
    document: Document, url: str, root: Path, environment: Mapping[str, str]
) -> str:
    problems: list[Problem] = []

    def missing(variable: str) -> None:
        what = f"the environment variable {variable} is not set."
        problems.append(document.problem(("ledger",), what))

    expanded = _expanded(url, environment, missing)
    if not problems and not re.match(r"(sqlite|postgresql)(\+\w+)?://", expanded):
        what = "must be sqlite:///FILE or postgresql://USER@HOST/DATABASE."
        problems.append(document.problem(("ledger",), what))
    refuse(problems)
    return _from_folder(expanded, root)


def _from_folder(url: str, root: Path) -> str:
    """The address; a file without a folder is in the project's."""
    relative = re.match(r"sqlite:///(?!/|:memory:)(.+)", url)
    return f"sqlite:///{(root / relative.group(1)).resolve()}" if relative else url


def _kept_secrets(root: Path) -> dict[str, Any]:
    path = root / ".leadgate" / "secrets.json"
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise ConfigurationError(
            f"{path} cannot be read. Remove it and give fresh credentials in the environment."
        ) from None
    return kept


def _fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
