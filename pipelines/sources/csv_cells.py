"""One cell of a user's file: text → exact number, date or printable text. No guessing.

Numbers are plain: digits, a decimal point, a sign, an exponent. Thousands separators, decimal commas and
currency signs are refused, since 1,234 is a different number in Berlin and in Boston. Dates are YYYY-MM-DD.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Final

from pipelines.sessions import HORIZON
from pipelines.sources.csv_errors import ErrorList
from pipelines.sources.csv_file import Row

MAX_DECIMALS: Final = 18

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_DECORATION = re.compile(r"[$€£¥₹%,'’_()\s−]|USD|EUR|GBP")
_NOT_FINITE = re.compile(r"[+-]?(s?nan[0-9]*|inf(inity)?|∞)", re.IGNORECASE)
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FORMULA_STARTS = ("=", "+", "-", "@")


class CellReader:
    """Reads the cells of one row; what is wrong goes to the list, and the cell reads as None."""

    def __init__(self, row: Row, errors: ErrorList, required: frozenset[str]) -> None:
        self.row = row
        self._errors = errors
        self._required = required

    def error(self, field: str | None, code: str, message: str) -> None:
        """Note an error of this row."""
        self._errors.add(self.row.line, field, code, message)

    def raw(self, field: str) -> str | None:
        """Return the cell as it stands; None if empty, which is an error where the field is required."""
        cell = self.row.cells.get(field)
        if cell is None and field in self._required:
            self.error(field, "missing_value", f"{field} is empty")
        return cell

    def number(self, field: str, max_decimals: int = MAX_DECIMALS) -> Decimal | None:
        """Return the exact number, |x| < 1e15."""
        cell = self.raw(field)
        if cell is None:
            return None
        if not _NUMBER.fullmatch(cell):
            self.error(field, *_why_not_a_number(field, cell))
            return None
        number = Decimal(cell)
        if number == 0:
            return Decimal(0)
        if number.adjusted() >= 15 or _decimals(number) > max_decimals:
            message = f"{field} {_shown(cell)}: at most 15 digits before and {max_decimals} after the point"
            self.error(field, "number_out_of_range", message)
            return None
        return number

    def day(self, field: str, today: date) -> date | None:
        """Return the date, inside the supported calendar and not after today."""
        cell = self.raw(field)
        if cell is None:
            return None
        if not _ISO_DATE.fullmatch(cell):
            self.error(field, "date_format", f"{field} {_shown(cell)} is not written YYYY-MM-DD")
            return None
        try:
            day = date.fromisoformat(cell)
        except ValueError:
            self.error(field, "impossible_date", f"{field}: there is no day {cell}")
            return None
        first, last = HORIZON
        if not first <= day <= last:
            message = f"{field} {cell} is outside the supported calendar, {first} to {last}"
            self.error(field, "date_out_of_calendar", message)
            return None
        if day > today:
            self.error(field, "date_in_future", f"{field} {cell} is in the future")
            return None
        return day

    def text(self, field: str, max_length: int) -> str | None:
        """Return printable text, runs of white space as one space."""
        cell = self.raw(field)
        return None if cell is None else self.clean(field, cell, max_length)

    def clean(self, field: str, text: str, max_length: int) -> str | None:
        """Return a piece of text as we keep it."""
        shown = collapse(text)
        if (why := why_not_text(field, shown, max_length)) is not None:
            self.error(field, *why)
            return None
        return shown


def collapse(text: str) -> str:
    """Trim, and turn each run of white space into one space: how names and tags are kept."""
    return " ".join(text.split())


def why_not_text(field: str, text: str, max_length: int) -> tuple[str, str] | None:
    """Code and message where text is not fit to be shown to people and to spreadsheets; None where it is."""
    if text.startswith(_FORMULA_STARTS):
        return "formula", f"{field} {_shown(text)} starts like a spreadsheet formula"
    if not text.isprintable():
        return "unprintable", f"{field} {_shown(text)} holds an invisible character"
    if len(text) > max_length:
        return "field_too_long", f"{field} has more than {max_length} characters"
    return None


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _why_not_a_number(field: str, cell: str) -> tuple[str, str]:
    if _NOT_FINITE.fullmatch(cell):
        return "not_finite", f"{field} {_shown(cell)} is not a finite number"
    if _NUMBER.fullmatch(_DECORATION.sub("", cell)):
        return "number_format", f"{field} {_shown(cell)}: write it plainly, as 1234.56"
    if cell.startswith(_FORMULA_STARTS):
        return "formula", f"{field} {_shown(cell)} looks like a spreadsheet formula"
    return "not_a_number", f"{field} {_shown(cell)} is not a number"


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= 40 else cell[:39] + "…")
