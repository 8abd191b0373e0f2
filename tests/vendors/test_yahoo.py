"""The source `yfinance`, through the real library, against Yahoo's endpoints and their faults."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from pipelines.sessions import session_index, session_range
from pipelines.sources.pace import Retries
from pipelines.sources.vendor import Ask, OutageError, Vendor
from pipelines.sources.yahoo.history import splits_after
from pipelines.sources.yahoo.source import NO_SECTOR, YahooPrices, ticker_of
from tests.vendors import faults
from tests.vendors.clock import Clock
from tests.vendors.market import Market, walk
from tests.vendors.server import Server, serving
from tests.vendors.yahoo_api import YahooApi

START, END = date(2024, 2, 26), date(2024, 3, 28)
DAYS = session_range(START, END).tolist()


@pytest.fixture
def api() -> YahooApi:
    return YahooApi(Market({name: walk(name, START, END) for name in ("AAPL", "BRK-B", "META", "SPY")}))


@pytest.fixture
def server(api: YahooApi) -> Iterator[Server]:
    with serving(api) as started:
        yield started


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def yahoo(server: Server, clock: Clock, tmp_path: Path) -> YahooPrices:
    return YahooPrices(server.url, tmp_path / "yfinance", clock.pace(), Retries(tries=3), timeout=0.5)


def test_bars_are_the_market_s(yahoo: YahooPrices, api: YahooApi) -> None:
    assert isinstance(yahoo, Vendor)
    found = yahoo.prices(["BRK.B", "AAPL"], START, END)
    assert found["symbol"].tolist() == ["AAPL"] * len(DAYS) + ["BRK.B"] * len(DAYS)
    assert found["close"].tolist() == [
        *api.market.closes["AAPL"].values(),
        *api.market.closes["BRK-B"].values(),
    ]
    assert set(found["adjustment"].tolist()) == {"unsplit"}


def test_adjusted_closes_are_turned_back_into_raw_ones(yahoo: YahooPrices, api: YahooApi) -> None:
    api.market.split("AAPL", date(2024, 3, 6), 4.0)
    api.market.split("AAPL", date(2024, 3, 20), 1.0, 10.0)
    assert api.market.adjusted("AAPL", DAYS[0]) == pytest.approx(
        api.market.closes["AAPL"][DAYS[0]] / 4.0 * 10.0
    )
    # Asked for a part before the splits: those that came later count all the same.
    part = DAYS[:4]
    for days in (DAYS, part):
        found = yahoo.prices(["AAPL"], days[0], days[-1])
        assert found["close"].tolist() == pytest.approx(
            [api.market.closes["AAPL"][day] for day in days], abs=1e-4
        )
        volume = [api.market.bar("AAPL", day)["v"] for day in days]
        assert found["volume"].tolist() == pytest.approx(
            volume, abs=11
        )  # Yahoo rounds adjusted volumes to whole shares
    splits = yahoo.splits(["AAPL", "META"], START, END)
    assert splits["execution_date"].tolist() == [date(2024, 3, 6), date(2024, 3, 20)]
    assert (splits["split_to"] / splits["split_from"]).tolist() == [4.0, 0.1]


def test_splits_after_a_row_are_those_of_later_rows() -> None:
    # rows: none, 2:1, none, 3:1 → after them: 2 × 3, 3, 3, nothing
    assert splits_after(np.array([0.0, 2.0, 0.0, 3.0])).tolist() == [6.0, 3.0, 3.0, 1.0]


def test_an_unknown_symbol_has_no_bars_and_stops_nobody(yahoo: YahooPrices) -> None:
    assert set(yahoo.prices(["AAPL", "NOSUCH"], START, END)["symbol"].tolist()) == {"AAPL"}


def test_prices_in_another_currency_are_not_taken(yahoo: YahooPrices, api: YahooApi) -> None:
    api.currency["META"] = "GBp"
    ask = Ask(np.array(["META"]), session_index(DAYS[0]), np.ones((len(DAYS), 1), dtype=np.bool_))
    (answer,) = yahoo.answers(ask)
    assert answer.problems == {"META": "yfinance: prices are in GBp, not USD"}


@pytest.mark.parametrize(
    "fault",
    [
        faults.half(),
        faults.Fault(faults.slow(1.0), path="chart"),
        faults.Fault(faults.body(b"{"), 2, path="chart"),
        faults.Fault(faults.status(500), 2, path="chart"),
        faults.storm(2),
    ],
    ids=["half a body", "slow", "half a JSON", "500", "429"],
)
def test_a_passing_fault_passes(fault: faults.Fault, yahoo: YahooPrices, server: Server) -> None:
    server.faults.add(fault)
    assert len(yahoo.prices(["AAPL"], START, END)["close"]) == len(DAYS)


def test_an_outage_is_one(yahoo: YahooPrices, server: Server) -> None:
    server.faults.add(faults.storm(1000))
    with pytest.raises(OutageError, match=r"Too Many Requests.*run again later"):
        yahoo.prices(["AAPL"], START, END)


def test_descriptions_say_why_there_is_no_sector(yahoo: YahooPrices, api: YahooApi) -> None:
    api.funds.add("SPY")
    api.failing["META"] = 500
    found = yahoo.securities(["SPY", "META", "AAPL", "NOSUCH"])
    rows = dict(
        zip(found["symbol"].tolist(), zip(found["sector"], found["reason"], strict=True), strict=True)
    )
    assert rows["AAPL"] == ("Technology", "")
    assert rows["SPY"] == ("", NO_SECTOR)
    assert rows["NOSUCH"] == ("", "unknown to the source")
    assert "answered 500" in rows["META"][1]


def test_the_newest_short_interest(yahoo: YahooPrices) -> None:
    found = yahoo.short_interest(["META", "AAPL", "NOSUCH"], START, END)
    assert found["symbol"].tolist() == ["AAPL", "META"]
    assert found["days_to_cover"].tolist() == [2.5, 2.5]
    assert found["settlement_date"].tolist() == [date(2024, 3, 15)] * 2


def test_tickers() -> None:
    assert [ticker_of(s) for s in ("BRK.B", "BRK.B240119C00300000")] == ["BRK-B", "BRKB240119C00300000"]
