"""The API version is written into every path in one place."""

from __future__ import annotations

import pytest

from connector.crm.hubspot.transport import versioned

HOST = "https://api.hubapi.com"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/crm/v3/objects/contacts?limit=100&after=v3", "/crm/objects/2026-09/contacts?limit=100&after=v3"),
        ("/crm/v3/objects/deals/batch/upsert", "/crm/objects/2026-09/deals/batch/upsert"),
        ("/crm/v3/properties/contacts", "/crm/properties/2026-09/contacts"),
        ("/crm/v3/pipelines/deals", "/crm/pipelines/2026-09/deals"),
        (
            "/crm/v4/associations/deals/contacts/batch/associate/default",
            "/crm/associations/2026-09/deals/contacts/batch/associate/default",
        ),
        ("/oauth/v1/token", "/oauth/2026-09/token"),
        ("/account-info/v3/details", "/account-info/2026-09/details"),
    ],
)  # fmt: skip
def test_paths_of_a_dated_release(path: str, expected: str) -> None:
    """The SDK's numbered paths become dated ones; query values are left alone."""
    assert versioned(HOST + path, "2026-09") == HOST + expected


def test_numbered_paths_stay() -> None:
    """With the version that the SDK speaks, nothing is rewritten."""
    path = f"{HOST}/crm/v4/associations/deals/contacts/batch/read"

    assert versioned(path, "v3") == path
