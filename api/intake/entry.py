"""One thing that was typed in: the same cells as a row of a file, read by the same code."""

from typing import Final

from pipelines.sources.csv_errors import CsvFileError, ErrorList
from pipelines.sources.csv_file import Row

_LINE: Final = 0
"""There is no file, hence no line."""


class EntryError(CsvFileError):
    """An entry that was refused, with everything that is wrong with it; nothing was written."""


def entry_errors() -> ErrorList:
    """Return an empty list of what is wrong with an entry."""
    return ErrorList(EntryError)


def entry_row(**cells: object) -> Row:
    """Return the row of a file that says the same; what is None or blank is absent."""
    texts = {name: str(value).strip() for name, value in cells.items() if value is not None}
    return Row(_LINE, {name: text for name, text in texts.items() if text})
