"""The channels of one connection, from its settings, the project's templates and its CRM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.engine.channel import Reaching
from connector.engine.ledger.opt_outs import person_digest
from connector.outreach.crm import MemberChannel, TaskChannel
from connector.outreach.settings import OutreachKeys
from connector.outreach.texts import FOLDER, Texts
from scoring.document import Document, validate

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from connector.engine.channel import Channel
    from connector.engine.ports import Crm
    from connector.outreach.email import EmailChannel
    from connector.settings import Project

SECTION = "outreach"


def outreach_keys(project: Project, name: str) -> OutreachKeys:
    """The checked `outreach:` section of a connection; raises `ProblemsError` with its lines."""
    given = project.section(name, SECTION)
    document = project.document
    filled = Document(document.name, {"connections": {name: {SECTION: given}}}, document.lines)
    return validate(filled, OutreachKeys, at=("connections", name, SECTION))


def project_texts(project: Project) -> Texts:
    """The templates in the project's folder `outreach`."""
    return Texts(lambda file: project.text(f"{FOLDER}/{file}"))


def open_channels(
    project: Project, name: str, crm: Crm, clock: Callable[[], datetime]
) -> dict[str, Channel]:
    """The channels of a connection by name: those of its CRM, and those that it has keys for.

    Nothing is sent and nobody is called before the first touch.
    """
    keys, texts = outreach_keys(project, name), project_texts(project)
    found: dict[str, Channel] = {}
    if isinstance(crm, Reaching):
        reach = crm.reach
        if "task" in reach.reaches:
            found["task"] = TaskChannel(reach, keys.task, texts)
        if "campaign" in reach.reaches:
            found["campaign"] = MemberChannel("campaign", reach)
        if "list" in reach.reaches:
            found["list"] = MemberChannel("list", reach)
    if keys.email is not None:
        found["email"] = open_email(keys, texts, name, clock)
    if keys.webhook is not None:
        from connector.outreach.webhook import Hook, WebhookChannel  # noqa: PLC0415 — only if used

        found["webhook"] = WebhookChannel(Hook(keys.webhook, texts, name), clock=clock)
    return found


def open_email(
    keys: OutreachKeys, texts: Texts, name: str, clock: Callable[[], datetime]
) -> EmailChannel:
    """The e-mail channel of a connection that has keys for one."""
    from connector.outreach.email import (  # noqa: PLC0415 — only if used
        EmailChannel,
        Mailing,
        sender_domain,
    )
    from connector.outreach.smtp import Session  # noqa: PLC0415 — only if used

    assert keys.email is not None  # noqa: S101 — the caller has looked
    session = Session(keys.email, name=sender_domain(keys.email))
    return EmailChannel(Mailing(keys.email, texts, name, person_digest), session, clock=clock)
