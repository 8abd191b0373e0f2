"""factor_exposures by portfolio, and the factors' covariance by session."""

from collections.abc import Iterator

import numpy as np

from pipelines.calc.betas import factor_covariance
from pipelines.calc.exposures import factor_exposures as calc_exposures
from pipelines.calc.factors import FACTOR_CODES
from pipelines.calc.rolling import MIN_OBSERVATIONS, WINDOW
from pipelines.calc.types import Columns, FloatArray
from pipelines.sessions import sessions
from pipelines.steps.factor_window import FactorWindows
from pipelines.steps.stored import FACTOR_OF, Holdings, lot_rows, read_betas, read_equity, read_holdings
from pipelines.steps.work import Work, hash_inputs, session_index_of, session_slices
from pipelines.tables.manifest import Slices
from pipelines.tables.specs import (
    FACTOR_COVARIANCE,
    FACTOR_EXPOSURES,
    POSITION_GREEKS,
    POSITION_PNL,
    ROLLED_EQUITY,
)
from pipelines.tables.store import Batch

_LOOKBACK = WINDOW - 1
_ORDERED = np.array(FACTOR_CODES)[FACTOR_OF]


def factor_exposures(work: Work) -> Iterator[Batch]:
    """Rows of factor_covariance, then of factor_exposures, chunk by chunk."""
    factors = FactorWindows(work.database, work.known_at)
    for start, end in work.session_chunks(500):
        yield _covariance(factors, start, end)
    work = work.requiring(POSITION_PNL, POSITION_GREEKS, ROLLED_EQUITY)
    for start, end in work.chunks(len(FACTOR_CODES) * max(len(work.book.lots), 1)):
        yield _exposures(work, factors, start, end)


def _covariance(factors: FactorWindows, start: int, end: int) -> Batch:
    days = sessions()[start : end + 1]
    window = factors.read(start - _LOOKBACK, end).factor_return
    covariance = factor_covariance(window, start - _LOOKBACK, len(days))
    first, second = np.triu_indices(len(_ORDERED))
    rows: Columns = {
        "session": np.repeat(days, len(first)),
        "factor_a": np.tile(_ORDERED[first], len(days)),
        "factor_b": np.tile(_ORDERED[second], len(days)),
        "covariance": covariance[:, FACTOR_OF[first], FACTOR_OF[second]].ravel(),
    }
    windows = np.lib.stride_tricks.sliding_window_view(window, WINDOW, axis=0)
    slices = session_slices(days, days, {"window": np.ascontiguousarray(windows)})
    return Batch(FACTOR_COVARIANCE, slices, rows)


def _exposures(work: Work, windows: FactorWindows, start: int, end: int) -> Batch:
    plan, holdings = work.plan, read_holdings(work, start, end, ("market_value", "delta_adjusted_value"))
    nav = read_equity(work, start, end)["closing_equity"][holdings.portfolio, holdings.ix - start]
    factors = windows.read(start - _LOOKBACK, end).factor_return
    betas = _betas(work, holdings, start, end)
    usable = _available(factors)[holdings.ix - start]
    rows = holdings.rows
    found = calc_exposures(
        rows["market_value"], rows["delta_adjusted_value"], betas, holdings.starts, nav, usable
    )
    count = len(FACTOR_CODES)
    session, portfolio_id = sessions()[holdings.ix], plan.portfolio_id[holdings.portfolio]
    stored: Columns = {
        "session": np.repeat(session, count),
        "portfolio_id": np.repeat(portfolio_id, count),
        "factor": np.tile(np.array(FACTOR_CODES), len(session)),
        "exposure": found.exposure.ravel(),
        "delta_adjusted_exposure": found.delta_adjusted_exposure.ravel(),
        "dollar_exposure": found.dollar_exposure.ravel(),
        "coverage": found.coverage.ravel(),
        "reason": found.reason.ravel(),
    }
    # The slice's own inputs (NAV, which factors exist) first, then its lots'.
    by_lot = {name: rows[name] for name in ("position_id", "market_value", "delta_adjusted_value")} | {
        "beta": betas
    }
    inputs = {"nav": nav, "usable": usable, "lots": hash_inputs(holdings.codes, holdings.row_codes, by_lot)}
    return Batch(
        FACTOR_EXPOSURES,
        Slices(session, portfolio_id, hash_inputs(holdings.codes, holdings.codes, inputs)),
        stored,
    )


def _available(factor_return: FloatArray) -> np.ndarray:
    """Whether each factor has enough returns in the window for any beta to exist, (T, F)."""
    present = ~np.isnan(factor_return)
    windows = np.lib.stride_tricks.sliding_window_view(present, WINDOW, axis=0)
    enough: np.ndarray = windows.sum(axis=-1) >= MIN_OBSERVATIONS
    return enough


def _betas(work: Work, holdings: Holdings, start: int, end: int) -> FloatArray:
    """Beta of each row's symbol (an option's underlying) to each factor, (n, F); NaN where there is none."""
    book = work.book
    stored = read_betas(work, book.symbols, start, end)
    # One more column, always missing, for lots without a symbol: index −1.
    grid = np.concatenate([stored, np.full((len(stored), 1, len(FACTOR_CODES)), np.nan)], axis=1)
    lot = lot_rows(book, holdings.rows["position_id"])
    betas: FloatArray = grid[session_index_of(holdings.rows) - start, book.factor_column[lot]]
    return betas
