"""Risk numbers of the whole history against libraries that know nothing of ours."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.scenario.bookkeeper import read_lots
from tests.scenario.stored import Stored
from tests.scenario.world import MACRO, SECOND

PROXIES = {
    "market": "SPY",
    "momentum": "MTUM",
    "value": "VTV",
    "growth": "VUG",
    "quality": "QUAL",
    "size": "IWM",
    "low_volatility": "SPLV",
}
WINDOW, DRAWDOWN_WINDOW, MIN_OBSERVATIONS = 60, 90, 20
BOOKS = {"Macro": read_lots(MACRO), "Second": read_lots(SECOND)}


@pytest.fixture(scope="module")
def returns(stored: Stored) -> pd.DataFrame:
    """Instruments' returns with one row for every session, whatever is missing."""
    return stored.returns()


@pytest.fixture(scope="module")
def betas(stored: Stored) -> pd.DataFrame:
    return stored.frame("select * from analytics.factor_betas order by session, symbol, factor")


def test_betas(returns: pd.DataFrame, betas: pd.DataFrame) -> None:
    """Against statsmodels OLS of each symbol on each factor: every tenth session, and all around the gaps."""
    import statsmodels.api as sm  # type: ignore[import-untyped]

    days = list(returns.index)
    gap = [day for day in days if "2021-05-07" <= str(day) <= "2021-05-27"]
    chosen = betas[betas["session"].isin({*days[::10], *gap}) & betas["factor"].isin(PROXIES)]
    windows = {
        day: returns.iloc[days.index(day) - WINDOW + 1 : days.index(day) + 1]
        for day in set(chosen["session"])
    }
    null = compared = 0
    rows: Any = chosen.itertuples()
    for row in rows:
        pair = _pair(windows[row.session], row.symbol, PROXIES[row.factor])
        assert row.n_obs == len(pair)
        if len(pair) < MIN_OBSERVATIONS:
            assert np.isnan(row.beta)
            null += 1
            continue
        fit = sm.OLS(pair[:, 0], sm.add_constant(pair[:, 1])).fit()
        if row.symbol == PROXIES[row.factor]:  # a fund on itself: nothing is left to estimate
            assert row.beta == pytest.approx(1.0, rel=1e-12)
            continue
        assert (row.beta, row.r_squared, row.std_error) == pytest.approx(
            (fit.params[1], fit.rsquared, fit.bse[1]), rel=1e-8, abs=1e-12
        )
        compared += 1
    assert compared > 2000
    assert null > 100


def _pair(window: pd.DataFrame, symbol: str, proxy: str) -> np.ndarray:
    if symbol not in window:  # never priced
        return np.empty((0, 2))
    pair: np.ndarray = window[[symbol, proxy]].to_numpy()
    complete: np.ndarray = pair[~np.isnan(pair).any(axis=1)]
    return complete


def test_a_beta_for_each_symbol_active_in_a_book(stored: Stored, betas: pd.DataFrame) -> None:
    """And for the underlyings of options; eight rows each."""
    held = stored.frame(
        "select distinct o.session, coalesce(b.underlying, b.symbol) as symbol from analytics.position_pnl o"
        " join book.positions b on b.id = o.position_id where b.asset_class <> 'PRIVATE'"
    )
    expected = {(row.session, row.symbol) for row in held.itertuples()}
    counts = betas.groupby(["session", "symbol"]).size()
    assert set(counts.index) == expected
    assert (counts == 8).all()


def test_covariance(stored: Stored, returns: pd.DataFrame) -> None:
    """Against pandas, pairwise over 60 sessions, annualized; null below 20 common returns."""
    codes = sorted(PROXIES)
    factors = pd.DataFrame({code: returns[PROXIES[code]] for code in codes})
    found = stored.frame("select * from analytics.factor_covariance order by session")
    found = found[(found["factor_a"] != "short_interest") & (found["factor_b"] != "short_interest")]
    stored_pairs = found.pivot_table(
        index="session", columns=["factor_a", "factor_b"], values="covariance", dropna=False
    )
    first, second = np.triu_indices(len(codes))
    expected = {
        day: factors.loc[:day].tail(WINDOW).cov(min_periods=MIN_OBSERVATIONS).to_numpy()[first, second] * 252
        for day in stored_pairs.index
    }
    columns = [(codes[a], codes[b]) for a, b in zip(first, second, strict=True)]
    oracle = np.array(list(expected.values()))
    np.testing.assert_allclose(stored_pairs[columns].to_numpy(dtype=float), oracle, rtol=1e-9, atol=1e-15)
    assert 0 < np.isnan(oracle).sum() < oracle.size / 4


@pytest.mark.parametrize("name", BOOKS)
def test_factor_exposures(stored: Stored, betas: pd.DataFrame, name: str) -> None:
    """Σ (value / NAV) × beta of each session, summed by pandas; an option has its underlying's beta."""
    lots = stored.frame(
        "select o.session, coalesce(b.underlying, b.symbol) as symbol, b.asset_class, o.market_value::float8,"
        " g.delta_adjusted_value::float8 from analytics.position_pnl o"
        " join analytics.position_greeks g using (session, portfolio_id, position_id)"
        " join book.positions b on b.id = o.position_id join book.portfolios p on p.id = o.portfolio_id"
        " where p.name = %s",
        name,
    )
    lots.loc[lots["asset_class"] == "PRIVATE", "symbol"] = ""
    nav = stored.portfolio("snapshots", name)["net_asset_value"].astype(float)
    exposures = stored.portfolio("factor_exposures", name)
    for factor in PROXIES:
        ours = exposures[exposures["factor"] == factor]
        one = lots.merge(betas[betas["factor"] == factor], how="left", on=["session", "symbol"])
        one["gross"] = one["market_value"].abs()
        one["exposure"] = one["market_value"] * one["beta"]
        one["delta_adjusted"] = one["delta_adjusted_value"] * one["beta"]
        one["covered"] = one["gross"].where(one["beta"].notna(), 0.0)
        sums = one.groupby("session")[["exposure", "delta_adjusted", "covered", "gross"]].sum()
        sums = sums.reindex(nav.index).fillna(0.0)
        known = (ours["reason"] != "factor_unavailable") & (ours["reason"] != "no_beta")
        assert known.sum() > 100
        for column, sum_ in (("exposure", "exposure"), ("delta_adjusted_exposure", "delta_adjusted")):
            expected = (sums[sum_] / nav)[known].to_numpy()
            np.testing.assert_allclose(ours[column][known].astype(float), expected, rtol=1e-10, atol=1e-13)
        coverage = (sums["covered"] / sums["gross"].where(sums["gross"] > 0)).to_numpy()
        np.testing.assert_allclose(ours["coverage"].astype(float), coverage, rtol=1e-12)
        dollars = ours["dollar_exposure"][known].astype(float)
        np.testing.assert_allclose(
            dollars, (ours["delta_adjusted_exposure"].astype(float) * nav)[known], rtol=1e-9, atol=1e-4
        )


@pytest.mark.parametrize("name", BOOKS)
def test_realized_risk(stored: Stored, name: str) -> None:
    """Volatility, Sharpe ratio and drawdown against empyrical, VaR against scipy, on every session."""
    import empyrical  # type: ignore[import-untyped]
    from scipy import stats  # type: ignore[import-untyped]

    snapshots, metrics = stored.portfolio("snapshots", name), stored.portfolio("risk_metrics", name)
    daily, nav = snapshots["daily_return"].astype(float), snapshots["net_asset_value"].astype(float)
    enough = 0
    for number, day in enumerate(snapshots.index):
        row, so_far = metrics.loc[day], daily.iloc[: number + 1]
        last_60, last_90 = so_far.tail(WINDOW), so_far.tail(DRAWDOWN_WINDOW)
        assert (row["n_obs_60"], row["n_obs_90"]) == (len(last_60), len(last_90))
        if len(last_60) < MIN_OBSERVATIONS:
            assert row[["volatility", "sharpe_ratio", "max_drawdown", "var_95"]].isna().all()
            assert row["reason"] == "too_few_observations"
            continue
        enough += 1
        oracle = (
            empyrical.annual_volatility(last_60),
            empyrical.sharpe_ratio(last_60),
            empyrical.max_drawdown(last_90),
        )
        found = (row["volatility"], row["sharpe_ratio"], row["max_drawdown"])
        assert found == pytest.approx(oracle, rel=1e-9, abs=1e-12, nan_ok=True)
        value_at_risk = -stats.norm.ppf(0.05, scale=last_60.std(ddof=1)) * nav[day]
        assert float(row["var_95"]) == pytest.approx(value_at_risk, rel=1e-9, abs=1e-4)
    assert enough == len(daily) - MIN_OBSERVATIONS + 1


@pytest.mark.parametrize("name", BOOKS)
def test_ex_ante_risk(stored: Stored, returns: pd.DataFrame, name: str) -> None:
    """Today's delta-adjusted values × the last 60 returns, by pandas, every tenth session and around the gap."""
    from scipy import stats  # type: ignore[import-untyped]

    lots = stored.frame(
        "select o.session, coalesce(b.underlying, b.symbol) as symbol, b.asset_class,"
        " g.delta_adjusted_value::float8 as value from analytics.position_pnl o"
        " join analytics.position_greeks g using (session, portfolio_id, position_id)"
        " join book.positions b on b.id = o.position_id join book.portfolios p on p.id = o.portfolio_id"
        " where p.name = %s",
        name,
    )
    nav = stored.portfolio("snapshots", name)["net_asset_value"].astype(float)
    metrics = stored.portfolio("risk_metrics", name)
    gap = [day for day in nav.index if "2021-05-07" <= str(day) <= "2021-05-27"]
    compared = 0
    for day in sorted({*nav.index[::10], *gap}):
        held, row = lots[lots["session"] == day].dropna(subset=["value"]), metrics.loc[day]
        window = returns.loc[:day].tail(WINDOW)
        public = held[held["asset_class"] != "PRIVATE"].groupby("symbol")["value"].sum()
        gross = held.groupby(held["symbol"].where(held["asset_class"] != "PRIVATE", ""))["value"]
        counts = window.notna().sum().reindex(public.index).fillna(0)
        holding = held[(held["asset_class"] != "PRIVATE") & (held["value"] != 0)]["symbol"].unique()
        included = [symbol for symbol in holding if counts[symbol] >= MIN_OBSERVATIONS]
        if not included:
            continue
        earned = window[included].dropna() @ public[included]
        assert row["n_obs_ex_ante"] == len(earned)
        if len(earned) < MIN_OBSERVATIONS:
            assert np.isnan(row["ex_ante_volatility"])
            continue
        assert row["ex_ante_volatility"] == pytest.approx(earned.std(ddof=1) * 252**0.5 / nav[day], rel=1e-9)
        assert float(row["ex_ante_var_95"]) == pytest.approx(
            stats.norm.ppf(0.95) * earned.std(ddof=1), abs=1e-3
        )
        absolute = gross.apply(lambda values: values.abs().sum())
        assert row["ex_ante_coverage"] == pytest.approx(absolute[included].sum() / absolute.sum(), rel=1e-12)
        compared += 1
    assert compared > 8
