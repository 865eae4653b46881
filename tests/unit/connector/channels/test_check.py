"""What `leadgate check` finds in templates, steps and channels, with the place and the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector.outreach.check import check_outreach
from connector.outreach.opening import open_channels, outreach_keys
from connector.settings import load_project
from connector.template import write_project
from scoring.document import parse_yaml
from scoring.model import load_model
from scoring.problem import ProblemsError
from tests.sinks import MailSink
from tests.unit.connector.channels.conftest import NOW, SECRET

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scoring.problem import Problem

    Check = Callable[..., tuple[list[Problem], list[Problem]]]

EMAIL = """\
    outreach:
      email:
        host: 127.0.0.1
        port: {port}
        starttls: false
        from: Acme <sales@acme.example>
        unsubscribe: {{mailto: no@acme.example}}
"""


class NoReach:
    """A CRM without channels of its own."""

    name = "csv"


class Reach(NoReach):
    """A CRM that has tasks and lists, and one list."""

    reaches = frozenset({"task", "list"})

    @property
    def reach(self) -> Any:
        """Itself."""
        return self

    def target_problems(self, channel: str, targets: list[str]) -> list[Any]:
        """What is not the one list is wrong; tasks are not permitted."""
        from connector.engine.channel import TargetProblem  # noqa: PLC0415 — a test's own CRM

        if channel == "task":
            return [TargetProblem("", "no right to make tasks.", "Grant it.")]
        return [TargetProblem(t, "there is no such list.", 'Did you mean "Wake up"?')
                for t in targets if t != "Wake up"]  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's folder with one connection."""
    write_project(tmp_path, ["csv"])
    (tmp_path / "outreach").mkdir()
    return tmp_path


@pytest.fixture
def check(project: Path) -> Check:
    """Checks the project; `steps` are those of its one cadence, `more` is added to the connection."""

    def checking(
        *steps: str, more: str = "", crm: Any = None, environment: dict[str, str] | None = None
    ) -> tuple[list[Problem], list[Problem]]:
        yaml = project / "leadgate.yaml"
        yaml.write_text(yaml.read_text(encoding="utf-8") + more, encoding="utf-8")
        lines = "\n".join(f"        - {{{step}}}" for step in steps)
        text = (project / "scoring/model.yaml").read_text(encoding="utf-8")
        if steps:
            text, _, _ = text.partition("\nrevival:")
            text += f"\nrevival:\n  cadences:\n    - name: wake_up\n      steps:\n{lines}\n"
        model = load_model(parse_yaml(text, "scoring/model.yaml"))
        found = load_project(project, environment or {})
        return check_outreach(found, "csv", crm or NoReach(), (model.revival, model.document))

    return checking


def write(project: Path, name: str, text: str) -> None:
    """A template file."""
    (project / "outreach" / name).write_text(text, encoding="utf-8")


def test_project_without_outreach_has_no_problem(check: Check) -> None:
    """Who does not reach out is not bothered."""
    assert check() == ([], [])


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("Subject: Hi\n\nDear {{ frist_name }}", 3, '"frist_name" is not a field of leads. Did you mean "first_name"?'),
        ("Subject: {{ compny }}", 1, 'Did you mean "company"?'),
        ("Subject: Hi\n\n{% if email %}\nx", 3, "not a valid template"),
        ("Subject: Hi\n\n{{ email | shout }}", 3, "No filter named 'shout'"),
        ("Subject: Hi\n{{ email.append(1) }}", 1, "cannot be filled"),
    ],
)  # fmt: skip
def test_broken_template_is_shown_by_line(
    text: str, line: int, words: str, project: Path, check: Check
) -> None:
    """Each fault is found before anybody is written to, with file, line and the nearest name."""
    write(project, "hello.txt", text)
    ((problem,), warnings) = check()
    assert problem.where == f"outreach/hello.txt:{line}"
    assert words in str(problem)
    assert warnings == []


def test_html_is_checked_too(project: Path, check: Check) -> None:
    """The HTML version knows the same fields."""
    write(project, "hello.html", "<p>\n{{ nobody }}</p>")
    ((problem,), _) = check()
    assert problem.where == "outreach/hello.html:2"


def test_good_template_and_loop_variables_pass(project: Path, check: Check) -> None:
    """Fields, variables that a template sets itself, and the link are known."""
    write(
        project,
        "hello.txt",
        "Subject: Hi\n\n{% set x = first_name %}{% for c in city %}{{ c }}{{ x }}{% endfor %}"
        "{{ unsubscribe_url }}",
    )
    assert check() == ([], [])


def test_step_without_its_channel_template_or_subject_is_refused(
    project: Path, check: Check
) -> None:
    """Each step is checked against the connection and the folder, at its place in the model."""
    write(project, "no_subject.txt", "Hello.")
    write(project, "link.txt", "Subject: Hi\n\n{{ unsubscribe_url }}")
    sink = MailSink()
    try:
        errors, warnings = check(
            "channel: email, template: nowhere",
            "after_days: 1, channel: email, template: no_subject",
            "after_days: 1, channel: webhook",
            "after_days: 1, channel: campaign, target: Spring",
            "after_days: 1, channel: email, template: link",
            more=EMAIL.format(port=sink.port),
        )
    finally:
        sink.close()
    found = [*errors, *warnings]
    told = {problem.where.partition(": ")[2]: str(problem) for problem in found}
    at = "revival.cadences.0.steps"
    assert "there is no outreach/nowhere.txt" in told[f"{at}.0.template"]
    assert "Begin the file with a line Subject" in told[f"{at}.1.template"]
    assert "Add outreach.webhook" in told[f"{at}.2.channel"]
    assert "this CRM has no channel campaign" in told[f"{at}.3.channel"]
    assert "unsubscribe.url" in told[f"{at}.4.template"]
    assert (len(errors), len(warnings)) == (3, 2)
    assert all(problem.where.startswith("scoring/model.yaml:") for problem in found)


def test_connection_without_any_channel_is_not_warned(check: Check) -> None:
    """A model may serve connections that reach nobody."""
    assert check("channel: task", "after_days: 1, channel: list, target: x") == ([], [])


def test_targets_and_rights_are_asked_of_the_crm(check: Check) -> None:
    """A list that is not there is named with the nearest; a missing right at its channel."""
    errors, _ = check(
        "channel: task",
        "after_days: 1, channel: list, target: Wake up",
        "after_days: 1, channel: list, target: Wake upp",
        crm=Reach(),
    )
    first, second = sorted(errors, key=str)
    assert "steps.0.channel" in first.where
    assert "Grant it." in first.fix
    assert "steps.2.target" in second.where
    assert 'Did you mean "Wake up"?' in second.fix


def test_mail_server_that_is_down_is_worth_knowing(check: Check) -> None:
    """What passes by itself is a warning, not an error."""
    sink = MailSink()
    sink.close()
    errors, warnings = check(more=EMAIL.format(port=sink.port))
    assert errors == []
    assert any("outreach.email" in warning.where for warning in warnings)


def test_section_is_refused_by_line_and_without_secrets(check: Check) -> None:
    """Unknown keys, missing ones and unset variables are told with line and nearest name."""
    more = (
        "    outreach:\n      webhook: {url: 'https://x.example', secret: '${HOOK_SECRET}'}\n"
        "      emial: {host: x}\n"
    )
    ((unset,), _) = check(more=more)
    assert "HOOK_SECRET is not set" in unset.what
    assert "outreach.webhook.secret" in unset.where


def test_unknown_key_of_the_section_has_the_nearest_name(check: Check) -> None:
    """A misspelled channel is not passed over."""
    ((problem,), _) = check(more="    outreach:\n      emial: {host: x}\n")
    assert '"emial" is not a key here' in problem.what
    assert 'Did you mean "email"?' in problem.fix


def test_section_that_is_no_mapping_is_refused(check: Check) -> None:
    """A word in the section's place is said to be wrong, by line."""
    ((problem,), _) = check(more="    outreach: yes please\n")
    assert "must be a mapping" in problem.what
    assert "connections.csv.outreach" in problem.where


def test_task_subject_of_the_settings_is_a_template(check: Check) -> None:
    """Its unknown fields are found, too."""
    ((problem,), _) = check(more="    outreach:\n      task: {subject: 'Call {{ nmae }}'}\n")
    assert "outreach.task.subject" in problem.where


def test_secrets_of_outreach_are_needed_by_outreach_alone(project: Path) -> None:
    """Other commands read the connection without them; who touches leads cannot do without."""
    yaml = project / "leadgate.yaml"
    more = "    outreach:\n      webhook: {url: 'https://x.example', secret: '${HOOK_SECRET}'}\n"
    yaml.write_text(yaml.read_text(encoding="utf-8") + more, encoding="utf-8")
    bare = load_project(project, {})
    assert bare.connection("csv").name == "csv"
    with pytest.raises(ProblemsError, match="HOOK_SECRET"):
        outreach_keys(bare, "csv")
    known = load_project(project, {"HOOK_SECRET": SECRET})
    keys = outreach_keys(known, "csv")
    assert SECRET not in repr(keys)
    channels = open_channels(known, "csv", NoReach(), lambda: NOW)  # type: ignore[arg-type]
    assert set(channels) == {"webhook"}
    channels["webhook"].close()


def test_channels_are_those_of_the_crm_and_of_the_settings(project: Path) -> None:
    """A CRM's own channels need no settings; nothing is called by opening them."""
    yaml = project / "leadgate.yaml"
    text = yaml.read_text(encoding="utf-8") + EMAIL.format(port=1)
    yaml.write_text(text, encoding="utf-8")
    channels = open_channels(load_project(project, {}), "csv", Reach(), lambda: NOW)  # type: ignore[arg-type]
    assert set(channels) == {"task", "list", "email"}
    assert {name: one.repeatable for name, one in channels.items()} == {
        "task": True, "list": True, "email": False,
    }  # fmt: skip
    assert {name: one.name for name, one in channels.items()} == {n: n for n in channels}
