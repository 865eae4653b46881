"""Worlds to work in: a project on each local CRM, over HTTP."""

from tests.acceptance.conftest import make_world, world  # noqa: F401 — fixtures
