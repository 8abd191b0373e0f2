"""The largest amounts of each run, against sorting each run by itself."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.calc.movers import largest
from pipelines.calc.types import NULL_MONEY

AMOUNT = st.one_of(st.integers(-3, 3), st.just(NULL_MONEY), st.sampled_from([10**15, -(10**15)]))
RUNS = st.lists(st.lists(AMOUNT, max_size=9), max_size=6)
"""Few different amounts, so that some are equal."""


@given(RUNS, st.integers(0, 3), st.integers(1, 5), st.booleans())
def test_each_run_has_its_largest_first(
    runs: list[list[int]], before: int, count: int, negated: bool
) -> None:
    amounts = np.array([7] * before + [amount for run in runs for amount in run], dtype=np.int64)
    starts = before + np.cumsum([0, *map(len, runs)])[:-1].astype(np.int64)
    if negated:
        amounts = -amounts  # as for losses; what is missing stays missing
    expected = []
    for start, run in zip(starts.tolist(), runs, strict=True):
        own = [(-int(amounts[row]), row) for row in range(start, start + len(run)) if amounts[row] > 0]
        rows = [row for _, row in sorted(own)][:count]
        expected.append(rows + [-1] * (count - len(rows)))
    assert largest(amounts, starts, count).tolist() == expected
