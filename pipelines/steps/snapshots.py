"""snapshots: the book of a portfolio at the close of a session."""

from collections.abc import Iterator

import numpy as np

from pipelines.calc.equity import chained_return, daily_return, period_to_date
from pipelines.calc.exposures import exposures
from pipelines.calc.issuers import IssuerGroups, first_of_issuer, group_by_issuer, issuer_gross
from pipelines.calc.lots import POSITION_TYPES
from pipelines.calc.segments import sum_floats, sum_money
from pipelines.calc.types import NULL_MONEY, BoolArray, Columns, FloatArray, IntArray
from pipelines.sessions import index_on_or_after, session_at, sessions
from pipelines.steps.book import Book
from pipelines.steps.price_sources import price_sources
from pipelines.steps.stored import Holdings, lot_rows, read_equity, read_holdings
from pipelines.steps.top_movers import LotNames, top_movers
from pipelines.steps.work import Work, hash_inputs
from pipelines.tables.manifest import Slices
from pipelines.tables.spec import integer, money
from pipelines.tables.specs import POSITION_GREEKS, POSITION_PNL, ROLLED_EQUITY, SNAPSHOTS
from pipelines.tables.store import Batch

_PNL = (integer("portfolio_id"), money("daily_pnl"))
_GREEKS = ("delta", "gamma", "theta", "vega")
_VALUES = ("market_value", "unrealized_pnl", "delta_adjusted_value")
_COLUMNS = ("price_date", "daily_pnl", "is_open", "is_stale", "is_unpriced", *_VALUES, *_GREEKS)


def snapshots(work: Work) -> Iterator[Batch]:
    """Rows of snapshots, chunk by chunk."""
    work = work.requiring(POSITION_PNL, POSITION_GREEKS, ROLLED_EQUITY)
    chunks = work.chunks(len(work.book.lots))
    if not chunks:
        return
    equity, names = _Equity(work, chunks[0][0], chunks[-1][1]), LotNames.of(work.book)
    for start, end in chunks:
        yield _snapshots(work, equity, names, start, end)


class _Equity:
    """Equity since the beginning of the first session's year, its P&L and returns to date: (P, T) grids."""

    def __init__(self, work: Work, first: int, end: int) -> None:
        year = np.datetime64(session_at(first), "Y").astype("datetime64[D]")
        self.start = max(int(work.plan.inception_ix.min()) + 1, int(index_on_or_after(year)))
        grids = read_equity(work, self.start, end)
        days = sessions()[self.start : end + 1]
        months = days.astype("datetime64[M]").astype(np.int64)
        years = days.astype("datetime64[Y]").astype(np.int64)
        self.opening, closing, pnl = (
            grids[name] for name in ("opening_equity", "closing_equity", "daily_pnl")
        )
        self.money: dict[str, IntArray] = {
            "net_asset_value": closing,
            "daily_pnl": pnl,
            "mtd_pnl": period_to_date(pnl, months),
            "ytd_pnl": period_to_date(pnl, years),
            "cumulative_pnl": _pnl_before(work, self.start)[:, np.newaxis] + np.add.accumulate(pnl, axis=1),
        }
        equity = self.opening, pnl, closing, grids["stored"]
        self.returns: dict[str, FloatArray] = {
            "daily_return": daily_return(pnl, self.opening),
            "mtd_return": chained_return(*equity, months),
            "ytd_return": chained_return(*equity, years),
        }


def _pnl_before(work: Work, before_ix: int) -> IntArray:
    """P&L of all sessions before one, by portfolio, (P,)."""
    plan, pnl = work.plan, np.zeros(len(work.plan.portfolio_id), dtype=np.int64)
    params = {"before": session_at(before_ix), "portfolios": plan.portfolio_id.tolist()}
    found = work.stored(_PNL, "analytics/pnl_before", params)
    pnl[np.searchsorted(plan.portfolio_id, found["portfolio_id"])] = found["daily_pnl"]
    return pnl


def _snapshots(work: Work, equity: _Equity, names: LotNames, start: int, end: int) -> Batch:
    holdings = read_holdings(work, start, end, _COLUMNS)
    rows, starts = holdings.rows, holdings.starts
    at = (holdings.portfolio, holdings.ix - equity.start)
    opening = equity.opening[at]
    figures: Columns = {name: grid[at] for name, grid in (equity.money | equity.returns).items()}
    held = exposures(rows["market_value"], starts)
    lot = lot_rows(work.book, rows["position_id"])
    type_code = work.book.lots.type_code[lot]
    by_issuer = group_by_issuer(_issuers(work.book)[lot], starts)
    delta_adjusted = _delta_adjusted(holdings, by_issuer)
    stored: Columns = {
        "session": sessions()[holdings.ix],
        "portfolio_id": work.plan.portfolio_id[holdings.portfolio],
        **figures,
        "cash": figures["net_asset_value"] - held.net,
        "long_exposure": held.long,
        "short_exposure": held.short,
        "gross_exposure": held.gross,
        "net_exposure": held.net,
        "issuer_gross_exposure": issuer_gross(rows["market_value"], by_issuer),
        **delta_adjusted,
        "unrealized_pnl": sum_money(rows["unrealized_pnl"], starts),
        **_counts(holdings, type_code),
        **{greek: sum_floats(rows[greek], starts) for greek in _GREEKS},
        "reason": _reasons(opening, delta_adjusted["delta_net_exposure"]),
        "price_sources": price_sources(work, holdings, lot),
        "top_movers": top_movers(names, holdings, lot),
    }
    # An issuer is no more than which lots it is of; the name of its first lot says that in whatever batch.
    by_lot = {
        "name": names.code[lot],
        "type": type_code,
        "issuer": first_of_issuer(rows["position_id"], by_issuer),
    }
    by_lot |= {name: values for name, values in rows.items() if name not in ("session", "price_date")}
    lots = hash_inputs(holdings.codes, holdings.row_codes, by_lot)
    inputs = {**figures, "opening": opening, "lots": lots, "price_sources": stored["price_sources"]}
    hashes = hash_inputs(holdings.codes, holdings.codes, inputs)
    return Batch(SNAPSHOTS, Slices(stored["session"], stored["portfolio_id"], hashes), stored)


def _reasons(opening: IntArray, delta_net: IntArray) -> np.ndarray:
    """Why a figure is null, (R,); the empty string where none is."""
    no_underlying = np.where(delta_net == NULL_MONEY, "no_underlying_price", "")
    return np.where(opening <= 0, "opening_not_positive", no_underlying)


def _issuers(book: Book) -> IntArray:
    """A number for the issuer of each lot, (L,): of its underlying or own symbol; a private is its own, apart."""
    return np.where(book.factor_column >= 0, book.factor_column, book.lots.price_column)


def _delta_adjusted(holdings: Holdings, by_issuer: IssuerGroups) -> dict[str, IntArray]:
    """Delta-adjusted exposures; null where a lot's delta-adjusted value is unknown."""
    values = holdings.rows["delta_adjusted_value"]
    found = exposures(values, holdings.starts)
    unknown = sum_money((values == NULL_MONEY).astype(np.int64), holdings.starts) > 0
    sides = {
        "delta_long_exposure": found.long,
        "delta_short_exposure": found.short,
        "delta_gross_exposure": found.gross,
        "delta_net_exposure": found.net,
        "delta_issuer_gross_exposure": issuer_gross(values, by_issuer),
    }
    return {name: np.where(unknown, NULL_MONEY, value) for name, value in sides.items()}


def _counts(holdings: Holdings, type_code: np.ndarray) -> dict[str, IntArray]:
    """Lots held at the close, how many of them are stale or unpriced, and how many of each type."""
    rows = holdings.rows
    is_open = rows["is_open"]
    flags: dict[str, BoolArray] = {
        "position_count": is_open,
        "stale_positions": is_open & rows["is_stale"],
        "unpriced_positions": is_open & rows["is_unpriced"],
    }
    for code, name in enumerate(POSITION_TYPES):
        flags[f"{name.lower()}_positions"] = is_open & (type_code == code)
    return {name: sum_money(values.astype(np.int64), holdings.starts) for name, values in flags.items()}
