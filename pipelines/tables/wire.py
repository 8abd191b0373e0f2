"""PostgreSQL's binary COPY format, written and read as whole numpy arrays.

Rows go out in groups of equal width (same nulls, same text lengths), each group one record array. They come
back from a query that coerces every column to a fixed width, parsed as one record array.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pipelines.calc.types import NULL_MONEY, BoolArray, Columns
from pipelines.tables.spec import Column

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
_PAYLOAD: dict[str, str] = {
    "date": ">i4",
    "instant": ">i8",
    "int": ">i8",
    "float": ">f8",
    "bool": "u1",
    "digest": "V16",
}


def null_mask(column: Column, values: npt.NDArray[Any]) -> BoolArray:
    """Which values are null, shape (n,)."""
    nulls: BoolArray = np.zeros(len(values), dtype=np.bool_)
    if column.kind == "date":
        nulls = np.isnat(values)
    elif column.kind == "float":
        nulls = np.isnan(values)
    elif column.kind in {"money", "text"}:
        nulls = values == (NULL_MONEY if column.kind == "money" else "")
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
    """Yield the rows in binary COPY format, header and trailer included."""
    size = len(data[columns[0].name])
    yield HEADER
    if size:
        ready = {c.name: ascii_bytes(data[c.name]) if c.kind == "text" else data[c.name] for c in columns}
        nulls = {c.name: null_mask(c, data[c.name]) for c in columns if c.nullable}
        shape = np.zeros(size, dtype=np.int64)
        for column in columns:
            if column.kind == "text":
                lengths = np.char.str_len(ready[column.name])
                shape = shape * (int(lengths.max()) + 1) + lengths
            elif column.nullable:
                shape = shape * 2 + nulls[column.name]
        for group in _groups(shape):
            yield _records(columns, ready, nulls, group)
    yield TRAILER


def _groups(shape: npt.NDArray[np.int64]) -> Iterator[Any]:
    """Row selectors of equal shape, each in row order."""
    if (shape == shape[0]).all():
        yield slice(None)
        return
    order = np.argsort(shape, kind="stable")
    edges = np.flatnonzero(np.diff(shape[order])) + 1
    yield from np.split(order, edges)


def _records(columns: Sequence[Column], ready: Columns, nulls: dict[str, BoolArray], group: Any) -> bytes:
    fields: list[tuple[str, Any]] = [("fields", ">i2")]
    present: list[tuple[Column, npt.NDArray[Any]]] = []
    lengths: list[int] = []
    for column in columns:
        values = ready[column.name][group]
        is_null = column.nullable and bool(nulls[column.name][group][0])
        fields.append((f"{column.name}.length", ">i4"))
        if is_null:
            lengths.append(-1)
            continue
        payload: Any = _NUMERIC if column.kind == "money" else _PAYLOAD.get(column.kind)
        if column.kind == "text":
            payload = f"S{max(int(np.char.str_len(values[:1])[0]), 1)}"
        fields.append((column.name, payload))
        lengths.append(np.dtype(payload).itemsize)
        present.append((column, values))
    size = len(ready[columns[0].name][group])
    records = np.empty(size, dtype=np.dtype(fields))
    records["fields"] = len(columns)
    for column, length in zip(columns, lengths, strict=True):
        records[f"{column.name}.length"] = length
    for column, values in present:
        _fill(records, column, values)
    return records.tobytes()


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
