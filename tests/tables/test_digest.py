"""One digest for one slice: whatever batch, text width or form of NaN its rows come in."""

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.calc.types import NULL_MONEY, Columns
from pipelines.tables import spec
from pipelines.tables.digest import row_codes, slice_code, slice_digests, sort_by_key
from pipelines.tables.spec import TableSpec

SPEC = TableSpec(
    "analytics",
    "made_up",
    (
        spec.date("session"),
        spec.integer("portfolio_id"),
        spec.text("symbol", 12),
        spec.money("usd", nullable=True),
        spec.number("x", nullable=True),
        spec.date("day", nullable=True),
        spec.flag("yes"),
    ),
    key=("session", "portfolio_id", "symbol"),
    by_portfolio=True,
)
rows = st.lists(
    st.tuples(
        st.sampled_from(["2024-01-02", "2024-01-03", "2024-01-04"]),
        st.integers(1, 3),
        st.text("ABCé", min_size=1, max_size=6),
        st.integers(-(10**15), 10**15) | st.just(NULL_MONEY),
        st.floats(allow_nan=True),
        st.sampled_from(["NaT", "1969-12-31", "2024-01-02"]),
        st.booleans(),
    ),
    unique_by=lambda row: row[:3],
    max_size=20,
)


def table(given_rows: list[tuple[Any, ...]], width: int = 0) -> Columns:
    cells = zip(*given_rows, strict=True) if given_rows else [()] * 7
    session, portfolio, symbol, usd, x, day, yes = cells
    return {
        "session": np.array(session, dtype="datetime64[D]"),
        "portfolio_id": np.array(portfolio, dtype=np.int64),
        "symbol": np.array(symbol, dtype=f"U{width}" if width else np.str_),
        "usd": np.array(usd, dtype=np.int64),
        "x": np.array(x, dtype=np.float64),
        "day": np.array(day, dtype="datetime64[D]"),
        "yes": np.array(yes, dtype=np.bool_),
    }


def digests(data: Columns) -> dict[int, tuple[bytes, int]]:
    data = sort_by_key(SPEC, data)
    codes = np.unique(row_codes(SPEC, data))
    found, counts = slice_digests(SPEC, data, codes)
    return dict(
        zip(codes.tolist(), zip((d.tobytes() for d in found), counts.tolist(), strict=True), strict=True)
    )


@given(rows, st.randoms(use_true_random=False))
def test_order_batch_and_text_width_do_not_matter(given_rows: list[tuple[Any, ...]], random: Any) -> None:
    whole = digests(table(given_rows))
    shuffled = list(given_rows)
    random.shuffle(shuffled)
    assert digests(table(shuffled, width=40)) == whole
    alone: dict[int, tuple[bytes, int]] = {}
    for session in ("2024-01-02", "2024-01-03", "2024-01-04"):
        alone |= digests(table([row for row in given_rows if row[0] == session]))
    assert alone == whole


@given(rows.filter(bool), st.data())
def test_a_change_of_any_cell_changes_the_slice_s_digest_and_no_other(
    given_rows: list[tuple[Any, ...]], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(given_rows) - 1))
    column = data.draw(st.integers(3, 6))
    old = given_rows[at]
    new_cell = [7 if old[3] != 7 else 8, 2.5 if old[4] != 2.5 else 3.5, "2000-01-01", not old[6]][column - 3]
    changed = [*given_rows[:at], (*old[:column], new_cell, *old[column + 1 :]), *given_rows[at + 1 :]]
    before, after = digests(table(given_rows)), digests(table(changed))
    own = int(slice_code(np.array([old[0]], dtype="datetime64[D]"), np.array([old[1]]))[0])
    assert {code for code in before if before[code] != after[code]} == {own}


def test_every_nan_and_both_zeros_are_one_value() -> None:
    quiet = struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000001))[0]
    negative = struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000000))[0]

    def one(x: float) -> dict[int, tuple[bytes, int]]:
        return digests(table([("2024-01-02", 1, "A", 0, x, "NaT", True)]))

    assert one(float("nan")) == one(quiet) == one(negative)
    assert one(0.0) == one(-0.0)
    assert one(0.0) != one(float("nan"))


def test_a_slice_without_rows_has_the_digest_of_nothing() -> None:
    codes = slice_code(np.array(["2024-01-02", "2024-01-03"], dtype="datetime64[D]"), np.array([1, 1]))
    found, counts = slice_digests(SPEC, table([]), codes)
    assert counts.tolist() == [0, 0]
    assert found[0].tobytes() == found[1].tobytes()


def test_rows_outside_of_the_slices_are_refused() -> None:
    codes = slice_code(np.array(["2024-01-02"], dtype="datetime64[D]"), np.array([1]))
    with pytest.raises(ValueError, match="outside of the slices"):
        slice_digests(SPEC, table([("2024-01-02", 2, "A", 0, 0.0, "NaT", True)]), codes)


@pytest.mark.parametrize("symbol", ["A" * 13, "é" * 7])
def test_a_text_wider_than_its_column_is_refused(symbol: str) -> None:
    with pytest.raises(ValueError, match="wider than 12 bytes"):
        digests(table([("2024-01-02", 1, symbol, 0, 0.0, "NaT", True)]))


def test_slices_are_ordered_by_session_and_then_by_portfolio() -> None:
    session = np.array(["2024-01-02", "2024-01-02", "2024-01-03"], dtype="datetime64[D]")
    codes = slice_code(session, np.array([1, 10**9, 1]))
    assert (np.diff(codes) > 0).all()
