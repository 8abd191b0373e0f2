"""The user's price file: every spelling that is accepted, every bad row by number, field, code and reason."""

import os
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.sources.errors import SHOWN_PROBLEMS, FileFormatError, FileRowsError
from pipelines.sources.file import FilePrices, PriceFile
from pipelines.sources.protocol import PriceSource

HEADER = "symbol,date,close\n"


def write(folder: Path, text: str | bytes, name: str = "prices.csv") -> FilePrices:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return FilePrices(path)


def table(read: PriceFile) -> list[tuple[object, ...]]:
    columns = read.prices
    return list(zip(*(columns[name].tolist() for name in ("symbol", "session", "close")), strict=True))


def problems(source: FilePrices) -> list[tuple[int, str, str]]:
    with pytest.raises(FileRowsError) as caught:
        source.read()
    assert caught.value.total == len(caught.value.problems)
    return [(problem.row, problem.field, problem.code) for problem in caught.value.problems]


def reason(source: FilePrices) -> str:
    with pytest.raises(FileRowsError) as caught:
        source.read()
    return caught.value.problems[0].reason


TWO_ROWS = [("AAPL", date(2024, 1, 2), 185.64), ("MSFT", date(2024, 1, 3), 370.6)]


@pytest.mark.parametrize(
    "content",
    [
        b"symbol,date,close\nAAPL,2024-01-02,185.64\nMSFT,2024-01-03,370.60\n",
        b"symbol,date,close\nMSFT,2024-01-03,370.60\nAAPL,2024-01-02,185.64",
        b"symbol,date,close\r\nAAPL,2024-01-02,185.64\r\nMSFT,2024-01-03,370.60\r\n",
        b"symbol,date,close\rAAPL,2024-01-02,185.64\rMSFT,2024-01-03,370.60\r",
        b"\xef\xbb\xbfsymbol,date,close\r\nAAPL,2024-01-02,185.64\r\nMSFT,2024-01-03,370.60",
        b" Symbol ,DATE,Close\n aapl , 2024-01-02 , 185.64 \nmsft,2024-01-03,3.706e2\n",
        b'close,"symbol",date\n185.64,"AAPL",20240102\n370.60,"MSFT","2024-01-03 00:00:00"\n',
        b"symbol,date,close\n\nAAPL,2024-01-02,185.64\n\n\nMSFT,2024-01-03,370.60\n,,\n\n",
    ],
    ids=["LF", "unordered", "CRLF", "CR", "BOM", "case and spaces", "quotes and column order", "blank lines"],
)
def test_spellings_of_one_file(tmp_path: Path, content: bytes) -> None:
    read = write(tmp_path, content).read()
    assert table(read) == TWO_ROWS
    assert read.extra_columns == ()
    assert np.isnan(read.prices["volume"].astype(float)).all()


def test_all_columns(tmp_path: Path) -> None:
    source = write(
        tmp_path,
        "symbol,date,open,high,low,close,volume,Adj Close,note\n"
        "AAPL,2024-01-02,187.15,188.44,183.89,185.64,82488700,184.9,x\n"
        "AAPL,2024-01-03,,NaN,183.43,184.25,0,183.5,\n",
    )
    read = source.read()
    assert read.prices["open"].tolist()[0] == 187.15
    assert read.prices["volume"].tolist() == [82488700.0, 0.0]
    assert np.isnan(read.prices["open"][1])  # type: ignore[call-overload]
    assert np.isnan(read.prices["high"][1])  # type: ignore[call-overload]
    assert read.prices["low"].tolist() == [183.89, 183.43]
    assert read.extra_columns == ("Adj Close", "note")


def test_options_are_stored_compact(tmp_path: Path) -> None:
    source = write(tmp_path, HEADER + "aapl  240119c00150000,2024-01-02,36.5\nBRK.B,2024-01-02,360\n")
    assert source.read().prices["symbol"].tolist() == ["AAPL240119C00150000", "BRK.B"]


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ("AAPL,2024-01-32,1", "date", "unparsable_date"),
        ("AAPL,2024-02-30,1", "date", "unparsable_date"),
        ("AAPL,01/02/2024,1", "date", "unparsable_date"),
        ("AAPL,2024-W01-2,1", "date", "unparsable_date"),
        ("AAPL,2024-01-02 16:00:00,1", "date", "unparsable_date"),
        ("AAPL,,1", "date", "missing_date"),
        ("AAPL,2024-01-06,1", "date", "not_a_session"),
        ("AAPL,2024-01-01,1", "date", "not_a_session"),
        ("AAPL,2024-03-29,1", "date", "not_a_session"),
        ("AAPL,2036-01-02,1", "date", "not_a_session"),
        ("AAPL,2024-01-02,0", "close", "non_positive_close"),
        ("AAPL,2024-01-02,-1", "close", "non_positive_close"),
        ("AAPL,2024-01-02,1e-999", "close", "non_positive_close"),
        ("AAPL,2024-01-02,NaN", "close", "missing_close"),
        ("AAPL,2024-01-02,", "close", "missing_close"),
        ("AAPL,2024-01-02,inf", "close", "infinite_close"),
        ("AAPL,2024-01-02,-Infinity", "close", "infinite_close"),
        ("AAPL,2024-01-02,1e999", "close", "infinite_close"),
        ("AAPL,2024-01-02,abc", "close", "unparsable_close"),
        ("AAPL,2024-01-02,$1", "close", "unparsable_close"),
        ('AAPL,2024-01-02,"1,234.5"', "close", "unparsable_close"),
        ("AAPL,2024-01-02,0x10", "close", "unparsable_close"),
        (",2024-01-02,1", "symbol", "missing_symbol"),
        ("AAPL,2024-01-02", "", "column_count"),
        ("AAPL,2024-01-02,1,2", "", "column_count"),
        ("KO,2024-01-02,59.83", "close", "conflicting_duplicate"),
        ("ko,20240102,59.83", "close", "conflicting_duplicate"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, field: str, code: str) -> None:
    source = write(tmp_path, f"{HEADER}KO,2024-01-02,59.82\n\n{row}\nKO,2024-01-03,59.5\n")
    assert problems(source) == [(4, field, code)]


@pytest.mark.parametrize("field", ["open", "high", "low", "volume"])
def test_optional_values_may_be_missing_but_not_wrong(tmp_path: Path, field: str) -> None:
    rows = "".join(
        f"KO,2024-01-{day:02},59,{value}\n" for day, value in [(2, "x"), (3, "-1"), (4, "inf"), (5, "")]
    )
    source = write(tmp_path, f"symbol,date,close,{field}\n{rows}")
    assert problems(source) == [
        (2, field, f"unparsable_{field}"),
        (3, field, f"non_positive_{field}"),
        (4, field, f"infinite_{field}"),
    ]


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("KO,2024-01-06,1", "2024-01-06 is a Saturday: the exchange was closed"),
        ("KO,2024-07-04,1", "2024-07-04 is a holiday: the exchange was closed"),
        ("KO,2040-07-05,1", "2040-07-05 is after the calendar's last day 2035-12-31"),
        ("KO,tomorrow,1", "'tomorrow' is not a date like 2024-01-31"),
        ("KO,2024-01-02,1;5", "'1;5' is not a number"),
        ("KO,2024-01-02,-3.5", "'-3.5' is not positive"),
    ],
)
def test_reasons_quote_the_value(tmp_path: Path, row: str, text: str) -> None:
    assert reason(write(tmp_path, f"{HEADER}{row}\n")) == text


def test_a_contradiction_names_both_rows(tmp_path: Path) -> None:
    source = write(tmp_path, HEADER + "KO,2024-01-02,59.5\nKO,2024-01-03,60\nKO,2024-01-02,58.5\n")
    assert reason(source) == "58.5 contradicts 59.5 of row 2, the same symbol and date"


def test_every_bad_row_is_named_at_once_in_order(tmp_path: Path) -> None:
    source = write(tmp_path, HEADER + ",2024-01-06,x\nKO,2024-01-02,1,1\nKO,2024-01-02,0\nKO,2024-01-03,1\n")
    assert problems(source) == [
        (2, "close", "unparsable_close"),
        (2, "date", "not_a_session"),
        (2, "symbol", "missing_symbol"),
        (3, "", "column_count"),
        (4, "close", "non_positive_close"),
    ]


def test_the_text_of_an_error_is_bounded_and_the_object_is_not(tmp_path: Path) -> None:
    source = write(tmp_path, HEADER + "KO,2024-01-02,0\n" * 500)
    with pytest.raises(FileRowsError, match=r"prices.csv: 500 bad values") as caught:
        source.read()
    assert [problem.row for problem in caught.value.problems] == list(range(2, 502))
    assert str(caught.value).count("\n") == SHOWN_PROBLEMS + 1
    assert str(caught.value).endswith("… and 480 more")


def test_equal_repetitions_count_once(tmp_path: Path) -> None:
    read = write(tmp_path, HEADER + "KO,2024-01-02,59.50\nKO,2024-01-02,59.5\n").read()
    assert table(read) == [("KO", date(2024, 1, 2), 59.5)]
    assert read.repeated_rows == 1


def test_rows_older_than_the_calendar_are_left_out_and_counted(tmp_path: Path) -> None:
    read = write(tmp_path, HEADER + "KO,1999-01-04,33\nKO,2010-01-03,28\nKO,2010-01-04,28.5\n").read()
    assert table(read) == [("KO", date(2010, 1, 4), 28.5)]
    assert read.rows_before_calendar == 2


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"symbol,date\nKO,2024-01-02\n", "the column close is missing; the header is: symbol, date"),
        (b"symbol,date,close,Close\nKO,2024-01-02,1,1\n", "the column close is there more than once"),
        (b"KO,2024-01-02,59.82\n", "the column symbol, date, close is missing"),
        ("symbol,date,close\nKO,2024-01-02,1\n".encode("utf-16"), "is not CSV in UTF-8"),
        (b"symbol,date,close\nK\xff,2024-01-02,1\n", "is not CSV in UTF-8"),
        (
            b"symbol,date,close\n" + b"KO,2024-01-02,1\n" * 99_999 + b"K\xff,2024-01-02,1\n",
            "is not CSV in UTF-8",
        ),
    ],
    ids=[
        "empty",
        "blank",
        "column missing",
        "column twice",
        "no header",
        "UTF-16",
        "bad byte",
        "bad byte far down",
    ],
)
def test_what_is_no_price_file(tmp_path: Path, content: bytes, text: str) -> None:
    with pytest.raises(FileFormatError, match=text) as caught:
        write(tmp_path, content).read()
    assert str(caught.value).startswith(str(tmp_path / "prices.csv"))


def test_a_header_alone_has_no_prices(tmp_path: Path) -> None:
    read = write(tmp_path, HEADER).read()
    assert table(read) == []
    assert read.prices["session"].dtype == np.dtype("datetime64[D]")


def test_an_absent_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"nowhere.csv: cannot be read: No such file"):
        FilePrices(tmp_path / "nowhere.csv").read()
    with pytest.raises(FileFormatError, match=r"nowhere.parquet: cannot be read: No such file"):
        FilePrices(tmp_path / "nowhere.parquet").read()


def test_prices_are_those_asked_for(tmp_path: Path) -> None:
    days = ["2024-01-02", "2024-01-03", "2024-01-04"]
    rows = "".join(f"{symbol},{day},{i + 1}\n" for i, symbol in enumerate(("C", "A", "B")) for day in days)
    source: PriceSource = write(tmp_path, HEADER + rows)
    asked = source.prices(["C", "A", "A", "UNKNOWN"], date(2024, 1, 3), date(2024, 1, 6))
    assert asked["symbol"].tolist() == ["A", "A", "C", "C"]
    assert asked["session"].tolist() == [date(2024, 1, 3), date(2024, 1, 4)] * 2
    assert asked["close"].tolist() == [2.0, 2.0, 1.0, 1.0]
    assert len(source.prices([], date(2024, 1, 3), date(2024, 1, 6))["close"]) == 0


def test_a_bad_row_fails_whatever_is_asked(tmp_path: Path) -> None:
    source = write(tmp_path, HEADER + "A,2024-01-02,1\nB,2024-01-02,0\n")
    with pytest.raises(FileRowsError):
        source.prices(["A"], date(2024, 1, 2), date(2024, 1, 2))


def test_the_file_is_read_anew_even_with_the_same_size_and_time(tmp_path: Path) -> None:
    source = write(tmp_path, HEADER + "KO,2024-01-02,59\n")
    before = source.path.stat()
    assert source.prices(["KO"], date(2024, 1, 2), date(2024, 1, 2))["close"].tolist() == [59.0]
    write(tmp_path, HEADER + "KO,2024-01-02,61\n")
    os.utime(source.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert source.prices(["KO"], date(2024, 1, 2), date(2024, 1, 2))["close"].tolist() == [61.0]


def test_a_file_knows_prices_only(tmp_path: Path) -> None:
    source = write(tmp_path, HEADER + "KO,2024-01-02,59\n")
    assert source.securities(["KO"])["symbol"].tolist() == []
    assert source.short_interest(["KO"], date(2024, 1, 2), date(2024, 3, 1))["days_to_cover"].tolist() == []


@pytest.mark.parametrize(
    ("days", "closes"),
    [
        (pa.array([date(2024, 1, 2), date(2024, 1, 3)]), pa.array([185.64, 370.6])),
        (pa.array(["2024-01-02", "2024-01-03"]), pa.array(["185.64", " 370.60"])),
        (pa.array([datetime(2024, 1, 2), datetime(2024, 1, 3)]), pa.array([185.64, 370.6])),  # noqa: DTZ001
        (
            pa.array(["2024-01-02", "2024-01-03"]).dictionary_encode(),
            pa.array([Decimal("185.64"), Decimal("370.60")]),
        ),
    ],
    ids=["dates", "text", "timestamps", "dictionary and decimals"],
)
@pytest.mark.parametrize("name", ["prices.parquet", "prices.PQ"])
def test_parquet(tmp_path: Path, days: pa.Array, closes: pa.Array, name: str) -> None:
    path = tmp_path / name
    pq.write_table(pa.table({"Symbol": ["AAPL", "msft"], "date": days, "CLOSE": closes, "x": [1, 2]}), path)
    read = FilePrices(path).read()
    assert table(read) == TWO_ROWS
    assert read.extra_columns == ("x",)


def test_bad_rows_of_parquet_count_from_one(tmp_path: Path) -> None:
    path = tmp_path / "prices.parquet"
    columns = {
        "symbol": ["KO", None, "KO", "KO"],
        "date": pa.array([date(2024, 1, 2), date(2024, 1, 2), date(2024, 1, 6), None]),
        "close": [float("nan"), 1.0, 1.0, 1.0],
    }
    pq.write_table(pa.table(columns), path)
    assert problems(FilePrices(path)) == [
        (1, "close", "missing_close"),
        (2, "symbol", "missing_symbol"),
        (3, "date", "not_a_session"),
        (4, "date", "missing_date"),
    ]


def test_what_is_no_parquet(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="is not Parquet"):
        write(tmp_path, "symbol,date,close\n", "prices.parquet").read()
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"symbol": ["KO"]}), path)
    with pytest.raises(FileFormatError, match="the column date, close is missing"):
        FilePrices(path).read()


def test_parquet_of_many_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "prices.parquet"
    columns = {
        "symbol": ["KO", "PG", "KO"],
        "date": ["2024-01-02", "2024-01-02", "2024-01-03"],
        "close": [1, 2, 3],
    }
    pq.write_table(pa.table(columns), path, row_group_size=1)
    found = table(FilePrices(path).read())
    assert found == [
        ("KO", date(2024, 1, 2), 1.0),
        ("KO", date(2024, 1, 3), 3.0),
        ("PG", date(2024, 1, 2), 2.0),
    ]
