"""The sandbox's own pages under /__sandbox__/: edits by hand, faults, clock, tallies."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import orjson

from connector.sandbox.hubspot.config import PortalConfig
from connector.sandbox.hubspot.failures import ApiFailure, invalid
from connector.sandbox.hubspot.responses import json_response

if TYPE_CHECKING:
    from connector.sandbox.hubspot.core import PortalCore
    from connector.sandbox.hubspot.http import Call
    from connector.sandbox.hubspot.responses import Response

ADMIN = "/__sandbox__/"


class AdminApi:
    """Answers the calls that real portals do not have; they need no token."""

    def __init__(self, portal: PortalCore) -> None:
        self._portal = portal
        self._acts = {
            ("GET", "health"): self._health,
            ("POST", "mutate"): lambda call: portal.admin.mutate(call.json().get("ops") or []),
            ("GET", "audit"): lambda call: portal.audit(call.query.get("deal_key")),
            ("GET", "stats"): lambda _: portal.stats(),
            ("POST", "reset"): lambda _: portal.forget(),
            ("POST", "clock"): self._clock,
            ("POST", "flush_index"): lambda _: portal.flush_index(),
            ("GET", "faults"): lambda _: [asdict(rule) for rule in portal.faults.rules()],
            ("POST", "faults"): self._add_faults,
            ("DELETE", "faults"): lambda _: portal.faults.clear(),
            ("GET", "truth"): lambda _: portal.truth,
            ("GET", "config"): lambda _: asdict(portal.config),
            ("POST", "config"): self._configure,
        }

    def answer(self, call: Call) -> Response:
        """Do what an admin call asks for."""
        name = call.path.removeprefix(ADMIN).strip("/")
        act = self._acts.get((call.method, name))
        if act is None:
            known = ", ".join(f"{method} {each}" for method, each in self._acts)
            raise ApiFailure(404, f"The sandbox has no {call.method} {name}. Known: {known}")
        return json_response(200, {"result": act(call)}, {})

    def _health(self, _: Call) -> dict[str, Any]:
        counts = {name: len(store.order) for name, store in self._portal.records.stores.items()}
        return {"portal": self._portal.records.portal_id, "records": counts}

    def _clock(self, call: Call) -> str:
        self._portal.advance(float(call.json().get("advance_seconds") or 0))
        return self._portal.clock.moment().isoformat()

    def _add_faults(self, call: Call) -> int:
        rules = orjson.loads(call.payload)
        for rule in rules if isinstance(rules, list) else rules.get("rules", [rules]):
            self._portal.faults.read(rule)
        return len(self._portal.faults.rules())

    def _configure(self, call: Call) -> dict[str, Any]:
        known = {field.name for field in fields(PortalConfig)}
        for name, value in call.json().items():
            if name not in known:
                raise invalid(f"{name} is not a setting. Known: {', '.join(sorted(known))}")
            setattr(self._portal.config, name, value)
        return asdict(self._portal.config)
