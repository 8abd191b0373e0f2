import numpy as np
import pytest

from pipelines.calc.greeks import position_greeks
from pipelines.calc.lots import type_codes
from pipelines.calc.types import NULL_MONEY

# The requirement's table, PRD 3.2, typed in again.
TABLE = [
    ("LC", 10, (0.6, 0.02, -0.5, 0.3)),
    ("SC", -10, (-0.4, -0.02, 0.5, -0.3)),
    ("LP", 10, (-0.4, 0.02, -0.5, 0.3)),
    ("SP", -10, (0.3, -0.02, 0.5, -0.3)),
]


def greeks_of(
    position_type: str, quantity: float, multiplier: float, *, ended: bool, underlying: float, value: int
) -> list[float]:
    found = position_greeks(
        type_codes(np.array([position_type])),
        np.array([quantity], dtype=np.float64),
        np.array([multiplier], dtype=np.float64),
        np.array([ended]),
        np.array([underlying]),
        np.array([value]),
    )
    return [float(array[0]) for array in vars(found).values()]


@pytest.mark.parametrize("multiplier", [1, 10, 100])
@pytest.mark.parametrize(("position_type", "quantity", "table"), TABLE)
def test_option_greeks_are_the_table_by_contracts_and_multiplier(
    position_type: str, quantity: float, table: tuple[float, ...], multiplier: float
) -> None:
    # the table's sign is the position's: |quantity|, not quantity
    found = greeks_of(position_type, quantity, multiplier, ended=False, underlying=150.0, value=55_000_000)
    np.testing.assert_allclose(found[:4], [greek * 10 * multiplier for greek in table], rtol=1e-15)
    # delta × underlying × 10⁴: 0.6 × 10 × 100 × 150 = 90,000 dollars for ten long calls
    assert found[4] == round(table[0] * 10 * multiplier * 150 * 10_000)


@pytest.mark.parametrize(("position_type", "quantity"), [("LONG", 1000.0), ("SHORT", -500.0)])
def test_stock_delta_is_its_quantity(position_type: str, quantity: float) -> None:
    found = greeks_of(position_type, quantity, 1, ended=False, underlying=np.nan, value=1_234)
    assert found == [quantity, 0.0, 0.0, 0.0, 1_234]


@pytest.mark.parametrize(("position_type", "quantity", "_"), [*TABLE, ("LONG", 5, ()), ("SHORT", -5, ())])
@pytest.mark.parametrize("underlying", [150.0, np.nan])
def test_everything_is_zero_on_the_last_session(
    position_type: str, quantity: float, _: object, underlying: float
) -> None:
    found = greeks_of(position_type, quantity, 100, ended=True, underlying=underlying, value=777)
    assert found == [0.0] * 5
    assert not np.signbit(found).any()


def test_delta_adjusted_value_is_unknown_without_an_underlying_price() -> None:
    found = greeks_of("LC", 10, 100, ended=False, underlying=np.nan, value=777)
    assert found[0] == pytest.approx(600)
    assert found[4] == NULL_MONEY
