"""E-mail over SMTP: one message for each touch, which can be answered with one click.

Message-ID comes from the touch's key, so that copies could be told apart if there were any; a mail
server does not refuse a second copy, so a message whose answer was lost is never sent again.
List-Unsubscribe and List-Unsubscribe-Post follow RFC 2369 and RFC 8058; the latter wants the mail
server to sign both by DKIM.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
import polars as pl

from connector.crm.retry import with_retries
from connector.engine.channel import LATER, TOUCH_OUTCOMES, UNKNOWN
from connector.errors import (
    ConfigurationError,
    LostAnswerError,
    RequestRefusedError,
    TransientError,
)
from connector.outreach.settings import TOKEN, ascii_address, signing_key
from connector.outreach.texts import UNSUBSCRIBE, TextError, tidy
from connector.outreach.tokens import Unsubscriber, make_token
from scoring.revival.persons import persons

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from connector.engine.channel import ChannelName
    from connector.outreach.settings import EmailKeys
    from connector.outreach.smtp import Session
    from connector.outreach.texts import Texts, Words

_ATTEMPTS = 3
_WHOLE_LINES = policy.SMTP.clone(max_line_length=900, cte_type="7bit")
"""Addresses without a blank in them must not be broken; RFC 5322 allows 998 characters."""

_REMEDIES = (
    ("5.1.", "Mend the e-mail address in the record, or mark the lead as bounced."),
    ("5.2.2", "The mailbox is full: try another channel."),
    ("5.2.", "The mailbox takes no mail: mend the address in the record."),
    (
        "5.7.",
        "Check SPF, DKIM and DMARC of the sender, and what the mail server lets this user do.",
    ),
)
_REMEDY = "Look the code up with the mail provider; the address may be wrong."


@dataclass(frozen=True)
class Mailing:
    """What all messages of a connection have in common.

    `digest` makes of a person's key what opt-outs are known by.
    """

    keys: EmailKeys
    texts: Texts
    connection: str
    digest: Callable[[str], str]


class EmailChannel:
    """Sends e-mails over one session with the mail server."""

    name: ChannelName = "email"
    repeatable = False

    def __init__(
        self,
        mailing: Mailing,
        session: Session,
        *,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._keys = mailing.keys
        self._mailing = mailing
        self._session = session
        self._clock = clock
        self._sleep = sleep
        self._sender = parseaddr(mailing.keys.from_)[1]

    def send(self, touches: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Send these e-mails, one after the other; an outcome frame for each as it is known.

        When the mail server cannot be reached, or refuses every message, the rest is skipped as
        `LATER`; what a user has to mend is raised after that.
        """
        rows = touches.with_columns(_people(touches)).to_dicts()
        for position, row in enumerate(rows):
            try:
                told = self._one(row)
            except (ConfigurationError, TransientError) as error:
                yield _frame([_row(each, "skipped", LATER, str(error)) for each in rows[position:]])
                if isinstance(error, ConfigurationError):
                    raise
                return
            yield _frame([told])

    def check(self) -> None:
        """Log in and send nothing; raises what is wrong as one of `connector.errors`."""
        self._session.check()

    def close(self) -> None:
        """Say goodbye to the mail server. Closing twice does nothing."""
        self._session.close()

    def _one(self, row: dict[str, Any]) -> dict[str, Any]:
        """The outcome of one e-mail; raises what concerns all of them."""
        facts = orjson.loads(row["facts"])
        recipient = ascii_address(str(facts.get("email") or ""))
        if recipient is None:
            fix = "Mend the e-mail address in the record."
            return _row(row, "rejected", "NO_ADDRESS", "there is no address to write to", fix)
        try:
            message = self.message(row, recipient)
        except TextError as error:
            fix = "Mend the template; leadgate check names what is wrong."
            return _row(row, "rejected", "TEMPLATE", str(error), fix)
        return self._deliver(row, recipient, message)

    def _deliver(
        self, row: dict[str, Any], recipient: str, message: EmailMessage
    ) -> dict[str, Any]:
        raw = message.as_bytes(policy=_WHOLE_LINES)
        try:
            with_retries(
                lambda: self._session.send(self._sender, recipient, raw),
                repeatable=False,
                attempts=_ATTEMPTS,
                sleep=self._sleep,
            )
        except LostAnswerError as error:
            fix = "It is not sent again: look into the mail provider's log."
            return _row(row, "rejected", UNKNOWN, str(error), fix)
        except RequestRefusedError as error:
            return _row(row, "rejected", error.code, error.message, _remedy(error.code))
        except TransientError as error:
            self._session.check()  # raises if it is the server, not this message
            return _row(row, "skipped", LATER, error.message)
        return _row(row, "applied", "") | {"@touch_id": message["Message-ID"]}

    def message(self, row: dict[str, Any], recipient: str) -> EmailMessage:
        """The e-mail of one touch; raises `TextError`."""
        link = self._unsubscribe_url(row)
        words = self._mailing.texts.fill(
            row["template"] or "",
            orjson.loads(row["facts"]),
            **({UNSUBSCRIBE: link} if link else {}),
        )
        if not words.subject:
            raise TextError(f"{row['template']}: the first line is no subject (Subject: …)")
        message = EmailMessage(policy=policy.SMTP.clone(cte_type="7bit"))
        message["From"] = self._keys.from_
        message["To"] = recipient
        message["Subject"] = tidy(words.subject)
        message["Date"] = format_datetime(self._clock())
        message["Message-ID"] = self._message_id(row["@key"])
        if self._keys.reply_to:
            message["Reply-To"] = self._keys.reply_to
        self._add_unsubscribe(message, link)
        _add_words(message, words)
        if message.is_multipart():  # else a random one
            message.set_boundary(message["Message-ID"][1:41])
        return message

    def _add_unsubscribe(self, message: EmailMessage, link: str) -> None:
        mailto = self._keys.unsubscribe.mailto
        ways = [f"<{link}>"] if link else []
        if mailto:
            ways.append(f"<mailto:{quote(mailto, safe='@')}?subject=unsubscribe>")
        message["List-Unsubscribe"] = ", ".join(ways)
        if link:
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"

    def _unsubscribe_url(self, row: dict[str, Any]) -> str:
        keys = self._keys.unsubscribe
        if not keys.url or keys.secret is None:
            return ""
        who = Unsubscriber(
            self._mailing.connection, row["@id"], self._mailing.digest(row["@person"])
        )
        return keys.url.replace(TOKEN, make_token(signing_key(keys.secret), who))

    def _message_id(self, key: str) -> str:
        said = f"{self._mailing.connection}\0{key}"
        digest = hashlib.sha256(said.encode()).hexdigest()[:40]
        return f"<{digest}@{sender_domain(self._keys)}>"


def sender_domain(keys: EmailKeys) -> str:
    """The domain that mail comes from."""
    return (ascii_address(parseaddr(keys.from_)[1]) or "").rpartition("@")[2]


def _people(touches: pl.DataFrame) -> pl.Series:
    """Each touch's person, by the key by which opt-outs are known."""
    known = pl.Struct(dict.fromkeys(("email", "phone", "mobile"), pl.String()))
    facts = touches["facts"].str.json_decode(known).struct.unnest()
    return persons(facts.with_columns(touches["@id"].alias("id"))).alias("@person")


def _add_words(message: EmailMessage, words: Words) -> None:
    message.set_content(words.text)
    if words.html is not None:
        message.add_alternative(words.html, subtype="html")


def _remedy(code: str) -> str:
    numbers = code.rpartition("_")[2]
    return next((fix for start, fix in _REMEDIES if numbers.startswith(start)), _REMEDY)


def _row(
    touch: dict[str, Any], outcome: str, code: str, message: str = "", remedy: str = ""
) -> dict[str, Any]:
    told = {"@id": touch["@id"], "outcome": outcome, "code": code or None}
    return told | {"message": message or None, "remedy": remedy or None}


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=TOUCH_OUTCOMES)
