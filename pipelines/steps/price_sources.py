"""Which sources the prices of a portfolio's lots are of: the vendors' of the closes used, and the user's overrides."""

import json
from typing import Final

import numpy as np

from pipelines.calc.lots import is_option
from pipelines.calc.segments import sum_money
from pipelines.calc.types import BoolArray, IntArray
from pipelines.sessions import sessions
from pipelines.steps.close_sources import CloseSources
from pipelines.steps.stored import Holdings
from pipelines.steps.work import Work, session_index_of
from pipelines.tables.specs import SOURCES_WIDTH

OVERRIDE: Final = "override"
"""Stands for a close that the portfolio overrides."""


def price_sources(work: Work, holdings: Holdings, lot: IntArray) -> np.ndarray:
    """Sources of the closes that the lots held were valued at: by slice a JSON list, ascending, 'U' (R,).

    lot: index into the book's lots of each row. A private's mark and an entry price are of no source. An option at
    expiry is valued at its underlying's close, and so of that one's source.
    """
    codes, names = _by_row(work, holdings, lot)
    there = {
        name: sum_money((codes == code).astype(np.int64), holdings.starts) > 0
        for code, name in sorted(enumerate(names), key=lambda one: one[1])
        if name
    }
    return _listed(there, len(holdings.starts))


def _listed(there: dict[str, BoolArray], count: int) -> np.ndarray:
    """The names that each slice has, as JSON: few combinations of few names."""
    combination: IntArray = np.zeros(count, dtype=np.int64)
    for has in there.values():
        combination = np.unique(2 * combination + has, return_inverse=True)[1]
    _, first, inverse = np.unique(combination, return_index=True, return_inverse=True)
    texts = [json.dumps([name for name, has in there.items() if has[at]]) for at in first.tolist()]
    return np.array(texts, dtype=f"U{SOURCES_WIDTH}")[inverse]


def _by_row(work: Work, holdings: Holdings, lot: IntArray) -> tuple[IntArray, list[str]]:
    """The source of each row's price as a number, (n,), and the names of the numbers, '' of none."""
    rows, lots, book = holdings.rows, work.book.lots, work.book
    found: IntArray = np.zeros(len(lot), dtype=np.int64)
    priced = np.flatnonzero(rows["is_open"] & ~np.isnat(rows["price_date"]) & ~lots.is_private[lot])
    if not len(priced):
        return found, [""]
    own, at = lot[priced], session_index_of(rows)[priced]
    ix = np.searchsorted(sessions(), rows["price_date"][priced])
    closes = CloseSources(work, int(at.min()), int(at.max()))
    sources = closes.of(book.market_column[own], ix)
    overridden = np.isin(
        _key(lots.price_column[own] - book.overrides.first, ix),
        _key(book.overrides.column, book.overrides.ix),
    )
    sources[overridden] = len(closes.names)
    expiring = np.flatnonzero((at == lots.expiry_ix[own]) & is_option(lots.type_code[own]))
    underlying = closes.of(lots.underlying_column[own[expiring]], ix[expiring])
    sources[expiring] = np.where(underlying > 0, underlying, sources[expiring])
    found[priced] = sources
    return found, [*closes.names, OVERRIDE]


def _key(column: IntArray, ix: IntArray) -> IntArray:
    key: IntArray = column * (1 << 32) + ix
    return key
