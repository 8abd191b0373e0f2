from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.csv_errors import CODES, ErrorList, RowError
from pipelines.sources.ledger_csv import (
    FlowRow,
    LedgerFileError,
    MarkRow,
    OverrideRow,
    read_flows,
    read_marks,
    read_overrides,
)

TODAY = date(2024, 3, 15)


def test_marks_and_flows_are_read_exactly() -> None:
    errors = ErrorList(LedgerFileError)
    marks = b"Portfolio,Ticker,Mark Date,Price\r\nMain  book, acme.b ,2024-02-01,0.333333333333333333\r\n"
    mark = MarkRow(2, "Main book", "ACME.B", date(2024, 2, 1), Decimal("0.333333333333333333"))
    assert read_marks(marks, TODAY, errors) == ([mark], ())
    flows = b"portfolio,flow_date,amount,note\n\n12,2024-02-01,-1000.5,rent\n"
    flow = FlowRow(3, "12", date(2024, 2, 1), Decimal("-1000.5"))
    assert read_flows(flows, TODAY, errors) == ([flow], ("note",))
    overrides = b"portfolio,symbol,session,close\n12,aapl  240119c00150000,2024-01-18,0.05\n"
    override = OverrideRow(2, "12", "AAPL240119C00150000", date(2024, 1, 18), Decimal("0.05"))
    assert read_overrides(overrides, TODAY, errors) == ([override], ())
    assert len(errors) == 0


@pytest.mark.parametrize(
    ("read", "header"),
    [
        (read_marks, "portfolio,symbol,date,price"),
        (read_overrides, "portfolio,symbol,date,price"),
        (read_flows, "portfolio,date,amount"),
    ],
)
def test_a_missing_column_is_named(read: Callable[..., Any], header: str) -> None:
    for column in header.split(","):
        with pytest.raises(LedgerFileError) as error:
            read(header.replace(column, "note").encode() + b"\n1,2,3,4\n", TODAY, ErrorList(LedgerFileError))
        assert [(e.row, e.field, e.code) for e in error.value.errors] == [(1, column, "missing_column")]


cell = st.one_of(
    st.sampled_from(["Main", "ACME", "1", "-0", "NaN", "2024-02-01", '"', "=1", ""]), st.text(max_size=8)
)
rows = st.lists(st.lists(cell, max_size=5).map(",".join), max_size=5).map("\n".join)


@given(
    st.sampled_from(
        [
            (read_marks, "portfolio,symbol,date,price\n"),
            (read_overrides, "portfolio,symbol,date,price\n"),
            (read_flows, "portfolio,date,amount\n"),
        ]
    ),
    rows,
)
def test_any_rows_are_entries_or_typed_errors(how: tuple[Callable[..., Any], str], text: str) -> None:
    read, header = how
    errors = ErrorList(LedgerFileError)
    found: list[Any] = []
    noted: tuple[RowError, ...] = ()
    try:
        found, _ = read((header + text).encode(), TODAY, errors)
        errors.raise_if_any()
    except LedgerFileError as error:
        noted = error.errors
    assert found or noted
    assert {e.code for e in noted} <= CODES.keys()
    assert {entry.row for entry in found}.isdisjoint(e.row for e in noted)
