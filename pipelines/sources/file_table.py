"""A CSV or Parquet file as a table of named columns, each row with its number in the file.

Nothing is interpreted here but the shape of the file. CSV values stay text, Parquet values what they are.
"""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.calc.types import IntArray
from pipelines.sources.errors import FileFormatError, RowProblem


@dataclass(frozen=True, slots=True)
class FileTable:
    """Columns by lower-case name, as Arrow arrays of one length.

    rows: number of each row (CSV: its line, the header being line 1; Parquet: from 1). `problems`: CSV lines
    that do not have the header's number of values; they are in no column. extra: columns nobody asked for.
    """

    columns: dict[str, Any]
    rows: IntArray
    extra: tuple[str, ...]
    problems: tuple[RowProblem, ...]


def read_table(path: Path, required: Sequence[str], optional: Sequence[str]) -> FileTable:
    """Read the required and optional columns of a file; `.parquet` and `.pq` are Parquet, all else CSV.

    Raises FileFormatError when the file is absent, empty, no table, not UTF-8 or lacks a required column.
    """
    try:
        with path.open("rb"):  # Arrow's own words for an absent file are not for people
            pass
        if path.suffix.lower() in {".parquet", ".pq"}:
            return _read_parquet(path, required, optional)
        return _read_csv(path, required, optional)
    except OSError as error:
        raise FileFormatError(str(path), f"cannot be read: {error.strerror or error}") from error


def _choose(
    path: Path, header: Sequence[str], required: Sequence[str], optional: Sequence[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Header as written, by wanted name; and the columns that are not wanted."""
    names = [name.strip().lower() for name in header]
    repeated = sorted(
        name for name, count in Counter(names).items() if count > 1 and name in {*required, *optional}
    )
    if repeated:
        raise FileFormatError(str(path), f"the column {', '.join(repeated)} is there more than once")
    missing = [name for name in required if name not in names]
    if missing:
        raise FileFormatError(
            str(path), f"the column {', '.join(missing)} is missing; the header is: {', '.join(header)}"
        )
    wanted = {name: raw for name, raw in zip(names, header, strict=True) if name in {*required, *optional}}
    return wanted, tuple(raw.strip() for name, raw in zip(names, header, strict=True) if name not in wanted)


def _csv_header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next((line for line in csv.reader(file) if line), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileFormatError(str(path), f"is not CSV in UTF-8: {error}") from error
    if not header:
        raise FileFormatError(str(path), "is empty")
    return header


def _read_csv(path: Path, required: Sequence[str], optional: Sequence[str]) -> FileTable:
    wanted, extra = _choose(path, _csv_header(path), required, optional)
    table, ragged = _parse_csv(path, list(wanted.values()), in_parallel=True)
    if ragged:  # only a single thread knows the line numbers
        table, ragged = _parse_csv(path, list(wanted.values()), in_parallel=False)
    lines = np.arange(2, 2 + len(table) + len(ragged), dtype=np.int64)
    rows = np.setdiff1d(lines, [problem.row for problem in ragged], assume_unique=True)
    columns = {name: table.column(raw) for name, raw in wanted.items()}
    blank = np.logical_and.reduce([_is_blank(column) for column in columns.values()])
    if blank.any():
        columns = {name: column.filter(~blank) for name, column in columns.items()}
        rows = rows[~blank]
    return FileTable(columns, rows, extra, tuple(ragged))


def _parse_csv(path: Path, wanted: list[str], *, in_parallel: bool) -> tuple[Any, list[RowProblem]]:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    ragged: list[RowProblem] = []

    def note(line: Any) -> str:
        reason = f"{line.actual_columns} values under {line.expected_columns} columns: {line.text[:80]!r}"
        ragged.append(RowProblem(line.number or 0, "", "column_count", reason))
        return "skip"

    try:
        table = arrow_csv.read_csv(
            path,
            read_options=arrow_csv.ReadOptions(use_threads=in_parallel),
            parse_options=arrow_csv.ParseOptions(ignore_empty_lines=False, invalid_row_handler=note),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()), null_values=[""]
            ),
        )
    except pa.ArrowInvalid as error:
        raise FileFormatError(str(path), f"is not CSV in UTF-8: {error}") from error
    return table, ragged


def _is_blank(column: Any) -> Any:
    import pyarrow.compute as pc

    return pc.equal(pc.binary_length(column), 0).to_numpy()


def _read_parquet(path: Path, required: Sequence[str], optional: Sequence[str]) -> FileTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            wanted, extra = _choose(path, file.schema_arrow.names, required, optional)
            table = file.read(columns=list(wanted.values()))
    except pa.ArrowInvalid as error:
        raise FileFormatError(str(path), f"is not Parquet: {error}") from error
    columns = {name: table.column(raw) for name, raw in wanted.items()}
    return FileTable(columns, np.arange(1, 1 + len(table), dtype=np.int64), extra, ())
