"""Realized risk against empyrical and scipy, by arithmetic, and to the bit [DESIGN §3, risk metrics]."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.calc.moments import mean_and_std
from pipelines.calc.risk import VAR_QUANTILE, RealizedRisk, realized
from pipelines.calc.types import NULL_MONEY, FloatArray
from tests.calc.bits import assert_same_bits

NAN = np.nan
NAV = 3_000_000 * 10_000


def returns_with_gaps(n_portfolios: int, n_sessions: int, seed: int, gaps: float = 0.1) -> FloatArray:
    random = np.random.default_rng(seed)
    returns: FloatArray = random.normal(0.0005, 0.01, (n_portfolios, n_sessions))
    returns[random.random(returns.shape) < gaps] = NAN
    return returns


def last(returns: FloatArray, nav: int = NAV, rf: float = 0.0) -> RealizedRisk:
    """Risk of one portfolio on the last session of its returns."""
    return realized(np.asarray(returns)[np.newaxis], np.array([[nav]]), rf)


def test_realized_risk_is_that_of_empyrical_and_scipy() -> None:
    import empyrical
    import scipy.stats

    returns, rf = returns_with_gaps(3, 150, seed=1), 0.03
    found = realized(returns, np.full((3, 61), NAV), rf)
    for portfolio, out in np.ndindex(3, 61):
        place, end = (portfolio, out), 150 - 61 + out + 1
        sixty, ninety = returns[portfolio, end - 60 : end], returns[portfolio, end - 90 : end]
        sixty, ninety = sixty[~np.isnan(sixty)], ninety[~np.isnan(ninety)]
        assert (found.n_obs_60[place], found.n_obs_90[place]) == (len(sixty), len(ninety))
        expected = (
            empyrical.annual_volatility(sixty),
            empyrical.sharpe_ratio(sixty, risk_free=rf / 252),
            empyrical.max_drawdown(ninety),
        )
        metrics = (found.volatility[place], found.sharpe_ratio[place], found.max_drawdown[place])
        np.testing.assert_allclose(metrics, expected, rtol=1e-11)
        # a loss is positive: minus the 5 % quantile of N(0, std)
        loss = -scipy.stats.norm.ppf(0.05, loc=0.0, scale=np.std(sixty, ddof=1)) * NAV
        assert found.var_95[place] == pytest.approx(loss, rel=1e-12, abs=0.6)
    assert set(found.reason.ravel().tolist()) == {""}


def test_the_quantile_is_scipys() -> None:
    import scipy.stats

    assert pytest.approx(scipy.stats.norm.ppf(0.95), rel=1e-15) == VAR_QUANTILE


def test_volatility_sharpe_and_var_by_hand() -> None:
    # ten times +2 %, −1 %: mean 0.5 %, deviations ±1.5 %: std = 0.015 × √(20/19)
    found = last(np.tile([0.02, -0.01], 10), nav=1_000_000)
    std = 0.015 * (20 / 19) ** 0.5
    assert found.volatility.item() == pytest.approx(std * 252**0.5, rel=1e-13)
    assert found.sharpe_ratio.item() == pytest.approx(0.005 / std * 252**0.5, rel=1e-12)
    assert found.var_95.item() == round(1.6448536269514722 * std * 1_000_000)


def test_risk_free_rate_is_annual() -> None:
    # 0.00252 a year is 0.00001 a session
    series = np.tile([0.02, -0.01], 10)
    std = 0.015 * (20 / 19) ** 0.5
    assert last(series, rf=0.00252).sharpe_ratio.item() == pytest.approx(0.00499 / std * 252**0.5, rel=1e-12)


@pytest.mark.parametrize(
    ("returns", "drawdown"),
    [
        ([0.1, -0.5, 0.2], -0.5),  # 1.1 → 0.55
        ([-0.1, 0.05, 0.0], -0.1),  # from the starting point: 1.0 → 0.9
        ([-0.1, -0.1, 0.0], -0.19),  # 1.0 → 0.81
        ([0.1, 0.2, 0.3], 0.0),
        ([-0.2, 1.0, -0.1], -0.2),  # 1.0 → 0.8; 1.6 → 1.44 is less
    ],
)
def test_drawdown_is_the_largest_fall_from_the_peak_so_far(returns: list[float], drawdown: float) -> None:
    series = np.array([*returns[:1], NAN, *returns[1:], *[0.0] * 17])
    assert last(series).max_drawdown.item() == pytest.approx(drawdown, abs=1e-15)


def test_drawdown_looks_back_ninety_sessions_and_the_deviation_sixty() -> None:
    crash = np.zeros(200)
    crash[200 - 90] = -0.5
    found = last(crash)
    assert found.max_drawdown.item() == -0.5
    assert found.volatility.item() == 0.0
    assert (found.n_obs_60.item(), found.n_obs_90.item()) == (60, 90)
    assert last(np.append(crash, 0.0)).max_drawdown.item() == 0.0


@pytest.mark.parametrize("level", [0.0, 0.001, 1 / 3, -0.0007])
def test_sharpe_is_null_without_deviation(level: float) -> None:
    found = last(np.full(60, level))
    assert (found.volatility.item(), found.var_95.item()) == (0.0, 0)
    assert np.isnan(found.sharpe_ratio.item())
    assert found.reason.item() == ""


@pytest.mark.parametrize(("n", "is_null"), [(19, True), (20, False)])
def test_twenty_observations_are_needed(n: int, is_null: bool) -> None:
    found = last(returns_with_gaps(1, n, seed=2, gaps=0.0)[0])
    assert (found.n_obs_60.item(), found.n_obs_90.item()) == (n, n)
    metrics = [found.volatility, found.sharpe_ratio, found.max_drawdown]
    assert [bool(np.isnan(metric.item())) for metric in metrics] == [is_null] * 3
    assert (found.var_95.item() == NULL_MONEY) is is_null
    assert found.reason.item() == ("too_few_observations" if is_null else "")


def test_drawdown_counts_its_own_observations() -> None:
    # 25 returns, of which the first 10 are older than 60 sessions
    series = np.concatenate([np.full(10, -0.01), np.full(45, NAN), np.full(15, 0.01)])
    found = last(series)
    assert (found.n_obs_60.item(), found.n_obs_90.item()) == (15, 25)
    assert np.isnan(found.volatility.item())
    assert found.max_drawdown.item() == pytest.approx(0.99**10 - 1, rel=1e-13)
    assert found.reason.item() == "too_few_observations"


@pytest.mark.parametrize("nav", [0, -1])
def test_everything_is_null_when_nav_is_not_positive(nav: int) -> None:
    found = last(returns_with_gaps(1, 90, seed=3)[0], nav)
    assert np.isnan([found.volatility.item(), found.sharpe_ratio.item(), found.max_drawdown.item()]).all()
    assert found.var_95.item() == NULL_MONEY
    assert found.reason.item() == "nav_not_positive"


RETURNS = returns_with_gaps(4, 180, seed=4, gaps=0.3)
NAVS = np.random.default_rng(5).integers(1, 10**12, (4, 91))
WHOLE = realized(RETURNS, NAVS)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_bits_depend_on_the_window_alone(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, 90))
    end = data.draw(st.integers(start + 1, 91))
    row_0 = data.draw(st.integers(0, start))
    portfolios = data.draw(st.lists(st.integers(0, 3), unique=True, min_size=1))
    layout = data.draw(st.sampled_from([np.ascontiguousarray, np.asfortranarray]))
    some = realized(layout(RETURNS[portfolios, row_0 : 89 + end]), layout(NAVS[portfolios, start:end]))
    for name, part in vars(some).items():
        expected = vars(WHOLE)[name][portfolios, start:end]
        if name == "reason":
            assert part.tolist() == expected.tolist()
        else:
            assert_same_bits(part, expected)


def test_moments_without_observations_are_null() -> None:
    mean, std, n_obs = mean_and_std(np.array([[NAN, 3.0, 1.0], [NAN, NAN, 2.0]]))
    np.testing.assert_array_equal(mean, [NAN, 3.0, 1.5])
    np.testing.assert_array_equal(std, [NAN, NAN, np.sqrt(0.5)])
    assert n_obs.tolist() == [0, 1, 2]
