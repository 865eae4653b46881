"""Settings → adapters → engine: the one file that knows everything."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, TypeVar

from connector.errors import ConfigurationError
from scoring.document import Document, parse_yaml
from scoring.problem import Problem, ProblemsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mappings.check import Checked

    from connector.engine.connection import Connection
    from connector.engine.ports import Crm, Progress
    from connector.engine.run import Runner
    from connector.ledger import SqlLedger
    from connector.settings import ConnectionSettings, Project
    from mappings.mapping import Mapping
    from mappings.schema import CrmSchema
    from scoring.judge import Judge
    from scoring.lead import Kind
    from scoring.model import Model

_T = TypeVar("_T")


def clock() -> dt.datetime:
    """The local time, aware, in UTC."""
    return dt.datetime.now(dt.UTC)


def new_run(now: dt.datetime) -> str:
    """A run's id: sorts by time, and two are never the same."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def open_ledger(project: Project) -> SqlLedger:
    """The project's ledger, created or brought up to date."""
    from connector.ledger import open_ledger as opened

    return opened(project.ledger, clock=clock)


@dataclass(frozen=True)
class Files:
    """The checked files of one connection: settings, mapping and model."""

    settings: ConnectionSettings
    document: Document
    mapping: Mapping
    model: Model
    judge: Judge

    @property
    def extra(self) -> dict[str, Kind]:
        """The team's own facts and their kinds."""
        return own_facts(self.mapping)


@dataclass(frozen=True)
class Opened:
    """A connection whose CRM has been asked what it looks like, and the mapping's check against it."""

    files: Files
    crm: Crm
    schema: CrmSchema
    checked: Checked


def load_files(project: Project, name: str) -> Files:
    """Read and check the files of a connection without calling anybody.

    Raises `ProblemsError` with the problems of all of them together.
    """
    problems: list[Problem] = []
    settings = _collect(problems, lambda: project.connection(name))
    given = project.document.data["connections"].get(name, {})
    document = _collect(problems, lambda: mapping_document(project, given))
    mapping = _collect(problems, lambda: _mapping(document)) if document else None
    model = _collect(problems, lambda: _model(project, given.get("model")))
    judge = _collect(problems, lambda: _judge(model, mapping)) if model and mapping else None
    if problems or not (settings and document and mapping and model and judge):
        raise ProblemsError(dict.fromkeys(problems))
    return Files(settings, document, mapping, model, judge)


def mapping_document(project: Project, given: dict[str, str]) -> Document:
    """A connection's mapping file, or the mapping that ships for its CRM."""
    from mappings.defaults import default_mapping_text

    if given.get("mapping"):
        return project.read(given["mapping"])
    crm = given["crm"]
    return parse_yaml(default_mapping_text(crm), f"mappings/{crm}.yaml (shipped)")


def default_model_text(name: str = "default") -> str:
    """The text of a model that ships with the program: default, b2b or b2c."""
    return files("scoring").joinpath("models", f"{name}.yaml").read_text(encoding="utf-8")


def open_crm(project: Project, settings: ConnectionSettings) -> Crm:
    """The adapter of a connection; nothing has been sent yet."""
    from connector.engine.ports import Runtime

    def keep(key: str, value: str) -> None:
        project.keep_secret(settings.name, key, value)

    return settings.plugin.open(settings.own, Runtime(clock, keep))


def open_connection(project: Project, files_: Files) -> Opened:
    """Ask the CRM what it looks like, and check the mapping against it."""
    from mappings.check import check_mapping

    crm = open_crm(project, files_.settings)
    try:
        schema = crm.describe()
        checked = check_mapping(
            files_.mapping,
            files_.document,
            schema,
            connection=files_.settings.name,
            supports_setup=crm.field_name,
        )
    except BaseException:
        crm.close()
        raise
    return Opened(files_, crm, schema, checked)


def compile_connection(opened: Opened) -> Connection:
    """The connection ready to run; raises `ConfigurationError` if the mapping does not fit."""
    from connector.engine.connection import Connection
    from mappings.conversion import compile_conversion
    from mappings.inbound import compile_inbound
    from mappings.outbound import compile_outbound

    found = opened.files
    name = found.settings.name
    if opened.checked.errors:
        raise ConfigurationError(
            f'The mapping of "{name}" does not fit its CRM; nothing was read or written.',
            opened.checked.errors,
        )
    inbound = compile_inbound(found.mapping, opened.schema)
    converter = (
        compile_conversion(found.mapping, opened.schema, inbound.facts)
        if found.mapping.convert is not None and opened.schema.opportunity is not None
        else None
    )
    return Connection(
        name=name,
        crm=opened.crm,
        schema=opened.schema,
        mapping=found.mapping,
        model=found.model,
        inbound=inbound,
        outbound=compile_outbound(found.mapping, opened.schema),
        converter=converter,
        judge=found.judge,
    )


def runner(connection: Connection, ledger: SqlLedger, progress: Progress) -> Runner:
    """A run of this connection that is about to begin."""
    from connector.engine.run import Runner

    return Runner(connection, ledger, progress, clock, new_run(clock()))


def own_facts(mapping: Mapping) -> dict[str, Kind]:
    """The facts that a mapping adds to the canonical lead's, and their kinds."""
    return {name: each.kind for name, each in mapping.extra.items()}


def _mapping(document: Document) -> Mapping:
    from mappings.mapping import load_mapping

    return load_mapping(document)


def _model(project: Project, path: str | None) -> Model:
    from scoring.model import load_model

    if path:
        return load_model(project.read(path))
    return load_model(parse_yaml(default_model_text(), "scoring/models/default.yaml (shipped)"))


def _judge(model: Model, mapping: Mapping) -> Judge:
    from scoring.judge import compile_judge

    return compile_judge(model, own_facts(mapping))


def _collect(problems: list[Problem], work: Callable[[], _T]) -> _T | None:
    """The result of `work`, or None with its problems added."""
    try:
        return work()
    except ProblemsError as error:
        problems.extend(error.problems)
    except ConfigurationError as error:
        problems.append(Problem("leadgate.yaml", error.message))
    return None
