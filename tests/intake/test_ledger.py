"""Marks and cash flows: whose they are, what they correct, and what is refused."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from api.intake.errors import NotFoundError
from api.intake.flows import record_flows
from api.intake.import_positions import import_portfolio
from api.intake.ledger import LedgerResult
from api.intake.marks import record_marks
from pipelines.sources.csv_errors import CODES
from pipelines.sources.ledger_csv import LedgerFileError

from .conftest import Book

BOOK = b"""ticker,quantity,entry_price,entry_date,asset_class,multiplier
ACME,10,40,2024-01-16,PRIVATE,
ACME,-1000,40,2024-01-16,PRIVATE,5
SPY,1,470,2024-01-16,,
"""
MARKS = "portfolio,symbol,date,price\n"
FLOWS = "portfolio,date,amount\n"
STORED_MARKS = "select portfolio_id, symbol, mark_date, price from book.private_marks order by 1, 2, 3"
STORED_FLOWS = "select portfolio_id, flow_date, amount from book.cash_flows order by 1, 2"


@pytest.fixture
def main_id(book: Book) -> int:
    """Ann's book; its inception is Friday 2024-01-12."""
    return import_book(book, "ann", "Main")


def import_book(book: Book, owner: str, name: str) -> int:
    with book.intake() as connection:
        result = import_portfolio(connection, owner, name, "book.csv", BOOK, book.today)
    assert result.inception_date == date(2024, 1, 12)
    return result.portfolio_id


def marks(book: Book, rows: str, owner: str | None = None) -> LedgerResult:
    with book.intake() as connection:
        return record_marks(connection, (MARKS + rows).encode(), book.today, owner)


def flows(book: Book, rows: str, owner: str | None = None) -> LedgerResult:
    with book.intake() as connection:
        return record_flows(connection, (FLOWS + rows).encode(), book.today, owner)


def refused(
    do: Callable[..., Any], book: Book, rows: str, **options: Any
) -> list[tuple[int, str | None, str]]:
    before, commits = book.contents(), book.commits()
    with pytest.raises(LedgerFileError) as error:
        do(book, rows, **options)
    assert (book.contents(), book.commits()) == (before, commits)
    assert {e.code for e in error.value.errors} <= CODES.keys()
    return [(e.row, e.field, e.code) for e in error.value.errors]


def test_marks_are_stored_for_the_portfolio_by_name_or_id(book: Book, main_id: int) -> None:
    result = marks(book, f"Main,acme,2024-01-20,41.5\n{main_id},ACME,2024-02-01,0\n")
    assert result == LedgerResult(added=2, corrected=0, unchanged=0, warnings=())
    assert book.ask(STORED_MARKS) == [
        (main_id, "ACME", date(2024, 1, 20), Decimal("41.5")),
        (main_id, "ACME", date(2024, 2, 1), 0),
    ]
    assert book.commits() == ["import", "marks"]


def test_flows_are_stored_for_the_portfolio_by_name_or_id(book: Book, main_id: int) -> None:
    result = flows(book, f"Main,2024-01-16,1000.5\n{main_id},2024-02-03,-0.0001\n")
    assert result == LedgerResult(added=2, corrected=0, unchanged=0, warnings=())
    assert book.ask(STORED_FLOWS) == [
        (main_id, date(2024, 1, 16), Decimal("1000.5")),
        (main_id, date(2024, 2, 3), Decimal("-0.0001")),
    ]
    assert book.commits() == ["import", "flows"]


@pytest.mark.parametrize(
    ("do", "rows", "table", "values"),
    [
        (marks, ["Main,ACME,2024-01-20,{}\n", "Main,ACME,2024-01-22,7\n"], "private_marks", "price"),
        (flows, ["Main,2024-01-20,{}\n", "Main,2024-01-22,7\n"], "cash_flows", "amount"),
    ],
    ids=["marks", "flows"],
)
def test_a_changed_value_is_a_versioned_correction_and_the_same_is_nothing(
    book: Book, main_id: int, do: Callable[..., LedgerResult], rows: list[str], table: str, values: str
) -> None:
    do(book, rows[0].format("41.50"))
    before, commits = book.contents(), book.commits()
    assert do(book, rows[0].format("41.5")) == LedgerResult(0, 0, 1, ())
    assert (book.contents(), book.commits()) == (before, commits)

    assert do(book, rows[0].format("42") + rows[1]) == LedgerResult(1, 1, 0, ())
    (first,), (second,) = book.ask(
        "select commit_id from analytics.commits where action <> 'import' order by 1"
    )
    assert book.ask(f"select {values}, commit_id from book.{table} order by {values}") == [
        (7, second),
        (42, second),
    ]
    assert book.ask(f"select {values}, commit_id, superseded_by from book.{table}_history") == [
        (Decimal("41.5"), first, second)
    ]
    known = f"select {values} from book.{table}_at((select committed_at from analytics.commits where commit_id = %s))"
    assert book.ask(known, first) == [(Decimal("41.5"),)]
    assert sorted(book.ask(known, second)) == [(7,), (42,)]


def test_names_are_ambiguous_between_owners_until_the_owner_is_said(book: Book, main_id: int) -> None:
    other_id = import_book(book, "bob", "Main")
    row = "Main,2024-02-01,5\n"
    assert refused(flows, book, row) == [(2, "portfolio", "ambiguous_portfolio")]
    flows(book, row, owner="bob")
    assert book.ask(STORED_FLOWS) == [(other_id, date(2024, 2, 1), 5)]
    assert refused(flows, book, f"{main_id},2024-02-01,5\n", owner="bob") == [
        (2, "portfolio", "unknown_portfolio")
    ]


def test_a_name_that_is_anothers_id_is_ambiguous(book: Book, main_id: int) -> None:
    import_book(book, "ann", str(main_id))
    assert refused(flows, book, f"{main_id},2024-02-01,5\n") == [(2, "portfolio", "ambiguous_portfolio")]


def test_an_unknown_owner_is_refused(book: Book, main_id: int) -> None:
    with pytest.raises(NotFoundError):
        flows(book, "Main,2024-02-01,5\n", owner="carl")


BAD_MARKS = [
    ("Nowhere,ACME,2024-02-01,1", "portfolio", "unknown_portfolio"),
    ("01,ACME,2024-02-01,1", "portfolio", "unknown_portfolio"),
    ("999999999999999999999,ACME,2024-02-01,1", "portfolio", "unknown_portfolio"),
    (",ACME,2024-02-01,1", "portfolio", "missing_value"),
    ("Main,SPY,2024-02-01,1", "symbol", "not_private"),
    ("Main,OTHER,2024-02-01,1", "symbol", "not_private"),
    ("Main,AAPL240119C00150000,2024-02-01,1", "symbol", "not_private"),
    ("Main,A B,2024-02-01,1", "symbol", "invalid_symbol"),
    ("Main,,2024-02-01,1", "symbol", "missing_value"),
    ("Main,ACME,2024-03-16,1", "date", "date_in_future"),
    ("Main,ACME,2009-12-31,1", "date", "date_out_of_calendar"),
    ("Main,ACME,2024-02-01,-1", "price", "negative"),
    ("Main,ACME,2024-02-01,NaN", "price", "not_finite"),
    ("Main,ACME,2024-02-01,", "price", "missing_value"),
    ("Main,ACME,2024-02-01,2e7", "price", "value_too_large"),  # × 1000 × 5 = 1e11
]
BAD_FLOWS = [
    ("Nowhere,2024-02-01,1", "portfolio", "unknown_portfolio"),
    ("=Main,2024-02-01,1", "portfolio", "formula"),
    ("Main,2024-01-12,1", "date", "before_inception"),
    ("Main,2024-01-11,1", "date", "before_inception"),
    ("Main,2024-03-16,1", "date", "date_in_future"),
    ("Main,2024-02-30,1", "date", "impossible_date"),
    ("Main,2024-02-01,0", "amount", "zero_amount"),
    ("Main,2024-02-01,0.00001", "amount", "number_out_of_range"),
    ("Main,2024-02-01,1e15", "amount", "number_out_of_range"),
    ('Main,2024-02-01,"1,000"', "amount", "number_format"),
]


@pytest.mark.parametrize(
    ("do", "row", "field", "code"),
    [*((marks, *bad) for bad in BAD_MARKS), *((flows, *bad) for bad in BAD_FLOWS)],
)
def test_a_bad_row_is_refused_and_nothing_is_written(
    book: Book, main_id: int, do: Callable[..., LedgerResult], row: str, field: str, code: str
) -> None:
    good = (
        "Main,ACME,2024-02-09,19999999\n" if do is marks else "Main,2024-01-13,1\n"
    )  # a Saturday: lands on Tuesday
    assert refused(do, book, good + row + "\n") == [(3, field, code)]
    assert do(book, good).added == 1


@pytest.mark.parametrize(
    ("do", "row"), [(marks, "{},ACME,2024-02-01,1\n"), (flows, "{},2024-02-01,1\n")], ids=["marks", "flows"]
)
def test_one_key_twice_in_a_file_is_refused(
    book: Book, main_id: int, do: Callable[..., LedgerResult], row: str
) -> None:
    assert refused(do, book, row.format("Main") + row.format(main_id)) == [(3, None, "duplicate_row")]


def test_errors_of_cells_and_of_the_book_come_together(book: Book, main_id: int) -> None:
    rows = (
        "Main,ACME,tomorrow,1\nNowhere,ACME,2024-02-01,1\nMain,SPY,2024-02-01,1\nNowhere,ACME,2024-02-02,1\n"
    )
    assert refused(marks, book, rows) == [
        (2, "date", "date_format"),
        (3, "portfolio", "unknown_portfolio"),
        (4, "symbol", "not_private"),
        (5, "portfolio", "unknown_portfolio"),
    ]


@pytest.mark.parametrize("do", [marks, flows])
def test_an_empty_file_is_refused(book: Book, do: Callable[..., LedgerResult]) -> None:
    assert refused(do, book, "") == [(0, None, "empty_file")]


def test_unknown_columns_are_reported(book: Book, main_id: int) -> None:
    with book.intake() as connection:
        data = b"Portfolio,flow_date,amount,why\nMain,2024-02-01,1,gift\n"
        result = record_flows(connection, data, book.today)
    assert result.warnings == ("column 'why' is not known and was ignored",)


def test_a_long_file_is_one_commit(book: Book, main_id: int) -> None:
    day = date(2024, 1, 16).toordinal()
    days = [date.fromordinal(day + i) for i in range(60)]
    rows = "".join(f"Main,ACME,{d},{i}.25\n" for i, d in enumerate(days) if d <= book.today)
    assert marks(book, rows).added == rows.count("\n")
    assert book.commits() == ["import", "marks"]
    assert book.ask("select count(distinct commit_id) from book.private_marks") == [(1,)]
