"""What a vendor may change, and what waits for a person."""

import numpy as np
import pytest

from pipelines.calc.restatements import (
    BELIEVED,
    BEYOND_HISTORY,
    CURRENCY_JUMP,
    SIGMAS,
    SPLIT_LIKE,
    STALE_REPEAT,
    UNKNOWN_SIGMA,
    Series,
    daily_sigma,
    judge,
    prices_show_split,
)
from pipelines.calc.types import FloatArray

N = 60
NAN = np.full(N, np.nan)


def closes(seed: int = 1) -> FloatArray:
    walk: FloatArray = 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 0.01, N)))
    return walk


def codes(
    stored: FloatArray,
    offered: FloatArray,
    split: tuple[int, float] | None = None,
    repeats: int | None = None,
    doubted: FloatArray = NAN,
    *,
    may_jump: bool = False,
) -> list[int]:
    shares, repeated = np.ones(N), np.zeros(N, dtype=np.bool_)
    if split:
        shares[split[0]] = split[1]
    if repeats is not None:
        repeated[repeats] = True
    found: list[int] = judge(Series(stored, offered, shares, repeated, doubted), may_jump=may_jump).tolist()
    return found


def only(*rows: int, code: int) -> list[int]:
    return [code if row in rows else BELIEVED for row in range(N)]


def changed(values: FloatArray, rows: slice, factor: float) -> FloatArray:
    other = values.copy()
    other[rows] *= factor
    return other


def test_sigma_is_the_walk_s_and_not_moved_by_a_jump() -> None:
    for factor in (1.0, 0.25):
        series = Series(
            changed(closes(), slice(30, None), factor), NAN, np.ones(N), np.zeros(N, dtype=np.bool_), NAN
        )
        assert daily_sigma(series) == pytest.approx(0.01, rel=0.35)
    assert daily_sigma(Series(NAN, NAN, np.ones(N), np.zeros(N, dtype=np.bool_), NAN)) == UNKNOWN_SIGMA


def test_the_same_again_and_small_changes_are_believed() -> None:
    walk = closes()
    assert codes(walk, walk) == only(code=BELIEVED)
    assert codes(walk, changed(walk, slice(10, 20), 1.01)) == only(code=BELIEVED)


def test_a_restatement_beyond_history_waits() -> None:
    walk = closes()
    assert codes(walk, changed(walk, slice(20, 21), 1.0 + 2 * SIGMAS * 0.01)) == only(20, code=BEYOND_HISTORY)


@pytest.mark.parametrize("factor", [0.25, 4.0, 0.5, 1 / 3, 10.0, 2 / 3, 0.1])
def test_a_restatement_by_a_split_s_ratio_waits(factor: float) -> None:
    walk = closes()
    assert codes(walk, changed(walk, slice(40, None), factor)) == only(*range(40, N), code=SPLIT_LIKE)


@pytest.mark.parametrize("factor", [100.0, 0.01])
def test_pence_for_pounds_wait(factor: float) -> None:
    walk = closes()
    assert codes(walk, changed(walk, slice(50, None), factor)) == only(*range(50, N), code=CURRENCY_JUMP)


def test_a_split_that_the_vendor_forgot_waits_to_the_end() -> None:
    """Also the sessions after it, however far they drift: they go on from what is doubted."""
    walk = changed(closes(), slice(40, None), 0.25)
    walk[45:] *= 1.15
    assert codes(NAN, walk) == only(*range(40, N), code=SPLIT_LIKE)
    stored, offered = walk.copy(), NAN.copy()
    stored[40:] = np.nan
    offered[40:] = walk[40:]
    assert codes(stored, offered) == only(*range(40, N), code=SPLIT_LIKE)


def test_a_doubted_close_of_an_earlier_run_keeps_the_next_ones_waiting() -> None:
    walk = changed(closes(), slice(58, None), 0.25)
    stored, offered, doubted = walk.copy(), NAN.copy(), NAN.copy()
    stored[58:] = np.nan
    doubted[58], offered[59] = walk[58], walk[59] * 1.15
    assert codes(stored, offered, doubted=doubted) == only(59, code=SPLIT_LIKE)


def test_a_known_split_is_believed() -> None:
    walk = changed(closes(), slice(40, None), 0.25)
    assert codes(NAN, walk, split=(40, 4.0)) == only(code=BELIEVED)


def test_an_adjusted_series_where_a_raw_one_is_expected_waits() -> None:
    # The split is known, but the closes do not fall: they were divided before, too.
    assert codes(NAN, closes(), split=(40, 4.0)) == only(*range(40, N), code=SPLIT_LIKE)


def test_a_crash_is_a_crash() -> None:
    assert codes(NAN, changed(closes(), slice(40, None), 0.82)) == only(code=BELIEVED)


def test_a_level_that_comes_back_is_believed_again() -> None:
    assert codes(NAN, changed(closes(), slice(40, 45), 0.25)) == only(*range(40, 45), code=SPLIT_LIKE)


def test_a_repeated_bar_waits() -> None:
    walk = closes()
    stored, offered = walk.copy(), NAN.copy()
    stored[-1] = np.nan
    offered[-1] = walk[-2]
    assert codes(stored, offered, repeats=N - 1) == only(N - 1, code=STALE_REPEAT)


def test_an_option_may_double() -> None:
    walk = changed(closes(), slice(40, None), 2.0)
    assert codes(NAN, walk, may_jump=True) == only(code=BELIEVED)
    assert codes(NAN, walk) == only(*range(40, N), code=SPLIT_LIKE)


def test_whether_prices_show_a_split() -> None:
    assert prices_show_split(100.0, 25.5, 4.0)
    assert not prices_show_split(100.0, 99.0, 4.0)
    assert prices_show_split(10.0, 98.0, 0.1)
