"""A scripted HubSpot for single answers, a whole portal for the rest, and time of the tests' own."""

from __future__ import annotations

import threading
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from connector.crm.hubspot.adapter import open_crm
from connector.crm.hubspot.settings import HubSpotSettings
from connector.crm.hubspot.transport import API_VERSION
from connector.sandbox.hubspot import HubSpotPortal, PortalConfig
from tests.unit.connector.crm_hubspot.scripted import START, Runtime, Script, handler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.crm.hubspot.adapter import HubSpotCrm

    Connect = Callable[..., HubSpotCrm]


@pytest.fixture
def runtime() -> Runtime:
    """A runtime whose time stands still."""
    return Runtime()


@pytest.fixture
def script() -> Iterator[Script]:
    """A server on loopback that says what it is told to say."""
    told = Script()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(told.next))
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def portal() -> HubSpotPortal:
    """A portal of 150 leads with its limits switched off, so that no test waits for them."""
    config = PortalConfig(burst=0, oauth_burst=0, search_per_second=0)
    return HubSpotPortal(150, 7, now=START, config=config)


@pytest.fixture
def connect(portal: HubSpotPortal, runtime: Runtime) -> Iterator[Connect]:
    """Serves the portal, opens connections to it, and closes all of it again."""
    opened: list[HubSpotCrm] = []
    with portal.serve() as served:

        def opening(version: str = API_VERSION, **keys: object) -> HubSpotCrm:
            given = {"token": portal.token, "burst": 1000, "search_per_second": 100} | keys
            settings = HubSpotSettings(base_url=served.url, **given)
            crm = open_crm(settings, runtime, pace=runtime.time.pace, version=version)
            opened.append(crm)
            return crm

        yield opening
        for crm in opened:
            crm.close()


@pytest.fixture
def crm(connect: Connect) -> HubSpotCrm:
    """A connection to the portal's contacts."""
    return connect()
