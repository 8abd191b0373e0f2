"""Exposure netted by issuer, by arithmetic and against plain sums [DESIGN §3, exposures]."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.calc.issuers import first_of_issuer, group_by_issuer, issuer_gross
from pipelines.calc.types import NULL_MONEY


def test_what_is_long_and_short_on_one_issuer_is_set_off() -> None:
    # portfolio 1: |100 − 40| + |−30| = 90; portfolio 2: nothing; portfolio 3: |−5 + 5| + |7| = 7
    amounts = np.array([100, -30, -40, -5, 7, 5])
    issuer = np.array([8, 2, 8, 8, 2, 8])
    groups = group_by_issuer(issuer, np.array([0, 3, 3]))
    assert issuer_gross(amounts, groups).tolist() == [90, 0, 7]


def test_an_unknown_value_is_left_out() -> None:
    groups = group_by_issuer(np.array([1, 1, 2]), np.array([0]))
    assert issuer_gross(np.array([10, NULL_MONEY, NULL_MONEY]), groups).tolist() == [10]


def test_no_rows_at_all() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    groups = group_by_issuer(nothing, np.array([0, 0]))
    assert issuer_gross(nothing, groups).tolist() == [0, 0]
    assert first_of_issuer(nothing, groups).tolist() == []


def test_an_issuer_is_named_by_its_first_lot() -> None:
    groups = group_by_issuer(np.array([8, 2, 8, 8, 2]), np.array([0, 3]))
    assert first_of_issuer(np.array([11, 12, 13, 11, 12]), groups).tolist() == [11, 12, 11, 11, 12]


lots = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(-(10**14), 10**14)), max_size=40)


@given(lots, st.permutations(range(5)))
def test_each_run_is_as_plain_sums_say_and_names_do_not_matter(
    rows: list[tuple[int, int, int]], names: list[int]
) -> None:
    rows.sort(key=lambda row: row[0])
    run, issuer, amount = (np.array([row[i] for row in rows], dtype=np.int64) for i in range(3))
    starts = np.searchsorted(run, np.arange(4))
    groups = group_by_issuer(issuer, starts)
    expected = [
        sum(abs(sum(a for r, i, a in rows if (r, i) == (one, which))) for which in range(5))
        for one in range(4)
    ]
    assert issuer_gross(amount, groups).tolist() == expected
    renamed = group_by_issuer(np.array(names, dtype=np.int64)[issuer], starts)
    assert issuer_gross(amount, renamed).tolist() == expected
    first = [next(n for n, other in enumerate(rows) if other[:2] == row[:2]) for row in rows]
    ids = np.arange(len(rows))
    assert first_of_issuer(ids, groups).tolist() == first_of_issuer(ids, renamed).tolist() == first
