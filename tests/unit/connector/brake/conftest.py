"""Worlds to work in: a project on each local CRM, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import make_world  # noqa: F401 — a fixture

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support import World


@pytest.fixture(params=["hubspot"])
def world(request: pytest.FixtureRequest, make_world: Callable[..., World]) -> World:  # noqa: F811 — a fixture's name
    """A world of one CRM: what is tested here is the engine's, whatever the CRM."""
    return make_world(request.param)
