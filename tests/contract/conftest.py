"""Makes each contract test once for every CRM that has what the test needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import tests.contract.shipped  # noqa: F401 — fills the table
from tests.contract.sites import SITES, Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector.engine.ports import Crm


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    text = "needs(*capabilities): make the test only for CRMs that have all of them"
    config.addinivalue_line("markers", text)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test per CRM that has the capabilities that the test needs."""
    if "site" in metafunc.fixturenames:
        needed = {word for mark in metafunc.definition.iter_markers("needs") for word in mark.args}
        names = [name for name, site in SITES.items() if needed <= site.capabilities]
        metafunc.parametrize("site", names, indirect=True)


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A CRM with its people."""
    made = SITES[request.param](tmp_path)
    yield made
    made.close()


@pytest.fixture
def crm(site: Site) -> Crm:
    """A connection to the site."""
    return site.open()
