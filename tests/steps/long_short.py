"""A long/short book with an option of each kind, a private and flows, and its prices."""

from datetime import date
from decimal import Decimal

from tests.steps.book_case import SESSIONS, BookCase, Lot, Portfolio
from tests.steps.memory_prices import random_walks

D = Decimal
LONG_SHORT = BookCase(
    (Portfolio(), Portfolio(D("250000.5"), SESSIONS[2])),
    (
        Lot("AAA", D(1000), D("50.25"), date(2023, 12, 1)),
        Lot("BBB", D(-350), D("99.99"), date(2023, 12, 23)),
        Lot("AAA", D(5), D("2.5"), date(2023, 12, 20), multiplier=D(100), option_type="call",
            strike=D(50), expiry=date(2024, 1, 5)),
        Lot("CCC", D(-7), D("1.5"), date(2023, 12, 20), multiplier=D(10), option_type="put",
            strike=D("87.5"), expiry=date(2024, 1, 6), portfolio=2),
        Lot("ACME", D(100), D(5), date(2023, 12, 27), private=True, portfolio=2),
        Lot("BBB", D(100), D(10), date(2023, 12, 21), exit=date(2024, 1, 1), exit_price=D("12.5"), portfolio=2),
    ),
    ((2, "ACME", date(2023, 12, 31), D("5.5")),),
    ((1, date(2023, 12, 30), D("1000.0001")), (2, date(2024, 1, 3), D(-20))),
)  # fmt: skip
PRICES = random_walks(LONG_SHORT.instruments)
