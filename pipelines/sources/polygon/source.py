"""The price source `polygon`: daily bars of stocks, ETFs and options, splits and short interest."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

import numpy as np

from pipelines.calc.types import Columns
from pipelines.instruments import InstrumentError, parse_option
from pipelines.sessions import session_at, session_index, session_range
from pipelines.sources.pace import Pace, Retries
from pipelines.sources.polygon.bars import Bars, add_daily, add_grouped
from pipelines.sources.polygon.calls import Call, cheapest_calls
from pipelines.sources.polygon.transport import NAME, Transport
from pipelines.sources.protocol import empty_securities, empty_short_interest
from pipelines.sources.settlements import published_at
from pipelines.sources.vendor import Answer, Ask, CannotAnswerError, all_prices, empty_bars, empty_splits

CLIENT: Final = "polygon"
"""The client library: `massive` is the same one under the vendor's new name (and package `massive`)."""

_MOST_ROWS: Final = 50_000
_TICKERS_AT_ONCE: Final = 250


class PolygonPrices:
    """A `Vendor` over the REST API. `calls` counts the requests made so far."""

    name: Final = NAME

    def __init__(
        self,
        key: str,
        base_url: str | None = None,
        pace: Pace | None = None,
        retries: Retries | None = None,
        timeout: float = 30.0,
    ) -> None:
        self._key, self._base_url, self._timeout = key, base_url, timeout
        self._pace, self._retries = pace or Pace(5), retries or Retries()
        self._client: Any = None
        self._transport: Transport | None = None

    def __repr__(self) -> str:
        """Return what it is, without the key."""
        return "PolygonPrices()"

    @property
    def calls(self) -> int:
        """Requests made so far."""
        return self._transport.calls if self._transport else 0

    def _connected(self) -> tuple[Any, Transport]:
        """The client, with a transport of ours instead of its connection pool; made on first use."""
        if self._transport is None:
            from importlib import import_module

            from urllib3 import Timeout

            given = {"base": self._base_url.rstrip("/")} if self._base_url else {}
            client = import_module(CLIENT).RESTClient(api_key=self._key, **given)
            timeout = Timeout(connect=min(self._timeout, 10.0), read=self._timeout)
            self._transport = Transport(client.client, self._key, self._pace, self._retries, timeout)
            client.client, self._client = self._transport, client
        return self._client, self._transport

    def prices(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        """Daily bars; see `PriceSource.prices`."""
        named, days = np.array(sorted(set(symbols)), dtype="U"), session_range(start, end)
        if not len(days) or not len(named):
            return empty_bars()
        ask = Ask(named, session_index(days[0].item()), np.ones((len(days), len(named)), dtype=np.bool_))
        return all_prices(self, symbols, ask)

    def answers(self, ask: Ask) -> Iterator[Answer]:
        """Answer call by call; see `Vendor.answers`."""
        tickers = [ticker_of(symbol) for symbol in ask.symbols.tolist()]
        groupable = np.array([not ticker.startswith("O:") for ticker in tickers], dtype=np.bool_)
        for call in cheapest_calls(ask.wanted, groupable):
            yield self._answer(ask, call, tickers)

    def _answer(self, ask: Ask, call: Call, tickers: list[str]) -> Answer:
        bars = Bars(self.name)
        try:
            if call.row is not None:
                self._session(bars, ask, call, tickers)
            elif call.column is not None:
                self._history(bars, ask, call, tickers[call.column])
        except CannotAnswerError as error:
            named = ask.symbols[call.cells.any(axis=0)].tolist()
            nothing = np.zeros_like(call.cells)
            return Answer(empty_bars(), nothing, tuple(bars.refused), dict.fromkeys(named, str(error)))
        return Answer(bars.columns(), call.cells, tuple(bars.refused))

    def _session(self, bars: Bars, ask: Ask, call: Call, tickers: list[str]) -> None:
        client, transport = self._connected()
        assert call.row is not None  # noqa: S101 - the caller looked
        session = session_at(ask.start_ix + call.row)
        columns = np.flatnonzero(call.cells[call.row]).tolist()
        with transport.question():
            found = client.get_grouped_daily_aggs(session.isoformat(), adjusted=False)
        add_grouped(bars, {tickers[column]: str(ask.symbols[column]) for column in columns}, found, session)

    def _history(self, bars: Bars, ask: Ask, call: Call, ticker: str) -> None:
        client, transport = self._connected()
        rows = np.flatnonzero(call.cells[:, call.column])
        start, end = ask.between(int(rows[0]), int(rows[-1]))
        wanted = [session_at(ask.start_ix + row) for row in rows.tolist()]
        with transport.question(ticker):
            found = client.list_aggs(
                ticker,
                1,
                "day",
                start.isoformat(),
                end.isoformat(),
                adjusted=False,
                sort="asc",
                limit=_MOST_ROWS,
            )
            add_daily(bars, str(ask.symbols[call.column]), found, wanted)

    def securities(self, symbols: Sequence[str]) -> Columns:  # noqa: ARG002
        """Nothing: the vendor has SIC codes, not sectors."""
        return empty_securities()

    def splits(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        """Splits of all tickers between two dates, cut down to the wanted ones; see `Vendor.splits`."""
        client, transport = self._connected()
        symbol_of = {
            ticker_of(symbol): symbol for symbol in symbols if not ticker_of(symbol).startswith("O:")
        }
        if not symbol_of:
            return empty_splits()
        window = {"execution_date_gte": start.isoformat(), "execution_date_lte": end.isoformat()}
        only = {"ticker": next(iter(symbol_of))} if len(symbol_of) == 1 else {}
        with transport.question():
            found = [
                (
                    symbol_of[s.ticker],
                    np.datetime64(s.execution_date, "D"),
                    float(s.split_from),
                    float(s.split_to),
                )
                for s in client.list_splits(**only, **window, limit=1000)
                if s.ticker in symbol_of and _is_split(s)
            ]
        if not found:
            return empty_splits()
        symbol, day, before, after = zip(*sorted(set(found)), strict=True)
        return {
            "symbol": np.array(symbol),
            "execution_date": np.array(day),
            "split_from": np.array(before),
            "split_to": np.array(after),
            "source": np.full(len(symbol), self.name),
        }

    def short_interest(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        """Short interest by settlement date; see `PriceSource.short_interest`."""
        client, transport = self._connected()
        symbol_of = {ticker_of(symbol): symbol for symbol in symbols}
        named, rows = sorted(symbol_of), []
        for at in range(0, len(named), _TICKERS_AT_ONCE):
            some = ",".join(named[at : at + _TICKERS_AT_ONCE])
            window = {"settlement_date_gte": start.isoformat(), "settlement_date_lte": end.isoformat()}
            with transport.question():
                found = client.list_short_interest(**window, params={"ticker.any_of": some}, limit=_MOST_ROWS)
                rows += [
                    row for row in map(_short_interest, found) if row is not None and row[0] in symbol_of
                ]
        if not rows:
            return empty_short_interest()
        symbol, day, cover = zip(
            *sorted({(symbol_of[s], d): (symbol_of[s], d, c) for s, d, c in rows}.values()), strict=True
        )
        return {
            "symbol": np.array(symbol),
            "settlement_date": np.array(day, dtype="datetime64[D]"),
            "published_at": np.array([published_at(d) for d in day], dtype="datetime64[us]"),
            "days_to_cover": np.array(cover),
        }


def ticker_of(symbol: str) -> str:
    """The vendor's ticker: options O: with the root's dot left out, share classes with a dot."""
    try:
        contract = parse_option(symbol)
    except InstrumentError:
        return symbol.replace("-", ".")
    root = contract.underlying.replace(".", "").replace("-", "")
    return f"O:{root}{symbol.removeprefix(contract.underlying)}"


def _is_split(split: Any) -> bool:
    numbers = (split.split_from, split.split_to)
    return bool(split.execution_date) and all(isinstance(n, int | float) and n > 0 for n in numbers)


def _short_interest(row: Any) -> tuple[str, date, float] | None:
    if not (row.ticker and row.settlement_date and isinstance(row.days_to_cover, int | float)):
        return None
    return row.ticker, date.fromisoformat(row.settlement_date), float(row.days_to_cover)
