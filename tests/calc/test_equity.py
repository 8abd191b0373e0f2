import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipelines.calc.equity import chained_return, daily_return, period_to_date, roll


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


NAN = np.nan


def chained(returns: list[float], period: list[int], stored: np.ndarray | None = None) -> np.ndarray:
    given = np.array([returns])
    return chained_return(given, np.ones_like(given, bool) if stored is None else stored, np.array(period))[0]


def test_returns_are_chained_within_a_period() -> None:
    # 1.5 × 0.5 = 0.75; a new period: 2, 2 × 1.25 = 2.5; another: 0.75
    assert chained([0.5, -0.5, 1.0, 0.25, -0.25], [1, 1, 2, 2, 3]).tolist() == [0.5, -0.25, 1.0, 1.5, -0.25]


def test_a_chain_is_broken_until_its_period_ends() -> None:
    # none; −1 leaves nothing to chain; −2 neither: −1.5 − 1 = −2.5 never comes about
    for gone in (NAN, -1.0, -2.0):
        np.testing.assert_array_equal(chained([0.5, gone, 1.0, 0.25], [1, 1, 1, 2]), [0.5, NAN, NAN, 0.25])


def test_sessions_a_portfolio_does_not_have_break_no_chain() -> None:
    stored = np.array([[False, False, True, True]])
    found = chained([NAN, NAN, 0.5, 0.5], [1, 1, 1, 1], stored)
    assert found[2:].tolist() == [0.5, 1.25]


@given(
    hnp.arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(1, 40)), elements=st.floats(-0.9, 3)),
    st.data(),
)
def test_a_chain_has_the_bits_of_its_own_period(returns: np.ndarray, data: st.DataObject) -> None:
    """Whatever sessions and portfolios are beside it, and in whatever layout: a plain product in session order."""
    count = returns.shape[1]
    period = np.sort(data.draw(hnp.arrays(np.int64, count, elements=st.integers(0, 5))))
    stored = np.ones_like(returns, dtype=np.bool_)
    whole = chained_return(np.asfortranarray(returns), stored, period)
    for row in range(len(returns)):
        product = 1.0
        for t in range(count):
            product = (1.0 + returns[row, t]) * (1.0 if t == 0 or period[t] != period[t - 1] else product)
            assert whole[row, t] == product - 1.0
    first = int(np.searchsorted(period, period[data.draw(st.integers(0, count - 1))]))
    last = data.draw(st.integers(first, count - 1)) + 1
    part = chained_return(returns[:, first:last], stored[:, first:last], period[first:last])
    assert part.tobytes() == whole[:, first:last].tobytes()
