"""Simulated options against QuantLib, and their life from listing to expiry."""

from datetime import date, timedelta

import numpy as np
import pytest

from pipelines.sessions import session_range
from pipelines.sources.simulated import SimulatedPrices
from pipelines.sources.simulation.black_scholes import black_scholes, normal_cdf
from pipelines.sources.simulation.options import RATE, listed
from pipelines.sources.simulation.profiles import profile

SOURCE = SimulatedPrices()


def quantlib_price(
    is_call: bool, spot: float, strike: float, days: int, rate: float, volatility: float
) -> float:
    """Analytic European price by QuantLib, Actual/365, no dividends."""
    import QuantLib as ql  # noqa: N813

    today = ql.Date(2, 1, 2024)
    ql.Settings.instance().evaluationDate = today
    count = ql.Actual365Fixed()
    process = ql.BlackScholesProcess(
        ql.QuoteHandle(ql.SimpleQuote(spot)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, rate, count)),
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), volatility, count)),
    )
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if is_call else ql.Option.Put, strike)
    option = ql.VanillaOption(payoff, ql.EuropeanExercise(today + days))
    option.setPricingEngine(ql.AnalyticEuropeanEngine(process))
    return float(option.NPV())


def test_normal_cdf_is_scipys() -> None:
    from scipy.stats import norm

    x = np.concatenate((np.linspace(-38, 38, 20_001), [0.0, -7.07106781186547, 7.07106781186548]))
    np.testing.assert_allclose(normal_cdf(x), norm.cdf(x), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("is_call", [True, False], ids=["call", "put"])
@pytest.mark.parametrize("moneyness", [0.5, 0.9, 1.0, 1.1, 2.0])
@pytest.mark.parametrize("days", [1, 30, 400])
@pytest.mark.parametrize("volatility", [0.12, 0.6])
def test_formula_is_quantlibs(is_call: bool, moneyness: float, days: int, volatility: float) -> None:
    ours = black_scholes(
        is_call, np.array([100.0]), 100.0 * moneyness, np.array([days / 365]), 0.03, volatility
    )
    theirs = quantlib_price(is_call, 100.0, 100.0 * moneyness, days, 0.03, volatility)
    assert ours[0] == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("symbol", ["AAPL240621C00180000", "AAPL240621P00180000", "BRK.B240621C00350000"])
def test_prices_are_quantlibs_on_the_simulated_underlying(symbol: str) -> None:
    option = listed(symbol)
    assert option is not None
    span = date(2024, 1, 2), date(2024, 6, 20)
    closes = SOURCE.prices([symbol], *span)["close"]
    underlying = SOURCE.prices([option.underlying], *span)
    for close, spot, day in zip(
        closes[::10], underlying["close"][::10], underlying["session"][::10].tolist(), strict=True
    ):
        days = (option.expiry - day).days
        theirs = quantlib_price(
            symbol[-9] == "C",
            float(spot),
            float(option.strike),
            days,
            RATE,
            profile(option.underlying).volatility,
        )
        assert close == pytest.approx(max(theirs, 0.01), abs=0.00501)  # whole cents


def test_zero_time_is_intrinsic_value() -> None:
    spot = np.array([90.0, 100.0, 110.0])
    now = np.zeros(3)
    assert black_scholes(True, spot, 100.0, now, 0.03, 0.3).tolist() == [0.0, 0.0, 10.0]
    assert black_scholes(False, spot, 100.0, now, 0.03, 0.3).tolist() == [10.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("expiry", "last"),
    [
        (date(2024, 1, 19), date(2024, 1, 19)),
        (date(2024, 1, 20), date(2024, 1, 19)),  # a Saturday
        (date(2022, 4, 15), date(2022, 4, 14)),  # Good Friday
    ],
    ids=["third Friday", "Saturday", "holiday"],
)
def test_last_price_is_the_intrinsic_value_on_the_expiry_session(expiry: date, last: date) -> None:
    symbol = f"AAPL{expiry:%y%m%d}C00050000"  # far in the money
    prices = SOURCE.prices([symbol], expiry - timedelta(days=30), expiry + timedelta(days=30))
    assert prices["session"].tolist()[-1] == last
    underlying = SOURCE.prices(["AAPL"], last, last)["close"][0]
    assert prices["close"][-1] == pytest.approx(underlying - 50.0, abs=1e-9)


def test_worthless_on_expiry_quotes_one_cent() -> None:
    prices = SOURCE.prices(["AAPL240119P00050000"], date(2024, 1, 19), date(2024, 1, 19))
    assert prices["close"].tolist() == [0.01]


def test_lives_three_years_at_most() -> None:
    symbol = "AAPL240119C00150000"
    prices = SOURCE.prices([symbol], date(2019, 1, 1), date(2024, 12, 31))
    listed = date(2024, 1, 19) - timedelta(days=1096)
    assert prices["session"].tolist() == session_range(listed, date(2024, 1, 19)).tolist()


@pytest.mark.parametrize(
    "symbol",
    ["AAPL", "AAPL241301C00150000", "AAPL240119X00150000", "AAPL240119C00000000", "aapl240119C00150000"],
)
def test_what_is_no_option(symbol: str) -> None:
    assert listed(symbol) is None


def test_an_expiry_beyond_the_horizon_has_no_price() -> None:
    assert len(SOURCE.prices(["AAPL360118C00150000"], date(2035, 1, 2), date(2035, 12, 31))["close"]) == 0
