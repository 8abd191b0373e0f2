"""snapshots: the book of a portfolio at the close of a session."""

from collections.abc import Iterator

import numpy as np

from pipelines.calc.equity import daily_return, period_to_date
from pipelines.calc.exposures import exposures
from pipelines.calc.segments import sum_floats, sum_money
from pipelines.calc.types import NULL_MONEY, Columns, IntArray
from pipelines.sessions import sessions
from pipelines.steps.stored import Holdings, read_equity, read_holdings
from pipelines.steps.work import Work, hash_inputs
from pipelines.tables.manifest import Slices
from pipelines.tables.specs import POSITION_GREEKS, POSITION_PNL, ROLLED_EQUITY, SNAPSHOTS
from pipelines.tables.store import Batch

_GREEKS = ("delta", "gamma", "theta", "vega")
_COLUMNS = ("is_open", "is_stale", "is_unpriced", "market_value", "delta_adjusted_value", *_GREEKS)


def snapshots(work: Work) -> Iterator[Batch]:
    """Rows of snapshots, chunk by chunk."""
    work = work.requiring(POSITION_PNL, POSITION_GREEKS, ROLLED_EQUITY)
    chunks = work.chunks(len(work.book.lots))
    if not chunks:
        return
    pnl = _PeriodPnl(work, chunks[-1][1])
    for start, end in chunks:
        yield _snapshots(work, pnl, start, end)


class _PeriodPnl:
    """P&L since the start of the month, the year and inception, and the equity it is of: (P, T) grids."""

    def __init__(self, work: Work, end: int) -> None:
        self.start = int(work.plan.inception_ix.min()) + 1
        grids = read_equity(work, self.start, end)
        days = sessions()[self.start : end + 1]
        months = days.astype("datetime64[M]").astype(np.int64)
        years = days.astype("datetime64[Y]").astype(np.int64)
        self.opening, self.closing, self.daily = (
            grids[name] for name in ("opening_equity", "closing_equity", "daily_pnl")
        )
        self.month_to_date = period_to_date(self.daily, months)
        self.year_to_date = period_to_date(self.daily, years)
        self.cumulative = np.add.accumulate(self.daily, axis=1)


def _snapshots(work: Work, pnl: _PeriodPnl, start: int, end: int) -> Batch:
    holdings = read_holdings(work, start, end, _COLUMNS)
    rows, starts = holdings.rows, holdings.starts
    at = (holdings.portfolio, holdings.ix - pnl.start)
    nav, opening, daily = pnl.closing[at], pnl.opening[at], pnl.daily[at]
    held = exposures(rows["market_value"], starts)
    stored: Columns = {
        "session": sessions()[holdings.ix],
        "portfolio_id": work.plan.portfolio_id[holdings.portfolio],
        "net_asset_value": nav,
        "cash": nav - held.net,
        "long_exposure": held.long,
        "short_exposure": held.short,
        "gross_exposure": held.gross,
        "net_exposure": held.net,
        **_delta_adjusted(holdings),
        "daily_pnl": daily,
        "mtd_pnl": pnl.month_to_date[at],
        "ytd_pnl": pnl.year_to_date[at],
        "cumulative_pnl": pnl.cumulative[at],
        "daily_return": daily_return(daily, opening),
        **_counts(holdings),
        **{greek: sum_floats(rows[greek], starts) for greek in _GREEKS},
    }
    no_underlying = stored["delta_net_exposure"] == NULL_MONEY
    stored["reason"] = np.where(
        opening <= 0, "opening_not_positive", np.where(no_underlying, "no_underlying_price", "")
    )
    equity = ("net_asset_value", "daily_pnl", "mtd_pnl", "ytd_pnl", "cumulative_pnl")
    lots = hash_inputs(holdings.codes, holdings.row_codes, {n: v for n, v in rows.items() if n != "session"})
    inputs = {**{name: stored[name] for name in equity}, "opening": opening, "lots": lots}
    hashes = hash_inputs(holdings.codes, holdings.codes, inputs)
    return Batch(SNAPSHOTS, Slices(stored["session"], stored["portfolio_id"], hashes), stored)


def _delta_adjusted(holdings: Holdings) -> dict[str, IntArray]:
    """Delta-adjusted exposures; null where a lot's delta-adjusted value is unknown."""
    values = holdings.rows["delta_adjusted_value"]
    found = exposures(values, holdings.starts)
    unknown = sum_money((values == NULL_MONEY).astype(np.int64), holdings.starts) > 0
    sides = {"long": found.long, "short": found.short, "gross": found.gross, "net": found.net}
    return {f"delta_{side}_exposure": np.where(unknown, NULL_MONEY, value) for side, value in sides.items()}


def _counts(holdings: Holdings) -> dict[str, IntArray]:
    """Lots held at the close, and how many of them are stale or unpriced."""
    rows = holdings.rows
    flags = {
        "position_count": rows["is_open"],
        "stale_positions": rows["is_open"] & rows["is_stale"],
        "unpriced_positions": rows["is_open"] & rows["is_unpriced"],
    }
    return {name: sum_money(values.astype(np.int64), holdings.starts) for name, values in flags.items()}
