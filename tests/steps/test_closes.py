"""Closes that several steps of a run look at: read once, and the same as if each had read its own."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.calc.types import FloatArray
from pipelines.steps.closes import ClosesRead

SESSIONS, SYMBOLS = 12, np.array(["A", "BB", "CCC", "DDDD", "EEEEE"])
CLOSES = np.arange(SESSIONS * len(SYMBOLS), dtype=np.float64).reshape(SESSIONS, -1)
"""Every cell another number."""

WINDOWS = st.lists(
    st.tuples(
        st.sets(st.integers(0, len(SYMBOLS) - 1), min_size=1).map(sorted),
        st.tuples(st.integers(0, SESSIONS - 1), st.integers(0, SESSIONS - 1)).map(sorted),
    ),
    min_size=1,
    max_size=8,
)
"""What is asked for one after the other: columns, and the first and the last session."""


@given(WINDOWS)
def test_a_window_holds_its_own_closes_whatever_was_read_before(
    windows: list[tuple[list[int], list[int]]],
) -> None:
    kept = ClosesRead()
    for columns, (start, end) in windows:
        found = kept.between(_read, SYMBOLS[columns], start, end)
        assert np.array_equal(found, CLOSES[start : end + 1, columns])


def test_what_one_step_has_read_the_next_does_not_read_again() -> None:
    cells: list[tuple[str, int]] = []

    def read(symbols: np.ndarray, start: int, end: int) -> FloatArray:
        cells.extend((symbol, ix) for symbol in symbols.tolist() for ix in range(start, end + 1))
        return _read(symbols, start, end)

    kept = ClosesRead()
    for columns, start, end in [
        ([0, 2], 4, 6),
        ([0, 2], 5, 6),
        ([0, 1], 4, 8),
        ([1, 2], 1, 7),
        ([0, 1, 2], 1, 8),
    ]:
        kept.between(read, SYMBOLS[columns], start, end)
    # The three symbols' sessions 1 to 8, and no cell of them twice.
    assert sorted(cells) == sorted((symbol, ix) for symbol in ("A", "BB", "CCC") for ix in range(1, 9))


def _read(symbols: np.ndarray, start: int, end: int) -> FloatArray:
    return CLOSES[start : end + 1][:, np.searchsorted(SYMBOLS, symbols)]
