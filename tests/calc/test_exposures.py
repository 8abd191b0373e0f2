"""Exposures of portfolios, by arithmetic and to the bit [DESIGN §3]."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.calc.exposures import FactorExposures, exposures, factor_exposures
from pipelines.calc.types import NULL_MONEY
from tests.calc.bits import assert_same_bits, bits

NAN = np.nan


def money(*dollars: float) -> np.ndarray:
    return np.array(
        [NULL_MONEY if np.isnan(amount) else round(amount * 10_000) for amount in dollars], dtype=np.int64
    )


def test_long_short_gross_net_by_the_sign_of_each_lot() -> None:
    # portfolio 1: 100 + 50 − 30; portfolio 2: nothing; portfolio 3: −5 and an unknown
    found = exposures(money(100, -30, 50, -5, NAN), np.array([0, 3, 3]))
    assert found.long.tolist() == money(150, 0, 0).tolist()
    assert found.short.tolist() == money(-30, 0, -5).tolist()
    assert found.gross.tolist() == money(180, 0, 5).tolist()
    assert found.net.tolist() == money(120, 0, -5).tolist()


def one_run(
    values: list[float],
    deltas: list[float],
    betas: list[float],
    nav: float = 1_000.0,
    *,
    available: bool = True,
) -> FactorExposures:
    """One portfolio and factor."""
    return factor_exposures(
        money(*values),
        money(*deltas),
        np.array(betas, dtype=np.float64).reshape(len(values), 1),
        np.array([0]),
        money(nav),
        np.array([[available]]),
    )


def only(found: FactorExposures) -> tuple[float, float, float, float, str]:
    """The five cells of `one_run`, dollar exposure in dollars."""
    dollars = found.dollar_exposure.item()
    return (
        found.exposure.item(),
        found.delta_adjusted_exposure.item(),
        NAN if dollars == NULL_MONEY else dollars / 10_000,
        found.coverage.item(),
        found.reason.item(),
    )


def test_exposure_is_the_sum_of_weights_times_betas() -> None:
    # long 500 beta 1.2, short −250 beta 0.8, call worth 20, delta-adjusted 100, beta 2, of NAV 1,000:
    # 0.5 × 1.2 − 0.25 × 0.8 + 0.02 × 2 = 0.44; delta-adjusted 0.6 − 0.2 + 0.1 × 2 = 0.6, 600 dollars
    found = only(one_run([500, -250, 20], [500, -250, 100], [1.2, 0.8, 2.0]))
    np.testing.assert_allclose(found[:4], (0.44, 0.6, 600.0, 1.0), rtol=1e-14)
    assert found[4] == ""


def test_a_lot_without_beta_shows_in_coverage_and_is_not_zero() -> None:
    # 300 of 500 + 300 have none: coverage 5/8
    assert only(one_run([500, -300], [500, -300], [1.0, NAN])) == (0.5, 0.5, 500.0, 0.625, "")


def test_no_lot_with_a_beta_is_null() -> None:
    np.testing.assert_equal(
        only(one_run([500, -300], [500, -300], [NAN, NAN])), (NAN, NAN, NAN, 0.0, "no_beta")
    )


@pytest.mark.parametrize("nav", [0.0, -1.0])
def test_nav_that_is_not_positive_is_null(nav: float) -> None:
    expected = (NAN, NAN, NAN, 1.0, "nav_not_positive")
    np.testing.assert_equal(only(one_run([500], [500], [1.0], nav)), expected)
    assert only(one_run([500], [500], [NAN], nav, available=False))[-1] == "nav_not_positive"


def test_a_factor_that_is_unavailable_is_null() -> None:
    found = only(one_run([500], [500], [NAN], available=False))
    np.testing.assert_equal(found, (NAN, NAN, NAN, 0.0, "factor_unavailable"))


@pytest.mark.parametrize(("values", "deltas"), [([], []), ([0.0], [0.0])], ids=["no lots", "an ended lot"])
def test_an_empty_book_has_exposure_zero(values: list[float], deltas: list[float]) -> None:
    np.testing.assert_equal(only(one_run(values, deltas, [NAN] * len(values))), (0.0, 0.0, 0.0, NAN, ""))


def test_an_option_without_underlying_price_is_left_out_and_named() -> None:
    found = only(one_run([500, 20], [500, NAN], [1.0, 2.0]))
    assert found == (0.54, 0.5, 500.0, 1.0, "no_underlying_price")


def test_no_delta_adjusted_value_at_all_is_null() -> None:
    found = only(one_run([20], [NAN], [2.0]))
    np.testing.assert_equal(found, (0.04, NAN, NAN, 1.0, "no_underlying_price"))


def test_a_worthless_option_still_has_delta_adjusted_exposure() -> None:
    np.testing.assert_equal(only(one_run([0.0], [600], [1.0])), (0.0, 0.6, 600.0, NAN, ""))


def test_a_worthless_option_without_beta_is_no_empty_book() -> None:
    np.testing.assert_equal(only(one_run([0.0], [600], [NAN])), (NAN, NAN, NAN, NAN, "no_beta"))


def test_dollar_exposure_may_exceed_what_one_lot_may_be_worth() -> None:
    # 20 lots of 5e10: 1e12 dollars
    assert only(one_run([5e10] * 20, [5e10] * 20, [1.0] * 20, 1e12))[2] == pytest.approx(1e12, rel=1e-14)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_bits_of_a_portfolio_depend_on_its_own_rows_alone(data: st.DataObject) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    lengths = np.array(data.draw(st.lists(st.integers(0, 150), min_size=1, max_size=6)))
    n, starts = int(lengths.sum()), np.append(0, np.cumsum(lengths)[:-1])
    values, deltas = random.integers(-(10**12), 10**12, n), random.integers(-(10**12), 10**12, n)
    deltas[random.random(n) < 0.1] = NULL_MONEY
    betas = random.normal(1.0, 0.5, (n, 8))
    betas[random.random(betas.shape) < 0.2] = NAN
    nav, available = random.integers(-(10**10), 10**13, len(lengths)), random.random((len(lengths), 8)) < 0.9
    whole = factor_exposures(values, deltas, np.asfortranarray(betas), starts, nav, available)
    chosen = data.draw(st.lists(st.integers(0, len(lengths) - 1), unique=True, min_size=1))
    factors = data.draw(st.lists(st.integers(0, 7), unique=True, min_size=1))
    rows = np.concatenate([np.arange(starts[run], starts[run] + lengths[run]) for run in chosen])
    some = factor_exposures(
        values[rows],
        deltas[rows],
        betas[rows][:, factors],
        np.append(0, np.cumsum(lengths[chosen])[:-1]),
        nav[chosen],
        available[chosen][:, factors],
    )
    for name, part in vars(some).items():
        expected = vars(whole)[name][chosen][:, factors]
        if name == "reason":
            assert part.tolist() == expected.tolist()
        else:
            assert_same_bits(part, expected)


def test_bits_are_compared_as_bits() -> None:
    assert bits(np.array([0.0])) != bits(np.array([-0.0]))
    assert bits(np.array([NAN])) == bits(np.array([NAN]))
