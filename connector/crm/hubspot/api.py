"""A call to HubSpot: limited, authorised, sent, translated, parsed and made again where that is safe."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from connector.crm.http import BODY_SECONDS
from connector.crm.hubspot.login import FixedToken, Login, OAuth, token_form
from connector.crm.hubspot.meter import Meter, Pace
from connector.crm.hubspot.sdk import Sdk
from connector.crm.hubspot.translate import MissingScopesError, translate
from connector.crm.hubspot.transport import API_VERSION
from connector.crm.retry import with_retries
from connector.errors import (
    ConnectorError,
    CredentialsError,
    LostAnswerError,
    QuotaSpentError,
    RateLimitedError,
    RequestRefusedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from connector.crm.hubspot import Runtime
    from connector.crm.hubspot.settings import HubSpotSettings
    from connector.crm.limits import SharedLimiter, WindowLimiter


class Api:
    """The SDK behind the connection's limits. Lives as long as one command; safe for many threads.

    Almost every call of this adapter may be repeated after a lost answer: reads, updates to given
    values, default associations and the creation of named properties do nothing more the second
    time. Those that may not say so.
    """

    def __init__(
        self,
        settings: HubSpotSettings,
        runtime: Runtime,
        *,
        pace: Pace | None = None,
        version: str = API_VERSION,
    ) -> None:
        pace = pace or Pace()
        self.sdk = Sdk(settings.base_url, version)
        self.server_time: datetime | None = None
        self.before_call: Callable[[], None] = lambda: None
        self._sleep = pace.sleep
        self._body_seconds = BODY_SECONDS
        self.meter = Meter(settings, runtime, pace)
        self._store = runtime.calls
        self._account: dict[str, Any] | None = None
        self._login = self._log_in(settings, runtime)

    @property
    def calls(self) -> int:
        """HTTP requests sent so far."""
        return self.sdk.pool.calls

    def call(self, what: str, method: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """The parsed answer of an SDK method; `what` names the request in messages.

        Raises only errors of `connector.errors`.
        """
        request = partial(method, *arguments, **options, _preload_content=False)
        return self._patiently(what, request)

    def call_once(self, what: str, method: Callable[..., Any], *arguments: Any) -> Any:
        """As `call`, but a lost answer is the caller's to settle: raises `LostAnswerError`."""
        request = partial(method, *arguments, _preload_content=False)
        return self._patiently(what, request, repeatable=False)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._sleep(seconds)

    def search(self, what: str, object_type: str, query: dict[str, Any]) -> Any:
        """The parsed answer of a search, which has a limit of its own."""
        request = partial(self.sdk.searches.do_search, object_type, query, _preload_content=False)
        return self._patiently(what, request, search=True)

    def account(self) -> dict[str, Any]:
        """What the portal tells of itself; asked once."""
        if self._account is None:
            self._account = dict(self.call("read the account", self.sdk.account))
        return self._account

    def portal(self) -> str:
        """The address that all pages of this portal begin with, without a slash at its end."""
        account = self.account()
        domain = str(account.get("uiDomain") or "")
        domain = domain if domain.endswith(".hubspot.com") else "app.hubspot.com"
        return f"https://{domain}/contacts/{account.get('portalId', '')}"

    def close(self) -> None:
        """Give the connections back. Closing twice does nothing."""
        self.meter.close()
        self.sdk.close()

    def _patiently(
        self,
        what: str,
        request: Callable[[], Any],
        *,
        repeatable: bool = True,
        search: bool = False,
    ) -> Any:
        self._share_limits()
        return with_retries(
            lambda: self._authorised(what, request, search=search),
            repeatable=repeatable,
            sleep=self._sleep,
        )

    def _share_limits(self) -> None:
        """Before the first call: learn whose limits these are, and keep them with the others."""
        store, self._store = self._store, None
        if store is None:
            return
        try:
            account = self.account()
        except (MissingScopesError, RequestRefusedError):
            account = {}  # the app is known even where its portal is not told
        except ConnectorError:
            self._store = store  # the next call tries again
            raise
        self.meter.share_with(store, account)

    def _authorised(self, what: str, request: Callable[[], Any], *, search: bool) -> Any:
        token = self._login.token()
        self.sdk.authorise(token)
        try:
            return self._send(what, request, self._limiter(search=search))
        except CredentialsError:
            if not self._login.renew(token):
                raise
            self.sdk.authorise(self._login.token())
            return self._send(what, request, self._limiter(search=search))

    def _limiter(self, *, search: bool = False) -> WindowLimiter | SharedLimiter:
        return self.meter.search if search else self.meter.burst

    def _send(
        self, what: str, request: Callable[[], Any], limiter: WindowLimiter | SharedLimiter
    ) -> Any:
        self.meter.budget.spend()
        limiter.acquire()
        self.before_call()
        try:
            response = request()
            body = _whole(response, self._body_seconds)
            self._note(response)
            return _parsed(body)
        except Exception as error:  # noqa: BLE001 — the SDK's exceptions have no common base
            ours = translate(error, f"hubspot: {what}")
            if isinstance(ours, RateLimitedError) and ours.retry_after_seconds:
                limiter.pause(ours.retry_after_seconds)
            if isinstance(ours, QuotaSpentError):
                ours = self.meter.budget.refused(ours)
            raise ours from None

    def _note(self, response: Any) -> None:
        self.meter.note(response.headers)
        try:
            self.server_time = parsedate_to_datetime(response.headers["Date"])
        except (KeyError, ValueError, TypeError):  # an answer may lack it
            self.server_time = None

    def _log_in(self, settings: HubSpotSettings, runtime: Runtime) -> Login:
        if settings.token is not None:
            return FixedToken(settings.token.get_secret_value().strip())
        return OAuth(
            token_form(settings),
            self._exchange,
            clock=runtime.clock,
            secret_changed=runtime.secret_changed,
        )

    def _exchange(self, form: dict[str, str]) -> dict[str, Any]:
        request = partial(self.sdk.tokens.create, **form, _preload_content=False)
        answer: dict[str, Any] = self._send("renew the access token", request, self._limiter())
        return answer


def results(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of an answer; one without any list of them is not taken for an empty one."""
    found = answer.get("results")
    if not isinstance(found, list):
        raise RequestRefusedError("hubspot: an answer came without results", code="NO_RESULTS")
    return found


def _whole(response: Any, seconds: float) -> bytes:
    """The body of an answer, part by part, so that one that never ends is given up."""
    until = time.monotonic() + seconds
    parts: list[bytes] = []
    while part := response.read1():
        parts.append(part)
        if time.monotonic() > until:
            response.close()
            raise LostAnswerError("hubspot: an answer took too long")
    response.release_conn()
    return b"".join(parts)


def _parsed(body: bytes) -> dict[str, Any]:
    found = orjson.loads(body) if body else {}
    if not isinstance(found, dict):
        raise LostAnswerError("hubspot: an answer came that is not HubSpot's")
    return found
