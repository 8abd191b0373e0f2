"""What a vendor offers beyond `PriceSource`: answers call by call, refusals with reasons, and splits.

A vendor's calls cost time and money, so it is told exactly which closes are wanted and chooses the cheapest calls.
Each call is an `Answer` of its own: whoever stores them one by one loses nothing when a later call fails.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, runtime_checkable

import numpy as np

from pipelines.calc.types import BoolArray, Columns
from pipelines.errors import SigmaSightError
from pipelines.instruments import InstrumentError, parse_option
from pipelines.sessions import session_at
from pipelines.sources.errors import SourceError
from pipelines.sources.protocol import PRICE_FIELDS, PriceSource, empty_prices

WRONG_DATE, NOT_A_SESSION = "wrong_date", "not_a_session"
NO_CLOSE, CONTRADICTS = "zero", "contradicting_bars"
"""Why a bar is refused as it comes."""

RAW, UNSPLIT = "raw", "unsplit"
"""How a close came to be: as the vendor gave it, or split-adjusted by the vendor and turned back into raw."""


class OutageError(SourceError):
    """The vendor as a whole does not answer, after every retry: try again later."""


class RefusedError(SourceError, SigmaSightError):
    """The vendor will not answer whoever asks again: a bad key. Nothing is retried."""


class CannotAnswerError(SourceError):
    """The vendor has no usable answer to one question; others may have."""


@dataclass(frozen=True)
class Ask:
    """Closes that are wanted: `wanted` (T, S) by session from start_ix on, and by symbol (ascending)."""

    symbols: np.ndarray
    start_ix: int
    wanted: BoolArray

    def between(self, row: int, last_row: int) -> tuple[date, date]:
        """Dates of two rows."""
        return session_at(self.start_ix + row), session_at(self.start_ix + last_row)

    def only(self, mask: BoolArray) -> "Ask":
        """Return the question for some of the cells."""
        return Ask(self.symbols, self.start_ix, self.wanted & mask)


@dataclass(frozen=True)
class Refusal:
    """One bar that is not believed as it came: whose, of which day, its close (NaN = none), and why."""

    symbol: str
    day: date
    close: float
    reason: str


@dataclass(frozen=True)
class Answer:
    """What one call told.

    bars: as of `PriceSource.prices`, with source and adjustment ('U'). asked: cells (T, S) that the call was for: one
    without a bar has none. problems: symbol → why the vendor could not answer for it.
    """

    bars: Columns
    asked: BoolArray
    refused: tuple[Refusal, ...] = ()
    problems: dict[str, str] = field(default_factory=dict)


@runtime_checkable
class Vendor(PriceSource, Protocol):
    """A price source that is asked sparingly, and not believed blindly."""

    def answers(self, ask: Ask) -> Iterator[Answer]:
        """Answer call by call, each cell once. Raises OutageError or RefusedError; what came before stands."""
        ...

    def splits(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        """Splits executed from start to end, both included, ordered by symbol and date.

        Returns symbol, execution_date (datetime64[D]), split_from, split_to (float64, shares) and source.
        """
        ...


def is_option(symbol: str) -> bool:
    """Say whether a symbol is an option's."""
    try:
        parse_option(symbol)
    except InstrumentError:
        return False
    return True


def empty_splits() -> Columns:
    """Splits of nothing, with the right types."""
    return {
        "symbol": np.empty(0, dtype="U1"),
        "execution_date": np.empty(0, dtype="datetime64[D]"),
        "split_from": np.empty(0),
        "split_to": np.empty(0),
        "source": np.empty(0, dtype="U1"),
    }


def empty_bars() -> Columns:
    """Bars of nothing, with the right types."""
    return empty_prices() | {name: np.empty(0, dtype="U1") for name in ("source", "adjustment")}


def joined(parts: Sequence[Columns], empty: Columns) -> Columns:
    """Rows of several answers in one, in the given order; `empty` when there are none."""
    if not parts:
        return empty
    return {name: np.concatenate([part[name] for part in parts]) for name in empty}


def all_prices(vendor: Vendor, symbols: Sequence[str], ask: Ask) -> Columns:
    """Every bar that a vendor has for a question, ordered as `PriceSource.prices` promises."""
    del symbols
    bars = joined([answer.bars for answer in vendor.answers(ask)], empty_bars())
    order = np.lexsort((bars["session"], bars["symbol"]))
    return {name: bars[name][order] for name in ("symbol", "session", *PRICE_FIELDS, "source", "adjustment")}
