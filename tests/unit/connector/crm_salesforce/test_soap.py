"""SOAP: nothing that is sent can break the envelope, nothing that comes back is trusted."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import errors
from connector.crm.salesforce import soap

HEAD = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
TAIL = "</e:Body></e:Envelope>"


def answer(body, status=200):
    """An HTTP answer that holds this body."""
    request = httpx.Request("POST", "https://acme.example/services/Soap/u/62.0")
    return httpx.Response(status, content=body.encode(), request=request)


def fault(code, message="words"):
    """A fault as the platform writes it."""
    told = f"<faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring>"
    return answer(f"{HEAD}<e:Fault>{told}</e:Fault>{TAIL}", 500)


@given(
    st.text(st.characters(blacklist_categories=["Cs"])),
    st.text(st.characters(min_codepoint=33, max_codepoint=126)),
)
def test_any_text_makes_a_well_formed_envelope(name, token):
    """Markup and control characters in a value or a token stay text."""
    told = soap.envelope(soap.element("a", [soap.element("b", name)]), token)

    root = fromstring(told)  # noqa: S314 — our own text

    assert len(root[1][0]) == 1
    assert (root[0][0][0].text or "") == token


def test_a_result_is_read():
    """Texts, nil and absent children are told apart from text."""
    body = "<r xmlns='urn:x'><a> 1 </a><b/><c>2</c><c>3</c></r>"

    found = soap.parse(answer(f"{HEAD}{body}{TAIL}"), "w")

    assert (soap.local(found), soap.text(found, "a"), soap.text(found, "b")) == ("r", "1", None)
    assert soap.text(found, "absent") is None
    assert [node.text for node in soap.children(found, "c")] == ["2", "3"]


@pytest.mark.parametrize(
    ("code", "message", "meaning"),
    [
        ("INVALID_SESSION_ID", "Illegal Session", errors.CredentialsError),
        ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", errors.QuotaSpentError),
        (
            "REQUEST_LIMIT_EXCEEDED",
            "ConcurrentPerOrgLongTxn Limit exceeded.",
            errors.RateLimitedError,
        ),
        ("SERVER_UNAVAILABLE", "busy", errors.TransientError),
        ("UNKNOWN_EXCEPTION", "oops", errors.LostAnswerError),
        ("API_DISABLED_FOR_ORG", "no", errors.ConfigurationError),
        ("EXCEEDED_LEAD_CONVERT_LIMIT", "101", errors.RequestRefusedError),
    ],
)
def test_a_fault_is_judged_by_its_code(code, message, meaning):
    """HTTP 500 is how every fault comes: it is no server error by itself."""
    with pytest.raises(errors.ConnectorError) as caught:
        soap.parse(fault(code, message), "w")

    assert type(caught.value) is meaning


@pytest.mark.parametrize(
    ("response", "meaning"),
    [
        (answer("<html>busy</html>", 503), errors.LostAnswerError),
        (answer("not xml", 200), errors.LostAnswerError),
        (answer(f"{HEAD}<r>cut", 200), errors.LostAnswerError),
        (answer(f"<!DOCTYPE x>{HEAD}<r/>{TAIL}", 200), errors.LostAnswerError),
        (answer(f'<!DOCTYPE a [<!ENTITY b "c">]>{HEAD}<r/>{TAIL}', 200), errors.LostAnswerError),
        (answer(f"{HEAD}<r/>{TAIL}", 403), errors.RequestRefusedError),
    ],
)
def test_what_is_no_envelope_is_not_trusted(response, meaning):
    """Pages of gateways, cut answers and documents with a DOCTYPE are never taken for results."""
    with pytest.raises(meaning):
        soap.parse(response, "w")
