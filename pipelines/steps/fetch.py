"""The market steps: what the books need from a price source, fetched and stored."""

from collections.abc import Iterator
from datetime import date as day
from datetime import timedelta
from typing import Any

import numpy as np

from pipelines.calc.factors import FACTORS
from pipelines.calc.rolling import WINDOW
from pipelines.calc.types import BoolArray, Columns, IntArray
from pipelines.sessions import index_on_or_before, session_at, sessions
from pipelines.sources.errors import SourceError
from pipelines.sources.protocol import PriceSource
from pipelines.sources.settlements import newest_published
from pipelines.sources.universe import SHORT_INTEREST_UNIVERSE
from pipelines.sources.vendor import RefusedError, Vendor
from pipelines.steps.bars import store_bars
from pipelines.steps.book import Book, read_book
from pipelines.steps.closes import read_closes
from pipelines.steps.fetched import Fetched, Need
from pipelines.steps.known_at import NOW
from pipelines.steps.plan import Request, read_plan
from pipelines.steps.vendor_prices import fetch_from_vendor
from pipelines.steps.work import session_dates
from pipelines.tables.database import Database
from pipelines.tables.spec import date, integer, text
from pipelines.tables.specs import PRICES, SECURITIES, SHORT_INTEREST, SYMBOL_WIDTH
from pipelines.tables.upsert import upsert

LOOKBACK = WINDOW + 1
"""Sessions before inception whose closes the windows of the first session need."""

_PORTFOLIOS = (integer("portfolio_id"), date("inception_date"))
_SYMBOL = (text("symbol", SYMBOL_WIDTH),)
_COUNTS = (integer("closes"),)
_SHORT_INTEREST_LOOKBACK = timedelta(days=60)
_SETTLEMENTS_APART = timedelta(days=20)


def fetch_prices(database: Database, source: PriceSource, request: Request) -> Fetched:
    """Fetch the closes of the requested range anew, and those that lookbacks need and nobody fetched yet.

    A run of what is stale fetches the latter alone: its inputs are stored. A vendor, whose calls count, is asked only
    for what is missing, provisional or explicitly asked anew.
    """
    read_plan(database, request, None)  # a hole before the range is an error before anything is fetched
    need = price_need(database, request)
    if isinstance(source, Vendor):
        return fetch_from_vendor(database, source, need, request)
    if request.stale_only:
        ask = _unstored(database, need)
    else:
        ask, ix = need.wanted.copy(), np.arange(need.start_ix, need.end_ix + 1)
        for beside in (ix < request.start_ix, ix > request.end_ix):
            ask[beside] = _unstored(database, need.of(beside))
    parts = [_ask(source, need, ask, symbols, first, last) for symbols, first, last in _groups(ask)]
    found = (
        {name: np.concatenate([part[name] for part in parts]) for name in PRICES.column_names}
        if parts
        else {}
    )
    written = len(store_bars(database, found)["session"]) if parts else 0
    return Fetched(int(ask.sum()), written, _missing(need, ask, found))


def missing_prices(database: Database, source: PriceSource, request: Request) -> Fetched:
    """Which closes a run needs that nobody has fetched; asks no source and stores nothing."""
    del source
    read_plan(database, request, None)
    need = price_need(database, request)
    counts = _unstored(database, need).sum(axis=0)
    missing = {str(need.symbols[column]): int(counts[column]) for column in np.flatnonzero(counts)}
    return Fetched(0, 0, missing)


def _unstored(database: Database, need: Need) -> BoolArray:
    """Which of the wanted closes are not stored, (T, S).

    They are counted first, and looked at of those symbols alone that lack one: hardly any has changed since yesterday.
    """
    unstored: BoolArray = np.zeros(need.wanted.shape, dtype=np.bool_)
    if not need.wanted.any():
        return unstored
    first, last = need.wanted.argmax(axis=0), len(need.wanted) - 1 - need.wanted[::-1].argmax(axis=0)
    params = {
        "symbols": need.symbols.tolist(),
        "first": session_dates(need.start_ix + first),
        "last": session_dates(need.start_ix + last),
    }
    found = database.columns(_COUNTS, "market/count_closes", params)
    lacking = np.flatnonzero(found["closes"] < need.wanted.sum(axis=0))
    stored = read_closes(database, NOW.prices, need.symbols[lacking], need.start_ix, need.end_ix)
    unstored[:, lacking] = need.wanted[:, lacking] & np.isnan(stored)
    return unstored


def fetch_nothing(database: Database, source: PriceSource, request: Request) -> Fetched:
    """A dry run's share of the other market steps."""
    del database, source, request
    return Fetched(0, 0)


def _ask(
    source: PriceSource, need: Need, ask: BoolArray, columns: IntArray, first: int, last: int
) -> Columns:
    """Bars of some symbols between two rows of the need, without those nobody asked for."""
    symbols = need.symbols[columns]
    start, end = session_at(need.start_ix + first), session_at(need.start_ix + last)
    bars = source.prices(symbols.tolist(), start, end)
    row = index_on_or_before(bars["session"]) - need.start_ix
    column = np.minimum(np.searchsorted(need.symbols, bars["symbol"]), len(need.symbols) - 1)
    keep = ask[row, column] & (need.symbols[column] == bars["symbol"])
    kept = {name: values[keep] for name, values in bars.items()}
    return {**kept, "source": np.full(int(keep.sum()), source.name)}


def _groups(ask: BoolArray) -> Iterator[tuple[IntArray, int, int]]:
    """Columns that need the same span of rows, with its first and last row: one call to the source each."""
    columns = np.flatnonzero(ask.any(axis=0))
    first = ask[:, columns].argmax(axis=0)
    last = len(ask) - 1 - ask[::-1, columns].argmax(axis=0)
    for span in np.unique(np.stack([first, last], axis=1), axis=0) if len(columns) else []:
        yield columns[(first == span[0]) & (last == span[1])], int(span[0]), int(span[1])


def _missing(need: Need, ask: BoolArray, found: Columns) -> dict[str, int]:
    answered = np.zeros(ask.shape, dtype=np.bool_)
    if found:
        row = index_on_or_before(found["session"]) - need.start_ix
        answered[row, np.searchsorted(need.symbols, found["symbol"])] = True
    counts = (ask & ~answered).sum(axis=0)
    return {str(need.symbols[column]): int(counts[column]) for column in np.flatnonzero(counts)}


def price_need(database: Database, request: Request) -> Need:
    """Which closes the books need.

    Of a held symbol: from 61 sessions before the earliest inception of any book that holds it to the end of the
    last lot in scope (or the request's). Of factor proxies and the short-interest universe: all sessions.
    """
    inception = database.columns(_PORTFOLIOS, "book/portfolios", {"known_at": None, "portfolios": None})
    book = read_book(database, NOW, None)
    inception_ix = index_on_or_before(inception["inception_date"])
    scope = inception["portfolio_id"] if request.portfolios is None else np.array(request.portfolios)
    starts = inception_ix[np.isin(inception["portfolio_id"], scope)]
    common_from = min(int(starts.min(initial=request.start_ix)), request.start_ix) - LOOKBACK
    first, last = _held_spans(book, inception["portfolio_id"], inception_ix, scope, request.end_ix)
    held = last >= 0
    earliest = int(first[held].min(initial=common_from))
    factors = np.array(sorted({f.proxy for f in FACTORS if f.proxy} | set(SHORT_INTEREST_UNIVERSE)))
    symbols = np.unique(np.concatenate([book.symbols[held], factors]))
    from_ix, to_ix = np.full(len(symbols), np.iinfo(np.int64).max), np.full(len(symbols), -1)
    own = np.searchsorted(symbols, book.symbols[held])
    from_ix[own], to_ix[own] = first[held], last[held]
    common = np.searchsorted(symbols, factors)
    from_ix[common], to_ix[common] = np.minimum(from_ix[common], common_from), request.end_ix
    ix = np.arange(earliest, request.end_ix + 1)[:, np.newaxis]
    return Need(symbols, earliest, (from_ix <= ix) & (ix <= to_ix))


def _held_spans(
    book: Book, portfolio_id: IntArray, inception_ix: IntArray, scope: IntArray, end_ix: int
) -> tuple[IntArray, IntArray]:
    """First and last session index each public symbol of the book is needed on, (S,); last −1 out of scope."""
    lots = book.lots
    first = np.full(len(book.symbols), np.iinfo(np.int64).max)
    last = np.full(len(book.symbols), -1)
    held = np.flatnonzero(lots.last_ix >= lots.first_ix)
    start = inception_ix[np.searchsorted(portfolio_id, lots.portfolio_id[held])] - LOOKBACK
    end = np.where(np.isin(lots.portfolio_id[held], scope), np.minimum(lots.last_ix[held], end_ix), -1)
    for columns in (book.market_column[held], lots.underlying_column[held]):
        public = columns >= 0
        np.minimum.at(first, columns[public], start[public])
        np.maximum.at(last, columns[public], end[public])
    return first, last


def fetch_securities(database: Database, source: PriceSource, request: Request) -> Fetched:
    """Describe symbols that have no sector yet; one that the source does not know gets a row with the reason."""
    portfolios = None if request.portfolios is None else list(request.portfolios)
    unknown = database.columns(_SYMBOL, "market/undescribed", {"portfolios": portfolios})["symbol"]
    if not len(unknown):
        return Fetched(0, 0)
    try:
        answer = source.securities(unknown.tolist())
    except RefusedError:
        raise
    except SourceError as error:
        if not isinstance(source, Vendor):
            raise
        return Fetched(len(unknown), 0, problems={"": str(error)})  # no position waits for its sector
    unanswered = unknown[~np.isin(unknown, answer["symbol"])]
    described: dict[str, Any] = {
        name: np.concatenate([answer[name], np.full(len(unanswered), "")])
        for name in ("name", "sector", "industry")
    }
    described["symbol"] = np.concatenate([answer["symbol"], unanswered])
    by = answer.get("source", np.full(len(answer["symbol"]), source.name))
    described["source"] = np.concatenate([by, np.full(len(unanswered), source.name)])
    told = np.concatenate(
        [answer.get("reason", np.full(len(answer["symbol"]), "")), np.full(len(unanswered), "")]
    )
    untold = (described["sector"] == "") & (told == "")
    described["reason"] = np.where(
        untold, "unknown to the source", np.where(described["sector"] == "", told, "")
    )
    with database.transaction():
        written = upsert(database, SECURITIES, described)
    without = described["reason"] != ""
    problems = dict(
        zip(described["symbol"][without].tolist(), described["reason"][without].tolist(), strict=True)
    )
    return Fetched(len(unknown), len(written["symbol"]), dict.fromkeys(unanswered.tolist(), 1), problems)


def fetch_short_interest(database: Database, source: PriceSource, request: Request) -> Fetched:
    """Fetch the short interest of the fixed universe that the range's sessions may look at.

    A run of what is stale fetches none: its inputs are stored.
    """
    if request.stale_only:
        return Fetched(0, 0)
    inception = database.columns(_PORTFOLIOS, "book/portfolios", {"known_at": None, "portfolios": None})
    earliest = min(
        int(index_on_or_before(inception["inception_date"]).min(initial=request.start_ix)), request.start_ix
    )
    start = sessions()[max(earliest - LOOKBACK, 0)].item() - _SHORT_INTEREST_LOOKBACK
    symbols, end = sorted(SHORT_INTEREST_UNIVERSE), session_at(request.end_ix)
    if isinstance(source, Vendor) and not request.anew and _has_short_interest(database, symbols, start, end):
        return Fetched(0, 0)
    try:
        found = source.short_interest(symbols, start, end)
    except RefusedError:
        raise
    except SourceError as error:
        if not isinstance(source, Vendor):
            raise
        return Fetched(
            len(symbols), 0, problems={"": str(error)}
        )  # the factor is null with its reason meanwhile
    with database.transaction():
        written = upsert(database, SHORT_INTEREST, found)
    return Fetched(len(found["symbol"]), len(written["symbol"]))


def _has_short_interest(database: Database, symbols: list[str], start: day, end: day) -> bool:
    """Whether short interest is stored from the window's beginning to the newest published by its end."""
    ((first, last),) = database.rows("market/settlements", {"symbols": symbols})
    newest = newest_published(end)
    return first is not None and first <= start + _SETTLEMENTS_APART and last >= newest
