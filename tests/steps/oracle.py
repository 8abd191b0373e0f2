"""The accounting of a book in plain decimals, one lot and one session at a time, from DESIGN §3 alone.

Shares no code with the pipeline but the calendar.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipelines.sessions import sessions
from tests.steps.book_case import BookCase, Lot
from tests.steps.memory_prices import MemoryPrices

ALL: list[date] = sessions().tolist()
LIMIT = Decimal(10) ** 11
LOOKBACK = 61
UNPRICED_AFTER = 5


def on_or_after(day: date) -> date:
    return ALL[bisect_left(ALL, day)]


def on_or_before(day: date) -> date:
    return ALL[bisect_right(ALL, day) - 1]


def before(session: date, by: int = 1) -> date:
    return ALL[bisect_left(ALL, session) - by]


@dataclass(frozen=True)
class LotRow:
    """What a lot is worth at a close, and what it earned over the session, USD."""

    is_open: bool
    is_stale: bool
    is_unpriced: bool
    market_value: Decimal
    daily_pnl: Decimal
    unrealized_pnl: Decimal


@dataclass(frozen=True)
class Day:
    """A portfolio at a close, USD. lots: position id → row."""

    opening: Decimal
    daily_pnl: Decimal
    flow: Decimal
    closing: Decimal
    cash: Decimal
    lots: dict[int, LotRow]


@dataclass(frozen=True)
class Oracle:
    """A book, and the closes that its source would give."""

    case: BookCase
    source: MemoryPrices

    def value(self, lot: Lot, price: Decimal) -> Decimal:
        return lot.quantity * lot.multiplier * price

    def life(self, lot: Lot) -> tuple[date, date, date | None, date | None]:
        """First and last session with a row, exit and expiry session."""
        inception = self.case.portfolios[lot.portfolio - 1].inception
        expiry = None if lot.expiry is None else on_or_before(lot.expiry)
        exit_ = None if lot.exit is None else on_or_after(lot.exit)
        exit_ = min(exit_, expiry) if exit_ and expiry else exit_
        first = max(on_or_after(lot.entry), ALL[bisect_left(ALL, inception) + 1])
        return first, min(day for day in (exit_, expiry, ALL[-1]) if day), exit_, expiry

    def known(self, symbol: str, session: date) -> list[date]:
        """Days with a close that was fetched, up to a session, newest first."""
        holders = {lot.portfolio for lot in self.case.lots if symbol in (lot.symbol, lot.instrument)}
        inceptions = [self.case.portfolios[p - 1].inception for p in holders]
        earliest = before(min(inceptions), LOOKBACK)
        closes = self.source.closes.get(symbol, {})
        return sorted((day for day in closes if earliest <= day <= session), reverse=True)

    def close(self, symbol: str, day: date) -> Decimal:
        return Decimal(str(self.source.closes[symbol][day]))

    def own_closes(self, lot: Lot, session: date) -> dict[date, Decimal]:
        """Closes of a listed lot up to a session: the market's, and in place of it what its portfolio overrides."""
        market = {day: self.close(lot.instrument, day) for day in self.known(lot.instrument, session)}
        return market | {
            day: price
            for portfolio, symbol, day, price in self.case.overrides
            if (portfolio, symbol) == (lot.portfolio, lot.instrument) and day <= session
        }

    def price(self, lot: Lot, session: date) -> tuple[Decimal, date | None, bool]:
        """Price by the latest believable close (or mark), its day, and whether a newer one was set aside."""
        if lot.private:
            marks = sorted(
                (day, price)
                for portfolio, symbol, day, price in self.case.marks
                if (portfolio, symbol) == (lot.portfolio, lot.symbol) and on_or_after(day) <= session
            )
            return (marks[-1][1], marks[-1][0], False) if marks else (lot.entry_price, None, False)
        aside, closes = False, self.own_closes(lot, session)
        for day in sorted(closes, reverse=True):
            believable = abs(self.value(lot, closes[day])) < LIMIT
            if believable and day >= lot.entry:
                return closes[day], day, aside
            if not believable and day == max(closes):
                aside = True
        return lot.entry_price, None, aside

    def flags(self, lot: Lot, day: date | None, session: date, *, aside: bool) -> tuple[bool, bool]:
        if lot.private:
            return False, False
        if day is None or aside:
            return False, True
        age = bisect_left(ALL, session) - bisect_left(ALL, day)
        return 1 <= age <= UNPRICED_AFTER, age > UNPRICED_AFTER

    def row(self, lot: Lot, session: date) -> LotRow | None:
        first, last, exit_, expiry = self.life(lot)
        if not first <= session <= last:
            return None
        price, day, aside = self.price(lot, session)
        stale, unpriced = self.flags(lot, day, session, aside=aside)
        if session == expiry:
            price, stale, unpriced = self.at_expiry(lot, session, price)
        if session == exit_ and lot.exit_price is not None:
            price, stale, unpriced = lot.exit_price, False, False
        inception = self.case.portfolios[lot.portfolio - 1].inception
        if session == first and lot.entry > inception:
            previous = self.value(lot, lot.entry_price)
        else:
            previous = self.value(lot, self.price(lot, before(session))[0])
        worth = self.value(lot, price)
        is_open = session != exit_
        held = (worth, worth - self.value(lot, lot.entry_price)) if is_open else (Decimal(0), Decimal(0))
        return LotRow(is_open, stale, unpriced, held[0], worth - previous, held[1])

    def at_expiry(self, lot: Lot, session: date, carried: Decimal) -> tuple[Decimal, bool, bool]:
        known = self.known(lot.symbol, session)
        if not known or lot.strike is None:
            return carried, False, True
        spot = self.close(lot.symbol, known[0])
        worth = max(spot - lot.strike if lot.option_type == "call" else lot.strike - spot, Decimal(0))
        if abs(self.value(lot, worth)) >= LIMIT:
            return carried, False, True
        return worth, *self.flags(lot, known[0], session, aside=False)

    def days(self, portfolio: int, end: date) -> dict[date, Day]:
        """Roll a portfolio from its inception, with its cash kept by trades, expiries and flows alone."""
        of = self.case.portfolios[portfolio - 1]
        lots = {n: lot for n, lot in enumerate(self.case.lots, start=1) if lot.portfolio == portfolio}
        closing = of.initial_equity
        cash = closing - sum((self.held_at_inception(lot, of.inception) for lot in lots.values()), Decimal(0))
        found: dict[date, Day] = {}
        for session in ALL[bisect_left(ALL, of.inception) + 1 : bisect_right(ALL, end)]:
            rows = {n: row for n, lot in lots.items() if (row := self.row(lot, session))}
            flow = sum(
                (
                    amount
                    for p, day, amount in self.case.flows
                    if p == portfolio and on_or_after(day) == session
                ),
                Decimal(0),
            )
            for lot in lots.values():
                cash += self.traded(lot, session, of.inception)
            cash += flow
            opening, pnl = closing, sum((row.daily_pnl for row in rows.values()), Decimal(0))
            closing = opening + pnl + flow
            found[session] = Day(opening, pnl, flow, closing, cash, rows)
        return found

    def held_at_inception(self, lot: Lot, inception: date) -> Decimal:
        """Value of a lot that the portfolio started with."""
        first, last, _, _ = self.life(lot)
        if lot.entry > inception or last < first:
            return Decimal(0)
        return self.value(lot, self.price(lot, inception)[0])

    def traded(self, lot: Lot, session: date, inception: date) -> Decimal:
        """Cash that a lot gives (takes, if negative) on a session: its cost, its exit, its expiry of yesterday."""
        first, last, exit_, expiry = self.life(lot)
        if last < first:
            return Decimal(0)
        cash = Decimal(0)
        if session == first and lot.entry > inception:
            cash -= self.value(lot, lot.entry_price)
        if session == last == exit_:
            price = self.price(lot, session)[0]
            if session == expiry:
                price = self.at_expiry(lot, session, price)[0]
            cash += self.value(lot, price if lot.exit_price is None else lot.exit_price)
        elif before(session) == last == expiry:
            cash += self.value(lot, self.at_expiry(lot, last, self.price(lot, last)[0])[0])
        return cash
