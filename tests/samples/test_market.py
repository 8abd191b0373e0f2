"""Listed expiries, strikes and symbols."""

from datetime import date

import pytest

from pipelines.instruments import parse_option
from pipelines.samples.market import listed_strike, monthly_expiries, occ_symbol


@pytest.mark.parametrize(
    ("after", "expiries"),
    [
        (date(2024, 1, 2), [date(2024, 1, 19), date(2024, 2, 16)]),
        (date(2024, 1, 9), [date(2024, 2, 16), date(2024, 3, 15)]),  # ten days are not more than ten
        (date(2022, 3, 31), [date(2022, 4, 14), date(2022, 5, 20)]),  # the third Friday is Good Friday
        (date(2024, 12, 31), [date(2025, 1, 17), date(2025, 2, 21)]),
    ],
)
def test_monthly_expiries(after: date, expiries: list[date]) -> None:
    assert monthly_expiries(after, 2) == expiries


@pytest.mark.parametrize(
    ("price", "strike"),
    [
        (0.1, 0.5),
        (13.3, 13.5),
        (61.4, 61.0),
        (187.9, 187.5),
        (476.0, 475.0),
        (1234.0, 1230.0),
        (8640.0, 8650.0),
    ],
)
def test_listed_strikes(price: float, strike: float) -> None:
    assert listed_strike(price) == strike


def test_symbols_are_compact_occ() -> None:
    symbol = occ_symbol("AAPL", date(2024, 1, 19), "P", 187.5)
    assert symbol == "AAPL240119P00187500"
    assert parse_option(symbol).symbol == symbol
