"""factor_returns and factor_betas: tables of the whole firm, by session."""

from collections.abc import Iterator
from hashlib import blake2b

import numpy as np

from pipelines.calc.betas import factor_betas as calc_betas
from pipelines.calc.factors import FACTOR_CODES
from pipelines.calc.rolling import WINDOW
from pipelines.calc.types import BoolArray, Columns, FloatArray, IntArray
from pipelines.sessions import sessions
from pipelines.steps.book import Book
from pipelines.steps.factor_window import FactorWindow, FactorWindows
from pipelines.steps.prices_window import RollingReturns
from pipelines.steps.work import Work, session_slices
from pipelines.tables.digest import DIGEST_SIZE, DIGEST_TYPE, DigestArray
from pipelines.tables.manifest import Slices
from pipelines.tables.specs import FACTOR_BETAS, FACTOR_RETURNS
from pipelines.tables.store import Batch

_LOOKBACK = WINDOW - 1


def factor_betas(work: Work) -> Iterator[Batch]:
    """Rows of factor_returns, then of factor_betas, chunk by chunk."""
    book = work.whole_book
    windows = FactorWindows(work.database, work.known_at)
    # An option has its underlying's beta: its own prices are not asked for.
    priced = book.symbols[np.unique(book.factor_column[book.factor_column >= 0])]
    instruments = RollingReturns(work.database, work.known_at.prices, priced)
    for start, end in work.session_chunks(4 * max(len(book.symbols), 1) * len(FACTOR_CODES)):
        factors = windows.read(start - _LOOKBACK, end)
        yield _factor_returns(factors, start, end)
        yield _factor_betas(instruments, book, factors, start, end)


def _factor_returns(window: FactorWindow, start: int, end: int) -> Batch:
    days = sessions()[start : end + 1]
    returns, members = window.factor_return[_LOOKBACK:], window.n_members[_LOOKBACK:]
    codes = np.array(FACTOR_CODES)
    reason = np.where(codes == "short_interest", "too_few_members", "no_proxy_return")
    rows: Columns = {
        "session": np.repeat(days, len(codes)),
        "factor": np.tile(codes, len(days)),
        "factor_return": returns.ravel(),
        "n_members": members.ravel(),
        "reason": np.where(np.isnan(returns), reason, "").ravel(),
    }
    return Batch(FACTOR_RETURNS, session_slices(days, days, {"inputs": window.inputs[_LOOKBACK:]}), rows)


def _factor_betas(
    instruments: RollingReturns, book: Book, window: FactorWindow, start: int, end: int
) -> Batch:
    days = sessions()[start : end + 1]
    active = active_symbols(book, start, end)
    used = active.any(axis=0)
    symbols, active = book.symbols[used], active[:, used]
    returns = instruments.read(start - _LOOKBACK, end)[:, np.searchsorted(instruments.symbols, symbols)]
    found = calc_betas(returns, window.factor_return, start - _LOOKBACK, len(days))
    row, column = np.nonzero(active)
    beta, r_squared, std_error, n_obs = (values[row, column].ravel() for values in found)
    count = len(FACTOR_CODES)
    rows: Columns = {
        "session": np.repeat(days[row], count),
        "symbol": np.repeat(symbols[column], count),
        "factor": np.tile(np.array(FACTOR_CODES), len(row)),
        "beta": beta,
        "n_obs": n_obs,
        "r_squared": r_squared,
        "std_error": std_error,
    }
    slices = Slices(days, np.zeros(len(days), dtype=np.int64), _hashes(symbols, active, returns, window))
    return Batch(FACTOR_BETAS, slices, rows)


def active_symbols(book: Book, start: int, end: int) -> BoolArray:
    """Which symbols have a beta on which session, (T, S): those active in a lot, or under an option."""
    lots = book.lots
    held = np.flatnonzero((book.factor_column >= 0) & (lots.last_ix >= lots.first_ix))
    held = held[(lots.first_ix[held] <= end) & (lots.last_ix[held] >= start)]
    change: IntArray = np.zeros((end - start + 2, len(book.symbols)), dtype=np.int64)
    column = book.factor_column[held]
    np.add.at(change, (np.maximum(lots.first_ix[held] - start, 0), column), 1)
    np.add.at(change, (np.minimum(lots.last_ix[held], end) - start + 1, column), -1)
    active: BoolArray = np.add.accumulate(change, axis=0)[:-1] > 0
    return active


def _hashes(symbols: np.ndarray, active: BoolArray, returns: FloatArray, window: FactorWindow) -> DigestArray:
    """Hash of each session's window: the active symbols, their returns and the factors'."""
    digests = []
    for row, is_active in enumerate(active):
        span = slice(row, row + WINDOW)
        named = "\n".join(symbols[is_active].tolist()).encode()
        numbers = (returns[span, is_active] + 0.0).tobytes() + (window.factor_return[span] + 0.0).tobytes()
        digests.append(blake2b(named + b"\0" + numbers, digest_size=DIGEST_SIZE).digest())
    return np.frombuffer(b"".join(digests), dtype=DIGEST_TYPE)
