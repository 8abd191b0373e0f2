"""Servers of both vendors, and a desk that is filled from them."""

from collections.abc import Iterator

import pytest

from pipelines.sessions import offset
from pipelines.sources.pace import Retries
from pipelines.sources.polygon.source import PolygonPrices
from tests.postgres_server import PostgresServer
from tests.steps.world import World, open_world
from tests.vendors.clock import Clock
from tests.vendors.desk import FIRST, LAST, OPTION, VendorDesk
from tests.vendors.market import Market, market, walk
from tests.vendors.polygon_api import PolygonApi
from tests.vendors.server import Server, serving


@pytest.fixture(scope="module")
def vendor_world(postgres_server: PostgresServer) -> Iterator[World]:
    with postgres_server.fresh_database() as urls, open_world(urls) as opened:
        yield opened


@pytest.fixture
def desk(vendor_world: World) -> VendorDesk:
    return VendorDesk(vendor_world).start()


@pytest.fixture
def quotes() -> Market:
    """Whole history of what the desk holds, and some sessions more at both ends."""
    start, end = offset(FIRST, -20), offset(LAST, 20)
    found = market(start, end, "ACME")
    found.closes[f"O:{OPTION}"] = {day: round(c / 20, 2) for day, c in walk(OPTION, start, end).items()}
    return found


@pytest.fixture
def polygon_api(quotes: Market) -> PolygonApi:
    return PolygonApi(quotes)


@pytest.fixture
def polygon_server(polygon_api: PolygonApi) -> Iterator[Server]:
    with serving(polygon_api) as started:
        yield started


def polygon_at(server: Server) -> PolygonPrices:
    """The source as a run makes it anew, on a clock of its own."""
    return PolygonPrices("k", server.url, Clock().pace(), Retries(tries=3), timeout=1.0)
