"""Returns of the eight factors over any range of sessions, from prices and short interest alone."""

from dataclasses import dataclass

import numpy as np

from pipelines.calc.factors import FACTORS, short_interest_return
from pipelines.calc.types import Columns, FloatArray, IntArray
from pipelines.sessions import index_on_or_before
from pipelines.sources.universe import SHORT_INTEREST_UNIVERSE
from pipelines.steps.known_at import KnownAt
from pipelines.steps.prices_window import RollingReturns
from pipelines.tables.database import Database
from pipelines.tables.spec import date, number, text
from pipelines.tables.specs import SYMBOL_WIDTH

_SHORT_INTEREST = (text("symbol", SYMBOL_WIDTH), date("published_on"), number("days_to_cover"))


@dataclass(frozen=True)
class FactorWindow:
    """factor_return (T, F) fractions, NaN missing; n_members (T, F); inputs (T, …): what each row is of."""

    factor_return: FloatArray
    n_members: IntArray
    inputs: FloatArray


class FactorWindows:
    """Factor returns over windows that move forward."""

    def __init__(self, database: Database, known_at: KnownAt) -> None:
        proxies = np.array([factor.proxy for factor in FACTORS if factor.proxy])
        self._universe = np.array(sorted(SHORT_INTEREST_UNIVERSE))
        symbols = np.unique(np.concatenate([proxies, self._universe]))
        self._returns = RollingReturns(database, known_at.prices, symbols)
        params = {"known_at": known_at.short_interest, "symbols": self._universe.tolist()}
        self._published = database.columns(_SHORT_INTEREST, "market/short_interest", params)

    def read(self, start_ix: int, end_ix: int) -> FactorWindow:
        """Calculate factor returns for the sessions from start_ix to end_ix."""
        symbols, universe = self._returns.symbols, self._universe
        returns = self._returns.read(start_ix, end_ix)
        member_returns = returns[:, np.searchsorted(symbols, universe)]
        to_cover = days_to_cover(self._published, universe, start_ix, end_ix)
        shorted, members = short_interest_return(to_cover, member_returns, universe)
        factor_return = np.empty((len(returns), len(FACTORS)))
        n_members = np.zeros(factor_return.shape, dtype=np.int64)
        for column, factor in enumerate(FACTORS):
            own = returns[:, np.searchsorted(symbols, factor.proxy)] if factor.proxy else shorted
            factor_return[:, column] = own
            n_members[:, column] = ~np.isnan(own) if factor.proxy else members
        return FactorWindow(factor_return, n_members, np.hstack([returns, to_cover]))


def days_to_cover(published: Columns, symbols: np.ndarray, start_ix: int, end_ix: int) -> FloatArray:
    """Days to cover as published before each session, (T, M), NaN where nothing was; `symbols` ascending.

    published: symbol, published_on, days_to_cover, in order of publication.
    """
    row = index_on_or_before(published["published_on"]) + 1 - start_ix
    column = np.searchsorted(symbols, published["symbol"])
    # Row 0 holds what was published before the range; in order of publication, so the latest stays.
    known = np.full((end_ix - start_ix + 2, len(symbols)), np.nan)
    inside = row < len(known) - 1
    known[np.maximum(row[inside] + 1, 0), column[inside]] = published["days_to_cover"][inside]
    latest = np.maximum.accumulate(np.where(np.isnan(known), 0, np.arange(len(known))[:, np.newaxis]), axis=0)
    filled: FloatArray = np.take_along_axis(known, latest, axis=0)[1:]
    return filled
