"""Splits: factors, entry shares, returns."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.calc.pnl import position_pnl
from pipelines.calc.prices import simple_returns
from pipelines.calc.splits import Splits, in_entry_shares, shares_between, step_ratios
from pipelines.sessions import offset, session_index, sessions
from tests.calc.book import Lot, make_lots, make_market

NONE = Splits(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))
RATIOS = st.sampled_from([4.0, 2.0, 1.5, 0.1, 3.0])


def splits(*rows: tuple[int, int, float]) -> Splits:
    """(column, session index, ratio), ascending."""
    column, ix, ratio = zip(*rows, strict=True)
    return Splits(np.array(column), np.array(ix), np.array(ratio))


@pytest.mark.parametrize(
    ("after", "until", "shares"),
    [
        (0, 9, 4.0 * 0.1),
        (0, 4, 1.0),
        (0, 5, 4.0),
        (5, 6, 1.0),
        (5, 7, 0.1),
        (7, 9, 1.0),
        (6, 4, 0.25),
        (9, 0, 1 / (4.0 * 0.1)),
    ],
)
def test_shares_between_two_sessions(after: int, until: int, shares: float) -> None:
    # 4:1 from session 5 on, 1:10 from session 7 on; the other column has its own.
    found = splits((0, 5, 4.0), (0, 7, 0.1), (1, 6, 3.0))
    assert shares_between(found, np.array(0), np.array(after), np.array(until)) == shares


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20), RATIOS), max_size=6),
    st.tuples(*[st.integers(0, 20)] * 3),
)
def test_shares_are_a_product_over_time(
    rows: list[tuple[int, int, float]], days: tuple[int, int, int]
) -> None:
    rows = sorted({(column, ix): (column, ix, ratio) for column, ix, ratio in rows}.values())
    found = splits(*rows) if rows else NONE
    first, middle, last = sorted(days)
    for column in (0, 1, 2, -1):
        whole, one, two = (
            float(shares_between(found, np.array(column), np.array(a), np.array(b)))
            for a, b in ((first, last), (first, middle), (middle, last))
        )
        assert whole == pytest.approx(one * two)


def test_returns_are_of_the_old_share() -> None:
    closes, prior = np.array([[102.0], [25.25], [25.0]]), np.array([100.0])
    steps = step_ratios(splits((0, 11, 4.0)), 10, 3, 1)
    assert steps is not None
    found = simple_returns(closes, prior, steps)[:, 0].tolist()
    assert found == [102.0 / 100.0 - 1.0, 25.25 * 4.0 / 102.0 - 1.0, 25.0 / 25.25 - 1.0]
    assert step_ratios(splits((0, 11, 4.0)), 12, 3, 1) is None


BEFORE = {"2024-01-05": 100.0, "2024-01-08": 101.0, "2024-01-09": 102.0, "2024-01-10": 104.0}
AFTER = {"2024-01-11": 106.0, "2024-01-12": 105.0, "2024-01-17": 109.0, "2024-01-19": 112.0}
CALL = Lot(
    "LC", 10, "2024-01-08", 5.0, symbol="C", multiplier=100, expiry="2024-01-19", strike=101.0, underlying="A"
)
LOTS = [
    Lot(quantity=1000, entry="2024-01-03", entry_price=95.0),  # inherited
    Lot("SHORT", -500, "2024-01-09", 102.5),
    Lot(quantity=300, entry="2024-01-10", entry_price=104.5, exit="2024-01-12", exit_price=105.25),
    Lot(quantity=80, entry="2024-01-10", entry_price=104.5, exit="2024-01-17"),
    CALL,
]


def rows_with(
    ratio: float, execution: str, start: str = "2024-01-08", end: str = "2024-01-19"
) -> dict[str, list[object]]:
    """P&L with a split of A (column 0) from a date on, the closes and the exit price after it in new shares."""
    closes = {day: close / (ratio if day >= execution else 1.0) for day, close in (BEFORE | AFTER).items()}
    market = make_market({"A": closes, "C": {"2024-01-08": 5.5, "2024-01-12": 6.5}}, start, end)
    sold = [
        replace(lot, exit_price=lot.exit_price / (ratio if lot.exit >= execution else 1.0)) for lot in LOTS
    ]
    lots = make_lots(sold, market.symbols)
    found = splits((0, session_index(date.fromisoformat(execution)), ratio)) if ratio != 1.0 else NONE
    held = in_entry_shares(lots, found, market.close, market.date, sessions())
    rows = position_pnl(held.lots, market.session_ix, held.close, held.close_date, sessions())
    return {name: values.astype(str).tolist() for name, values in rows.items()}


@pytest.mark.parametrize("execution", ["2024-01-11", "2024-01-16", "2024-01-18", "2024-01-19"])
@pytest.mark.parametrize("ratio", [4.0, 0.125])
def test_a_split_moves_nothing(ratio: float, execution: str) -> None:
    """Ratios are powers of two, so that a share's close is exactly the ratio times a new share's: equal bits.

    January 16 and 18 have no close: the carried one is of old shares.
    """
    assert rows_with(ratio, execution) == rows_with(1.0, execution)


def test_a_lot_bought_after_the_split_knows_nothing_of_it() -> None:
    market = make_market({"A": BEFORE | AFTER}, "2024-01-08", "2024-01-19")
    lots = make_lots([Lot(entry="2024-01-11", entry_price=106.0)], market.symbols)
    found = splits((0, session_index(date(2024, 1, 11)), 4.0))
    held = in_entry_shares(lots, found, market.close, market.date, sessions())
    assert held.lots is lots
    assert held.close is market.close


def test_an_option_bought_after_the_split_sees_the_carried_underlying_in_new_shares() -> None:
    # The underlying's last close is 104 of January 10; from the 11th a share is four. Expiry on the 12th.
    market = make_market({"A": BEFORE, "C": {"2024-01-11": 1.0}}, "2024-01-11", "2024-01-12")
    lot = replace(CALL, entry="2024-01-11", expiry="2024-01-12", strike=25.0, inception="2024-01-10")
    lots = make_lots([lot], market.symbols)
    found = splits((0, session_index(date(2024, 1, 11)), 4.0))
    held = in_entry_shares(lots, found, market.close, market.date, sessions())
    rows = position_pnl(held.lots, market.session_ix, held.close, held.close_date, sessions())
    assert rows["price"].tolist() == [1.0, 104.0 / 4 - 25.0]


@pytest.mark.parametrize("cut", ["2024-01-10", "2024-01-11", "2024-01-12", "2024-01-17"])
def test_chunks_do_not_matter(cut: str) -> None:
    day = date.fromisoformat(cut)
    whole = rows_with(4.0, "2024-01-11")
    parts = [
        rows_with(4.0, "2024-01-11", end=offset(day, -1).isoformat()),
        rows_with(4.0, "2024-01-11", start=cut),
    ]
    assert {name: parts[0][name] + parts[1][name] for name in whole} == whole
