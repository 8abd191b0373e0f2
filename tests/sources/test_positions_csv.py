import io
import zipfile
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.instruments import AssetClass, PositionType
from pipelines.sources import csv_errors, csv_file
from pipelines.sources.csv_errors import CODES
from pipelines.sources.positions_csv import (
    COLUMNS,
    PositionFileError,
    PositionRow,
    RowError,
    lot_value,
    parse_positions,
)

TODAY = date(2024, 3, 15)
HEADER = "ticker,quantity,entry_price,entry_date,tags,asset_class,exit_date,exit_price,multiplier,name"

SAMPLE = b"""ticker,quantity,entry_price,entry_date,tags
AAPL,1000,150.00,2024-01-15,"momentum,tech"
MSFT,-500,380.00,2024-01-20,"hedge,tech"
AAPL240119C00150000,10,5.50,2024-01-10,"hedge,options"
"""


def lots(text: str) -> tuple[PositionRow, ...]:
    return parse_positions(text.encode(), TODAY).rows


def one(cells: str) -> PositionRow:
    (row,) = lots(f"{HEADER}\n{cells}\n")
    return row


def refused(data: bytes | str, **options: int) -> tuple[RowError, ...]:
    with pytest.raises(PositionFileError) as error:
        parse_positions(data.encode() if isinstance(data, str) else data, TODAY, **options)
    assert {e.code for e in error.value.errors} <= CODES.keys()
    return error.value.errors


def where(errors: tuple[RowError, ...]) -> list[tuple[int, str | None, str]]:
    return [(e.row, e.field, e.code) for e in errors]


def test_the_sample_of_the_requirements() -> None:
    parsed = parse_positions(SAMPLE, TODAY)
    assert parsed.warnings == ()
    found = [
        (r.row, r.instrument.symbol, r.position_type, r.quantity, r.multiplier, r.tags) for r in parsed.rows
    ]
    assert found == [
        (2, "AAPL", PositionType.LONG, 1000, 1, ("momentum", "tech")),
        (3, "MSFT", PositionType.SHORT, -500, 1, ("hedge", "tech")),
        (4, "AAPL240119C00150000", PositionType.LC, 10, 100, ("hedge", "options")),
    ]
    assert [r.entry_price for r in parsed.rows] == [Decimal(150), Decimal(380), Decimal("5.5")]
    assert [r.entry_date for r in parsed.rows] == [date(2024, 1, 15), date(2024, 1, 20), date(2024, 1, 10)]
    assert all((r.exit_date, r.exit_price, r.name) == (None, None, None) for r in parsed.rows)


def test_the_optional_columns() -> None:
    row = one("acme_b,12.5,40,2024-01-02,,private,2024-02-01,0,10,Acme  Series B")
    assert row.instrument.symbol == "ACME_B"
    assert row.instrument.asset_class is AssetClass.PRIVATE
    assert (row.exit_date, row.exit_price, row.multiplier) == (date(2024, 2, 1), 0, 10)
    assert row.name == "Acme Series B"


def test_empty_optional_cells_are_absent_and_short_rows_end_in_them() -> None:
    full, short = one("SPY,1,1,2024-01-02,,,,,,"), one("SPY,1,1,2024-01-02")
    assert full == short
    assert (full.tags, full.exit_date, full.exit_price, full.multiplier, full.name) == (
        (),
        None,
        None,
        1,
        None,
    )


@pytest.mark.parametrize(
    "data",
    [
        SAMPLE.replace(b"\n", b"\r\n"),
        SAMPLE.replace(b"\n", b"\r"),
        b"\xef\xbb\xbf" + SAMPLE,
        b"\n\n" + SAMPLE.replace(b"\n", b"\n\n,,,,\n"),
        SAMPLE.rstrip(),
        SAMPLE.replace(b"ticker,quantity,entry_price,entry_date", b"Symbol, QTY ,Entry Price,Entry-Date"),
        SAMPLE.replace(b"ticker,quantity,entry_price,entry_date,tags", b"SYMBOL,shares,price,date,tag"),
        SAMPLE.replace(b"ticker,quantity,entry_price", b"csvticker,contracts,cost"),
        SAMPLE.replace(b",", b", "),
        SAMPLE.replace(b"AAPL,", b"aapl,").replace(b"1000", b"+1e3"),
    ],
    ids=[
        "CRLF",
        "CR",
        "byte order mark",
        "blank lines",
        "no last line end",
        "header case and blanks",
        "aliases",
        "header as copied from the requirements",
        "blanks after commas",
        "lower-case symbol, exponent",
    ],
)
def test_spellings_of_the_same_file(data: bytes) -> None:
    def content(found: bytes) -> list[tuple[object, ...]]:
        rows = parse_positions(found, TODAY).rows
        return [(r.instrument, r.quantity, r.entry_price, r.entry_date, r.tags) for r in rows]

    assert content(data) == content(SAMPLE)


def test_unknown_columns_are_reported_and_ignored() -> None:
    parsed = parse_positions(b"ticker,Sector,qty,price,date,,Sector\nSPY,x,1,2,2024-01-02,,y\n", TODAY)
    assert parsed.unknown_columns == ("Sector", "Sector")
    assert "'Sector' is not known" in parsed.warnings[0]
    assert parsed.rows[0].quantity == 1


def test_identical_rows_are_two_lots_and_order_is_kept() -> None:
    rows = lots(f"{HEADER}\nSPY,1,1,2024-01-02\nAAPL,1,1,2024-01-02\nSPY,1,1,2024-01-02\n")
    assert [(r.row, r.instrument.symbol) for r in rows] == [(2, "SPY"), (3, "AAPL"), (4, "SPY")]


def test_rows_are_numbered_by_the_line_they_start_on() -> None:
    text = f'{HEADER}\nSPY,1,1,2024-01-02,"a,\nb"\n\nSPY,0,1,2024-01-02\n'
    assert where(refused(text)) == [(5, "quantity", "zero_quantity")]


def test_tags_are_split_trimmed_and_kept_once_in_order() -> None:
    assert one('SPY,1,1,2024-01-02," b ,a,, b,Ärger  über"').tags == ("b", "a", "Ärger über")


@pytest.mark.parametrize("text", ["0.1", "150.123456789012345678", "1e-5", ".5", "7.", "123456789.000000001"])
def test_numbers_are_exact(text: str) -> None:
    assert one(f"SPY,1,{text},2024-01-02").entry_price == Decimal(text)


def test_value_of_a_lot_is_exact_however_many_digits() -> None:
    price, quantity = Decimal("123456.123456789012345678"), Decimal("-98765.987654321098765432")
    assert Fraction(lot_value(quantity, Decimal(100), price)) == Fraction(quantity) * 100 * Fraction(price)


# cells of one row → field and code. Columns: HEADER.
BAD_ROWS = [
    (",1,1,2024-01-02", "ticker", "missing_value"),
    ("SPY,,1,2024-01-02", "quantity", "missing_value"),
    ("SPY,1,,2024-01-02", "entry_price", "missing_value"),
    ("SPY,1,1,", "entry_date", "missing_value"),
    ("SPY,NaN,1,2024-01-02", "quantity", "not_finite"),
    ("SPY,1,-Infinity,2024-01-02", "entry_price", "not_finite"),
    ("SPY,inf,1,2024-01-02", "quantity", "not_finite"),
    ("SPY,many,1,2024-01-02", "quantity", "not_a_number"),
    ("SPY,0x10,1,2024-01-02", "quantity", "not_a_number"),
    ("SPY,１２,1,2024-01-02", "quantity", "not_a_number"),
    ("SPY,1e,1,2024-01-02", "quantity", "not_a_number"),
    ("SPY,#N/A,1,2024-01-02", "quantity", "not_a_number"),
    ("SPY,.,1,2024-01-02", "quantity", "not_a_number"),
    ('SPY,"1,000",1,2024-01-02', "quantity", "number_format"),
    ('SPY,1,"150,25",2024-01-02', "entry_price", "number_format"),
    ("SPY,1,$150.25,2024-01-02", "entry_price", "number_format"),
    ("SPY,1,150 USD,2024-01-02", "entry_price", "number_format"),
    ("SPY,(500),1,2024-01-02", "quantity", "number_format"),
    ("SPY,1_000,1,2024-01-02", "quantity", "number_format"),
    ("SPY,−500,1,2024-01-02", "quantity", "number_format"),
    ("SPY,1e15,1,2024-01-02", "quantity", "number_out_of_range"),
    ("SPY,1e999,1,2024-01-02", "quantity", "number_out_of_range"),
    ("SPY,1e-999,1,2024-01-02", "quantity", "number_out_of_range"),
    ("SPY,1,1.0000000000000000001,2024-01-02", "entry_price", "number_out_of_range"),
    ("SPY,0,1,2024-01-02", "quantity", "zero_quantity"),
    ("SPY,-0.00,1,2024-01-02", "quantity", "zero_quantity"),
    ("SPY,0e999,1,2024-01-02", "quantity", "zero_quantity"),
    ("SPY,1,0,2024-01-02", "entry_price", "not_positive"),
    ("SPY,-1,-5,2024-01-02", "entry_price", "not_positive"),
    ("SPY,1,1,2024-01-02,,,,,0", "multiplier", "not_positive"),
    ("SPY,1,1,2024-01-02,,,,,-100", "multiplier", "not_positive"),
    ("SPY,1,1,2024-01-02,,,2024-01-03,-1", "exit_price", "negative"),
    ("SPY,1,1,2024-01-02,,,,5", "exit_price", "exit_price_without_date"),
    ("SPY,1e6,1e5,2024-01-02", "entry_price", "value_too_large"),
    ("SPY,-1e6,1e5,2024-01-02", "entry_price", "value_too_large"),
    ("SPY240621C00500000,1e6,1000,2024-01-02", "entry_price", "value_too_large"),
    ("SPY,1e6,1,2024-01-02,,,2024-01-03,1e5", "exit_price", "value_too_large"),
    ("SPY,1,1,02/01/2024", "entry_date", "date_format"),
    ("SPY,1,1,20240102", "entry_date", "date_format"),
    ("SPY,1,1,2024-1-2", "entry_date", "date_format"),
    ("SPY,1,1,2024-01-02T00:00", "entry_date", "date_format"),
    ("SPY,1,1,２０２４-01-02", "entry_date", "date_format"),
    ("SPY,1,1,2024-02-30", "entry_date", "impossible_date"),
    ("SPY,1,1,0000-01-01", "entry_date", "impossible_date"),
    ("SPY,1,1,2009-12-31", "entry_date", "date_out_of_calendar"),
    ("SPY,1,1,2036-01-01", "entry_date", "date_out_of_calendar"),
    ("SPY,1,1,2024-03-16", "entry_date", "date_in_future"),
    ("SPY,1,1,2024-01-02,,,2024-03-16", "exit_date", "date_in_future"),
    ("SPY,1,1,2024-01-02,,,2024-01-01", "exit_date", "exit_before_entry"),
    ("AAPL240119C00150000,1,1,2024-01-20", "entry_date", "entry_after_expiry"),
    (
        "AAPL240120C00150000,1,1,2024-01-20",
        "entry_date",
        "entry_after_expiry",
    ),  # a Saturday: no session between
    ("AAPL090117C00150000,1,1,2024-01-20", "entry_date", "entry_after_expiry"),
    ("AAPL240119C00150000,1,1,2024-01-10,,,2024-01-20", "exit_date", "exit_after_expiry"),
    ("AAPL360118C00150000,1,1,2024-01-10", "ticker", "date_out_of_calendar"),
    ("AAPL240119X00150000,1,1,2024-01-10", "ticker", "malformed_option_symbol"),
    ("AAPL240132C00150000,1,1,2024-01-10", "ticker", "impossible_option_expiry"),
    ("AAPL240119C00000000,1,1,2024-01-10", "ticker", "impossible_option_strike"),
    ("AAPL US,1,1,2024-01-10", "ticker", "invalid_symbol"),
    ("'; drop table book.positions; --,1,1,2024-01-10", "ticker", "invalid_symbol"),
    ("=cmd|'/c calc'!A0,1,1,2024-01-10", "ticker", "formula"),
    ("SPY,=1+1,1,2024-01-10", "quantity", "formula"),
    ("SPY,-A1,1,2024-01-10", "quantity", "formula"),
    ("SPY,1,1,2024-01-10,=HYPERLINK(0)", "tags", "formula"),
    ("SPY,1,1,2024-01-10,,,,,,@SUM(A1)", "name", "formula"),
    ("SPY,1,1,2024-01-10,bell\a", "tags", "unprintable"),
    ("SPY,1,1,2024-01-10,,,,,,left\u202eright", "name", "unprintable"),
    ("SPY,1,1,2024-01-10," + "t" * 65, "tags", "field_too_long"),
    ("SPY,1,1,2024-01-10,,,,,," + "n" * 201, "name", "field_too_long"),
    ("SPY,1,1,2024-01-10," + "t" * 2001, "tags", "field_too_long"),
    ('SPY,1,1,2024-01-10,"' + ",".join(map(str, range(51))) + '"', "tags", "too_many_tags"),
    ("SPY,1,1,2024-01-10,,CRYPTO", "asset_class", "unknown_asset_class"),
    ("SPY,1,1,2024-01-10,,OPTION", "asset_class", "asset_class_conflict"),
    ("AAPL240119C00150000,1,1,2024-01-10,,PRIVATE", "asset_class", "asset_class_conflict"),
    ("SPY,1,1,2024-01-10,momentum,tech,,,,,", "asset_class", "unknown_asset_class"),
    ("SPY,1,1,2024-01-10,,,,,,,extra", None, "too_many_fields"),
]


@pytest.mark.parametrize(("cells", "field", "code"), BAD_ROWS)
def test_a_bad_row_is_refused_with_its_line_field_and_code(cells: str, field: str | None, code: str) -> None:
    good = "SPY,1,1,2024-01-02"
    (error,) = refused(f"{HEADER}\n{good}\n{cells}\n{good}\n")
    assert (error.row, error.field, error.code) == (3, field, code)
    assert error.message


@pytest.mark.parametrize(
    "cells",
    [
        "SPY,1,1,2024-03-15",
        "SPY,1,1,2010-01-04",
        "SPY,1,1,2024-01-02,,,2024-01-02",
        "SPY,1,1,2024-01-02,,,2024-01-02,0",
        "SPY,99999999999.9999,1,2024-01-02",
        "AAPL240119C00150000,1,1,2024-01-19,,,2024-01-19",
        "AAPL240120C00150000,1,1,2024-01-19",
        "AAPL240120C00150000,1,1,2024-01-19,,OPTIONS",
        "SPY,1,1,2024-01-02,,etf",
        "SPY,1,1,2024-01-02," + "t" * 64,
    ],
    ids=[
        "entered today",
        "first day of the calendar",
        "in and out on one day",
        "left for nothing",
        "just below 1e11",
        "in and out on the expiry",
        "Saturday expiry takes effect on Friday",
        "plural class",
        "class by another name",
        "longest tag",
    ],
)
def test_limits_from_inside(cells: str) -> None:
    assert one(cells).row == 2


def test_all_errors_at_once_in_the_order_of_the_file() -> None:
    text = f"{HEADER}\nSPY,0,-1,yesterday\nSPY,1,1,2024-01-02\n1BAD,NaN,1,2024-01-02,,,,7\n"
    assert where(refused(text)) == [
        (2, "entry_date", "date_format"),
        (2, "quantity", "zero_quantity"),
        (2, "entry_price", "not_positive"),
        (4, "ticker", "invalid_symbol"),
        (4, "quantity", "not_finite"),
        (4, "exit_price", "exit_price_without_date"),
    ]


def workbook() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "row", "code"),
    [
        (b"", 0, "empty_file"),
        (b"\xef\xbb\xbf", 0, "empty_file"),
        (b"\r\n \n,,\n", 0, "empty_file"),
        (SAMPLE.splitlines()[0], 0, "empty_file"),
        (workbook(), 0, "not_csv"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "not_csv"),
        (b"\x1f\x8b\x08\x00", 0, "not_csv"),
        (SAMPLE.decode().encode("utf-16"), 0, "encoding"),
        (SAMPLE + b"SPY,1,1,2024-01-02,caf\xe9\n", 5, "encoding"),
        (SAMPLE + b"\0", 5, "nul_byte"),
        (SAMPLE + b'SPY,1,1,2024-01-02,"open\nSPY,1,1,2024-01-02\n', 5, "malformed_csv"),
        (SAMPLE + b'SPY,1,1,2024-01-02,"a"b\n', 5, "malformed_csv"),
        (SAMPLE + b"SPY,1,1,2024-01-02," + b"x" * 200_000, 5, "malformed_csv"),
        (b'"' + SAMPLE, 1, "malformed_csv"),
        (b"," * 200 + SAMPLE, 1, "too_many_columns"),
        (SAMPLE.replace(b",", b";"), 1, "delimiter"),
        (SAMPLE.replace(b",", b"\t"), 1, "delimiter"),
    ],
)
def test_a_file_that_is_no_csv_is_refused_cleanly(data: bytes, row: int, code: str) -> None:
    (error,) = refused(data)
    assert (error.row, error.field, error.code) == (row, None, code)


@pytest.mark.parametrize("missing", ["ticker", "quantity", "entry_price", "entry_date"])
def test_a_missing_column_is_named(missing: str) -> None:
    assert where(refused(SAMPLE.decode().replace(missing, "note"))) == [(1, missing, "missing_column")]


def test_data_without_a_header_lacks_every_required_column() -> None:
    errors = refused(SAMPLE.split(b"\n", 1)[1])
    required = [column.name for column in COLUMNS if column.required]
    assert where(errors) == [(1, name, "missing_column") for name in required]


@pytest.mark.parametrize("second", ["ticker", "Symbol"])
def test_two_columns_for_one_field_are_refused(second: str) -> None:
    text = f"ticker,quantity,entry_price,entry_date,{second}\nSPY,1,1,2024-01-02,AAPL\n"
    assert where(refused(text)) == [(1, "ticker", "duplicate_column")]


def test_rows_before_an_open_quote_are_still_checked() -> None:
    text = f'{HEADER}\nSPY,0,1,2024-01-02\nSPY,1,1,2024-01-02,"open\n'
    assert where(refused(text)) == [(2, "quantity", "zero_quantity"), (3, None, "malformed_csv")]


def test_size_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert where(refused(SAMPLE, max_bytes=len(SAMPLE) - 1)) == [(0, None, "file_too_large")]
    assert len(parse_positions(SAMPLE, TODAY, max_bytes=len(SAMPLE)).rows) == 3
    monkeypatch.setattr(csv_file, "MAX_ROWS", 2)
    assert where(refused(SAMPLE)) == [(4, None, "too_many_rows")]


def test_reading_stops_after_many_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_errors, "MAX_ERRORS", 3)
    errors = refused(f"{HEADER}\n" + "SPY,0,1,2024-01-02\n" * 9)
    assert [e.code for e in errors] == ["zero_quantity"] * 3 + ["too_many_errors"]


def test_the_exception_reads_well_by_itself() -> None:
    with pytest.raises(PositionFileError, match=r"row 2: quantity is zero \(and 1 more\)"):
        lots(f"{HEADER}\nSPY,0,1,2024-01-02\nSPY,0,1,2024-01-02\n")


cell = st.one_of(
    st.sampled_from(
        [
            "SPY",
            "AAPL240119C00150000",
            "1",
            "-0",
            "NaN",
            "1e999",
            "2024-01-02",
            "=1",
            "PRIVATE",
            '"a,b"',
            '"',
            "",
        ]
    ),
    st.text(max_size=12),
)
table = st.lists(st.lists(cell, max_size=12).map(",".join), max_size=6).map(
    lambda rows: "\n".join([HEADER, *rows]).encode("utf-8", "surrogatepass")
)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode()), table))
@example(b"ticker,quantity,entry_price,entry_date\n\xff")
@example(b'\xef\xbb\xbf"')
def test_any_bytes_are_positions_or_a_typed_error(data: bytes) -> None:
    errors: tuple[RowError, ...] = ()
    rows: tuple[PositionRow, ...] = ()
    try:
        rows = parse_positions(data, TODAY).rows
    except PositionFileError as error:
        errors = error.errors
    assert bool(rows) != bool(errors)
    assert {e.code for e in errors} <= CODES.keys()
    assert all(0 <= e.row <= data.count(b"\n") + data.count(b"\r") + 1 for e in errors)
    assert all(abs(lot_value(r.quantity, r.multiplier, r.entry_price)) < Decimal("1e11") for r in rows)
    assert all(r.entry_date <= TODAY for r in rows)
