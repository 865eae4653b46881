"""The `outreach:` section of a connection in leadgate.yaml.

outreach:
  email:
    host: smtp.acme.example
    port: 587                       # STARTTLS; 465 is encrypted from the first byte
    user: leadgate
    password: ${SMTP_PASSWORD}
    from: Acme Sales <sales@acme.example>
    reply_to: ada@acme.example
    unsubscribe:
      url: https://acme.example/unsubscribe?t={token}
      mailto: unsubscribe@acme.example
      secret: ${UNSUBSCRIBE_SECRET}  # signs the token; leadgate unsubscribe TOKEN believes it
  webhook:
    url: https://hooks.acme.example/leadgate
    secret: ${OUTREACH_SECRET}       # 24 characters or more, or whsec_ and base64
    fields: [email, first_name]      # the lead's fields that are sent
  task:
    subject: "Get back to {{ first_name or company }}"
    due_days: 2                      # after the day of the touch
    owner: ada@acme.example          # gets the tasks of leads that no person owns
"""

from __future__ import annotations

import base64
import binascii
from email.utils import parseaddr
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, ConfigDict, Field, SecretStr, model_validator

from connector.crm.http import is_loopback, refuse_insecure
from scoring.document import Schema
from scoring.lead import FIELDS
from scoring.problem import did_you_mean

TOKEN = "{token}"  # noqa: S105 — the place of the token in an address
TLS_PORT = 465
_SHORTEST_SECRET = 24
_STANDARD = "whsec_"
_LONGEST_URL = 500


def ascii_address(text: str) -> str | None:
    """An e-mail address as every mail server takes it, its domain in lower case; else None."""
    if any(character.isspace() or ord(character) < ord(" ") for character in text):
        return None
    try:
        found = validate_email(text, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return None
    return found.ascii_email if "." in found.domain else None


def _address(text: str) -> str:
    if ascii_address(text) is None:
        raise ValueError("must be one e-mail address, as unsubscribe@acme.example")
    return text


def _mailbox(text: str) -> str:
    name, address = parseaddr(text)
    if "\n" in text or "\r" in text or ascii_address(address) is None or "@" in name:
        raise ValueError("must be an e-mail address, as Acme Sales <sales@acme.example>")
    return text


def _one_click(url: str) -> str:
    if url.count(TOKEN) != 1:
        raise ValueError(f"must hold {TOKEN} once, where the token of the lead goes")
    if len(url) > _LONGEST_URL or not url.isascii() or any(each in url for each in " <>,\"'\\"):
        raise ValueError("must be an address of at most 500 plain characters")
    return refuse_insecure(url)


def _known_fields(names: list[str]) -> list[str]:
    for name in names:
        if name not in FIELDS:
            hint = did_you_mean(name, FIELDS)
            raise ValueError(f'"{name}" is not a field of leads. {hint}'.strip())
    return names


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(signing_key(secret)) < _SHORTEST_SECRET:
        raise ValueError(
            f"must have at least {_SHORTEST_SECRET} characters, or be whsec_ and as many bytes in"
            " base64"
        )
    return secret


def signing_key(secret: SecretStr) -> bytes:
    """The bytes that a secret signs with; what follows whsec_ is base64, as in Standard Webhooks."""
    text = secret.get_secret_value().strip()
    if not text.startswith(_STANDARD):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(_STANDARD), validate=True)
    except binascii.Error:
        return b""


Secret = Annotated[SecretStr, AfterValidator(_long_enough)]


class _Secretive(Schema):
    model_config = ConfigDict(hide_input_in_errors=True)


class UnsubscribeKeys(_Secretive):
    """How who is written to says no: by one click, or by an e-mail."""

    url: Annotated[str, AfterValidator(_one_click)] | None = None
    mailto: Annotated[str, AfterValidator(_address)] | None = None
    secret: Secret | None = None

    @model_validator(mode="after")
    def _some_way(self) -> UnsubscribeKeys:
        if not self.url and not self.mailto:
            raise ValueError('needs "url", "mailto" or both: people must be able to say no')
        if self.url and self.secret is None:
            raise ValueError('"secret" is missing: it signs the token in the url')
        return self


class EmailKeys(_Secretive):
    """The mail server, and whose name the mail bears."""

    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]+$")]
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    user: str | None = None
    password: SecretStr | None = None
    from_: Annotated[str, AfterValidator(_mailbox), Field(alias="from")]
    reply_to: Annotated[str, AfterValidator(_mailbox)] | None = None
    starttls: bool = True
    unsubscribe: UnsubscribeKeys

    @model_validator(mode="after")
    def _encrypted(self) -> EmailKeys:
        plain = not self.starttls and self.port != TLS_PORT
        if plain and not is_loopback(f"smtp://{self.host}"):
            raise ValueError(
                "starttls: false sends mail in plain text, which is accepted to this machine only"
                " (127.0.0.1)"
            )
        if (self.user is None) != (self.password is None):
            raise ValueError('"user" and "password" belong together')
        return self


class WebhookKeys(_Secretive):
    """The tool that is told of touches, and what of a lead it is told."""

    url: Annotated[str, AfterValidator(refuse_insecure)]
    secret: Secret
    fields: Annotated[list[str], AfterValidator(_known_fields)] = Field(
        default_factory=lambda: ["email", "first_name", "last_name", "company"]
    )


class TaskKeys(Schema):
    """What the tasks of owners say, and when they are due."""

    subject: Annotated[str, Field(min_length=1, max_length=255)] = (
        "Get back to {{ first_name or last_name or company or 'this lead' }}"
    )
    due_days: Annotated[int, Field(ge=0, le=365)] = 1
    owner: str | None = None


class OutreachKeys(Schema):
    """The whole section; see the head of this file."""

    email: EmailKeys | None = None
    webhook: WebhookKeys | None = None
    task: TaskKeys = TaskKeys()
