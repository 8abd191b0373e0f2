"""risk_metrics: realized risk of the portfolio's returns, and ex-ante risk of today's holdings."""

from collections.abc import Iterator

import numpy as np

from pipelines.calc.equity import daily_return
from pipelines.calc.ex_ante import ExAnteRisk, ex_ante
from pipelines.calc.risk import DRAWDOWN_WINDOW, RealizedRisk, realized
from pipelines.calc.rolling import WINDOW
from pipelines.calc.types import Columns, FloatArray, IntArray
from pipelines.sessions import sessions
from pipelines.steps.prices_window import RollingReturns
from pipelines.steps.stored import Holdings, lot_rows, read_equity, read_holdings
from pipelines.steps.work import Work, bounds, hash_inputs, session_index_of
from pipelines.tables.manifest import Slices
from pipelines.tables.spec import date, integer, number
from pipelines.tables.specs import (
    FACTOR_EXPOSURES,
    POSITION_GREEKS,
    POSITION_PNL,
    RISK_METRICS,
    ROLLED_EQUITY,
)
from pipelines.tables.store import Batch

_BACK = DRAWDOWN_WINDOW - 1
_BETA = (date("session"), integer("portfolio_id"), number("delta_adjusted_exposure", nullable=True))


def risk_metrics(work: Work) -> Iterator[Batch]:
    """Rows of risk_metrics, chunk by chunk."""
    work = work.requiring(POSITION_PNL, POSITION_GREEKS, ROLLED_EQUITY, FACTOR_EXPOSURES)
    columns = np.unique(work.book.factor_column[work.book.factor_column >= 0])
    chunks = work.chunks(max(4 * len(work.book.lots), WINDOW * len(columns)))
    if not chunks:
        return
    instruments = RollingReturns(work.database, work.known_at.prices, work.book.symbols[columns])
    returns = _Returns(work, chunks[0][0], chunks[-1][1])
    for start, end in chunks:
        yield _risk(work, returns, instruments, columns, start, end)


class _Returns:
    """Daily returns of the portfolios, NaN where there is none, from 89 sessions before a range: (P, T + 89)."""

    def __init__(self, work: Work, start: int, end: int) -> None:
        self._start = start - _BACK
        equity = read_equity(work, self._start, end)
        daily = daily_return(equity["daily_pnl"], equity["opening_equity"])
        self._returns = np.where(equity["stored"], daily, np.nan)
        self._nav = equity["closing_equity"]

    def between(self, start: int, end: int) -> tuple[FloatArray, IntArray]:
        """Returns with their lookback, (P, T + 89), and net asset value, (P, T)."""
        first, last = start - self._start, end - self._start + 1
        return self._returns[:, first - _BACK : last].copy(), self._nav[:, first:last].copy()


def _risk(
    work: Work, returns: _Returns, instruments: RollingReturns, columns: IntArray, start: int, end: int
) -> Batch:
    holdings = read_holdings(work, start, end, ("delta_adjusted_value",))
    portfolio_returns, nav = returns.between(start, end)
    at = (holdings.portfolio, holdings.ix - start)
    past = realized(portfolio_returns, nav, work.risk_free_rate)
    instrument_returns = instruments.read(start - (WINDOW - 1), end)
    column = _columns(work, columns, holdings)
    ahead = ex_ante(
        instrument_returns,
        end - start + 1,
        holdings.rows["delta_adjusted_value"],
        column,
        holdings.starts,
        at[1],
        nav[at],
    )
    beta = _market_exposure(work, start, end)[at]
    stored = _rows(work, holdings, at, past, ahead, beta)
    windows = np.lib.stride_tricks.sliding_window_view(portfolio_returns, DRAWDOWN_WINDOW, axis=1)
    inputs = {
        "nav": nav[at],
        "beta": beta,
        "risk_free_rate": np.full(len(beta), work.risk_free_rate),
        "returns": windows[at],
        "holdings": _holdings_hash(holdings, column, instrument_returns, start),
    }
    hashes = hash_inputs(holdings.codes, holdings.codes, inputs)
    return Batch(RISK_METRICS, Slices(stored["session"], stored["portfolio_id"], hashes), stored)


def _columns(work: Work, columns: IntArray, holdings: Holdings) -> IntArray:
    """Column of each row's instrument (an option's underlying) among those used, (n,); −1 for privates."""
    of_lot = work.book.factor_column[lot_rows(work.book, holdings.rows["position_id"])]
    return np.where(of_lot >= 0, np.searchsorted(columns, of_lot), -1)


def _market_exposure(work: Work, start: int, end: int) -> FloatArray:
    """Delta-adjusted exposure to the market factor, (P, T); NaN where null."""
    plan = work.plan
    params = bounds(start, end) | {"portfolios": plan.portfolio_id.tolist()}
    found = work.stored(_BETA, "analytics/market_exposure", params)
    beta = np.full((len(plan.portfolio_id), end - start + 1), np.nan)
    row = np.searchsorted(plan.portfolio_id, found["portfolio_id"])
    beta[row, session_index_of(found) - start] = found["delta_adjusted_exposure"]
    return beta


def _rows(
    work: Work,
    holdings: Holdings,
    at: tuple[IntArray, IntArray],
    past: RealizedRisk,
    ahead: ExAnteRisk,
    beta: FloatArray,
) -> Columns:
    return {
        "session": sessions()[holdings.ix],
        "portfolio_id": work.plan.portfolio_id[holdings.portfolio],
        "portfolio_beta": beta,
        "volatility": past.volatility[at],
        "sharpe_ratio": past.sharpe_ratio[at],
        "max_drawdown": past.max_drawdown[at],
        "var_95": past.var_95[at],
        "ex_ante_volatility": ahead.ex_ante_volatility,
        "ex_ante_var_95": ahead.ex_ante_var_95,
        "n_obs_60": past.n_obs_60[at],
        "n_obs_90": past.n_obs_90[at],
        "n_obs_ex_ante": ahead.n_obs,
        "ex_ante_coverage": ahead.ex_ante_coverage,
        "reason": past.reason[at],
        "ex_ante_reason": ahead.reason,
    }


def _holdings_hash(holdings: Holdings, column: IntArray, returns: FloatArray, start: int) -> np.ndarray:
    """Hash of each slice's lots and of their instruments' returns in the window."""
    # An instrument's window is hashed once for all the lots that hold it.
    windows = np.lib.stride_tricks.sliding_window_view(returns, WINDOW, axis=0)
    count, width = windows.shape[:2]
    flat = np.arange(count * width, dtype=np.int64)
    by_window = hash_inputs(flat, flat, {"window": windows.reshape(count * width, WINDOW)})
    nothing = np.zeros(1, dtype=by_window.dtype)
    place = np.where(column >= 0, (session_index_of(holdings.rows) - start) * width + column, len(flat))
    inputs = {
        "position_id": holdings.rows["position_id"],
        "delta_adjusted_value": holdings.rows["delta_adjusted_value"],
        "window": np.concatenate([by_window, nothing])[place],
    }
    return hash_inputs(holdings.codes, holdings.row_codes, inputs)
