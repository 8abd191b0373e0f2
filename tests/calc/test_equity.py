from fractions import Fraction

import numpy as np
import pytest
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


def chained(
    start: int, pnl: list[int], flow: list[int], period: list[int], *, unstored: int = 0
) -> list[float]:
    """Returns of one portfolio whose first session comes after some it does not have."""
    opening, closing = roll(start, np.array(pnl), np.array(flow))
    equity = [np.append(np.zeros(unstored, np.int64), one)[np.newaxis] for one in (opening, pnl, closing)]
    stored = np.arange(unstored + len(pnl))[np.newaxis] >= unstored
    found: list[float] = chained_return(*equity, stored, np.array(period))[0, unstored:].tolist()
    return found


def test_returns_are_chained_within_a_period() -> None:
    # 100 → 150 → 75: 1.5, × 0.5 = 0.75; a new month: 75 → 150 → 300: 2, 4; another: 300 → 225
    found = chained(100, [50, -75, 75, 150, -75], [0] * 5, [1, 1, 2, 2, 3])
    assert found == [0.5, -0.25, 1.0, 3.0, -0.25]


def test_flows_are_no_return() -> None:
    # 100 + 50, a deposit of 150: 300; − 150, a withdrawal of 50: 100; + 25:  1.5 × 0.5 = 0.75, × 1.25 = 0.9375
    assert chained(100, [50, -150, 25], [150, -50, 0], [1, 1, 1]) == [0.5, -0.25, -0.0625]


def test_a_chain_is_broken_until_its_period_ends() -> None:
    # 100 → 0 is a return of −1; 100 → −50 one of −1.5, and from −50 there is none; then 110 → 165.
    for lost, flow in ((-100, 100), (-150, 150)):
        found = chained(100, [0, lost, 10, 55], [0, flow, 0, 0], [1, 1, 1, 2])
        np.testing.assert_array_equal(found, [0.0, NAN, NAN, 0.5])
    np.testing.assert_array_equal(chained(0, [10, 10], [0, 0], [1, 1]), [NAN, NAN])


def test_sessions_a_portfolio_does_not_have_break_no_chain() -> None:
    assert chained(100, [50, 75], [0, 0], [1, 1, 1, 1], unstored=2) == [0.5, 1.25]


@st.composite
def equities(draw: st.DrawFn) -> tuple[np.ndarray, ...]:
    """Opening, P&L and closing of some portfolios, never all lost, and the periods of the sessions."""
    shape = draw(st.tuples(st.integers(1, 3), st.integers(2, 30)))
    pnl, flow = (
        draw(hnp.arrays(np.int64, shape, elements=st.sampled_from([0, 0, 5, -3, 10**9, -(10**9)]) | few))
        for few in (st.integers(-(10**10), 10**10), st.just(0))
    )
    opening, closing = roll(np.full(shape[0], 10**12), pnl, flow)
    period = np.sort(draw(hnp.arrays(np.int64, shape[1], elements=st.integers(0, 4))))
    return opening, pnl, closing, period


@given(equities(), st.data())
def test_a_chain_is_the_product_of_the_returns_and_of_its_own_period(
    equity: tuple[np.ndarray, ...], data: st.DataObject
) -> None:
    opening, pnl, closing, period = equity
    stored = np.ones_like(pnl, dtype=np.bool_)
    whole = chained_return(*(np.asfortranarray(a) for a in (opening, pnl, closing, stored)), period)
    for row in range(len(pnl)):
        product = Fraction(1)
        for t in range(len(period)):
            new = t == 0 or period[t] != period[t - 1]
            product = (1 if new else product) * (1 + Fraction(int(pnl[row, t]), int(opening[row, t])))
            assert whole[row, t] == pytest.approx(float(product - 1), rel=1e-9, abs=1e-14)
    first = int(np.searchsorted(period, period[data.draw(st.integers(0, len(period) - 1))]))
    last = data.draw(st.integers(first, len(period) - 1)) + 1
    some = (a[-1:, first:last] for a in (opening, pnl, closing, stored))
    assert chained_return(*some, period[first:last]).tobytes() == whole[-1:, first:last].tobytes()


@given(equities(), st.integers(1, 10**9), st.data())
def test_pnl_that_moves_to_the_next_session_changes_nothing_after_it(
    equity: tuple[np.ndarray, ...], amount: int, data: st.DataObject
) -> None:
    opening, pnl, closing, period = equity
    flow = closing - opening - pnl
    at = data.draw(st.integers(0, len(period) - 2))
    flow[:, at] = 0
    moved = pnl.copy()
    moved[:, at] += amount
    moved[:, at + 1] -= amount
    found = []
    for earned in (pnl, moved):
        rolled = roll(np.full(len(pnl), 10**12), earned, flow)
        stored = np.ones_like(pnl, dtype=np.bool_)
        found.append(chained_return(rolled[0], earned, rolled[1], stored, np.zeros_like(period)))
    later = slice(at + 1, None)
    assert found[0][:, later].tobytes() == found[1][:, later].tobytes()
    assert (found[0][:, at] != found[1][:, at]).all()
