"""A connection's own files, read and checked without calling anybody: settings, mapping, model."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar

from connector.errors import ConfigurationError
from mappings.defaults import default_mapping_text
from mappings.mapping import load_mapping
from scoring.design_check import check_design, told
from scoring.document import Document, parse_yaml
from scoring.judge import compile_judge
from scoring.lead import FIELDS
from scoring.methods.predictive_section import PredictiveMethod
from scoring.model import load_model
from scoring.problem import Problem, ProblemsError
from scoring.sharing import SHAREABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from connector.settings import ConnectionSettings, Project
    from mappings.mapping import Mapping
    from scoring.judge import Judge
    from scoring.lead import Kind
    from scoring.model import Model

_T = TypeVar("_T")


@dataclass(frozen=True)
class Files:
    """The checked files of one connection: settings, mapping and model."""

    settings: ConnectionSettings
    document: Document
    mapping: Mapping
    model: Model
    judge: Judge
    peers: tuple[str, ...] = ()
    """The project's other connections."""
    shared: frozenset[str] = frozenset()
    """The facts that their mappings feed and that the model takes from them."""

    @property
    def extra(self) -> dict[str, Kind]:
        """The team's own facts and their kinds."""
        return own_facts(self.mapping)


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
    peers = tuple(each for each in project.connections if each != name)
    shared = _shared_facts(project, peers) if model.file.share else frozenset()
    return Files(settings, document, mapping, model, judge, peers, shared)


def load_judge(project: Project, name: str, path: str | None = None) -> Judge:
    """The judge of a connection from its mapping and model (or that of another file); no credentials.

    Raises `ProblemsError` with the problems of both together.
    """
    project.require(name)
    problems: list[Problem] = []
    given = project.document.data["connections"][name]
    mapping = _collect(problems, lambda: _mapping(mapping_document(project, given)))
    model = _collect(problems, lambda: _model(project, path or given.get("model")))
    judge = _collect(problems, lambda: _judge(model, mapping)) if model and mapping else None
    if judge is None:
        raise ProblemsError(dict.fromkeys(problems))
    return judge


def own_kinds(judge: Judge) -> dict[str, Kind]:
    """The kinds of the team's own facts, as a judge knows them."""
    return {name: kind for name, kind in judge.kinds.items() if name not in FIELDS}


def check_model(found: Files) -> tuple[list[Problem], list[Problem]]:
    """What is wrong in the design of a connection's model, and what is doubtful; nobody is called."""
    findings = check_design(
        found.model,
        found.model.document,
        extra_facts=found.extra,
        fed=frozenset((*found.mapping.read, *found.mapping.extra)) | found.shared,
    )
    errors = [told(each) for each in findings if each.level == "error"]
    warnings = [told(each) for each in findings if each.level == "warning"]
    return errors, [*warnings, *_untrained(found)]


def _untrained(found: Files) -> Iterator[Problem]:
    """The trained models that the model names and that are not there yet."""
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
    if given.get("mapping"):
        return project.read(given["mapping"])
    crm = given["crm"]
    return parse_yaml(default_mapping_text(crm), f"mappings/{crm}.yaml (shipped)")


def default_model_text(name: str = "default") -> str:
    """The text of a model that ships with the program: default, b2b or b2c."""
    return files("scoring").joinpath("models", f"{name}.yaml").read_text(encoding="utf-8")


def own_facts(mapping: Mapping) -> dict[str, Kind]:
    """The facts that a mapping adds to the canonical lead's, and their kinds."""
    return {name: each.kind for name, each in mapping.extra.items()}


def _mapping(document: Document) -> Mapping:
    return load_mapping(document)


def _model(project: Project, path: str | None, *, trained: bool = True) -> Model:
    if path:
        siblings = _siblings(project, path, trained=trained)
        return load_model(project.read(path), siblings=siblings)
    return load_model(parse_yaml(default_model_text(), "scoring/models/default.yaml (shipped)"))


def _shared_facts(project: Project, peers: Iterable[str]) -> frozenset[str]:
    """What the mappings of these connections feed of the facts that can be shared.

    A mapping that is wrong is complained about where its own connection is checked.
    """
    found: set[str] = set()
    for name in peers:
        given = project.document.data["connections"][name]
        try:
            found |= set(_mapping(mapping_document(project, given)).read)
        except (ProblemsError, ConfigurationError):
            continue
    return frozenset(found & set(SHAREABLE))


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
