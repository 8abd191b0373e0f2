"""Hashes of slices: the same rows give the same digest in whatever batch they are computed or read."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pipelines.calc.types import Columns, IntArray
from pipelines.tables.spec import Column, TableSpec
from pipelines.tables.wire import ascii_bytes

DIGEST_SIZE = 16
DIGEST_TYPE = np.dtype(f"V{DIGEST_SIZE}")
DigestArray = npt.NDArray[np.void]

NULL_DATE: Final = np.iinfo(np.int32).min
"""A canonical date that is null."""

_CANONICAL: dict[str, str] = {"date": "<i4", "int": "<i8", "money": "<i8", "float": "<f8", "bool": "u1"}


def record_layout(columns: Sequence[Column]) -> np.dtype[Any]:
    """Layout of a canonical record."""
    return np.dtype([(c.name, canonical_type(c)) for c in columns])


def canonical_type(column: Column) -> str:
    """Type of a column's canonical values."""
    return f"S{column.width}" if column.kind == "text" else _CANONICAL[column.kind]


def canonical_records(columns: Sequence[Column], data: Columns) -> npt.NDArray[Any]:
    """Rows as one packed record array with one representation for each value; shape (n,)."""
    records = np.empty(len(data[columns[0].name]), dtype=record_layout(columns))
    for column in columns:
        records[column.name] = canonical_values(column, data[column.name])
    return records


def canonical_values(column: Column, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A column with one representation for each value, as it is hashed; shape (n,)."""
    if column.kind == "text":
        encoded = ascii_bytes(values)
        if encoded.dtype.itemsize > column.width and (np.char.str_len(encoded) > column.width).any():
            raise ValueError(f"{column.name}: a text is wider than {column.width} bytes")
        return encoded
    if column.kind == "float":
        return np.where(np.isnan(values), np.nan, values + 0.0)
    if column.kind == "date":
        # NaT is the smallest int64: it, and nothing else, becomes the smallest int32.
        days = values.astype("datetime64[D]").astype(np.int64)
        return np.maximum(days, NULL_DATE)
    return values


def hash_runs(records: npt.NDArray[Any], starts: IntArray, ends: IntArray) -> DigestArray:
    """BLAKE2b-128 of each run records[start:end]; shape (len(starts),). An empty run hashes no bytes."""
    view = memoryview(records.tobytes())
    width = records.dtype.itemsize
    digests = b"".join(
        blake2b(view[start * width : end * width], digest_size=DIGEST_SIZE).digest()
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    )
    return np.frombuffer(digests, dtype=DIGEST_TYPE)


def slice_code(session: npt.NDArray[np.datetime64], portfolio_id: IntArray) -> IntArray:
    """One ascending integer per slice: session first, then portfolio (0 for a table by session)."""
    return (session.astype("datetime64[D]").astype(np.int64) << np.int64(40)) | portfolio_id


def session_of(codes: IntArray) -> npt.NDArray[np.datetime64]:
    """The session of each slice code."""
    return (codes >> np.int64(40)).astype("datetime64[D]")


def row_codes(spec: TableSpec, data: Columns) -> IntArray:
    """The slice code of each row."""
    session = data["session"]
    portfolio = data["portfolio_id"] if spec.by_portfolio else np.zeros(len(session), dtype=np.int64)
    return slice_code(session, portfolio)


def slice_digests(spec: TableSpec, data: Columns, codes: IntArray) -> tuple[DigestArray, IntArray]:
    """Digest and row count of each slice in `codes` (ascending), of rows in key order."""
    rows = row_codes(spec, data)
    starts, ends = np.searchsorted(rows, codes, side="left"), np.searchsorted(rows, codes, side="right")
    if int((ends - starts).sum()) != len(rows):
        raise ValueError(f"{spec.name}: rows outside of the slices they are stored as")
    return hash_runs(canonical_records(spec.columns, data), starts, ends), ends - starts


def sort_by_key(spec: TableSpec, data: Columns) -> Columns:
    """Rows in key order (slice first)."""
    keys = [data[name] for name in reversed(spec.key)]
    order = np.lexsort(keys)
    if (order == np.arange(len(order))).all():
        return data
    return {name: values[order] for name, values in data.items()}
