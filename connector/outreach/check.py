"""What is wrong with templates, steps and channels, found before anybody is touched."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateSyntaxError, meta, nodes

from connector.engine.channel import Reaching
from connector.errors import ConfigurationError, TransientError
from connector.outreach.opening import SECTION, open_email, outreach_keys, project_texts
from connector.outreach.texts import FOLDER, NAME, UNSUBSCRIBE, VARIABLES, TextError
from scoring.lead import FIELDS
from scoring.problem import Problem, ProblemsError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.engine.channel import ChannelName, CrmReach
    from connector.engine.ports import Crm
    from connector.outreach.settings import OutreachKeys
    from connector.outreach.texts import Texts
    from connector.settings import Project
    from scoring.document import Document
    from scoring.lead import Kind
    from scoring.revival.section import RevivalSection, Step

_SAMPLES: dict[Kind, Any] = {
    "text": "text",
    "number": 1.0,
    "boolean": True,
    "date": "2026-01-31",
    "datetime": "2026-01-31T09:00:00Z",
    "list": ["text"],
    "range": {"low": 1.0, "high": 2.0},
}
_NEEDED = {"email": f"{SECTION}.email", "webhook": f"{SECTION}.webhook"}
_AT = "revival"


def check_outreach(
    project: Project, name: str, crm: Crm, plan: tuple[RevivalSection | None, Document]
) -> tuple[list[Problem], list[Problem]]:
    """Errors and warnings of a connection's outreach; `plan` is the model's section and its file.

    Templates are filled with a sample; the CRM is asked for campaigns, lists and rights, and the
    mail server whether it lets us in. Nothing is sent.
    """
    try:
        keys = outreach_keys(project, name)
    except ProblemsError as error:
        return list(error.problems), []
    texts = project_texts(project)
    errors = [*_file_problems(project, texts), *_subject_problems(project, name, keys, texts)]
    section, document = plan
    reach = crm.reach if isinstance(crm, Reaching) else None
    for at, step in _steps(section):
        errors += _text_problems(at, step, document, (keys, texts))
    errors += _target_problems(section, document, reach)
    warnings = list(_absent(section, document, (keys, reach)))
    return _with_mail(project, name, (keys, texts), (errors, warnings))


def _by_command(section: RevivalSection | None) -> bool:
    return section is None or section.run == "by_command"


def _steps(section: RevivalSection | None) -> Iterator[tuple[tuple[str | int, ...], Step]]:
    for number, cadence in enumerate(section.cadences if section else ()):
        for place, step in enumerate(cadence.steps):
            yield (_AT, "cadences", number, "steps", place), step


def _absent(
    section: RevivalSection | None,
    document: Document,
    known: tuple[OutreachKeys, CrmReach | None],
) -> Iterator[Problem]:
    """Channels of steps that the connection lacks, each once; the model may serve others that don't.

    A connection without any channel is not meant to reach out, unless every sync does.
    """
    keys, reach = known
    if _by_command(section) and reach is None and not keys.email and not keys.webhook:
        return
    told = set()
    for at, step in _steps(section):
        lacking = _lacks(step.channel, keys, reach)
        if lacking and step.channel not in told:
            told.add(step.channel)
            yield document.problem((*at, "channel"), *lacking)


def _text_problems(
    at: tuple[str | int, ...],
    step: Step,
    document: Document,
    known: tuple[OutreachKeys, Texts],
) -> Iterator[Problem]:
    """A template that is not there, has no subject, or needs a link that there is not."""
    keys, texts = known
    if step.template is None:
        return
    place = (*at, "template")
    if texts.source(f"{step.template}.txt") is None:
        what = f"there is no {FOLDER}/{step.template}.txt in the project."
        yield document.problem(place, what, _name_hint(step.template))
    elif step.channel == "email" and not texts.subject(step.template):
        what = f"{FOLDER}/{step.template}.txt has no subject, and an e-mail needs one."
        yield document.problem(place, what, "Begin the file with a line Subject: …")
    elif _has_link(texts, step.template) and not _gives_link(step.channel, keys):
        what = f"{FOLDER}/{step.template} uses {UNSUBSCRIBE}, and this step has no such link."
        yield document.problem(
            place, what, f"It needs {SECTION}.email.unsubscribe.url, in e-mails."
        )


def _has_link(texts: Texts, template: str) -> bool:
    """Whether a template uses the unsubscribe link."""
    sources = (texts.source(f"{template}.{ending}") or "" for ending in ("txt", "html"))
    return any(UNSUBSCRIBE in source for source in sources)


def _gives_link(channel: ChannelName, keys: OutreachKeys) -> bool:
    return channel == "email" and keys.email is not None and bool(keys.email.unsubscribe.url)


def _name_hint(template: str) -> str:
    if NAME.match(template):
        return "Write the file; its first line is Subject: …, if it is for e-mails."
    return "Names of templates have letters, digits, - and _, and no ending."


def _lacks(
    channel: ChannelName, keys: OutreachKeys, reach: CrmReach | None
) -> tuple[str, str] | None:
    """Why a connection has no such channel, and what to do; None if it has."""
    if channel in _NEEDED:
        if getattr(keys, channel) is not None:
            return None
        what = f"the connection has no {_NEEDED[channel]}, so these touches are skipped."
        return what, f"Add {_NEEDED[channel]} to the connection in leadgate.yaml."
    if reach is not None and channel in reach.reaches:
        return None
    has = ", ".join(sorted(reach.reaches)) if reach else "none"
    what = f"this CRM has no channel {channel}, so these touches are skipped."
    return what, f"Its own channels: {has}."


def _target_problems(
    section: RevivalSection | None, document: Document, reach: CrmReach | None
) -> Iterator[Problem]:
    """Campaigns and lists that are not there, and rights that are missing, asked once a channel."""
    if reach is None:
        return
    for channel in sorted(reach.reaches):
        used = [(at, step) for at, step in _steps(section) if step.channel == channel]
        targets = list(dict.fromkeys(step.target for _, step in used if step.target))
        problems = reach.target_problems(channel, targets) if used else []
        for problem in problems:
            for at, step in used:
                if not problem.target:
                    yield document.problem((*at, "channel"), problem.what, problem.fix)
                elif step.target == problem.target:
                    what = f'"{problem.target}": {problem.what}'
                    yield document.problem((*at, "target"), what, problem.fix)


def _with_mail(
    project: Project,
    name: str,
    known: tuple[OutreachKeys, Texts],
    found: tuple[list[Problem], list[Problem]],
) -> tuple[list[Problem], list[Problem]]:
    """Add what the mail server says to a login: what lasts is an error, what passes a warning."""
    keys, texts = known
    errors, warnings = found
    if keys.email is None:
        return found
    channel = open_email(keys, texts, name, lambda: datetime.fromtimestamp(0, UTC))
    at = project.document.where("connections", name, SECTION, "email")
    try:
        channel.check()
    except ConfigurationError as error:
        errors.append(Problem(at, error.message))
    except TransientError as error:
        fix = "Check again when the mail server is up."
        warnings.append(Problem(at, error.message, fix))
    finally:
        channel.close()
    return errors, warnings


def _subject_problems(
    project: Project, name: str, keys: OutreachKeys, texts: Texts
) -> Iterator[Problem]:
    """The subject of tasks is a template, too."""
    at = ("connections", name, SECTION, "task", "subject")
    for _, what, fix in _template_problems(texts, keys.task.subject, FIELDS):
        yield project.document.problem(at, what, fix)


def _file_problems(project: Project, texts: Texts) -> Iterator[Problem]:
    """Every template file, whether a step uses it or not."""
    folder = project.root / FOLDER
    for path in sorted((*folder.glob("*.txt"), *folder.glob("*.html"))):
        place = f"{FOLDER}/{path.name}"
        if not NAME.match(path.stem):
            yield Problem(place, "cannot be named in a step.", _name_hint(path.stem))
            continue
        source = texts.source(path.name) or ""
        found = list(_template_problems(texts, source, VARIABLES))
        for line, what, fix in found:
            yield Problem(f"{place}:{line}", what, fix)
        if not found and path.suffix == ".txt":
            yield from _sample_problem(texts, path.stem, place)


def _sample_problem(texts: Texts, name: str, place: str) -> Iterator[Problem]:
    """What only shows when the template is filled."""
    sample = {name: _SAMPLES[field.kind] for name, field in FIELDS.items()}
    try:
        texts.fill(name, sample, **{UNSUBSCRIBE: "https://example.com/"})
    except TextError as error:
        yield Problem(f"{place}:1", f"cannot be filled: {error}.")


def _template_problems(texts: Texts, source: str, known: Any) -> Iterator[tuple[int, str, str]]:
    """Syntax errors and unknown variables of a template: line, what, fix."""
    try:
        tree = texts.environment.parse(source)
        texts.environment.compile(source)
    except TemplateSyntaxError as error:
        yield error.lineno, f"is not a valid template: {error.message}.", ""
        return
    unknown = meta.find_undeclared_variables(tree) - set(known)
    told = set()
    for node in tree.find_all(nodes.Name):
        if node.name in unknown and (node.lineno, node.name) not in told:
            told.add((node.lineno, node.name))
            what = f'"{node.name}" is not a field of leads.'
            yield node.lineno, what, did_you_mean(node.name, known)
