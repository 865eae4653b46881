"""Unsubscribe tokens: who wants no more mail, signed, without anything personal in plain sight.

A token is base64url of `connection`, `lead` and the digest of the person, a dot, and base64url of
the first 16 bytes of HMAC-SHA256 over the first part. It does not run out: a no is a no.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

_SIGNATURE_BYTES = 16
_PURPOSE = b"leadgate unsubscribe\0"


@dataclass(frozen=True, slots=True)
class Unsubscriber:
    """Who a token speaks of: a lead of a connection, and the digest of the person's key."""

    connection: str
    lead: str
    digest: str


def make_token(key: bytes, who: Unsubscriber) -> str:
    """The token of a lead: letters, digits, `-`, `_` and one dot."""
    body = _encoded("\n".join((who.connection, who.lead, who.digest)).encode())
    return f"{body}.{_signature(key, body)}"


def claimed_connection(token: str) -> str | None:
    """The connection that a token says it is of, not believed yet; None for what is no token."""
    found = _parts(token.partition(".")[0])
    return found.connection if found else None


def read_token(key: bytes, token: str) -> Unsubscriber | None:
    """Who a token speaks of; None unless it was signed with this key."""
    body, _, signature = token.strip().partition(".")
    if not hmac.compare_digest(_signature(key, body).encode(), signature.encode()):
        return None
    return _parts(body)


def _signature(key: bytes, body: str) -> str:
    signed = hmac.digest(key, _PURPOSE + body.encode(), hashlib.sha256)
    return _encoded(signed[:_SIGNATURE_BYTES])


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _parts(body: str) -> Unsubscriber | None:
    try:
        text = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    parts = text.split("\n")
    return Unsubscriber(*parts) if len(parts) == len(Unsubscriber.__slots__) else None
