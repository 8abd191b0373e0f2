"""Users' CSV files: bytes → rows of named cells. Knows nothing of what the columns mean."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pipelines.sources.csv_errors import ErrorList

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_ROWS: Final = 250_000
MAX_COLUMNS: Final = 200
MAX_CELL: Final = 2_000
"""Characters."""

_FOREIGN = {
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"PK\x05\x06": "an empty zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column we know, by its own name and the other names it goes by."""

    name: str
    required: bool = False
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """Cells by column name, trimmed; an empty cell is absent. `line`: 1-based, where the row starts."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file in its order, and the header's names that were not understood."""

    rows: tuple[Row, ...]
    unknown_columns: tuple[str, ...]


def column_warnings(unknown_columns: Sequence[str]) -> tuple[str, ...]:
    """Say of each column that was not understood that it was not used."""
    return tuple(f"column {name!r} is not known and was ignored" for name in unknown_columns)


def read_table(
    data: bytes, columns: Sequence[Column], errors: ErrorList, max_bytes: int = MAX_BYTES
) -> Table:
    """Read a CSV file with a header; blank lines are skipped, short rows end in empty cells.

    UTF-8 with or without byte order mark, any line ending. Raises the list's exception where nothing can be
    read; other errors are added to the list and their rows left out.
    """
    records = _records(_decode(data, errors, max_bytes), errors)
    header_line, header = next(records, (0, []))
    if not header:
        errors.raise_if_any()
        raise errors.fatal(0, None, "empty_file", "the file is empty")
    fields, unknown = _understand(header_line, header, columns, errors)
    rows: list[Row] = []
    for line, cells in records:
        if len(rows) >= MAX_ROWS:
            errors.add(line, None, "too_many_rows", f"more than {MAX_ROWS} rows")
            break
        if len(cells) > len(fields) and any(cells[len(fields) :]):
            message = (
                f"{len(cells)} cells for {len(fields)} columns; quote a cell that holds commas, as tags do"
            )
            errors.add(line, None, "too_many_fields", message)
            continue
        named = zip(fields, cells, strict=False)
        rows.append(Row(line, {field: cell for field, cell in named if field is not None and cell}))
    if not rows and not errors:
        raise errors.fatal(0, None, "empty_file", "the file has a header but no rows")
    return Table(tuple(_without_long_cells(rows, errors)), unknown)


def _decode(data: bytes, errors: ErrorList, max_bytes: int) -> str:
    if len(data) > max_bytes:
        raise errors.fatal(0, None, "file_too_large", f"more than {max_bytes} bytes")
    for magic, what in _FOREIGN.items():
        if data.startswith(magic):
            raise errors.fatal(0, None, "not_csv", f"this is {what}; save it as CSV (UTF-8)")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise errors.fatal(0, None, "encoding", "the file is UTF-16; save it as CSV (UTF-8)")
    if (nul := data.find(b"\0")) >= 0:
        raise errors.fatal(_line_of(data, nul), None, "nul_byte", "a NUL byte; this is not a text file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"byte {data[error.start]:#04x} is not UTF-8; save the file as CSV (UTF-8)"
        raise errors.fatal(_line_of(data, error.start), None, "encoding", message) from None


def _line_of(data: bytes, position: int) -> int:
    return len((data[:position] + b".").splitlines())


def _records(text: str, errors: ErrorList) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not blank, cells trimmed, with the line it starts on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            # What follows cannot be told apart; what came before is still checked.
            errors.add(line, None, "malformed_csv", f"not well-formed CSV ({error}); is a quote left open?")
            return
        if any(cells):
            yield line, cells


def _understand(
    line: int, header: list[str], columns: Sequence[Column], errors: ErrorList
) -> tuple[list[str | None], tuple[str, ...]]:
    """Return the field each position holds (None: not ours) and the names not understood."""
    if len(header) == 1 and (found := re.search(r"[;\t|]", header[0])):
        message = f"columns must be separated by commas, not by {found[0]!r}"
        raise errors.fatal(line, None, "delimiter", message)
    if len(header) > MAX_COLUMNS:
        raise errors.fatal(line, None, "too_many_columns", f"more than {MAX_COLUMNS} columns")
    meaning = {alias: column.name for column in columns for alias in (column.name, *column.aliases)}
    fields = [meaning.get(re.sub(r"[\s_-]+", "_", name.lower())) for name in header]
    for column in columns:
        names = [name for name, field in zip(header, fields, strict=True) if field == column.name]
        if len(names) > 1:
            given = ", ".join(name[:40] for name in names)
            message = f"{column.name} is given by {len(names)} columns: {given}"
            errors.add(line, column.name, "duplicate_column", message)
        if column.required and not names:
            errors.add(line, column.name, "missing_column", f"the column {column.name} is missing")
    errors.raise_if_any()
    unknown = tuple(name[:80] for name, field in zip(header, fields, strict=True) if field is None and name)
    return fields, unknown


def _without_long_cells(rows: list[Row], errors: ErrorList) -> Iterator[Row]:
    for row in rows:
        too_long = [field for field, cell in row.cells.items() if len(cell) > MAX_CELL]
        for field in too_long:
            errors.add(row.line, field, "field_too_long", f"more than {MAX_CELL} characters")
        if not too_long:
            yield row
