"""A mail server and a web server to touch leads through, touches, and texts in memory."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
import pytest

from connector.engine.channel import TOUCHES
from connector.engine.ledger.opt_outs import person_digest
from connector.outreach.email import EmailChannel, Mailing
from connector.outreach.settings import EmailKeys
from connector.outreach.smtp import Patience, Session
from connector.outreach.texts import Texts
from tests.sinks import HookSink, MailSink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SECRET = "a-secret-of-enough-characters"
FILES = {
    "checking_in.txt": "Subject: Still interested, {{ first_name or 'you' }}?\n\n"
    "Hello {{ first_name or 'there' }},\n.one dot\nStop: {{ unsubscribe_url }}\n",
    "checking_in.html": "<p>Hello {{ first_name or 'there' }}</p>",
    "call.txt": "Subject: Call {{ first_name }}\n\nAsk {{ company }} about {{ interest }}.\n",
}


def touches(*facts: dict[str, Any], **more: Any) -> pl.DataFrame:
    """One touch per lead with these facts; `more` replaces columns of all of them."""
    rows = [
        {
            "@key": f"key-{number}",
            "@id": f"lead-{number}",
            "@owner_id": "owner-1",
            "cadence": "wake_up",
            "step": 1,
            "template": "checking_in",
            "target": None,
            "due": date(2026, 11, 22),
            "reason": "silent for 90 days",
            "facts": orjson.dumps({"email": f"lead{number}@example.com"} | each).decode(),
        }
        | more
        for number, each in enumerate(facts, start=1)
    ]
    return pl.DataFrame(rows, schema=TOUCHES)


def sent(channel: Any, frame: pl.DataFrame) -> list[dict[str, Any]]:
    """The outcomes of these touches."""
    return [row for part in channel.send(frame) for row in part.iter_rows(named=True)]


@pytest.fixture
def texts() -> Texts:
    """The templates of a project."""
    return Texts(FILES.get)


@pytest.fixture
def sink() -> Iterator[MailSink]:
    """A mail server that takes everything."""
    made = MailSink()
    yield made
    made.close()


@pytest.fixture
def hook() -> Iterator[HookSink]:
    """A web server that takes everything."""
    made = HookSink()
    yield made
    made.close()


def email_keys(port: int, **more: Any) -> EmailKeys:
    """Keys of a mail server on loopback."""
    usual: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "from": "Acme Sales <sales@acme.example>",
        "starttls": False,
        "unsubscribe": {
            "url": "https://acme.example/u?t={token}",
            "mailto": "no@acme.example",
            "secret": SECRET,
        },
    }
    return EmailKeys.model_validate(usual | more)


@pytest.fixture
def mailer(texts: Texts) -> Iterator[Callable[..., EmailChannel]]:
    """Makes e-mail channels that wait for nothing, and closes them."""
    made: list[EmailChannel] = []

    def build(keys: EmailKeys, patience: Patience | None = None, **session: Any) -> EmailChannel:
        patient = patience or Patience(5, 5)
        opened = Session(keys, name="acme.example", patience=patient, **session)
        mailing = Mailing(keys, texts, "acme", person_digest)
        channel = EmailChannel(mailing, opened, clock=lambda: NOW, sleep=lambda _: None)
        made.append(channel)
        return channel

    yield build
    for channel in made:
        channel.close()
