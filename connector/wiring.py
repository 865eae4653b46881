"""Settings → adapters → engine: the one file that knows everything."""

from __future__ import annotations

import datetime as dt
import secrets
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar

from connector.errors import ConfigurationError
from scoring.document import Document, parse_yaml
from scoring.problem import Problem, ProblemsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.engine.brake import Brake
    from connector.engine.connection import Connection
    from connector.engine.drift import Watched
    from connector.engine.ports import Crm, Progress
    from connector.engine.run import Runner
    from connector.ledger import SqlLedger
    from connector.settings import ConnectionSettings, Project
    from mappings.check import Checked
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


def load_files(project: Project, name: str, *, trained: bool = True) -> Files:
    """Read and check the files of a connection without calling anybody.

    Without `trained` the model is as if nothing had been trained yet, whatever its files hold.
    Raises `ProblemsError` with the problems of all of them together, and `ConfigurationError` for
    a name that no connection has.
    """
    project.require(name)
    problems: list[Problem] = []
    settings = _collect(problems, lambda: project.connection(name))
    given = project.document.data["connections"][name]
    document = _collect(problems, lambda: mapping_document(project, given))
    mapping = _collect(problems, lambda: _mapping(document)) if document else None
    model = _collect(problems, lambda: _model(project, given.get("model"), trained=trained))
    judge = _collect(problems, lambda: _judge(model, mapping)) if model and mapping else None
    if problems or not (settings and document and mapping and model and judge):
        raise ProblemsError(dict.fromkeys(problems))
    return Files(settings, document, mapping, model, judge)


def load_judge(project: Project, name: str) -> Judge:
    """The judge of a connection from its mapping and model; its credentials are not asked for.

    Raises `ProblemsError` with the problems of both together.
    """
    project.require(name)
    problems: list[Problem] = []
    given = project.document.data["connections"][name]
    mapping = _collect(problems, lambda: _mapping(mapping_document(project, given)))
    model = _collect(problems, lambda: _model(project, given.get("model")))
    judge = _collect(problems, lambda: _judge(model, mapping)) if model and mapping else None
    if judge is None:
        raise ProblemsError(dict.fromkeys(problems))
    return judge


def own_kinds(judge: Judge) -> dict[str, Kind]:
    """The kinds of the team's own facts, as a judge knows them."""
    from scoring.lead import FIELDS

    return {name: kind for name, kind in judge.kinds.items() if name not in FIELDS}


def check_model(found: Files) -> tuple[list[Problem], list[Problem]]:
    """What is wrong in the design of a connection's model, and what is doubtful; nobody is called."""
    from scoring.design_check import check_design, told

    findings = check_design(
        found.model,
        found.model.document,
        extra_facts=found.extra,
        fed=frozenset((*found.mapping.read, *found.mapping.extra)),
    )
    errors = [told(each) for each in findings if each.level == "error"]
    warnings = [told(each) for each in findings if each.level == "warning"]
    return errors, [*warnings, *_untrained(found)]


def _untrained(found: Files) -> Iterator[Problem]:
    """The trained models that the model names and that are not there yet."""
    from scoring.methods.predictive_section import PredictiveMethod

    for weighted in found.judge.scorer.methods:
        if isinstance(weighted.method, PredictiveMethod):
            for segment in weighted.method.silent:
                at = ("predictive", segment) if segment else ("predictive",)
                option = f" --segment {segment}" if segment else ""
                yield Problem(
                    found.model.document.where(*at),
                    "is not trained yet: there is no probability, and its share of the score is empty.",
                    f"Train it with: leadgate train {found.settings.name}{option}",
                )


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


def watch(opened: Opened, ledger: SqlLedger) -> Watched:
    """What has become of the CRM's schema since it last fitted, and the mapping to go on with."""
    from connector.engine.drift import Watch
    from mappings.check import check_mapping

    found = opened.files

    def errors_of(mapping: Mapping) -> list[Problem]:
        return check_mapping(
            mapping,
            found.document,
            opened.schema,
            connection=found.settings.name,
            supports_setup=opened.crm.field_name,
        ).errors

    name, mapping = found.settings.name, found.mapping
    return Watch(name, mapping, found.document, opened.schema, found.judge, errors_of).compare(
        ledger
    )


def accept_schema(project: Project, opened: Opened) -> None:
    """Compare with the CRM's schema as it is now from here on."""
    with closing(open_ledger(project)) as ledger:
        watched = watch(opened, ledger)
        name = opened.files.settings.name
        ledger.keep_schema(name, "accepted", watched.digest, watched.fields)


def compile_connection(opened: Opened, watched: Watched | None = None) -> Connection:
    """The connection ready to run; raises `ConfigurationError` if the mapping does not fit.

    With `watched` it goes on with what a change of the CRM's schema has left of the mapping.
    """
    from connector.engine.connection import Connection
    from mappings.conversion import compile_conversion
    from mappings.inbound import compile_inbound
    from mappings.outbound import compile_outbound

    found = opened.files
    name = found.settings.name
    mapping = watched.mapping if watched else found.mapping
    errors = watched.errors if watched else opened.checked.errors
    if errors:
        raise ConfigurationError(
            f'The mapping of "{name}" does not fit its CRM; nothing was read or written.',
            errors,
        )
    inbound = compile_inbound(mapping, opened.schema)
    converter = (
        compile_conversion(mapping, opened.schema, inbound.facts)
        if mapping.convert is not None and opened.schema.opportunity is not None
        else None
    )
    return Connection(
        name=name,
        crm=opened.crm,
        schema=opened.schema,
        mapping=mapping,
        model=found.model,
        inbound=inbound,
        outbound=compile_outbound(mapping, opened.schema),
        converter=converter,
        judge=found.judge,
    )


def runner(
    connection: Connection,
    ledger: SqlLedger,
    progress: Progress,
    *,
    brake: Brake | None = None,
    watched: Watched | None = None,
) -> Runner:
    """A run of this connection that is about to begin."""
    from connector.engine.brake import Brake
    from connector.engine.run import Runner

    return Runner(
        connection,
        ledger,
        progress,
        clock,
        new_run(clock()),
        brake=brake or Brake(),
        watched=watched,
    )


def brake_of(project: Project, settings: ConnectionSettings) -> Brake:
    """When a run of this connection is stopped: its own keys, else the project's, else the usual."""
    from connector.engine.brake import Brake

    return Brake().with_keys(project.brake).with_keys(settings.common.brake)


def own_facts(mapping: Mapping) -> dict[str, Kind]:
    """The facts that a mapping adds to the canonical lead's, and their kinds."""
    return {name: each.kind for name, each in mapping.extra.items()}


def _mapping(document: Document) -> Mapping:
    from mappings.mapping import load_mapping

    return load_mapping(document)


def _model(project: Project, path: str | None, *, trained: bool = True) -> Model:
    from scoring.model import load_model

    if path:
        siblings = _siblings(project, path, trained=trained)
        return load_model(project.read(path), siblings=siblings)
    return load_model(parse_yaml(default_model_text(), "scoring/models/default.yaml (shipped)"))


def _siblings(project: Project, path: str, *, trained: bool) -> Callable[[str], Document]:
    """Reads the files that a model names, beside it; trained models (JSON) as they are."""
    folder = PurePosixPath(path).parent

    def read(name: str) -> Document:
        place = str(folder / name)
        if not name.endswith(".json"):
            return project.read(place)
        return Document(place, {"trained": project.text(place) if trained else None})

    return read


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
