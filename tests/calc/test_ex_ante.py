"""Ex-ante risk: against a plain loop with pandas and scipy, by arithmetic, and to the bit."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.calc.ex_ante import TILE_RUNS, ExAnteRisk, ex_ante
from pipelines.calc.types import NULL_MONEY, FloatArray
from tests.calc.bits import assert_same_bits

NAN = np.nan
NAV = 1_000_000 * 10_000


def returns_with_gaps(n_sessions: int, n_instruments: int, seed: int, gaps: float = 0.02) -> FloatArray:
    random = np.random.default_rng(seed)
    returns: FloatArray = random.normal(0.0, 0.015, (n_sessions, n_instruments))
    returns[random.random(returns.shape) < gaps] = NAN
    return returns


def one_book(returns: FloatArray, amounts: list[int], columns: list[int], nav: int = NAV) -> ExAnteRisk:
    """One portfolio on the last session of the returns."""
    return ex_ante(
        returns,
        1,
        np.array(amounts, dtype=np.int64),
        np.array(columns, dtype=np.int64),
        np.array([0]),
        np.array([0]),
        np.array([nav]),
    )


def cells(found: ExAnteRisk) -> list[object]:
    return [array.item() for array in vars(found).values()]


def test_one_holding_by_hand() -> None:
    # 250,000 dollars of ±1 %: ±2,500 a session, std 2,500 × √(60/59) of a NAV of 1,000,000
    found = one_book(np.tile([0.01, -0.01], 30)[:, np.newaxis], [250_000 * 10_000], [0])
    std = 2_500 * (60 / 59) ** 0.5
    assert found.ex_ante_volatility.item() == pytest.approx(std * 252**0.5 / 1_000_000, rel=1e-12)
    assert found.ex_ante_var_95.item() == pytest.approx(1.6448536269514722 * std * 10_000, abs=0.6)
    assert (found.n_obs.item(), found.ex_ante_coverage.item(), found.reason.item()) == (60, 1.0, "")


def test_a_hedge_takes_the_risk_away() -> None:
    returns = returns_with_gaps(60, 1, seed=1)
    found = one_book(returns, [10**9, -(10**9)], [0, 0])
    assert cells(found)[:2] == [0.0, 0]


def test_books_are_as_by_plain_loop() -> None:
    import scipy.stats

    random = np.random.default_rng(2)
    n_out, n_books = 5, 40
    returns = returns_with_gaps(59 + n_out, 12, seed=3)
    returns[:50, 11] = NAN
    lengths = random.integers(0, 9, n_books)
    column = random.integers(-1, 12, lengths.sum())
    amount = random.integers(-(10**11), 10**11, lengths.sum())
    starts = np.append(0, np.cumsum(lengths)[:-1])
    session = np.sort(random.integers(0, n_out, n_books))
    found = ex_ante(returns, n_out, amount, column, starts, session, np.full(n_books, NAV))
    for book in range(n_books):
        rows = slice(starts[book], starts[book] + lengths[book])
        window = pd.DataFrame(returns[session[book] : session[book] + 60])
        held = [
            (int(c), int(a))
            for c, a in zip(column[rows], amount[rows], strict=True)
            if c >= 0 and window[c].count() >= 20
        ]
        if not held:
            assert found.n_obs[book] == (60 if lengths[book] == 0 else 0)
            continue
        pnl = sum(window[c] * a for c, a in held).dropna()
        assert found.n_obs[book] == len(pnl)
        assert found.ex_ante_volatility[book] == pytest.approx(pnl.std() * 252**0.5 / NAV, rel=1e-11)
        assert found.ex_ante_var_95[book] == pytest.approx(-scipy.stats.norm.ppf(0.05) * pnl.std(), abs=1.0)
        covered = sum(abs(a) for _, a in held) / sum(abs(a) for a in amount[rows].tolist())
        assert found.ex_ante_coverage[book] == pytest.approx(covered, rel=1e-15)


def test_what_has_no_returns_is_left_out_and_shows_in_coverage() -> None:
    # 300 of it: a private (no column), an unknown delta, one with 19 returns; 100 is in
    returns = returns_with_gaps(60, 2, seed=4, gaps=0.0)
    returns[19:, 1] = NAN
    alone = one_book(returns, [100], [0])
    found = one_book(returns, [100, 200, NULL_MONEY, -100], [0, -1, 0, 1])
    assert cells(found)[:3] == cells(alone)[:3]
    assert found.ex_ante_coverage.item() == 0.25
    assert found.reason.item() == ""


def test_an_instrument_with_twenty_returns_is_in_and_leaves_twenty_sessions() -> None:
    returns = returns_with_gaps(60, 2, seed=5, gaps=0.0)
    returns[20:, 1] = NAN
    found = one_book(returns, [10**9, 10**9], [0, 1])
    assert found.n_obs.item() == 20
    pnl = (returns[:20] * 1e9).sum(axis=1)
    assert found.ex_ante_volatility.item() == pytest.approx(np.std(pnl, ddof=1) * 252**0.5 / NAV, rel=1e-12)


def test_fewer_than_twenty_sessions_with_all_returns_are_null() -> None:
    # 30 returns each, 10 of them on the same sessions
    returns = returns_with_gaps(60, 2, seed=6, gaps=0.0)
    returns[30:, 0] = NAN
    returns[:20, 1] = NAN
    returns[50:, 1] = NAN
    found = one_book(returns, [10**9, 10**9], [0, 1])
    np.testing.assert_equal(cells(found), [NAN, NULL_MONEY, 10, 1.0, "too_few_observations"])


@pytest.mark.parametrize("amount", [10**9, NULL_MONEY])
def test_a_book_of_which_nothing_is_in_is_null(amount: int) -> None:
    found = one_book(returns_with_gaps(60, 1, seed=7), [amount], [-1])
    coverage = NAN if amount == NULL_MONEY else 0.0
    np.testing.assert_equal(cells(found), [NAN, NULL_MONEY, 0, coverage, "too_few_observations"])


@pytest.mark.parametrize(("amounts", "columns"), [([], []), ([0], [0])], ids=["no lots", "an ended lot"])
def test_an_empty_book_has_no_risk(amounts: list[int], columns: list[int]) -> None:
    found = one_book(returns_with_gaps(60, 1, seed=8, gaps=0.5), amounts, columns)
    np.testing.assert_equal(cells(found), [0.0, 0, 60, NAN, ""])


@pytest.mark.parametrize("nav", [0, -5])
def test_nav_that_is_not_positive_is_null(nav: int) -> None:
    found = one_book(returns_with_gaps(60, 1, seed=9, gaps=0.0), [10**9], [0], nav)
    np.testing.assert_equal(cells(found), [NAN, NULL_MONEY, 60, 1.0, "nav_not_positive"])


def test_history_that_is_not_there_is_missing_returns() -> None:
    returns = returns_with_gaps(60, 2, seed=10)
    returns[:25] = NAN
    whole, short = one_book(returns, [10**9, 5], [0, 1]), one_book(returns[25:], [10**9, 5], [0, 1])
    assert cells(whole) == cells(short)


def test_no_books() -> None:
    none = np.array([], dtype=np.int64)
    found = ex_ante(returns_with_gaps(60, 1, seed=11), 1, none, none, none, none, none)
    assert [len(array) for array in vars(found).values()] == [0] * 5


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_bits_of_a_book_depend_on_its_holdings_and_window_alone(data: st.DataObject) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    n_out, n_columns = data.draw(st.integers(1, 6)), 9
    n_books = data.draw(st.sampled_from([3, 20, TILE_RUNS + 30]))
    returns = returns_with_gaps(59 + n_out, n_columns, seed=n_books, gaps=0.01)
    lengths = random.integers(0, 12, n_books)
    starts = np.append(0, np.cumsum(lengths)[:-1])
    column = random.integers(-1, n_columns, lengths.sum())
    amount = random.integers(-(10**12), 10**12, lengths.sum())
    session = np.sort(random.integers(0, n_out, n_books))
    nav = random.integers(1, 10**13, n_books)
    whole = ex_ante(returns, n_out, amount, column, starts, session, nav)

    day = data.draw(st.integers(0, n_out - 1))
    order = random.permutation(n_columns)
    place = np.append(np.argsort(order), -1)
    chosen = np.flatnonzero((session == day) & (random.random(n_books) < 0.7))
    rows = np.concatenate([np.arange(starts[b], starts[b] + lengths[b]) for b in [*chosen, 0]])
    rows = rows[: lengths[chosen].sum()]
    some = ex_ante(
        np.asfortranarray(returns[: 60 + day, order]),
        1,
        amount[rows],
        place[column[rows]],
        np.append(0, np.cumsum(lengths[chosen]))[: len(chosen)],
        np.zeros(len(chosen), dtype=np.int64),
        nav[chosen],
    )
    for name, part in vars(some).items():
        if name == "reason":
            assert part.tolist() == whole.reason[chosen].tolist()
        else:
            assert_same_bits(part, vars(whole)[name][chosen])
