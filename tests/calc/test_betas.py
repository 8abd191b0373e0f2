"""Betas against an ordinary least squares library, covariance against pandas, and their bits."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.calc import betas as betas_module
from pipelines.calc.betas import compiled, factor_betas, factor_covariance, vectorised
from pipelines.calc.rolling import align_to_blocks
from pipelines.calc.types import FloatArray
from tests.calc.bits import assert_same_bits

FIRST_IX = 3_017
NAN = np.nan


def returns_with_gaps(n_sessions: int, n_columns: int, seed: int, gaps: float = 0.15) -> FloatArray:
    random = np.random.default_rng(seed)
    common = random.normal(0.0003, 0.01, (n_sessions, 1))
    own = random.normal(0.0, 0.02, (n_sessions, n_columns))
    returns: FloatArray = common * random.uniform(-1, 2, n_columns) + own
    returns[random.random(returns.shape) < gaps] = NAN
    return returns


ASSETS = returns_with_gaps(200, 7, seed=1)
FACTORS = returns_with_gaps(200, 3, seed=2, gaps=0.05)
ASSETS[60:140, 2] = NAN  # long enough for too few observations
ASSETS[:, 3] = NAN
FACTORS[:90, 1] = NAN
FACTORS[:, 2] = np.where(np.isnan(FACTORS[:, 2]), 0.001, FACTORS[:, 2])


def test_betas_are_those_of_least_squares() -> None:
    import statsmodels.api as sm

    n_out = 150
    beta, r_squared, std_error, n_obs = factor_betas(ASSETS, FACTORS, FIRST_IX, n_out)
    assert beta.shape == r_squared.shape == std_error.shape == n_obs.shape == (n_out, 7, 3)
    checked = 0
    for out, asset, factor in np.ndindex(beta.shape):
        end = 200 - n_out + out + 1
        y, x = ASSETS[max(end - 60, 0) : end, asset], FACTORS[max(end - 60, 0) : end, factor]
        common = ~np.isnan(x) & ~np.isnan(y)
        place = (out, asset, factor)
        assert n_obs[place] == common.sum()
        if common.sum() < 20:
            assert np.isnan([beta[place], r_squared[place], std_error[place]]).all()
            continue
        fit = sm.OLS(y[common], sm.add_constant(x[common])).fit()
        np.testing.assert_allclose(
            [beta[place], r_squared[place], std_error[place]],
            [fit.params[1], fit.rsquared, fit.bse[1]],
            rtol=1e-9,
            atol=1e-13,
        )
        checked += 1
    assert checked > 1_500


def test_beta_is_covariance_over_variance() -> None:
    # x: ten times −1 %, +1 %, y = 2x + 0.5 % on every other pair: by hand for five distinct numbers
    x = np.tile([-0.01, 0.01], 10)
    y = np.tile([-0.02, 0.02, -0.015, 0.025], 5)
    # mean x = 0, Σxy = 5 × (0.0002 + 0.0002 + 0.00015 + 0.00025) = 0.004, Σxx = 0.002: beta 2
    # Σ(y − mean)²: mean 0.0025, deviations ±0.0225, ±0.0175 → 10 × (0.0225² + 0.0175²) = 0.008125
    # residual: 0.008125 − 2 × 0.004 = 0.000125; error √(0.000125 / 18 / 0.002)
    beta, r_squared, std_error, n_obs = factor_betas(y[:, np.newaxis], x[:, np.newaxis], FIRST_IX, 1)
    assert n_obs.item() == 20
    assert beta.item() == pytest.approx(2.0, rel=1e-12)
    assert r_squared.item() == pytest.approx(0.008 / 0.008125, rel=1e-12)
    assert std_error.item() == pytest.approx((0.000125 / 18 / 0.002) ** 0.5, rel=1e-12)


@pytest.mark.parametrize(("n", "is_null"), [(19, True), (20, False)])
def test_twenty_common_observations_are_needed(n: int, is_null: bool) -> None:
    asset, factor = ASSETS[:60, :1].copy(), np.random.default_rng(3).normal(0, 0.01, (60, 1))
    present = np.flatnonzero(~np.isnan(asset[:, 0]))
    asset[present[n:]] = NAN
    beta, r_squared, std_error, n_obs = factor_betas(asset, factor, FIRST_IX, 1)
    assert n_obs.item() == n
    assert [bool(np.isnan(a.item())) for a in (beta, r_squared, std_error)] == [is_null] * 3


def test_a_factor_against_itself_is_exact() -> None:
    series = returns_with_gaps(150, 1, seed=4)
    beta, r_squared, std_error, _ = factor_betas(series, series, FIRST_IX, 90)
    assert (beta == 1.0).all()
    assert (r_squared == 1.0).all()
    assert (std_error == 0.0).all()


@pytest.mark.parametrize("level", [0.0, 0.01, 1 / 3, -0.0007])
def test_a_factor_that_does_not_vary_has_no_beta(level: float) -> None:
    beta, r_squared, std_error, n_obs = factor_betas(ASSETS[:80, :2], np.full((80, 1), level), FIRST_IX, 21)
    assert np.isnan([beta, r_squared, std_error]).all()
    assert (n_obs >= 20).all()


def test_variance_is_that_of_the_common_sessions() -> None:
    # the factor moves only where the asset is missing: on the common sessions it does not vary
    factor = np.full((60, 1), 0.01)
    factor[:20, 0] = np.linspace(-0.05, 0.05, 20)
    asset = np.random.default_rng(5).normal(0, 0.01, (60, 1))
    asset[:20] = NAN
    beta, _, _, n_obs = factor_betas(asset, factor, FIRST_IX, 1)
    assert n_obs.item() == 40
    assert np.isnan(beta).all()


def test_an_asset_that_does_not_vary_has_beta_zero() -> None:
    levels = np.append(0.0, np.random.default_rng(12).normal(0.0, 0.1, 200))
    factor = np.random.default_rng(6).normal(0.001, 0.01, (60, 1))
    beta, r_squared, std_error, _ = factor_betas(np.tile(levels, (60, 1)), factor, FIRST_IX, 1)
    assert (beta == 0.0).all()
    assert (std_error == 0.0).all()
    assert np.isnan(r_squared).all()


def test_rounding_neither_lifts_r_squared_above_one_nor_makes_an_error_imaginary() -> None:
    random = np.random.default_rng(13)
    factor, slopes, levels = (
        random.normal(0, 0.01, (60, 1)),
        random.normal(0, 2, 300),
        random.normal(0, 0.01, 300),
    )
    beta, r_squared, std_error, _ = factor_betas(factor * slopes + levels, factor, FIRST_IX, 1)
    np.testing.assert_allclose(beta[0, :, 0], slopes, rtol=1e-9)
    assert (r_squared <= 1.0).all()
    assert ((std_error >= 0.0) & (std_error < 1e-6)).all()


def test_rows_that_are_not_there_are_missing_returns() -> None:
    short = factor_betas(ASSETS[-70:], FACTORS[-70:], FIRST_IX + 130, 40)
    padding = np.full((130, 1), NAN)
    padded_assets = np.concatenate([padding.repeat(7, axis=1), ASSETS[-70:]])
    padded_factors = np.concatenate([padding.repeat(3, axis=1), FACTORS[-70:]])
    for left, right in zip(short, factor_betas(padded_assets, padded_factors, FIRST_IX, 40), strict=True):
        assert_same_bits(left, right)


def test_no_assets_no_factors_no_sessions() -> None:
    assert factor_betas(ASSETS[:, :0], FACTORS, FIRST_IX, 5)[0].shape == (5, 0, 3)
    assert factor_betas(ASSETS, FACTORS[:, :0], FIRST_IX, 5)[3].shape == (5, 7, 0)


WHOLE = factor_betas(ASSETS, FACTORS, FIRST_IX, 141)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_bits_depend_neither_on_range_nor_row_0_nor_symbols_nor_layout_nor_tiles(data: st.DataObject) -> None:
    """A number is a function of its window: however it is asked for, it has the same bits."""
    last = data.draw(st.integers(60, 200), label="last row")
    n_out = data.draw(st.integers(1, last - 59), label="sessions asked for")
    row_0 = data.draw(st.integers(0, last - n_out - 59), label="row 0")
    columns = data.draw(st.lists(st.integers(0, 6), unique=True), label="symbols, in order")
    factors = data.draw(st.lists(st.integers(0, 2), unique=True, min_size=1), label="factors, in order")
    layout = data.draw(st.sampled_from([np.ascontiguousarray, np.asfortranarray]), label="layout")
    tile = data.draw(st.sampled_from([1, 700, 300_000]), label="tile")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(betas_module, "TILE_ELEMENTS", tile)
        found = factor_betas(
            layout(ASSETS[row_0:last][:, columns]),
            layout(FACTORS[row_0:last][:, factors]),
            FIRST_IX + row_0,
            n_out,
        )
    start = last - 59 - n_out
    for part, whole in zip(found, WHOLE, strict=True):
        assert_same_bits(part, whole[start : start + n_out][:, columns][:, :, factors])


def canonical(array: FloatArray) -> FloatArray:
    """One representation of a missing number; stored digests take it so, too."""
    return np.where(np.isnan(array), NAN, array) if array.dtype.kind == "f" else array


def assert_same_regressions(assets: FloatArray, factors: FloatArray, n_out: int) -> None:
    x, first_out = align_to_blocks(factors, FIRST_IX, n_out)
    y, _ = align_to_blocks(assets, FIRST_IX, n_out)
    fast, plain = (compute(x, y, first_out, n_out) for compute in (compiled, vectorised))
    for one, other in zip(fast, plain, strict=True):
        assert_same_bits(canonical(one), canonical(other))


@pytest.mark.parametrize("n_out", [1, 59, 60, 61, 141])
def test_the_compiled_kernel_has_the_same_bits(n_out: int) -> None:
    assert_same_regressions(ASSETS, FACTORS, n_out)
    assert_same_regressions(ASSETS[:, :0], FACTORS, n_out)
    assert_same_regressions(FACTORS, FACTORS, n_out)


def test_the_compiled_kernel_is_the_one_for_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(betas_module, "vectorised", None)
    monkeypatch.setattr(betas_module, "COMPILED_FROM", 141 * 7 * 3)
    for part, whole in zip(factor_betas(ASSETS, FACTORS, FIRST_IX, 141), WHOLE, strict=True):
        assert_same_bits(canonical(part), canonical(whole))


WHOLE_COVARIANCE = factor_covariance(FACTORS, FIRST_IX, 141)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_bits_of_the_covariance_depend_on_the_window_alone(data: st.DataObject) -> None:
    last = data.draw(st.integers(60, 200))
    n_out = data.draw(st.integers(1, last - 59))
    row_0 = data.draw(st.integers(0, last - n_out - 59))
    factors = data.draw(st.lists(st.integers(0, 2), unique=True, min_size=1))
    layout = data.draw(st.sampled_from([np.ascontiguousarray, np.asfortranarray]))
    found = factor_covariance(layout(FACTORS[row_0:last][:, factors]), FIRST_IX + row_0, n_out)
    start = last - 59 - n_out
    assert_same_bits(found, WHOLE_COVARIANCE[start : start + n_out][:, factors][:, :, factors])


def test_covariance_is_that_of_pandas() -> None:
    n_out = 150
    found = factor_covariance(FACTORS, FIRST_IX, n_out)
    for out in range(n_out):
        end = 200 - n_out + out + 1
        window = pd.DataFrame(FACTORS[max(end - 60, 0) : end])
        np.testing.assert_allclose(
            found[out], window.cov(min_periods=20).to_numpy() * 252, rtol=1e-9, atol=1e-15
        )
    assert np.isnan(found).any()
    assert_same_bits(found, found.transpose(0, 2, 1))


def test_covariance_with_a_factor_that_does_not_vary_is_zero() -> None:
    flat = np.stack([np.full(60, 1 / 3), FACTORS[-60:, 2]], axis=1)
    found = factor_covariance(flat, FIRST_IX, 1)[0]
    assert (found[0, 0], found[0, 1], found[1, 0]) == (0.0, 0.0, 0.0)
    assert found[1, 1] > 0.0
