"""PostgreSQL's binary COPY format, written and read as whole numpy arrays.

Rows go out as record arrays of one width, without the bytes that a row does not have. They come back from a query
that coerces every column to a fixed width, parsed as one record array.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pipelines.calc.types import NULL_MONEY, BoolArray, Columns
from pipelines.tables.spec import NULL_INT, Column

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = b"\xff\xff"
_POSTGRES_EPOCH = np.datetime64("2000-01-01", "D")
_DATE_NULL: Final = 2**31 - 1  # PostgreSQL's 'infinity'
PAD: Final = 1
"""The byte that pads a text to its width: no text contains it."""
# numeric as base-10000 digits: five of them from 10¹² dollars down to the ten-thousandths.
_NUMERIC = np.dtype(
    [("n", ">i2"), ("weight", ">i2"), ("sign", ">u2"), ("scale", ">i2"), ("digits", ">i2", 5)]
)
_NUMERIC_NEGATIVE: Final = 0x4000
BLOCK_ROWS: Final = 1 << 15
"""Rows encoded at a time: their bytes stay in the processor's cache."""
_BLANK: Final[dict[str, Any]] = {
    "date": np.datetime64("2000-01-01", "D"),
    "int": 0,
    "money": 0,
    "float": 0.0,
    "text": b"",
}
"""What stands in a row's place for a null until its bytes are dropped."""
_PAYLOAD: dict[str, str] = {
    "date": ">i4",
    "instant": ">i8",
    "int": ">i8",
    "float": ">f8",
    "bool": "u1",
    "digest": "V16",
}


def null_mask(column: Column, values: npt.NDArray[Any]) -> BoolArray:
    """Which values would be null, shape (n,); a text may be in bytes already."""
    nulls: BoolArray = np.zeros(len(values), dtype=np.bool_)
    if column.kind == "date":
        nulls = np.isnat(values)
    elif column.kind == "float":
        nulls = np.isnan(values)
    elif column.kind == "money":
        nulls = values == NULL_MONEY
    elif column.kind == "int" and column.nullable:
        nulls = values == NULL_INT
    elif column.kind == "text":
        nulls = values == values.dtype.type()
    return nulls


def ascii_bytes(values: npt.NDArray[Any]) -> npt.NDArray[np.bytes_]:
    """Encode text 'U' as UTF-8 'S'; pure ASCII by a plain narrowing of the code points."""
    width = values.dtype.itemsize // 4
    if width == 0 or len(values) == 0:
        return np.zeros(len(values), dtype="S1")
    points = np.ascontiguousarray(values).view(np.uint32).reshape(len(values), width)
    if points.max() < 128:
        return points.astype(np.uint8).view(f"S{width}").reshape(len(values))
    return np.char.encode(values.astype(np.str_), "utf-8")


def encode(columns: Sequence[Column], data: Columns) -> Iterator[bytes]:
    """Yield the rows in binary COPY format, in their order, header and trailer included."""
    size = len(data[columns[0].name])
    yield HEADER
    for start in range(0, size, BLOCK_ROWS):
        yield _block(columns, {c.name: data[c.name][start : start + BLOCK_ROWS] for c in columns})
    yield TRAILER


def _block(columns: Sequence[Column], data: Columns) -> bytes:
    """Rows at one width, then without the bytes of nulls and of the ends of shorter texts."""
    data = {c.name: ascii_bytes(data[c.name]) if c.kind == "text" else data[c.name] for c in columns}
    layout = _row_layout(columns, data)
    records = np.zeros(len(data[columns[0].name]), dtype=layout)
    records["fields"] = len(columns)
    sent = np.ones((len(records), layout.itemsize), dtype=np.bool_)
    hides = False
    for column in columns:
        values = data[column.name]
        size, place = layout[column.name].itemsize, layout.fields[column.name][1]  # type: ignore[index]
        length = np.full(len(values), size)
        if column.kind == "text":
            length = (values.view(np.uint8).reshape(len(values), size) != 0).sum(axis=1)
        # Where there may be no null the server refuses it; a float that is not a number is one.
        nulls = null_mask(column, values) & (column.nullable or column.kind != "float")
        shorter = np.flatnonzero(nulls | (length < size))
        if len(shorter):
            hides = True
            bytes_sent = np.where(nulls, 0, length)[shorter, np.newaxis]
            sent[shorter, place : place + size] = np.arange(size) < bytes_sent
        records[f"{column.name}.length"] = np.where(nulls, -1, length)
        _fill(records, column, np.where(nulls, _BLANK[column.kind], values) if nulls.any() else values)
    return records.view(np.uint8).reshape(sent.shape)[sent].tobytes() if hides else records.tobytes()


def _row_layout(columns: Sequence[Column], data: Columns) -> np.dtype[Any]:
    """Layout of a row in which every text is as long as the longest."""
    fields: list[tuple[str, Any]] = [("fields", ">i2")]
    for column in columns:
        fields.append((f"{column.name}.length", ">i4"))
        payload: Any = _NUMERIC if column.kind == "money" else _PAYLOAD.get(column.kind)
        fields.append((column.name, data[column.name].dtype if column.kind == "text" else payload))
    return np.dtype(fields)


def _fill(records: npt.NDArray[Any], column: Column, values: npt.NDArray[Any]) -> None:
    name = column.name
    if column.kind == "money":
        _fill_numeric(records[name], values.astype(np.int64))
    elif column.kind == "date":
        records[name] = (values.astype("datetime64[D]") - _POSTGRES_EPOCH).astype(np.int64)
    elif column.kind == "instant":
        records[name] = (values.astype("datetime64[us]") - _POSTGRES_EPOCH).astype(np.int64)
    elif column.kind == "float":
        records[name] = values + 0.0  # −0.0 becomes 0.0: one number, one representation
    else:
        records[name] = values


def _fill_numeric(field: npt.NDArray[Any], amount: npt.NDArray[np.int64]) -> None:
    """Write int64 ten-thousandths of a dollar as numeric with four decimals."""
    field["n"] = 5
    field["weight"] = 3
    field["scale"] = 4
    field["sign"] = np.where(amount < 0, _NUMERIC_NEGATIVE, 0)
    rest = np.abs(amount)
    for position in range(4, -1, -1):
        rest, digit = np.divmod(rest, 10_000)
        field["digits"][:, position] = digit


_READ_TYPE: dict[str, str] = {**_PAYLOAD, "money": ">i8"}


def record_type(columns: Sequence[Column]) -> np.dtype[Any]:
    """Layout of one row of a fixed-width binary COPY."""
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for column in columns:
        fields.append((f"{column.name}.length", ">i4"))
        fields.append((column.name, f"S{column.width}" if column.kind == "text" else _READ_TYPE[column.kind]))
    return np.dtype(fields)


def decode(columns: Sequence[Column], payload: bytes | bytearray) -> Columns:
    """Parse what a fixed-width binary COPY returned."""
    layout = record_type(columns)
    count, remainder = divmod(len(payload) - len(HEADER) - len(TRAILER), layout.itemsize)
    if not payload.startswith(HEADER[:11]):
        raise ValueError("this is no binary COPY")
    records = np.frombuffer(payload, dtype=layout, count=count, offset=len(HEADER))
    # A text wider than its column shifts all that follows, the number of fields of the next row included.
    if remainder or (records["fields"] != len(columns)).any():
        raise ValueError("the server's binary COPY has another layout than its table: a text is too wide")
    return {column.name: _parse(column, records[column.name]) for column in columns}


def _parse(column: Column, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if column.kind == "date":
        days: npt.NDArray[Any] = _POSTGRES_EPOCH + values.astype(np.int64)
        days[values == _DATE_NULL] = np.datetime64("NaT")
        return days
    if column.kind == "instant":
        instants: npt.NDArray[Any] = _POSTGRES_EPOCH.astype("datetime64[us]") + values.astype(np.int64)
        return instants
    if column.kind == "text":
        return _text(np.ascontiguousarray(values))
    if column.kind == "bool":
        return values.astype(np.bool_)
    if column.kind == "float":
        return values.astype(np.float64)
    if column.kind == "digest":
        return np.ascontiguousarray(values)
    return values.astype(np.int64)


def _text(padded: npt.NDArray[np.bytes_]) -> npt.NDArray[np.str_]:
    """Text from its UTF-8 form padded on the right with PAD; pure ASCII by a plain widening of the bytes."""
    if len(padded) == 0:
        return np.zeros(0, dtype="U1")
    raw = padded.view(np.uint8).reshape(len(padded), padded.dtype.itemsize)
    if raw.max() >= 128:
        stripped = np.where(raw == PAD, np.uint8(0), raw)
        return np.char.decode(stripped.view(padded.dtype).reshape(len(padded)), "utf-8")
    width = int(np.flatnonzero((raw != PAD).any(axis=0)).max(initial=0)) + 1
    points = np.where(raw[:, :width] == PAD, 0, raw[:, :width]).astype(np.uint32)
    return np.ascontiguousarray(points).view(f"U{width}").reshape(len(padded))
