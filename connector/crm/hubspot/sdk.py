"""hubspot-api-client, tamed: every API object made once, all on one pool, none of them talking."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import Any

from hubspot import Client

from connector.crm.hubspot.transport import API_VERSION, VersionedPool


class Sdk:
    """The API families that the adapter speaks.

    The SDK builds a client and a pool at every attribute access; here each is kept. Its methods
    are called with `_preload_content=False`, because building an object for every record costs
    ten times the parsing.
    """

    def __init__(self, base_url: str, version: str = API_VERSION) -> None:
        _silence()
        self.pool = VersionedPool(version)
        self._client = Client.create(host=base_url)
        self._kept: list[Any] = []

    @cached_property
    def records(self) -> Any:
        """Single records and lists."""
        return self._keep(self._client.crm.objects.basic_api)

    @cached_property
    def batches(self) -> Any:
        """Records by the hundred."""
        return self._keep(self._client.crm.objects.batch_api)

    @cached_property
    def searches(self) -> Any:
        """Search."""
        return self._keep(self._client.crm.objects.search_api)

    @cached_property
    def associations(self) -> Any:
        """Which record belongs to which."""
        return self._keep(self._client.crm.associations.v4.batch_api)

    @cached_property
    def properties(self) -> Any:
        """The properties of an object."""
        return self._keep(self._client.crm.properties.core_api)

    @cached_property
    def property_batches(self) -> Any:
        """Many properties at once."""
        return self._keep(self._client.crm.properties.batch_api)

    @cached_property
    def property_groups(self) -> Any:
        """The groups that properties are shown in."""
        return self._keep(self._client.crm.properties.groups_api)

    @cached_property
    def lists(self) -> Any:
        """Lists of records, which HubSpot also calls segments."""
        return self._keep(self._client.crm.lists.lists_api)

    @cached_property
    def memberships(self) -> Any:
        """Which record is on which list."""
        return self._keep(self._client.crm.lists.memberships_api)

    @cached_property
    def owners(self) -> Any:
        """The people who can own records."""
        return self._keep(self._client.crm.owners.owners_api)

    @cached_property
    def pipelines(self) -> Any:
        """Pipelines and their stages."""
        return self._keep(self._client.crm.pipelines.pipelines_api)

    @cached_property
    def tokens(self) -> Any:
        """OAuth tokens."""
        return self._keep(self._client.oauth.tokens_api)

    def account(self, **options: Any) -> Any:
        """The portal itself; the SDK has no method of its own for it."""
        return self.records.api_client.call_api(
            "/account-info/v3/details",
            "GET",
            header_params={"Accept": "application/json"},
            auth_settings=["oauth2"],
            _return_http_data_only=True,
            **options,
        )

    def authorise(self, token: str) -> None:
        """Send this token from now on."""
        self._client.access_token = token
        for api in self._kept:
            api.api_client.configuration.access_token = token

    def close(self) -> None:
        """Give all connections back."""
        self.pool.clear()

    def _keep(self, api: Any) -> Any:
        api.api_client.rest_client.pool_manager = self.pool
        self._kept.append(api)
        _silence()
        return api


def _silence() -> None:
    """No log of the SDK or urllib3 leaves: they hold addresses, bodies and so personal data."""
    for name in ("hubspot", "urllib3"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL)
        logger.propagate = False
