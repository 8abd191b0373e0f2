import numpy as np
import pytest

from pipelines.calc.factors import FACTOR_CODES, FACTORS, short_interest_return
from tests.calc.bits import assert_same_bits

SYMBOLS = np.array([f"S{number:02d}" for number in range(11)])


def test_the_eight_factors_and_their_proxies() -> None:
    # PRD 3.3, in its order
    assert [factor.proxy for factor in FACTORS] == ["SPY", "MTUM", "VTV", "VUG", "QUAL", "IWM", "SPLV", None]
    assert FACTOR_CODES[0] == "market"
    assert FACTOR_CODES[7] == "short_interest"


def test_short_interest_is_top_minus_bottom_tercile() -> None:
    # 11 members, ⌊11/3⌋ = 3: days to cover 0 … 10, returns 0.00, 0.01 … 0.10
    # top 0.08, 0.09, 0.10: mean 0.09; bottom 0.00, 0.01, 0.02: mean 0.01
    days_to_cover, returns = np.arange(11.0)[np.newaxis], np.arange(11.0)[np.newaxis] / 100
    factor_return, n_members = short_interest_return(days_to_cover, returns, SYMBOLS)
    assert factor_return[0] == pytest.approx(0.08, rel=1e-14)
    assert n_members.tolist() == [11]


def test_ties_are_ranked_by_symbol() -> None:
    # nine equal ones: the first three symbols are the bottom, the last three the top
    returns = np.array([[1.0, 2.0, 3.0, 50.0, 50.0, 50.0, 10.0, 20.0, 30.0]])
    factor_return, _ = short_interest_return(np.full((1, 9), 4.0), returns, SYMBOLS[:9])
    assert factor_return[0] == 20.0 - 2.0


def test_ties_are_ranked_by_symbol_in_a_large_universe() -> None:
    # 90 members on two levels, alternating: the bottom are the first 30 of the lower, the top the last of the upper
    days_to_cover = np.tile([5.0, 2.0], 45)[np.newaxis]
    symbols = np.array([f"S{number:02d}" for number in range(90)])
    factor_return, _ = short_interest_return(days_to_cover, np.arange(90.0)[np.newaxis], symbols)
    # top: 30, 32 … 88: mean 59; bottom: 1, 3 … 59: mean 30
    assert factor_return[0] == 59.0 - 30.0


@pytest.mark.parametrize(("n_present", "is_null"), [(8, True), (9, False)])
@pytest.mark.parametrize("missing", ["days to cover", "return"])
def test_members_need_both_numbers_and_nine_of_them(n_present: int, is_null: bool, missing: str) -> None:
    days_to_cover, returns = np.arange(11.0)[np.newaxis], np.linspace(0.01, 0.02, 11)[np.newaxis]
    (days_to_cover if missing == "days to cover" else returns)[0, n_present:] = np.nan
    factor_return, n_members = short_interest_return(days_to_cover, returns, SYMBOLS)
    assert n_members.tolist() == [n_present]
    assert bool(np.isnan(factor_return[0])) is is_null


def test_symbols_must_ascend() -> None:
    with pytest.raises(ValueError, match="ascending"):
        short_interest_return(np.ones((1, 2)), np.ones((1, 2)), np.array(["B", "A"]))


def test_sessions_do_not_know_of_each_other() -> None:
    random = np.random.default_rng(8)
    days_to_cover, returns = random.uniform(1, 9, (40, 11)).round(), random.normal(0, 0.02, (40, 11))
    returns[random.random(returns.shape) < 0.1] = np.nan
    whole, _ = short_interest_return(days_to_cover, returns, SYMBOLS)
    parts = [
        short_interest_return(
            np.asfortranarray(days_to_cover[row : row + 1]), returns[row : row + 1], SYMBOLS
        )[0]
        for row in range(40)
    ]
    assert_same_bits(np.concatenate(parts), whole)
