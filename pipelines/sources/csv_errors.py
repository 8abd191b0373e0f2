"""What is wrong with a user's file: every error at once, each with its row, field and stable code."""

from dataclasses import dataclass
from typing import Final

CODES: Final = {
    # the file
    "empty_file": "nothing in it, or a header without rows",
    "file_too_large": "more bytes than accepted",
    "too_many_rows": "more rows than accepted",
    "too_many_errors": "reading stopped here",
    "not_csv": "a workbook, an archive or another binary format",
    "encoding": "not UTF-8",
    "nul_byte": "a NUL byte",
    "malformed_csv": "an unclosed quote or text after one",
    "delimiter": "columns are not separated by commas",
    "too_many_columns": "more columns than accepted",
    "missing_column": "a required column is missing",
    "duplicate_column": "two columns mean the same field",
    # a cell
    "missing_value": "a required cell is empty",
    "too_many_fields": "more cells than columns",
    "field_too_long": "a cell longer than accepted",
    "formula": "a cell a spreadsheet would execute",
    "unprintable": "a control or invisible character",
    "not_a_number": "not a number",
    "number_format": "a number with separators, currency or other decoration",
    "not_finite": "NaN or infinity",
    "number_out_of_range": "1e15 or more, or more decimals than kept",
    "date_format": "not written YYYY-MM-DD",
    "impossible_date": "no such day",
    "date_out_of_calendar": "outside the supported calendar",
    "date_in_future": "after today",
    "not_a_session": "the exchange is closed on that day",
    "zero_quantity": "a quantity of zero",
    "not_positive": "must be greater than zero",
    "negative": "must not be negative",
    "zero_amount": "a cash flow of zero",
    "value_too_large": "a lot worth 1e11 USD or more",
    "invalid_symbol": "no stock, option or private symbol",
    "malformed_option_symbol": "no OCC symbol",
    "impossible_option_expiry": "the expiry in the symbol is no day",
    "impossible_option_strike": "the strike in the symbol is zero",
    "unknown_asset_class": "none of PUBLIC, OPTION, PRIVATE",
    "asset_class_conflict": "the symbol contradicts the asset class",
    "too_many_tags": "more tags on one position than accepted",
    # cells together
    "entry_after_expiry": "the option had expired before the entry took effect",
    "exit_before_entry": "the exit is before the entry",
    "exit_after_expiry": "the exit is after the option's expiry",
    "exit_price_without_date": "an exit price needs an exit date",
    "duplicate_row": "the same key twice in one file",
    # against the book
    "unknown_portfolio": "no such portfolio",
    "ambiguous_portfolio": "several portfolios of that name or id",
    "not_private": "the portfolio has no PRIVATE position of that symbol",
    "before_inception": "not after the portfolio's inception",
    "not_listed": "the portfolio has no stock or option position of that symbol",
    "not_held": "no lot of the symbol is valued at a close on that day",
}
"""Every code a row error can carry, and what it means."""

MAX_ERRORS: Final = 10_000


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing wrong. `row`: 1-based line of the file where the row starts, 0 for the file as a whole."""

    row: int
    field: str | None
    code: str
    message: str


class CsvFileError(ValueError):
    """A file that was refused, with everything that is wrong with it, in the file's order."""

    def __init__(self, errors: tuple[RowError, ...]) -> None:
        self.errors = errors
        first = errors[0]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(f"row {first.row}: {first.message}{more}")


class ErrorList:
    """Collects row errors, to be raised together as one exception of the file's kind."""

    def __init__(self, kind: type[CsvFileError]) -> None:
        self._kind = kind
        self._errors: list[RowError] = []

    def __len__(self) -> int:
        """Count the errors noted so far."""
        return len(self._errors)

    def add(self, row: int, field: str | None, code: str, message: str) -> None:
        """Note an error; past MAX_ERRORS, raise what there is."""
        self._errors.append(RowError(row, field, code, message))
        if len(self._errors) >= MAX_ERRORS:
            message = f"stopped after {MAX_ERRORS} errors"
            self._errors.append(RowError(row, None, "too_many_errors", message))
            self.raise_if_any()

    def fatal(self, row: int, field: str | None, code: str, message: str) -> CsvFileError:
        """Note an error after which nothing more can be read; returns the exception to raise."""
        self._errors.append(RowError(row, field, code, message))
        return self._exception()

    def raise_if_any(self) -> None:
        """Raise everything noted so far, if anything was."""
        if self._errors:
            raise self._exception()

    def _exception(self) -> CsvFileError:
        return self._kind(tuple(sorted(self._errors, key=lambda error: error.row)))
