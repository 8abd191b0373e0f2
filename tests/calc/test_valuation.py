import numpy as np
import pytest

from pipelines.calc.lots import type_codes
from pipelines.calc.types import NULL_MONEY
from pipelines.calc.valuation import VALUE_LIMIT, intrinsic, to_money, usable, value


def one(quantity: float, multiplier: float, price: float) -> int:
    return int(value(np.array([quantity]), np.array([multiplier]), np.array([price]))[0])


@pytest.mark.parametrize(
    ("quantity", "multiplier", "price", "dollars"),
    [
        (1000, 1, 152.5, 152_500),
        (-500, 1, 152.5, -76_250),
        (10, 100, 5.5, 5_500),
        (-10, 100, 5.5, -5_500),
        (3, 10, 2.25, 67.5),
        (-3, 50, 0.01, -1.5),
        (0.5, 1, 33.3334, 16.6667),
    ],
    ids=["long", "short", "long option", "short option", "mini", "short index", "fraction"],
)
def test_value_is_quantity_times_multiplier_times_price(
    quantity: float, multiplier: float, price: float, dollars: float
) -> None:
    assert one(quantity, multiplier, price) == round(dollars * 10_000)


def test_value_rounds_to_the_nearest_ten_thousandth() -> None:
    assert one(1, 1, 0.00014) == 1
    assert one(1, 1, 0.00016) == 2
    assert one(1, 1, 0.00025) == 2  # 2.5 units: half to even


def test_value_of_a_missing_price_is_missing() -> None:
    assert one(1, 1, np.nan) == NULL_MONEY


@pytest.mark.parametrize("sign", [1, -1])
def test_values_from_the_limit_on_are_never_computed(sign: int) -> None:
    # 1e6 × 100 × 1000.00 = 1e11
    assert one(sign * 1e6, 100, 999.9999) == sign * 999_999_900_000_000
    assert one(sign * 1e6, 100, 1000.0) == NULL_MONEY
    assert one(sign * 1e6, 100, 1e300) == NULL_MONEY
    assert one(sign * 1e300, 100, 1e300) == NULL_MONEY


@pytest.mark.parametrize("price", [0.0, 999.9999, 999.99999999999, 1000.0, 1e306, np.nan])
def test_a_price_is_usable_iff_it_gives_a_value(price: float) -> None:
    arrays = np.array([1e6]), np.array([100.0]), np.array([price])
    assert bool(usable(*arrays)[0]) is (int(value(*arrays)[0]) != NULL_MONEY)


def test_every_value_below_the_limit_is_an_exact_integer_of_float64() -> None:
    assert VALUE_LIMIT * 10_000 < 2**53


def test_to_money_beyond_int64_is_missing() -> None:
    amounts = to_money(np.array([1.5, 2.5, -1.2, np.nan, 2.0**63, -(2.0**63), 9e18]))
    assert amounts.tolist() == [2, 2, -1, NULL_MONEY, NULL_MONEY, NULL_MONEY, 9 * 10**18]


@pytest.mark.parametrize(
    ("position_type", "in_call_money", "in_put_money"),
    [("LC", 7.5, 0.0), ("SC", 7.5, 0.0), ("LP", 0.0, 12.5), ("SP", 0.0, 12.5)],
)
def test_intrinsic_value_by_type(position_type: str, in_call_money: float, in_put_money: float) -> None:
    # strike 150; underlying 157.50: call 7.50; underlying 137.50: put 12.50
    codes = type_codes(np.array([position_type] * 3))
    prices = intrinsic(codes, np.full(3, 150.0), np.array([157.5, 137.5, np.nan]))
    np.testing.assert_array_equal(prices, [in_call_money, in_put_money, np.nan])
