"""The webhook: what is told, how it is signed, and that copies can be dropped."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from pydantic import ValidationError

from connector.errors import ConfigurationError, CredentialsError, LostAnswerError
from connector.outreach.settings import WebhookKeys
from connector.outreach.webhook import Hook, WebhookChannel
from tests.unit.connector.channels import conftest
from tests.unit.connector.channels.conftest import NOW, SECRET, sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

    from connector.outreach.texts import Texts
    from tests.sinks import HookSink

    Teller = Callable[..., WebhookChannel]


def touches(*facts: dict[str, Any], **more: Any) -> pl.DataFrame:
    """Touches whose step has no template."""
    return conftest.touches(*facts, **({"template": None} | more))


@pytest.fixture
def teller(hook: HookSink, texts: Texts) -> Iterator[Teller]:
    """Makes webhook channels that wait for nothing; each attempt is a second later."""
    made: list[WebhookChannel] = []

    def build(**keys: Any) -> WebhookChannel:
        settings = WebhookKeys.model_validate({"url": hook.url, "secret": SECRET} | keys)
        moments = (NOW + timedelta(seconds=n) for n in range(100))
        channel = WebhookChannel(
            Hook(settings, texts, "acme"), clock=lambda: next(moments), sleep=lambda _: None
        )
        made.append(channel)
        return channel

    yield build
    for channel in made:
        channel.close()


def verified(headers: dict[str, str], body: bytes, key: bytes) -> bool:
    """What a receiver does by the book of Standard Webhooks."""
    told = {name.lower(): value for name, value in headers.items()}
    signed = f"{told['webhook-id']}.{told['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(
        version == "v1" and hmac.compare_digest(value, expected)
        for version, _, value in (e.partition(",") for e in told["webhook-signature"].split())
    )


def test_touch_is_told_signed_and_with_few_fields(hook: HookSink, teller: Teller) -> None:
    """The receiver can verify it, learns what to do, and nothing of the lead beside the fields."""
    facts = {"first_name": "Ann\r\nx: y", "phone": "+4930901820", "interest": "carts"}
    (row,) = sent(teller(fields=["email", "first_name"]), touches(facts))
    ((path, headers, body),) = hook.posts
    event = orjson.loads(body)
    assert (row["outcome"], row["@touch_id"], path) == ("applied", "key-1", "/hook")
    assert verified(headers, body, SECRET.encode())
    assert event["type"] == "touch"
    assert event["data"]["lead"] == {
        "id": "lead-1", "owner_id": "owner-1",
        "email": "lead1@example.com", "first_name": "Ann\r\nx: y",
    }  # fmt: skip
    assert event["data"]["key"] == headers["webhook-id"] == "key-1"
    assert (event["data"]["cadence"], event["data"]["step"]) == ("wake_up", 1)
    assert event["data"]["due"] == "2026-11-22"
    assert b"901820" not in body


def test_text_of_the_step_goes_with_it(hook: HookSink, teller: Teller) -> None:
    """A template is filled for the tool; a touch whose template fails is rejected and not told."""
    frame = touches(
        {"first_name": "Ann", "company": "Acme", "interest": "carts"}, {}, template="call"
    )
    first, second = sent(teller(), frame)
    ((_, _, body),) = hook.posts
    data = orjson.loads(body)["data"]
    assert (data["subject"], data["text"]) == ("Call Ann", "Ask Acme about carts.\n")
    assert first["outcome"] == "applied"
    assert (second["outcome"], second["code"]) == ("rejected", "TEMPLATE")
    assert "first_name is blank" in second["message"]


def test_body_that_was_changed_does_not_verify(hook: HookSink, teller: Teller) -> None:
    """The signature is over the body, the id and the moment."""
    sent(teller(), touches({}))
    ((_, headers, body),) = hook.posts
    assert not verified(headers, body + b" ", SECRET.encode())
    assert not verified(headers | {"webhook-id": "other"}, body, SECRET.encode())
    assert not verified(headers | {"webhook-timestamp": "1"}, body, SECRET.encode())


def test_standard_secret_is_base64(hook: HookSink, teller: Teller) -> None:
    """What follows whsec_ is the key in base64, as receivers' libraries take it."""
    key = bytes(range(32))
    sent(teller(secret=f"whsec_{base64.b64encode(key).decode()}"), touches({}))
    ((_, headers, body),) = hook.posts
    assert verified(headers, body, key)


@pytest.mark.parametrize("status", [0, 500, 503, 429])
def test_busy_receiver_is_told_again_under_the_same_id(
    status: int, hook: HookSink, teller: Teller
) -> None:
    """Lost answers and busy servers are repeated with the same id and body, signed anew."""
    hook.say(status)
    (row,) = sent(teller(), touches({}))
    (_, first, body), (_, second, again) = hook.posts
    assert row["outcome"] == "applied"
    assert first["webhook-id"] == second["webhook-id"]
    assert body == again
    assert int(second["webhook-timestamp"]) > int(first["webhook-timestamp"])
    assert verified(second, again, SECRET.encode())


def test_answer_that_stays_lost_is_said_so(hook: HookSink, teller: Teller) -> None:
    """When no answer ever comes the touch stays open, to be told again under its id."""
    hook.say(*[0] * 4)
    with pytest.raises(LostAnswerError):
        sent(teller(), touches({}))


def test_refusal_rejects_the_touch_and_goes_on(hook: HookSink, teller: Teller) -> None:
    """A 4xx is the receiver's no to this touch alone."""
    hook.say(422)
    first, second = sent(teller(), touches({}, {}))
    assert (first["outcome"], first["code"]) == ("rejected", "HTTP_422")
    assert first["remedy"]
    assert second["outcome"] == "applied"


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, CredentialsError), (410, ConfigurationError), (308, ConfigurationError)],
)
def test_what_the_admin_has_to_mend_is_raised(
    status: int, error: type[Exception], hook: HookSink, teller: Teller
) -> None:
    """A wrong secret, a retired address and a redirect are not the lead's fault; none is followed."""
    hook.say(status, Location="http://127.0.0.1:1/")
    with pytest.raises(error):
        sent(teller(), touches({}))
    assert len(hook.posts) == 1


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"url": "http://hooks.example/x"}, "https"),
        ({"secret": "short"}, "24 characters"),
        ({"secret": "whsec_not base64!"}, "24 characters"),
        ({"fields": ["emial"]}, 'Did you mean "email"?'),
    ],
)
def test_wrong_settings_are_refused(keys: dict[str, Any], said: str) -> None:
    """Plain http to elsewhere, weak secrets and unknown fields are refused."""
    with pytest.raises(ValidationError) as refused:
        WebhookKeys.model_validate({"url": "https://x.example", "secret": SECRET} | keys)
    assert said in str(refused.value)
