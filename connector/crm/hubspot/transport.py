"""The one way out to HubSpot: one pool of connections, one API version, one place to count calls."""

from __future__ import annotations

import re
import threading
from typing import Any

import urllib3

API_VERSION = "v3"
"""What every CRM path is sent with: "v3" (as the SDK spells it, associations as v4) or a dated
release such as "2026-09". HubSpot ends v4 on 2027-03-30 and v3 in September 2027."""

NUMBERED = "v3"
TIMEOUT = urllib3.Timeout(connect=5, read=60)
_CRM_PATH = re.compile(r"/crm/v[34]/([a-z_]+)")
_OTHER_PATH = re.compile(r"/(oauth/v1/(?=token$)|account-info/v3/)")


def versioned(url: str, version: str) -> str:
    """The SDK's address in the words of another API version.

    `/crm/v3/objects/contacts` becomes `/crm/objects/2026-09/contacts`.
    """
    if version == NUMBERED:
        return url
    path, mark, query = url.partition("?")
    path = _CRM_PATH.sub(rf"/crm/\1/{version}", path, count=1)
    path = _OTHER_PATH.sub(lambda found: f"/{found[1].split('/')[0]}/{version}/", path, count=1)
    return path + mark + query


class VersionedPool(urllib3.PoolManager):
    """Stands in for the pools of the SDK's API families.

    It repeats nothing and follows no redirect (a token must not travel to another host), lets no
    call go without a time limit, and writes the wanted API version into every path.
    """

    def __init__(self, version: str = API_VERSION) -> None:
        super().__init__(num_pools=2, maxsize=8, cert_reqs="CERT_REQUIRED")
        self._version = version
        self._counting = threading.Lock()
        self.calls = 0
        """HTTP requests sent so far."""

    def urlopen(  # type: ignore[override]
        self,
        method: str,
        url: str,
        redirect: bool = False,  # noqa: ARG002, FBT001, FBT002 — urllib3's own signature
        **options: Any,
    ) -> urllib3.BaseHTTPResponse:
        """Send one request, once."""
        with self._counting:
            self.calls += 1
        options |= {"retries": False, "timeout": options.get("timeout") or TIMEOUT}
        return super().urlopen(method, versioned(url, self._version), redirect=False, **options)
