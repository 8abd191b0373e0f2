"""What can go wrong between the outside world and typed rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SHOWN_PROBLEMS: Final = 20
"""How many bad rows the text of an error lists; the error object carries all of them."""


class SourceError(Exception):
    """A price source cannot answer; the text says why and, where possible, what to do."""


class SourceUnavailableError(SourceError):
    """The source asked for does not exist, or lacks what it needs."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One reason why a row of a file cannot be used.

    row: line of a CSV file (the header is line 1), row of a Parquet file (the first is 1).
    code: stable, for programs. reason: one sentence, for people, quoting the value.
    """

    row: int
    field: str
    code: str
    reason: str

    def __str__(self) -> str:
        """Return one line for people."""
        return f"row {self.row}, {self.field}: {self.reason} [{self.code}]"


class FileFormatError(SourceError):
    """The file as a whole cannot be read: absent, empty, not a table, a column missing."""

    def __init__(self, file: str, reason: str) -> None:
        self.file = file
        self.reason = reason
        super().__init__(f"{file}: {reason}")


class FileRowsError(SourceError):
    """Rows of a file are bad. `problems` names them, ascending by row; `total` counts them.

    They are the same number but for a file with more than a hundred thousand bad values, of which only the
    first of each field are named.
    """

    def __init__(self, file: str, problems: Sequence[RowProblem], total: int) -> None:
        self.file = file
        self.problems = tuple(problems)
        self.total = total
        lines = [f"  {problem}" for problem in self.problems[:SHOWN_PROBLEMS]]
        if total > SHOWN_PROBLEMS:
            lines.append(f"  … and {total - len(lines)} more")
        super().__init__("\n".join([f"{file}: {total} bad values", *lines]))
