"""P&L goes on from what lots were recorded to be worth, whatever their closes have become since."""

import numpy as np

from pipelines.calc.pnl import position_pnl
from pipelines.calc.types import NULL_MONEY
from pipelines.sessions import sessions
from tests.calc.book import Lot, make_lots, make_market


def test_the_first_session_makes_up_for_what_the_record_lacked() -> None:
    """Lots of 10 shares; the record says 1,400 USD a lot, the closes (come late) 1,500 and then 1,520.

    Lot 1 is recorded, so 1,520 − 1,400 = 120; lot 2 is not, so 1,520 − 1,500 = 20; lot 3 starts today at its cost
    of 1,500, so 20. From the next session on, 1,550 − 1,520 = 30 for all of them.
    """
    closes = {"A": {"2024-01-10": 150.0, "2024-01-11": 152.0, "2024-01-12": 155.0}}
    old = Lot(quantity=10.0, entry="2024-01-09")
    lots = make_lots([old, old, Lot(quantity=10.0, entry="2024-01-11")], ["A"])
    market = make_market(closes, "2024-01-11", "2024-01-12")
    recorded = np.array([14_000_000, NULL_MONEY, 9_990_000], dtype=np.int64)
    rows = position_pnl(lots, market.session_ix, market.close, market.date, sessions(), None, recorded)
    usd = (rows["daily_pnl"] / 10_000).reshape(2, 3)
    assert usd.tolist() == [[120.0, 20.0, 20.0], [30.0, 30.0, 30.0]]
    assert (rows["market_value"] / 10_000).reshape(2, 3).tolist() == [[1520.0] * 3, [1550.0] * 3]
