"""Five hundred new symbols, of which every tenth fails."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.sources.pace import Retries
from pipelines.sources.yahoo.source import YahooPrices
from pipelines.steps.fetch import fetch_securities
from pipelines.steps.plan import Request
from tests.steps.book_case import BookCase, Lot, Portfolio
from tests.steps.world import World
from tests.vendors.clock import Clock
from tests.vendors.desk import INCEPTION, LAST, VendorDesk
from tests.vendors.market import Market
from tests.vendors.server import Server, serving
from tests.vendors.yahoo_api import YahooApi

pytestmark = pytest.mark.long

SYMBOLS = [f"S{n:03d}" for n in range(500)]
FAILING = SYMBOLS[::10]
MANY = BookCase(
    (Portfolio(inception=INCEPTION),),
    tuple(Lot(symbol=symbol, quantity=Decimal(10), entry=date(2023, 12, 20)) for symbol in SYMBOLS),
)


@pytest.fixture
def api() -> YahooApi:
    found = YahooApi(Market({symbol: {} for symbol in SYMBOLS}))
    found.failing = {symbol: 404 if n % 2 else 500 for n, symbol in enumerate(FAILING)}
    return found


@pytest.fixture
def server(api: YahooApi) -> Iterator[Server]:
    with serving(api) as started:
        yield started


def test_failures_are_listed_with_reasons_and_retried(
    vendor_world: World, api: YahooApi, server: Server, tmp_path: Path
) -> None:
    desk = VendorDesk(vendor_world).start(MANY)
    yahoo = YahooPrices(server.url, tmp_path, Clock().pace(), Retries(tries=2), timeout=2.0)

    def enrich() -> tuple[int, dict[str, str]]:
        with desk.world.opened(LAST, LAST) as run:
            done = fetch_securities(run.database, yahoo, Request(0, 1))
        return done.asked, done.problems

    asked, problems = enrich()
    assert asked == 500
    assert sorted(problems) == FAILING
    assert {reason.partition(", ")[0] for reason in problems.values()} == {
        "unknown to the source",
        "yfinance: it answered 500",
    }
    stored = dict(desk.world.rows("select symbol, reason from market.securities where sector is null"))  # type: ignore[arg-type]
    assert stored == problems
    assert desk.world.rows("select count(*) from book.positions") == [(500,)]
    assert desk.world.rows("select count(*) from market.securities where sector is not null") == [(450,)]
    api.failing = {FAILING[0]: 500}
    asked, problems = enrich()
    assert asked == 50
    assert list(problems) == [FAILING[0]]
    api.failing = {}
    assert enrich() == (1, {})
    assert enrich() == (0, {})
