import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipelines.calc.equity import daily_return, period_to_date, roll


def test_equity_rolls_by_pnl_and_flows() -> None:
    # 100 + 5 = 105; 105 − 10 + 50 = 145; 145 + 1 − 20 = 126
    opening, closing = roll(100, np.array([5, -10, 1]), np.array([0, 50, -20]))
    assert opening.tolist() == [100, 105, 145]
    assert closing.tolist() == [105, 145, 126]


def test_many_portfolios_roll_as_each_alone() -> None:
    pnl, flow = np.array([[5, -10], [7, 8]]), np.array([[0, 50], [1, -1]])
    opening, closing = roll(np.array([100, 200]), pnl, flow)
    for row, start in enumerate([100, 200]):
        alone = roll(start, pnl[row], flow[row])
        assert (opening[row].tolist(), closing[row].tolist()) == (alone[0].tolist(), alone[1].tolist())


@given(
    hnp.arrays(np.int64, st.integers(1, 30), elements=st.integers(-(10**15), 10**15)),
    st.integers(-(10**15), 10**15),
    st.data(),
)
def test_rolling_in_parts_is_rolling_at_once(pnl: np.ndarray, start: int, data: st.DataObject) -> None:
    flow = np.roll(pnl, 1) // 7
    cut = data.draw(st.integers(1, len(pnl)))
    opening, closing = roll(start, pnl, flow)
    assert (closing == opening + pnl + flow).all()
    assert (opening[1:] == closing[:-1]).all()
    _, first = roll(start, pnl[:cut], flow[:cut])
    _, second = roll(int(first[-1]), pnl[cut:], flow[cut:])
    assert np.array_equal(np.append(first, second), closing)


def test_portfolio_return_is_pnl_over_opening_equity() -> None:
    # 2 / 100 = 0.02; none on an equity of 0 or less
    returns = daily_return(np.array([2, -3, 5, 5]), np.array([100, 150, 0, -10]))
    np.testing.assert_array_equal(returns, [0.02, -0.02, np.nan, np.nan])


def test_period_to_date_starts_anew_with_each_period() -> None:
    pnl = np.array([[1, 2, 3, 4, 5], [-1, 0, 10, 0, 1]])
    month = np.array([1, 1, 2, 2, 3])
    assert period_to_date(pnl, month).tolist() == [[1, 3, 3, 7, 5], [-1, -1, 10, 10, 1]]
