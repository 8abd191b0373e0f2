"""The main sample book: $3M, 20 longs, 15 shorts, 15 options, +7.3 % over its last 90 sessions [PRD 7].

The return is closing equity of the latest session ÷ closing equity 90 sessions earlier − 1, on simulated
prices. All stocks are entered before those 90 sessions, at the close of their entry, options within them;
nothing is closed and nothing flows. So the P&L of those sessions is linear in the quantities, and `solve`
chooses them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import numpy as np

from pipelines.calc.types import MONEY_SCALE
from pipelines.calc.valuation import value
from pipelines.samples.book import Lot, SampleBook, positions_csv
from pipelines.samples.market import (
    OPTION_MULTIPLIER,
    Closes,
    close_on,
    listed_strike,
    monthly_expiries,
    occ_symbol,
)
from pipelines.samples.roster import (
    LONG_NAMES,
    LONGS,
    OPTION_IDEAS,
    SHORT_NAMES,
    SHORTS,
    Name,
    OptionIdea,
)
from pipelines.samples.solve import Candidate, Slot, swap, tilt, whole_shares
from pipelines.sessions import offset

EQUITY: Final = 3_000_000
HISTORY: Final = 130
"""Sessions from inception to the latest: the 60- and 90-session windows are full, and some more."""

WINDOW: Final = 90
TARGET_RETURN: Final = 0.073
TOLERANCE: Final = 0.0005
EARLIEST_ENTRY: Final = 40
"""Sessions before inception at which the oldest lot was entered."""

LONG_WEIGHT: Final = 1.08
SHORT_WEIGHT: Final = 0.70
OPTION_NOTIONAL: Final = 0.035
"""Of the initial equity: all longs and all shorts on the latest session, and what one option is on."""

SWAP_UNTIL: Final = 0.015
"""Of the equity: gap in P&L below which the weights can do the rest."""


@dataclass(frozen=True, slots=True)
class Dates:
    """Positions of the days that matter in the sessions from the oldest entry to the latest session."""

    inception: int = EARLIEST_ENTRY
    window: int = EARLIEST_ENTRY + HISTORY - WINDOW
    latest: int = EARLIEST_ENTRY + HISTORY


DATES: Final = Dates()


def _entry(order: int) -> int:
    """Position of the entry of the n-th name of a side: two thirds are inherited, the others soon follow."""
    if order % 3 == 0:
        return DATES.inception + 3 + order
    return DATES.inception - order * 11 % (EARLIEST_ENTRY + 1)


def main_book(latest: date) -> SampleBook:
    """Return the main book of demo_user_1 as of a latest session.

    Raises NotSessionError when `latest` is no session, RuntimeError if no quantities make the return.
    """
    closes = Closes(
        [name.symbol for name in (*LONG_NAMES, *SHORT_NAMES)] + [idea.underlying for idea in OPTION_IDEAS],
        offset(latest, -HISTORY - EARLIEST_ENTRY),
        latest,
    )
    options = _options(closes, latest)
    stocks = _stocks(closes, sum(_option_gain(lot, latest) for lot in options))
    _prove(closes, stocks, options, latest)
    return SampleBook(
        owner="demo_user_1",
        name="Main Portfolio",
        initial_equity=Decimal(EQUITY),
        inception=closes.sessions[DATES.inception].item(),
        positions_csv=positions_csv([*stocks, *options]),
        marks_csv="",
        flows_csv="",
    )


def _options(closes: Closes, latest: date) -> list[Lot]:
    expiries = monthly_expiries(latest, max(idea.month for idea in OPTION_IDEAS))
    return [_option_lot(closes, idea, expiries[idea.month - 1]) for idea in OPTION_IDEAS]


def _option_lot(closes: Closes, idea: OptionIdea, expiry: date) -> Lot:
    entered = closes.sessions[DATES.latest - idea.age].item()
    underlying = float(closes[idea.underlying][DATES.latest - idea.age])
    symbol = occ_symbol(idea.underlying, expiry, idea.right, listed_strike(underlying * idea.moneyness))
    contracts = max(round(OPTION_NOTIONAL * EQUITY / (OPTION_MULTIPLIER * underlying)), 1)
    return Lot(symbol, idea.side * contracts, close_on(symbol, entered), entered, idea.tags)


def _option_gain(lot: Lot, latest: date) -> float:
    """P&L in USD of an option entered within the window."""
    return lot.quantity * OPTION_MULTIPLIER * (close_on(lot.ticker, latest) - lot.entry_price)


def _stocks(closes: Closes, option_gain: float) -> list[Lot]:
    """Longs, then shorts, with the quantities that make the return, given the P&L of the options."""
    longs, long_bench = _side(closes, LONG_NAMES, +1, LONGS, LONG_WEIGHT)
    shorts, short_bench = _side(closes, SHORT_NAMES, -1, SHORTS, SHORT_WEIGHT)
    needed = TARGET_RETURN * EQUITY - option_gain
    slots = swap([*longs, *shorts], [*long_bench, *short_bench], needed, SWAP_UNTIL * EQUITY)
    quantities = whole_shares(slots, tilt(slots, needed), needed)
    return [_stock_lot(closes, slot.name, q) for slot, q in zip(slots, quantities, strict=True)]


def _side(
    closes: Closes, names: Sequence[Name], side: int, held: int, weight: float
) -> tuple[list[Slot], list[Candidate]]:
    """Slots of one side, from larger to smaller, and its bench."""
    candidates = [_candidate(closes, name, order, side) for order, name in enumerate(names)]
    sizes = [1.25 - 0.5 * order / (held - 1) for order in range(held)]
    unit = side * weight * EQUITY / sum(sizes)
    return [Slot(unit * size, candidates[i]) for i, size in enumerate(sizes)], candidates[held:]


def _candidate(closes: Closes, name: Name, order: int, side: int) -> Candidate:
    """Return a name with what a share of it adds to the target.

    rate = P&L of the window − target × P&L from inception to the window, USD, since the return's denominator
    moves with the quantities too.
    """
    path = closes[name.symbol]
    before = path[DATES.window] - path[_first(order)]
    within = path[DATES.latest] - path[DATES.window]
    rate = float(within - TARGET_RETURN * before)
    return Candidate(order, side, float(path[DATES.latest]), rate, name.fixed)


def _first(order: int) -> int:
    """Position of the close from which the n-th name makes P&L: its entry, or inception when inherited."""
    return max(_entry(order), DATES.inception)


def _stock_lot(closes: Closes, candidate: Candidate, quantity: int) -> Lot:
    name = (LONG_NAMES if candidate.side > 0 else SHORT_NAMES)[candidate.order]
    entry = _entry(candidate.order)
    price = float(closes[name.symbol][entry])
    return Lot(name.symbol, quantity, price, closes.sessions[entry].item(), name.tags)


def _prove(closes: Closes, stocks: Sequence[Lot], options: Sequence[Lot], latest: date) -> None:
    """Roll the equity of the finished book in exact money and refuse any other return than the target."""
    quantity = np.array([lot.quantity for lot in stocks], dtype=np.float64)
    paths = np.array([closes[lot.ticker] for lot in stocks])
    entries = np.searchsorted(closes.sessions, np.array([lot.entry_date for lot in stocks], "datetime64[D]"))
    at_first = paths[np.arange(len(stocks)), np.maximum(entries, DATES.inception)]
    first, window, last = (
        value(quantity, np.ones(1), price)
        for price in (at_first, paths[:, DATES.window], paths[:, DATES.latest])
    )
    contracts = np.array([lot.quantity for lot in options], dtype=np.float64)
    hundred = np.array([float(OPTION_MULTIPLIER)])
    cost = value(contracts, hundred, np.array([lot.entry_price for lot in options]))
    worth = value(contracts, hundred, np.array([close_on(lot.ticker, latest) for lot in options]))
    equity = EQUITY * MONEY_SCALE + int(np.sum(window - first))
    gain = int(np.sum(last - window)) + int(np.sum(worth - cost))
    if equity <= 0 or abs(gain / equity - TARGET_RETURN) > TOLERANCE:
        raise RuntimeError(f"no quantities make {TARGET_RETURN:.1%} in the {WINDOW} sessions to {latest}")
