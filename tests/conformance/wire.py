"""What happens between a call and its answer: people act meanwhile, and answers are not what they seem."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from connector.sandbox.hubspot import app as portal_app
from connector.sandbox.salesforce import gateway
from tests.support import SalesforceWorld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support import World


@dataclass
class OnTheWire:
    """Calls whose method and path have a pattern: heard, and answered when it is their turn.

    `before` is done while the call is on its way; `change` gets the answer's body and gives back
    another. Both for `times` calls (None: all) after the first `after`.
    """

    pattern: str
    before: Callable[[], object] | None = None
    change: Callable[[Any], Any] | None = None
    times: int | None = 1
    after: int = 0
    heard: list[Any] = field(default_factory=list)

    def takes(self, call: Any) -> bool:
        """Note a call that fits, do what is to be done before; whether its answer is changed."""
        if not re.search(self.pattern, f"{call.method} {call.path}"):
            return False
        self.heard.append(call)
        turn = len(self.heard) - self.after
        if turn < 1 or (self.times is not None and turn > self.times):
            return False
        if self.before is not None:
            self.before()
        return self.change is not None


@contextmanager
def on_the_wire(world: World, pattern: str, **keys: Any) -> Iterator[OnTheWire]:
    """Listen to the calls of a world while the block lasts."""
    wire = OnTheWire(pattern, **keys)
    with _salesforce(world, wire) if isinstance(world, SalesforceWorld) else _hubspot(world, wire):
        yield wire


@contextmanager
def _salesforce(world: SalesforceWorld, wire: OnTheWire) -> Iterator[None]:
    real = gateway._handled

    def handled(state: Any, call: Any) -> Any:
        changed = state is world.org._state and wire.takes(call)
        answer = real(state, call)
        if changed and wire.change is not None:
            answer = replace(answer, body=wire.change(answer.body))
        return answer

    with patch.object(gateway, "_handled", handled):
        yield


@contextmanager
def _hubspot(world: World, wire: OnTheWire) -> Iterator[None]:
    real, finish = portal_app.App._dispatch, portal_app.finished
    changing: list[bool] = []

    def dispatch(app: Any, call: Any) -> Any:
        changing[:] = [True] if app._portal is world.portal and wire.takes(call) else []
        return real(app, call)

    def finished(answer: Any, headers: dict[str, str]) -> Any:
        if changing and wire.change is not None:
            answer = replace(answer, body=wire.change(answer.body))
        return finish(answer, headers)

    with (
        patch.object(portal_app.App, "_dispatch", dispatch),
        patch.object(portal_app, "finished", finished),
    ):
        yield


WRITES = {"salesforce": "PATCH .*composite/sobjects", "hubspot": "POST .*contacts/batch/update"}
CONVERSIONS = {"salesforce": "POST .*Soap", "hubspot": "POST .*deals/batch/create"}
READS = {"salesforce": "GET .*/query", "hubspot": "POST .*contacts/search"}
"""The calls that write leads, convert them, and read what has changed."""
