"""SOAP envelopes written with every value escaped, and answers read without trusting them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, ParseError, XMLParser, fromstring
from xml.sax.saxutils import escape

import httpx

from connector.crm.http import error_for_status
from connector.crm.salesforce.errors import refusal_by_code, unreadable
from connector.errors import ConnectorError, LostAnswerError, RequestRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMESPACE = "urn:partner.soap.sforce.com"
_SCHEMA = "http://schemas.xmlsoap.org/soap/envelope/"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(name: str, value: str | Iterable[str]) -> str:
    """One element of the partner namespace: text is escaped, children are taken as they are."""
    inner = escape(_NOT_XML.sub("", value)) if isinstance(value, str) else "".join(value)
    return f"<urn:{name}>{inner}</urn:{name}>"


def envelope(body: str, token: str) -> str:
    """A whole request with its session header."""
    header = element("SessionHeader", [element("sessionId", token)])
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{_SCHEMA}" xmlns:urn="{_NAMESPACE}">'
        f"<soapenv:Header>{header}</soapenv:Header><soapenv:Body>{body}</soapenv:Body>"
        "</soapenv:Envelope>"
    )


def parse(response: httpx.Response, what: str) -> Element:
    """The first element of the answer's body.

    A fault comes with HTTP 500 and is judged by its code. Anything that is not an envelope is
    judged by its status; a success that cannot be read is a lost answer.
    """
    root = _root(response.content)
    body = _child(root, "Body") if root is not None else None
    if body is None or not len(body):
        raise unreadable(what) if response.is_success else error_for_status(response, what)
    if local(body[0]) == "Fault":
        raise _fault(body[0], what)
    if not response.is_success:
        raise error_for_status(response, what)
    return body[0]


def local(node: Element) -> str:
    """An element's name without its namespace."""
    return node.tag.rsplit("}", 1)[-1]


def text(node: Element, name: str) -> str | None:
    """The text of a child, or None where it is absent, empty or nil."""
    found = _child(node, name)
    return (found.text or "").strip() or None if found is not None else None


def children(node: Element, name: str) -> list[Element]:
    """The children of that name, in order."""
    return [child for child in node if local(child) == name]


def _child(node: Element, name: str) -> Element | None:
    return next(iter(children(node, name)), None)


def _root(content: bytes) -> Element | None:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        return None
    try:
        return fromstring(content, parser=XMLParser())  # noqa: S314 — no DOCTYPE, no entities
    except ParseError:
        return None


def _fault(fault: Element, what: str) -> ConnectorError:
    code = (text(fault, "faultcode") or "").rsplit(":", 1)[-1]
    message = (text(fault, "faultstring") or "").removeprefix(f"{code}: ")
    known = refusal_by_code(code, message, what)
    if known is not None:
        return known
    if code == "UNKNOWN_EXCEPTION":
        return LostAnswerError(f"{what}: {code}")
    safe = code if re.fullmatch(r"[A-Za-z_]{2,80}", code) else "FAULT"
    return RequestRefusedError(
        f"{what}: {safe}", code=safe, status=httpx.codes.INTERNAL_SERVER_ERROR
    )
