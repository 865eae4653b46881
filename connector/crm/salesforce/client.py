"""One session with one org: authorised, renewed, retried and counted calls to REST and SOAP."""

from __future__ import annotations

import re
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import orjson

from connector.crm.http import READING, label
from connector.crm.quota import DailyBudget
from connector.crm.retry import with_retries
from connector.crm.salesforce import soap
from connector.crm.salesforce.errors import refusal, unreadable
from connector.crm.windows import Rolling
from connector.errors import CredentialsError, QuotaSpentError

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree.ElementTree import Element

    from connector.crm.http import Http
    from connector.crm.salesforce.session import Session
    from connector.crm.salesforce.settings import SalesforceSettings
    from connector.engine.ports import Runtime
    from connector.errors import ConnectorError

_T = TypeVar("_T")
_DAY = Rolling(timedelta(hours=1), timedelta(hours=24))
_USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")
_JWT = re.compile(r"^[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}$")


class Client:
    """Calls to one org. Nothing is sent before the first call. Safe for many threads.

    Each answered call notes the org's daily usage; a call is refused with `QuotaSpentError` once
    the connection's share of the org's calls of 24 hours is used, whichever command used them.
    """

    def __init__(
        self,
        settings: SalesforceSettings,
        http: Http,
        login: Callable[[], Session],
        runtime: Runtime,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.http = http
        self.sleep = sleep
        self.api_version = settings.api_version
        self.budget = DailyBudget("Salesforce", settings.quota, _DAY, runtime.clock)
        self._store = runtime.calls
        self._login = login
        self._lock = threading.Lock()
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """The session, opened at first use."""
        with self._lock:
            if self._session is None:
                self._session = self._login()
            store, self._store = self._store, None
            if store is not None:
                self.budget.share_with(store, self._session.account, _DAY)
            return self._session

    def call(
        self,
        method: str,
        path: str,
        *,
        repeatable: bool = True,
        parse: Callable[[httpx.Response], _T] | None = None,
        **request: Any,
    ) -> Any:
        """The answer to one REST call, or what `parse` makes of it.

        `path` is below the API's data address unless it begins with a slash. `repeatable` says
        that sending it twice is the same as sending it once. `parse` may raise `LostAnswerError`.
        """
        address = path if path.startswith("/") else f"/services/data/v{self.api_version}/{path}"
        what = f"Salesforce: {label(method, address)}"

        def once() -> Any:
            response = self._authorised(method, address, request)
            if not response.is_success:
                raise self._refusal(response, what)
            return parse(response) if parse else response

        return with_retries(once, repeatable=repeatable or method in READING, sleep=self.sleep)

    def json(self, method: str, path: str, *, repeatable: bool = True, **request: Any) -> Any:
        """The parsed JSON answer to one REST call; an answer cut short counts as lost."""
        what = f"Salesforce: {label(method, path)}"
        if "json" in request:
            request["content"] = orjson.dumps(request.pop("json"))
        if "content" in request:
            request["headers"] = {"Content-Type": "application/json"} | request.get("headers", {})

        def parse(response: httpx.Response) -> Any:
            try:
                return orjson.loads(response.content)
            except orjson.JSONDecodeError:
                raise unreadable(what) from None

        return self.call(method, path, repeatable=repeatable, parse=parse, **request)

    def query(self, soql: str, *, all_rows: bool = False) -> dict[str, Any]:
        """The first page of a query's answer; `all_rows` includes deleted and merged records."""
        where = "queryAll" if all_rows else "query"
        answer: dict[str, Any] = self.json("GET", where, params={"q": soql})
        return answer

    def soap(self, body: str) -> Element:
        """The result of one SOAP call. It is never repeated once it may have been carried out."""
        path = f"/services/Soap/u/{self.api_version}"

        def once() -> Element:
            session = self.session
            _refuse_jwt(session)
            try:
                return self._soap_once(path, body, session)
            except CredentialsError:
                return self._soap_once(path, body, self._renew(session))

        return with_retries(once, repeatable=False, sleep=self.sleep)

    def close(self) -> None:
        """Give back the calls of the day that were taken and not made."""
        self.budget.close()

    def _refusal(self, response: httpx.Response, what: str) -> ConnectorError:
        error = refusal(response, what)
        return self.budget.refused(error) if isinstance(error, QuotaSpentError) else error

    def _soap_once(self, path: str, body: str, session: Session) -> Element:
        response = self._send(
            "POST",
            session.instance_url + path,
            {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'},
            content=soap.envelope(body, session.token).encode(),
        )
        try:
            return soap.parse(response, "Salesforce: SOAP")
        except QuotaSpentError as error:
            raise self.budget.refused(error) from None

    def _authorised(self, method: str, path: str, request: dict[str, Any]) -> httpx.Response:
        """Send with the session; if it has expired, once more with a new one."""
        session = self.session
        response = self._with(session, method, path, request)
        if response.status_code != httpx.codes.UNAUTHORIZED:
            return response
        return self._with(self._renew(session), method, path, request)

    def _with(
        self, session: Session, method: str, path: str, request: dict[str, Any]
    ) -> httpx.Response:
        headers = request.get("headers", {}) | {"Authorization": f"Bearer {session.token}"}
        rest = {key: value for key, value in request.items() if key != "headers"}
        return self._send(method, session.instance_url + path, headers, **rest)

    def _send(self, method: str, url: str, headers: dict[str, str], **rest: Any) -> httpx.Response:
        self.budget.spend()
        response = self.http.send(method, url, headers=headers, **rest)
        found = _USAGE.search(response.headers.get("Sforce-Limit-Info", ""))
        if found:
            used, size = int(found.group(1)), int(found.group(2))
            self.budget.note(size, max(0, size - used))
        return response

    def _renew(self, expired: Session) -> Session:
        with self._lock:
            if self._session is expired:  # else another thread has renewed it already
                self._session = self._login()
            assert self._session is not None  # noqa: S101 — only ever replaced
            return self._session


def _refuse_jwt(session: Session) -> None:
    if _JWT.match(session.token):
        raise CredentialsError(
            "Salesforce issues JWT-based access tokens for this app, and SOAP (the only way to "
            'convert leads) refuses them. Switch off "Issue JSON Web Token (JWT)-based access '
            "tokens\" in the app's OAuth settings."
        )
