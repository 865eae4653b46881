"""A signed webhook for an outreach tool: one POST for each touch, as Standard Webhooks has it.

Headers: `webhook-id` is the touch's key, the same however often it is sent, so that the receiver
drops copies; `webhook-timestamp` is the moment of sending in seconds since 1970;
`webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, under the
secret (what follows `whsec_` is base64 of the key). A receiver compares in constant time and
refuses timestamps more than five minutes away.

Body: JSON with `type` ("touch"), `timestamp`, and `data`: key, connection, lead (id, owner_id and
the fields of `outreach.webhook.fields`), cadence, step, target, due, reason, and subject and text
where the step has a template.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import polars as pl

from connector.crm.http import Http, error_for_status
from connector.crm.retry import with_retries
from connector.engine.channel import TOUCH_OUTCOMES
from connector.engine.ports import instant
from connector.errors import ConfigurationError, RequestRefusedError
from connector.outreach.settings import signing_key
from connector.outreach.texts import TextError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from connector.engine.channel import ChannelName
    from connector.outreach.settings import WebhookKeys
    from connector.outreach.texts import Texts

_TIMEOUT = httpx.Timeout(30.0, connect=15.0)
_WHAT = "outreach.webhook: POST"
_ATTEMPTS = 4
_REMEDY = "Look into the receiver's log: it took the request and refused it."


@dataclass(frozen=True)
class Hook:
    """Where touches are told, and what of them. `connection` is the connection's name."""

    keys: WebhookKeys
    texts: Texts
    connection: str


class WebhookChannel:
    """Tells touches to one address. Sending twice is harmless: the receiver knows the id."""

    name: ChannelName = "webhook"
    repeatable = True

    def __init__(
        self,
        hook: Hook,
        *,
        clock: Callable[[], datetime],
        http: Http | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._hook = hook
        self._clock = clock
        self._http = http or Http("outreach.webhook", timeout=_TIMEOUT)
        self._sleep = sleep

    def send(self, touches: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Tell these touches, one after the other; an outcome frame for each as it is known."""
        for row in touches.iter_rows(named=True):
            yield pl.DataFrame([self._one(row)], schema=TOUCH_OUTCOMES)

    def close(self) -> None:
        """Give the connections back. Closing twice does nothing."""
        self._http.close()

    def _one(self, row: dict[str, Any]) -> dict[str, Any]:
        try:
            body = orjson.dumps(self._event(row))
        except TextError as error:
            fix = "Mend the template; leadgate check names what is wrong."
            return _rejected(row, "TEMPLATE", str(error), fix)
        try:
            with_retries(
                lambda: self._post(row["@key"], body),
                repeatable=True,
                attempts=_ATTEMPTS,
                sleep=self._sleep,
            )
        except RequestRefusedError as error:
            return _rejected(row, error.code, error.message, _REMEDY)
        return {"@id": row["@id"], "outcome": "applied", "@touch_id": row["@key"]}

    def _post(self, key: str, body: bytes) -> None:
        """Send once; the signature is as old as the attempt."""
        keys = self._hook.keys
        moment = int(self._clock().timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "leadgate",
            "webhook-id": key,
            "webhook-timestamp": str(moment),
            "webhook-signature": signature(signing_key(keys.secret), key, moment, body),
        }
        response = self._http.send("POST", keys.url, content=body, headers=headers)
        if response.is_success:
            return
        if response.is_redirect:
            raise ConfigurationError(
                f"{_WHAT}: HTTP {response.status_code}: the receiver has moved; set"
                " outreach.webhook.url to its new address."
            )
        raise error_for_status(response, _WHAT)

    def _event(self, row: dict[str, Any]) -> dict[str, Any]:
        facts = orjson.loads(row["facts"])
        lead = {"id": row["@id"], "owner_id": row["@owner_id"]}
        told: dict[str, Any] = {
            "key": row["@key"],
            "connection": self._hook.connection,
            "lead": lead | {name: facts.get(name) for name in self._hook.keys.fields},
            **{name: row[name] for name in ("cadence", "step", "target", "reason")},
            "due": row["due"].isoformat() if row["due"] else None,
        }
        if row["template"]:
            words = self._hook.texts.fill(row["template"], facts)
            told |= {"subject": words.subject, "text": words.text}
        return {"type": "touch", "timestamp": instant(self._clock()), "data": told}


def signature(key: bytes, message: str, moment: int, body: bytes) -> str:
    """The header `webhook-signature` of a message sent at a moment (seconds since 1970)."""
    signed = hmac.digest(key, f"{message}.{moment}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed).decode()}"


def _rejected(row: dict[str, Any], code: str, message: str, remedy: str) -> dict[str, Any]:
    told = {"@id": row["@id"], "outcome": "rejected", "code": code}
    return told | {"message": message, "remedy": remedy}
