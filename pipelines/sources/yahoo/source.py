"""The price source `yfinance`: prices, splits, sectors and the newest short interest."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipelines.calc.types import Columns, IntArray
from pipelines.instruments import InstrumentError, parse_option
from pipelines.sessions import session_at, session_index, session_range, sessions
from pipelines.sources.pace import Pace, Retries
from pipelines.sources.protocol import empty_short_interest
from pipelines.sources.settlements import published_at
from pipelines.sources.vendor import (
    NO_CLOSE,
    NOT_A_SESSION,
    Answer,
    Ask,
    CannotAnswerError,
    OutageError,
    Refusal,
    all_prices,
    empty_bars,
    empty_splits,
    is_option,
    joined,
)
from pipelines.sources.yahoo.history import raw_bars, take
from pipelines.sources.yahoo.library import NAME, TROUBLE, Library, UnknownSymbolError

NO_SECTOR: Final = "no sector: not a company"
"""Why a fund has none: it is not asked for again."""
_WIDTHS: Final = {"name": 128, "sector": 64, "industry": 96, "reason": 64}
_OUT_AFTER: Final = 2
"""Symbols in a row without an answer, before the others are left for the next run."""


class YahooPrices:
    """A `Vendor` over yfinance; unofficial, free, and one call for each symbol."""

    name: Final = NAME

    def __init__(
        self,
        base_url: str | None = None,
        cache: Path | None = None,
        pace: Pace | None = None,
        retries: Retries | None = None,
        timeout: float = 30.0,
    ) -> None:
        self._library = Library(base_url, cache, pace or Pace(60), retries or Retries(tries=3), timeout)
        self._frames: dict[str, tuple[date, Any]] = {}

    def prices(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        """Daily bars; see `PriceSource.prices`."""
        named, days = np.array(sorted(set(symbols)), dtype="U"), session_range(start, end)
        if not len(days) or not len(named):
            return empty_bars()
        ask = Ask(named, session_index(days[0].item()), np.ones((len(days), len(named)), dtype=np.bool_))
        return all_prices(self, symbols, ask)

    def answers(self, ask: Ask) -> Iterator[Answer]:
        """Answer symbol by symbol; see `Vendor.answers`."""
        try:
            yield from self._answers(ask)
        finally:
            self._frames.clear()

    def _answers(self, ask: Ask) -> Iterator[Answer]:
        for column in np.flatnonzero(ask.wanted.any(axis=0)).tolist():
            cells = np.zeros_like(ask.wanted)
            cells[:, column] = ask.wanted[:, column]
            rows = np.flatnonzero(cells[:, column])
            try:
                bars, refused = self._history(ask, column, rows)
            except UnknownSymbolError:
                bars, refused = empty_bars(), ()
            except CannotAnswerError as error:
                yield Answer(
                    empty_bars(), np.zeros_like(cells), problems={str(ask.symbols[column]): str(error)}
                )
                continue
            yield Answer(bars, cells, refused)

    def _history(self, ask: Ask, column: int, rows: IntArray) -> tuple[Columns, tuple[Refusal, ...]]:
        """Wanted bars of a symbol, and the refused ones among them."""
        symbol, start = str(ask.symbols[column]), session_at(ask.start_ix + int(rows[0]))
        # To this day, whatever the last session wanted: the splits since then are needed, too.
        bars = raw_bars(symbol, self._frame(symbol, start), self.name)
        days, close = bars["session"], bars["close"]
        wanted = sessions()[ask.start_ix + rows]
        inside = days <= wanted[-1]
        is_session = np.isin(days, sessions())
        has_close = close > 0.0
        refused = [
            Refusal(symbol, days[at].item(), float(close[at]), NO_CLOSE if is_session[at] else NOT_A_SESSION)
            for at in np.flatnonzero(inside & ((~is_session & ~np.isnan(close)) | (close <= 0.0))).tolist()
        ]
        return take(bars, np.isin(days, wanted) & has_close), tuple(refused)

    def _frame(self, symbol: str, start: date) -> Any:
        """Daily prices from a date to this day, with splits: one call serves both, splits are asked for first."""
        if symbol not in self._frames or self._frames[symbol][0] > start:
            self._frames[symbol] = (start, self._asked_frame(symbol, start))
        return self._frames[symbol][1]

    def _asked_frame(self, symbol: str, start: date) -> Any:
        def ask() -> tuple[Any, Any]:
            ticker = self._library.ticker(ticker_of(symbol))
            return ticker.history(
                start=start.isoformat(), auto_adjust=False, actions=True
            ), ticker.history_metadata

        frame, metadata = self._library.tried(ask)
        currency = metadata.get("currency", "USD")
        if currency != "USD":
            raise CannotAnswerError(f"{NAME}: prices are in {currency}, not USD")
        return frame

    def splits(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        """Splits, one call for each stock; see `Vendor.splits`. Symbols that cannot be answered for have none."""
        parts = []
        for symbol in sorted(set(symbols)):
            if is_option(symbol):
                continue
            try:
                frame = self._frame(symbol, start - timedelta(days=5))
            except CannotAnswerError:
                continue
            ratio = frame["Stock Splits"].to_numpy(dtype=np.float64)
            days = np.array([day.date() for day in frame.index], dtype="datetime64[D]")
            own = (ratio > 0.0) & (days >= np.datetime64(start)) & (days <= np.datetime64(end))
            count = int(own.sum())
            parts.append(
                {
                    "symbol": np.full(count, symbol),
                    "execution_date": days[own],
                    "split_from": np.ones(count),
                    "split_to": ratio[own],
                    "source": np.full(count, self.name),
                }
            )
        return joined(parts, empty_splits())

    def securities(self, symbols: Sequence[str]) -> Columns:
        """Describe symbols; see `PriceSource.securities`. Every one has a row, those without a sector a `reason`."""
        rows, silent = [], 0
        for symbol in sorted(set(symbols)):
            if silent >= _OUT_AFTER:
                rows.append((symbol, "", "", "", "not asked: the source does not answer"))
                continue
            try:
                rows.append((symbol, *self._description(symbol)))
                silent = 0
            except UnknownSymbolError:
                rows.append((symbol, "", "", "", "unknown to the source"))
                silent = 0
            except CannotAnswerError as error:
                rows.append((symbol, "", "", "", str(error)))
                silent = 0
            except OutageError as error:
                rows.append((symbol, "", "", "", str(error)))
                silent += 1
        columns = zip(*rows, strict=True) if rows else ([],) * 5
        named = ("symbol", *_WIDTHS)
        return {
            name: np.array([_plain(text, _WIDTHS.get(name, 40)) for text in values], dtype="U")
            for name, values in zip(named, columns, strict=True)
        }

    def _description(self, symbol: str) -> tuple[str, str, str, str]:
        """Name, sector, industry, and why there is no sector."""
        info = self._info(symbol)
        name, sector, industry = (str(info.get(key) or "") for key in ("longName", "sector", "industry"))
        if not info.get("quoteType") and not name:
            raise UnknownSymbolError(f"{NAME}: unknown symbol")
        reason = (
            "" if sector else NO_SECTOR if info.get("quoteType") != "EQUITY" else "the source knows no sector"
        )
        return name or str(info.get("shortName") or ""), sector, industry, reason

    def _info(self, symbol: str) -> Any:
        return self._library.tried(lambda: description_of(self._library.ticker(ticker_of(symbol))))

    def short_interest(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        """The newest short interest of each symbol, if settled within the dates; Yahoo keeps no history of it."""
        rows, silent = [], 0
        for symbol in sorted(set(symbols)):
            try:
                info = self._info(symbol)
                silent = 0
            except CannotAnswerError:
                continue
            except OutageError:
                silent += 1
                if silent >= _OUT_AFTER:
                    break
                continue
            settled, cover = info.get("dateShortInterest"), info.get("shortRatio")
            if not isinstance(settled, int) or not isinstance(cover, int | float):
                continue
            day = datetime.fromtimestamp(settled, UTC).date()
            if start <= day <= end:
                rows.append((symbol, day, published_at(day), float(cover)))
        if not rows:
            return empty_short_interest()
        named, days, published, covers = zip(*rows, strict=True)
        return {
            "symbol": np.array(named),
            "settlement_date": np.array(days, dtype="datetime64[D]"),
            "published_at": np.array(published, dtype="datetime64[us]"),
            "days_to_cover": np.array(covers),
        }


def description_of(ticker: Any) -> Any:
    """What yfinance knows of a ticker. Of its requests only the first matters here: the others may fail."""
    try:
        return ticker.get_info()
    except TROUBLE:
        found = ticker.get_info()  # asks no more, but tells what came before the failure
        if not found:
            raise
        return found


def ticker_of(symbol: str) -> str:
    """Yahoo's ticker: share classes with a hyphen, options with the root's dot left out."""
    try:
        contract = parse_option(symbol)
    except InstrumentError:
        return symbol.replace(".", "-")
    root = contract.underlying.replace(".", "").replace("-", "")
    return f"{root}{symbol.removeprefix(contract.underlying)}"


def _plain(text: str, width: int) -> str:
    """Text as a table takes it: one line, no longer than its column in bytes."""
    return " ".join(text.split()).encode()[:width].decode(errors="ignore")
