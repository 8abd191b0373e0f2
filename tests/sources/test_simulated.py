"""The simulated market: the same bits whatever is asked, plausible bars, betas, short interest."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sessions import close_of, offset, session_index, session_range, sessions
from pipelines.sources.protocol import PRICE_FIELDS, PriceSource
from pipelines.sources.simulated import SimulatedPrices
from pipelines.sources.simulation import stocks
from pipelines.sources.simulation.factors import SECTORS

SOURCE = SimulatedPrices()
SYMBOLS = ["SPY", "AAPL", "BRK.B", "KO", "ZZTOP9", "AAPL240119C00150000", "SPY250321P00450000", "Q"]
WHOLE = SOURCE.prices(SYMBOLS, date(2022, 1, 3), date(2025, 12, 31))


def rows(prices: dict[str, np.ndarray]) -> set[tuple[object, ...]]:
    """Rows with floats by their bits."""
    bits = [prices[field].view(np.int64).tolist() for field in PRICE_FIELDS]
    return set(zip(prices["symbol"].tolist(), prices["session"].tolist(), *bits, strict=True))


def returns(symbol: str, start: date, end: date) -> np.ndarray:
    close = SOURCE.prices([symbol], start, end)["close"]
    return close[1:] / close[:-1] - 1


def test_it_is_a_price_source() -> None:
    source: PriceSource = SOURCE
    assert source.name == "simulated"


@given(
    st.lists(st.sampled_from(SYMBOLS), min_size=1, max_size=6),
    st.integers(0, 1000),
    st.integers(0, 300),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_any_range_and_any_symbols_give_the_same_bits(
    symbols: list[str], skip: int, length: int, cold: bool
) -> None:
    start = offset(date(2022, 1, 3), min(skip, 990))
    end = min(offset(start, min(length, 5)) if length < 6 else offset(start, length), date(2025, 12, 31))
    if cold:
        stocks.close_path.cache_clear()
    asked = rows(SOURCE.prices(symbols, start, end))
    expected = {
        row
        for row in rows(WHOLE)
        if row[0] in symbols and start <= row[1] <= end  # type: ignore[operator]
    }
    assert asked == expected


def test_rows_are_ordered_by_symbol_and_session_without_repeats() -> None:
    prices = SOURCE.prices(["KO", "AAPL", "KO", "SPY"], date(2024, 1, 1), date(2024, 1, 31))
    keys = list(zip(prices["symbol"].tolist(), prices["session"].tolist(), strict=True))
    days = session_range(date(2024, 1, 1), date(2024, 1, 31)).tolist()
    assert keys == [(symbol, day) for symbol in ("AAPL", "KO", "SPY") for day in days]
    assert prices["session"].dtype == np.dtype("datetime64[D]")
    assert prices["symbol"].dtype.kind == "U"


@pytest.mark.parametrize(
    "symbol",
    [
        "NOPRICE",
        "NOPRICE7",
        "NOPRICE250117C00100000",
        "aapl",
        "AAPL ",
        "TOOLONGSYMBOL",
        "",
        "AAPL240230C00100000",
    ],
)
def test_symbols_without_a_price_have_no_rows(symbol: str) -> None:
    assert len(SOURCE.prices([symbol], date(2024, 1, 2), date(2024, 3, 1))["close"]) == 0
    alone = SOURCE.prices(["KO"], date(2024, 1, 2), date(2024, 3, 1))
    together = SOURCE.prices([symbol, "KO"], date(2024, 1, 2), date(2024, 3, 1))
    assert rows(together) == rows(alone)


def test_a_range_without_sessions_is_empty() -> None:
    weekend = SOURCE.prices(["KO"], date(2024, 1, 6), date(2024, 1, 7))
    assert len(weekend["close"]) == 0
    assert SOURCE.prices([], date(2024, 1, 2), date(2024, 1, 5))["close"].dtype == np.float64


@pytest.mark.parametrize("symbol", ["SPY", "PLUG", "ZZTOP9", "SPY250321P00450000"])
def test_bars_enclose_open_and_close(symbol: str) -> None:
    bars = SOURCE.prices([symbol], date(2010, 1, 4), date(2035, 12, 31))
    assert (bars["low"] > 0).all()
    assert (bars["low"] <= np.minimum(bars["open"], bars["close"])).all()
    assert (bars["high"] >= np.maximum(bars["open"], bars["close"])).all()
    assert (bars["volume"] >= 1).all()
    assert (bars["volume"] == np.rint(bars["volume"])).all()
    assert (np.rint(bars["close"] * 100) / 100 == bars["close"]).all()


def test_the_price_level_is_the_known_one_on_the_anchor_day() -> None:
    anchor = stocks.ANCHOR.item()
    prices = SOURCE.prices(["AAPL", "SPY"], anchor, anchor)
    assert prices["close"].tolist() == [185.0, 475.0]


@pytest.mark.parametrize(
    ("symbol", "beta", "correlation"),
    [
        ("MTUM", 1.02, 0.90),
        ("VTV", 0.88, 0.93),
        ("VUG", 1.10, 0.93),
        ("QUAL", 0.98, 0.94),
        ("IWM", 1.18, 0.90),
        ("SPLV", 0.65, 0.86),
        ("NVDA", 1.65, 0.50),
        ("DUK", 0.45, 0.30),
    ],
)
def test_market_betas_are_those_of_the_profile(symbol: str, beta: float, correlation: float) -> None:
    market = returns("SPY", date(2010, 1, 4), date(2035, 12, 31))
    own = returns(symbol, date(2010, 1, 4), date(2035, 12, 31))
    # The estimate's standard error is σ_own/(σ_market·√6533) < 0.04 for every name here: three of them.
    assert np.cov(own, market)[0, 1] / np.var(market, ddof=1) == pytest.approx(beta, abs=0.1)
    assert np.corrcoef(own, market)[0, 1] > correlation - 0.05


def test_factor_proxies_are_not_copies_of_the_market() -> None:
    span = date(2010, 1, 4), date(2035, 12, 31)
    market = returns("SPY", *span)
    residuals = []
    for proxy in ("MTUM", "VTV", "VUG", "QUAL", "IWM", "SPLV"):
        own = returns(proxy, *span)
        residuals.append(own - market * (np.cov(own, market)[0, 1] / np.var(market, ddof=1)))
    correlations = np.corrcoef(residuals) - np.eye(6)
    assert np.abs(correlations).max() < 0.3


def test_a_sector_moves_together_beyond_the_market() -> None:
    span = date(2010, 1, 4), date(2035, 12, 31)
    energy, market = returns("XLE", *span) - returns("SPY", *span), returns("SPY", *span)
    assert np.corrcoef(energy, returns("COP", *span) - market)[0, 1] > 0.3
    assert abs(np.corrcoef(energy, returns("PG", *span) - market)[0, 1]) < 0.25


def test_volatility_is_that_of_the_profile() -> None:
    own = returns("TSLA", date(2010, 1, 4), date(2035, 12, 31))
    assert np.std(own, ddof=1) * 252**0.5 == pytest.approx(stocks.profile("TSLA").volatility, rel=0.05)


def test_securities_describe_stocks_and_funds_only() -> None:
    known = SOURCE.securities(["XOM", "AAPL240119C00150000", "SPY", "NOPRICE", "ZZTOP9", "XOM"])
    assert known["symbol"].tolist() == ["SPY", "XOM", "ZZTOP9"]
    assert known["sector"].tolist()[:2] == ["ETF", "Energy"]
    assert all(known["industry"])
    assert all(known["name"])
    assert known["sector"][2] in SECTORS
    assert SOURCE.securities(["NOPRICE"])["symbol"].tolist() == []


def test_short_interest_is_settled_twice_a_month_and_published_eight_sessions_later() -> None:
    found = SOURCE.short_interest(["KO", "GME"], date(2024, 2, 1), date(2024, 3, 31))
    # The 31st of March 2024 is a Sunday after Good Friday: the last session of the month is the 28th.
    settled = [date(2024, 2, 15), date(2024, 2, 29), date(2024, 3, 15), date(2024, 3, 28)]
    assert found["symbol"].tolist() == ["GME"] * 4 + ["KO"] * 4
    assert found["settlement_date"].tolist() == settled * 2
    for day, published in zip(found["settlement_date"].tolist(), found["published_at"].tolist(), strict=True):
        assert session_index(published.date()) - session_index(day) == 8
        assert published > close_of(published.date()).replace(tzinfo=None)
    assert (found["days_to_cover"] > 0).all()
    assert found["published_at"].dtype == np.dtype("datetime64[us]")


def test_short_interest_is_the_same_for_any_range() -> None:
    year = SOURCE.short_interest(["KO"], date(2024, 1, 1), date(2024, 12, 31))
    day = SOURCE.short_interest(["A", "KO"], date(2024, 3, 15), date(2024, 3, 15))
    at = year["settlement_date"].tolist().index(date(2024, 3, 15))
    assert day["days_to_cover"][1] == year["days_to_cover"][at]
    assert len(year["symbol"]) == 24
    assert len(SOURCE.short_interest(["NOPRICE"], date(2024, 1, 1), date(2024, 2, 1))["symbol"]) == 0


def test_the_grid_contains_every_session() -> None:
    assert np.isin(sessions(), stocks.grid()).all()
