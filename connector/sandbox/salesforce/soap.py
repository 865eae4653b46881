"""The SOAP API as far as it goes: login, convertLead, getServerTimestamp, getUserInfo, logout."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from html import escape
from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce.auth import CREDENTIALS, open_session, session_user
from connector.sandbox.salesforce.call import Answer
from connector.sandbox.salesforce.convert import Conversion, Converted, convert
from connector.sandbox.salesforce.errors import ApiError
from connector.sandbox.salesforce.state import LAST_SOAP_LOGIN, Actor

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.salesforce.call import Call
    from connector.sandbox.salesforce.state import State

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
NAMESPACES = {"u": "urn:partner.soap.sforce.com", "c": "urn:enterprise.soap.sforce.com"}
FAULTS = {"u": "urn:fault.partner.soap.sforce.com", "c": "urn:fault.enterprise.soap.sforce.com"}
MOST_CONVERSIONS = 100
JWT_START = "eyJ"
ILLEGAL_SESSION = "Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session key"


class FaultError(Exception):
    """A refusal of the whole call, answered as HTTP 500."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")


class _Strict(ET.TreeBuilder):
    def doctype(self, *_: str | None) -> None:
        """Refuse document types, and with them entities."""
        message = "document types are not allowed"
        raise FaultError("UNKNOWN_EXCEPTION", message)


def soap(state: State, call: Call) -> Answer:
    """POST /services/Soap/u|c/XX.X."""
    kind = call.place["kind"]
    try:
        _count(state)
        body = _operate(state, call, kind)
    except FaultError as error:
        return _envelope(fault_xml(error.code, error.message), f'xmlns:sf="{FAULTS[kind]}"', 500)
    return _envelope(body, f'xmlns="{NAMESPACES[kind]}"', 200)


def _count(state: State) -> None:
    state.used += 1
    if state.used > state.daily_limit:
        raise FaultError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


def fault_xml(code: str, message: str) -> str:
    """The body of a fault."""
    text = f"{code}: {escape(message, quote=False)}"
    plain = "LoginFault" if code == "INVALID_LOGIN" else "UnexpectedErrorFault"
    return (
        f"<soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{text}</faultstring>"
        f'<detail><sf:{plain} xsi:type="sf:{plain}">'
        f"<sf:exceptionCode>{code}</sf:exceptionCode>"
        f"<sf:exceptionMessage>{escape(message, quote=False)}</sf:exceptionMessage>"
        f"</sf:{plain}></detail></soapenv:Fault>"
    )


def _operate(state: State, call: Call, kind: str) -> str:
    if "soapaction" not in call.headers:
        raise FaultError("UNKNOWN_EXCEPTION", "SOAPAction HTTP header missing")
    envelope = _parsed(call.body)
    body = envelope.find(f"{{{ENVELOPE}}}Body")
    request = next(iter(body), None) if body is not None else None
    if request is None:
        raise FaultError("UNKNOWN_EXCEPTION", "No operation in the body")
    namespace, _, name = request.tag.removeprefix("{").partition("}")
    operation = OPERATIONS.get(name)
    if namespace != NAMESPACES[kind] or operation is None:
        message = f"No operation available for request {{{namespace}}}{name}, please check the WSDL for the service."
        raise FaultError("UNKNOWN_EXCEPTION", message)
    if name == "login":
        return _login(state, call, request)
    token = envelope.findtext(f".//{{{NAMESPACES[kind]}}}sessionId") or ""
    user = None if token.startswith(JWT_START) else session_user(state, token)
    if user is None:
        raise FaultError("INVALID_SESSION_ID", ILLEGAL_SESSION)
    return operation(state, call, request, user)


def _parsed(body: bytes) -> ET.Element:
    try:
        parser = ET.XMLParser(target=_Strict())  # noqa: S314 — document types are refused
        parser.feed(body)
        return parser.close()
    except (ET.ParseError, ValueError):
        raise FaultError("UNKNOWN_EXCEPTION", "The request is not well-formed XML") from None


def _fields(element: ET.Element) -> dict[str, str]:
    return {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in element}


def _login(state: State, call: Call, request: ET.Element) -> str:
    version = float(call.place["version"])
    if version > LAST_SOAP_LOGIN or not state.config.soap_login:
        raise FaultError(
            "INVALID_OPERATION", "SOAP API login() is disabled by default in this org."
        )
    given = _fields(request)
    expected = CREDENTIALS["password"] + CREDENTIALS["security_token"]
    if (given.get("username"), given.get("password")) != (CREDENTIALS["username"], expected):
        message = "Invalid username, password, security token; or user locked out."
        raise FaultError("INVALID_LOGIN", message)
    organization = state.people.organization
    url = f"{call.host}/services/Soap/{call.place['kind']}/{call.place['version']}/{organization[:15]}"
    return _result(
        "login",
        [
            _elements(
                {
                    "metadataServerUrl": url.replace("/Soap/u/", "/Soap/m/"),
                    "passwordExpired": False,
                    "sandbox": True,
                    "serverUrl": url,
                    "sessionId": open_session(state),
                    "userId": state.people.api_user,
                }
            )
            + f"<userInfo>{_user_info(state, state.people.api_user)}</userInfo>"
        ],
    )


def _logout(state: State, _call: Call, _request: ET.Element, user: str) -> str:
    gone = [token for token, session in state.sessions.items() if session.user_id == user]
    for token in gone:
        state.sessions.pop(token)
    return "<logoutResponse/>"


def _server_timestamp(state: State, _call: Call, _request: ET.Element, _user: str) -> str:
    moment = state.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return _result("getServerTimestamp", [_elements({"timestamp": moment})])


def _get_user_info(state: State, _call: Call, _request: ET.Element, user: str) -> str:
    return _result("getUserInfo", [_user_info(state, user)])


def _user_info(state: State, user_id: str) -> str:
    user = state.store.tables["User"].rows[user_id]
    organization = state.store.tables["Organization"].rows[state.people.organization]
    return _elements(
        {
            "organizationId": state.people.organization,
            "organizationMultiCurrency": False,
            "organizationName": organization["Name"],
            "profileId": user["ProfileId"],
            "sessionSecondsValid": state.config.session_seconds,
            "userEmail": user["Email"],
            "userFullName": user["Name"],
            "userId": user_id,
            "userLanguage": "en_US",
            "userLocale": "en_US",
            "userName": user["Username"],
            "userTimeZone": "GMT",
            "userType": "Standard",
        }
    )


def _convert_lead(state: State, call: Call, request: ET.Element, user: str) -> str:
    if not state.config.may_convert:
        raise FaultError("INSUFFICIENT_ACCESS", "insufficient access rights on object id")
    rows = [_fields(child) for child in request]
    if len(rows) > MOST_CONVERSIONS:
        message = f"cannot convert more than {MOST_CONVERSIONS} leads in one call"
        raise FaultError("EXCEEDED_LEAD_CONVERT_LIMIT", message)
    actor = Actor(user, request=f"POST {call.path}")
    return _result("convertLead", [_converted(state, actor, row) for row in rows])


def _converted(state: State, actor: Actor, row: dict[str, str]) -> str:
    asked = Conversion(
        lead_id=row.get("leadId", ""),
        status=row.get("convertedStatus", ""),
        account_id=row.get("accountId") or None,
        contact_id=row.get("contactId") or None,
        opportunity_id=row.get("opportunityId") or None,
        opportunity_name=row.get("opportunityName") or None,
        owner_id=row.get("ownerId") or None,
        no_opportunity=row.get("doNotCreateOpportunity") == "true",
        overwrite_source=row.get("overwriteLeadSource") == "true",
    )
    try:
        return _row_result(convert(state, actor, asked), asked.lead_id, None)
    except ApiError as error:
        state.audit.refused[error.code] += 1
        return _row_result(None, asked.lead_id, error)


def _row_result(done: Converted | None, lead_id: str, error: ApiError | None) -> str:
    errors = ""
    if error is not None:
        fields = "".join(_elements({"fields": name}) for name in error.fields or ())
        told = _elements({"message": error.message, "statusCode": error.code})
        errors = f"<errors>{fields}{told}</errors>"
    return (
        _elements(
            {
                "accountId": done.account_id if done else None,
                "contactId": done.contact_id if done else None,
            }
        )
        + errors
        + _elements(
            {
                "leadId": done.lead_id if done else lead_id or None,
                "opportunityId": done.opportunity_id if done else None,
                "success": done is not None,
            }
        )
    )


def _elements(values: dict[str, Any]) -> str:
    return "".join(_element(name, value) for name, value in values.items())


def _element(name: str, value: Any) -> str:
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(text, quote=False)}</{name}>"


def _result(name: str, results: list[str]) -> str:
    inner = "".join(f"<result>{result}</result>" for result in results)
    return f"<{name}Response>{inner}</{name}Response>"


def _envelope(body: str, namespace: str, status: int) -> Answer:
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{ENVELOPE}" '
        f"{namespace} "
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
    return Answer(text.encode(), status, media_type="text/xml;charset=UTF-8")


OPERATIONS: dict[str, Callable[[State, Call, ET.Element, str], str]] = {
    "convertLead": _convert_lead,
    "getServerTimestamp": _server_timestamp,
    "getUserInfo": _get_user_info,
    "logout": _logout,
    "login": lambda state, call, request, _user: _login(state, call, request),
}
