import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.calc.segments import run_lengths, run_starts, sum_floats, sum_money
from pipelines.calc.types import NULL_MONEY
from tests.calc.bits import assert_same_bits
from tests.calc.book import days


def test_runs_are_of_one_session_and_portfolio() -> None:
    session = days(["2024-01-02"] * 3 + ["2024-01-03"] * 2)
    starts = run_starts(session, np.array([1, 1, 2, 2, 3]))
    assert starts.tolist() == [0, 2, 3, 4]
    assert run_lengths(starts, 5).tolist() == [2, 1, 1, 1]
    assert run_starts(session[:0], np.array([], dtype=np.int64)).tolist() == []


def test_sums_leave_out_what_is_missing_and_are_zero_without_rows() -> None:
    starts = np.array([0, 0, 2, 3])
    assert sum_money(np.array([1, 2, NULL_MONEY]), starts).tolist() == [0, 3, 0, 0]
    assert sum_floats(np.array([1.5, np.nan, 4.0]), starts).tolist() == [0.0, 1.5, 4.0, 0.0]
    assert sum_money(np.array([], dtype=np.int64), np.array([0, 0])).tolist() == [0, 0]


def test_money_sums_are_exact_where_floats_are_not() -> None:
    # 9e14 + 1: beyond 2^53 after ten of them
    amounts = np.array([900_000_000_000_001] * 1_000)
    assert sum_money(amounts, np.array([0])).tolist() == [900_000_000_000_001_000]


@given(st.lists(st.lists(st.floats(-1e6, 1e6), max_size=300), min_size=1, max_size=6), st.integers(0, 5))
def test_float_sums_have_the_bits_of_each_run_alone(runs: list[list[float]], offset: int) -> None:
    lengths = [offset, *(len(run) for run in runs)]
    terms = np.concatenate([np.ones(offset), *(np.array(run, dtype=np.float64) for run in runs)])
    sums = sum_floats(np.repeat(terms, 2)[::2], np.cumsum(lengths))
    for run, total in zip(runs, sums[:-1], strict=True):
        assert_same_bits(sum_floats(np.array(run, dtype=np.float64), np.array([0]))[0], total)


@given(st.permutations([10**15 - 1, -(10**15), 7, 123_456_789, -1]))
def test_money_sums_do_not_depend_on_order(amounts: list[int]) -> None:
    assert sum_money(np.array(amounts), np.array([0])).tolist() == [123_456_794]
