"""Several vendors as one."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from pipelines.sessions import session_range
from pipelines.sources.composed import ComposedSource
from pipelines.sources.pace import Retries
from pipelines.sources.polygon.source import PolygonPrices
from pipelines.sources.vendor import OutageError, RefusedError, Vendor
from pipelines.sources.yahoo.source import YahooPrices
from tests.vendors import faults
from tests.vendors.clock import Clock
from tests.vendors.market import Market, walk
from tests.vendors.polygon_api import PolygonApi
from tests.vendors.server import Server, serving
from tests.vendors.yahoo_api import YahooApi

START, END = date(2024, 3, 4), date(2024, 3, 28)
DAYS = session_range(START, END).tolist()


def closes(*names: str) -> Market:
    return Market({name: walk(name, START, END) for name in names})


@pytest.fixture
def polygon() -> Iterator[Server]:
    with serving(PolygonApi(closes("AAPL", "META"))) as started:
        yield started


@pytest.fixture
def yahoo() -> Iterator[Server]:
    with serving(YahooApi(closes("AAPL", "META", "KO"))) as started:
        yield started


@pytest.fixture
def both(polygon: Server, yahoo: Server, tmp_path: Path) -> ComposedSource:
    clock, retries = Clock(), Retries(tries=2)
    first = PolygonPrices("k", polygon.url, clock.pace(), retries, timeout=1.0)
    return ComposedSource([first, YahooPrices(yahoo.url, tmp_path, clock.pace(), retries, timeout=1.0)])


def sources(source: Vendor, *symbols: str) -> dict[str, str]:
    found = source.prices(symbols, START, END)
    return dict(zip(found["symbol"].tolist(), found["source"].tolist(), strict=True))


def test_each_symbol_has_the_first_that_answers(both: ComposedSource, yahoo: Server) -> None:
    assert isinstance(both, Vendor)
    assert both.name == "polygon,yfinance"
    assert sources(both, "AAPL", "KO", "META") == {"AAPL": "polygon", "META": "polygon", "KO": "yfinance"}
    assert not yahoo.count("/chart/AAPL")


def test_an_outage_of_the_first_is_the_second_s_turn(both: ComposedSource, polygon: Server) -> None:
    polygon.faults.add(faults.Fault(faults.status(503), 99))
    assert sources(both, "AAPL", "KO") == {"AAPL": "yfinance", "KO": "yfinance"}


def test_an_outage_of_both_is_one(both: ComposedSource, polygon: Server, yahoo: Server) -> None:
    polygon.faults.add(faults.Fault(faults.status(503), 99))
    yahoo.faults.add(faults.storm(99))
    with pytest.raises(OutageError):
        both.prices(["AAPL"], START, END)


def test_sectors_and_short_interest_come_from_who_has_them(both: ComposedSource) -> None:
    found = both.securities(["KO", "NOSUCH"])
    assert dict(zip(found["symbol"].tolist(), found["sector"].tolist(), strict=True)) == {
        "KO": "Technology",
        "NOSUCH": "",
    }
    assert found["reason"].tolist() == ["", "unknown to the source"]
    interest = both.short_interest(["AAPL", "KO"], START, END)
    assert interest["symbol"].tolist() == ["AAPL", "AAPL", "KO"]  # Yahoo has the newest one alone


def test_a_bad_key_is_not_got_around(yahoo: Server, polygon: Server, tmp_path: Path) -> None:
    wrong = PolygonPrices("other", polygon.url, Clock().pace())
    both = ComposedSource([wrong, YahooPrices(yahoo.url, tmp_path, Clock().pace())])
    with pytest.raises(RefusedError):
        both.prices(["AAPL"], START, END)
    assert yahoo.count() == 0
