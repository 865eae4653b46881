"""A Salesforce org of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Mount

from connector.sandbox.http import Served, serve
from connector.sandbox.salesforce.admin import Admin
from connector.sandbox.salesforce.auth import CREDENTIALS, jwt_private_key
from connector.sandbox.salesforce.clock import Clock
from connector.sandbox.salesforce.gateway import Gateway
from connector.sandbox.salesforce.org_chart import furnish
from connector.sandbox.salesforce.schema import objects
from connector.sandbox.salesforce.seed import seed_leads
from connector.sandbox.salesforce.state import OrgConfig, State
from connector.sandbox.salesforce.store import Store
from connector.sandbox.salesforce.tooling import number_customs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from connector.sandbox.salesforce.schema import ObjectSpec


class SalesforceOrg(Admin):
    """A local org that lives in memory: REST, Bulk 2.0, SOAP and Tooling over real HTTP.

    The same `leads`, `seed` and `now` make the same org. Its clock starts at `now` and runs with
    real time, unless `clock` is given. `specs` are its objects instead of the stock ones; `prepare`
    furnishes it further before anybody looks.
    """

    def __init__(  # noqa: PLR0913 — everything but the size is named, and has a usual value
        self,
        leads: int = 2000,
        seed: int = 1,
        *,
        now: datetime,
        config: OrgConfig | None = None,
        clock: Callable[[], datetime] | None = None,
        specs: Sequence[ObjectSpec] | None = None,
        prepare: Callable[[State], None] | None = None,
    ) -> None:
        ticking = Clock(now, clock)
        store = Store(objects() if specs is None else specs)
        people = furnish(store, ticking.stamp())
        state = State(store, ticking, config or OrgConfig(), people, seed)
        state.refresh_tokens.add(CREDENTIALS["refresh_token"])
        number_customs(state)
        if leads:
            seed_leads(state, leads)
        if prepare is not None:
            prepare(state)
        super().__init__(state)

    @property
    def credentials(self) -> dict[str, str]:
        """Client id and secret, user, password, security token, refresh token."""
        return dict(CREDENTIALS)

    def jwt_private_key(self) -> str:
        """The PEM of the key whose JWT assertions the org believes (unless its config names one)."""
        return jwt_private_key(self._state)

    def app(self) -> Starlette:
        """The org as a web application."""
        return Starlette(routes=[Mount("/", Gateway(self._state))])

    def serve(self, port: int = 0) -> Served:
        """Serve the org on a port of loopback (0: a free one)."""
        return serve(self.app(), port, date_header=False)
