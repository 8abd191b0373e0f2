"""Values of a price file, column by column: symbols, dates and numbers, and what is wrong with them.

Symbols and dates repeat in a price file: each distinct one is looked at once.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import numpy as np

from pipelines.calc.types import BoolArray, FloatArray, IntArray
from pipelines.sessions import HORIZON, index_on_or_before, is_session
from pipelines.sources.errors import RowProblem

MOST_NAMED: Final = 100_000
"""Bad values of one field that are named; more are only counted."""

BAD: Final = -1
BEFORE_CALENDAR: Final = -2

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}([ T].*)?|\d{8}")


@dataclass
class Problems:
    """Bad values found so far, for the rows whose numbers are `rows`."""

    rows: IntArray
    found: list[RowProblem] = field(default_factory=list)
    total: int = 0

    def note(self, bad: BoolArray, name: str, explain: Callable[[int], tuple[str, str]]) -> None:
        """Note the rows where `bad` holds; `explain` gives code and reason by position."""
        positions = np.flatnonzero(bad)
        self.total += len(positions)
        for position in positions[:MOST_NAMED].tolist():
            code, reason = explain(position)
            self.found.append(RowProblem(int(self.rows[position]), name, code, reason))


def _distinct(column: Any) -> tuple[list[Any], IntArray]:
    """Distinct values, and for each row the position of its own among them."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    encoded = column.dictionary_encode("encode").combine_chunks()
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy().astype(np.int64)


def read_symbols(column: Any, normalize: Callable[[str], str], problems: Problems) -> tuple[Any, IntArray]:
    """Return the distinct normalized symbols, ascending ('U'), and each row's position among them."""
    values, codes = _distinct(column)
    texts = ["" if value is None else normalize(str(value)) for value in values]
    if not texts:
        return np.empty(0, dtype="U1"), codes
    symbols, positions = np.unique(np.array(texts), return_inverse=True)
    problems.note(
        np.array([not text for text in texts])[codes],
        "symbol",
        lambda _: ("missing_symbol", "the symbol is empty"),
    )
    return symbols, positions[codes]


def _session_index(value: Any) -> tuple[int, tuple[str, str]]:
    """Session index of one date of the file, or BAD or BEFORE_CALENDAR, with code and reason."""
    text = "" if value is None else str(value).strip()
    if not text:
        return BAD, ("missing_date", "the date is empty")
    try:
        moment = datetime.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None or moment.time() != datetime.min.time():
        return BAD, ("unparsable_date", f"{text!r} is not a date like 2024-01-31")
    day = moment.date()
    if day < HORIZON[0]:
        return BEFORE_CALENDAR, ("", "")
    if day > HORIZON[1] or not is_session(day):
        return BAD, ("not_a_session", _why_no_session(day))
    return int(index_on_or_before(day)), ("", "")


def _why_no_session(day: date) -> str:
    if day > HORIZON[1]:
        return f"{day} is after the calendar's last day {HORIZON[1]}"
    if day.weekday() >= 5:
        return f"{day} is a {day:%A}: the exchange was closed"
    return f"{day} is a holiday: the exchange was closed"


def read_sessions(column: Any, problems: Problems) -> IntArray:
    """Return each row's session index; BAD, or BEFORE_CALENDAR for a day older than the calendar."""
    values, codes = _distinct(column)
    parsed = [_session_index(value) for value in values]
    indices = np.array([index for index, _ in parsed], dtype=np.int64)[codes]
    problems.note(indices == BAD, "date", lambda position: parsed[codes[position]][1])
    return indices


def _text_to_float(column: Any) -> tuple[FloatArray, BoolArray]:
    """Numbers of a text column (NaN where empty or no number), and where the text is no number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(column.cast(pa.string()))
    trimmed = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
    try:
        numbers = pc.cast(trimmed, pa.float64())
    except pa.ArrowInvalid:  # some text is no number: find out which
        looks = pc.match_substring_regex(
            trimmed, r"^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|inf|infinity)$", ignore_case=True
        )
        numbers = pc.cast(pc.if_else(looks, trimmed, pa.scalar(None, pa.string())), pa.float64())
        return _floats(numbers), pc.fill_null(pc.invert(looks), False).to_numpy(zero_copy_only=False)
    return _floats(numbers), np.zeros(len(column), dtype=np.bool_)


def _floats(column: Any) -> FloatArray:
    values: FloatArray = column.to_numpy().astype(np.float64)
    return values


def _column_to_float(column: Any) -> tuple[FloatArray, BoolArray]:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        return _floats(pc.cast(column, pa.float64(), safe=False)), np.zeros(len(column), dtype=np.bool_)
    return _text_to_float(column)  # decimals too: read from their digits they round once only


def read_numbers(column: Any, name: str, problems: Problems) -> FloatArray:
    """Return one column of prices or volumes, NaN where missing; notes what cannot be one.

    A close must be there, positive and finite. Other prices may be missing, a volume may also be zero.
    """
    values, no_number = _column_to_float(column)
    is_close, is_volume = name == "close", name == "volume"
    missing = np.isnan(values) & ~no_number

    def shown(position: int) -> str:
        return repr(str(column[position].as_py()))

    problems.note(no_number, name, lambda at: (f"unparsable_{name}", f"{shown(at)} is not a number"))
    if is_close:
        problems.note(missing, name, lambda at: ("missing_close", f"{shown(at)} is no price"))
    problems.note(np.isinf(values), name, lambda at: (f"infinite_{name}", f"{shown(at)} is not finite"))
    low = np.isfinite(values) & ((values < 0.0) if is_volume else (values <= 0.0))
    problems.note(low, name, lambda at: (f"non_positive_{name}", f"{shown(at)} is not positive"))
    return values
