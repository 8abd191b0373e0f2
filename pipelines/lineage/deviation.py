"""Stored rows of lots against what they are with the right multiplier: whether the multiple is all that is missing.

With multiplier m instead of 1 every value of an option is m times what is stored, so a row's daily P&L deviates by
(m − 1) × what is stored: exactly where the stored value was not rounded (whole contracts, prices of up to four
decimals), else by no more than the rounding of a value, times m.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from pipelines.calc.lots import Lots, is_option
from pipelines.calc.types import MONEY_SCALE, BoolArray, Columns, FloatArray, IntArray

CONTRACT: Final = 100.0
"""Multiplier of a listed option."""
TOLERANCE: Final = MONEY_SCALE // 100
"""A cent in ten-thousandths of a dollar: what two roundings of a value can come to, a hundredfold."""
_WHOLE: Final = 1e-3


@dataclass(frozen=True)
class Deviation:
    """What the stored rows of a portfolio deviate by. Money is int64 ten-thousandths of a dollar.

    deviating: rows with another daily P&L or value; exact: those that are the multiple to the ten-thousandth by right;
    largest_gap: of the others, the most that is not the multiple. missing: (m − 1) × the stored option P&L of the
    lots that deviate, whole history. unexplained: rows that the multiplier does not explain, in words.
    """

    rows: int
    deviating: int
    exact: int
    largest_gap: int
    missing: int
    lots: tuple[int, ...]
    unexplained: tuple[str, ...]


def corrected_multiplier(lots: Lots) -> FloatArray:
    """Multipliers with 100 for options that have 1; shape (L,)."""
    wrong = is_option(lots.type_code) & (lots.multiplier == 1.0)
    return np.where(wrong, CONTRACT, lots.multiplier)


def measure(lots: Lots, stored: Columns, computed: Columns) -> Deviation:
    """Compare the stored rows of a portfolio's lots with those computed with the lots' right multipliers.

    lots: with the right multipliers.   stored, computed: session, position_id, price, market_value and daily_pnl,
    ascending by session and position; the first four identify a row and what it was valued at.
    """
    if not all(np.array_equal(stored[name], computed[name]) for name in ("session", "position_id")):
        return Deviation(len(stored["session"]), 0, 0, 0, 0, (), ("other lots or sessions are stored",))
    lot = np.searchsorted(lots.position_id, stored["position_id"])
    pnl, value = (computed[name] - stored[name] for name in ("daily_pnl", "market_value"))
    differs = (pnl != 0) | (value != 0)
    short = np.isin(lot, lot[differs & is_option(lots.type_code)[lot]])
    times = np.where(short, np.rint(lots.multiplier[lot]).astype(np.int64) - 1, 0)
    gap = np.maximum(
        np.abs(pnl - times * stored["daily_pnl"]), np.abs(value - times * stored["market_value"])
    )
    exact = _exact(lots, lot, stored)
    allowed = np.where(exact | ~short, 0, TOLERANCE)
    beyond = (gap > allowed) | (stored["price"] != computed["price"])
    return Deviation(
        rows=len(lot),
        deviating=int(differs.sum()),
        exact=int((differs & short & exact).sum()),
        largest_gap=int(gap[differs & ~beyond].max(initial=0)),
        missing=int((times * stored["daily_pnl"]).sum()),
        lots=tuple(np.unique(stored["position_id"][short]).tolist()),
        unexplained=tuple(_named(stored, gap, row) for row in np.flatnonzero(beyond).tolist()),
    )


def _exact(lots: Lots, lot: IntArray, stored: Columns) -> BoolArray:
    """Whether a row's value and the one it starts from were stored without rounding, (n,)."""
    whole = _is_whole(lots.quantity[lot] * stored["price"] * MONEY_SCALE)
    entry = _is_whole(lots.quantity * lots.entry_price * MONEY_SCALE) & ~lots.inherited
    by_lot = np.lexsort((stored["session"], lot))
    first = np.append(True, np.diff(lot[by_lot]) != 0)
    before: BoolArray = np.empty(len(lot), dtype=np.bool_)
    before[by_lot] = np.where(first, entry[lot[by_lot]], np.roll(whole[by_lot], 1))
    found: BoolArray = whole & before
    return found


def _is_whole(units: FloatArray) -> BoolArray:
    found: BoolArray = np.abs(units - np.rint(units)) < _WHOLE
    return found


def _named(stored: Columns, gap: IntArray, row: int) -> str:
    session, position = stored["session"][row], stored["position_id"][row]
    return f"{session} position {position}: {gap[row] / MONEY_SCALE:.4f} USD are not of the multiplier"
