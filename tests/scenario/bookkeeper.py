"""The same history by plain bookkeeping: one lot and one session at a time, in Decimal, from the CSV texts alone.

Nothing of the pipeline is used. Net asset value is cash plus what is held, and P&L is what net asset value
changed by beyond the flows: the pipeline goes the other way round.
"""

import csv
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

from tests.scenario.world import Closes

ZERO = Decimal(0)
GREEKS = {  # requirements 3.2: delta, gamma, theta, vega of each unit of the underlying, by type
    "LC": ("0.6", "0.02", "-0.5", "0.3"),
    "SC": ("-0.4", "-0.02", "0.5", "-0.3"),
    "LP": ("-0.4", "0.02", "-0.5", "0.3"),
    "SP": ("0.3", "-0.02", "0.5", "-0.3"),
}
_OCC = re.compile(r"([A-Z]+)(\d{2})(\d{2})(\d{2})([CP])(\d{8})")


@dataclass
class Lot:
    symbol: str
    quantity: Decimal
    entry_price: Decimal
    entry_date: date
    private: bool
    exit_date: date | None
    exit_price: Decimal | None
    multiplier: Decimal
    underlying: str | None = None
    expiry: date | None = None
    right: str = ""
    strike: Decimal = ZERO

    def worth(self, price: Decimal) -> Decimal:
        return self.quantity * self.multiplier * price

    @property
    def kind(self) -> str:
        return ("L" if self.quantity > 0 else "S") + self.right

    @property
    def issuer(self) -> tuple[bool, str]:
        """Who stands behind it: a private nobody else, whatever it is called."""
        return self.private, self.underlying or self.symbol


@dataclass
class Held:
    """A lot at the close of a session."""

    lot: int
    price: Decimal
    price_date: date | None
    flag: str
    is_open: bool
    market_value: Decimal
    daily_pnl: Decimal
    unrealized_pnl: Decimal = ZERO
    delta: Decimal = ZERO
    delta_adjusted: Decimal | None = ZERO


@dataclass
class Day:
    session: date
    held: list[Held] = field(default_factory=list)
    cash: Decimal = ZERO
    flow: Decimal = ZERO
    nav: Decimal = ZERO
    daily_pnl: Decimal = ZERO


def read_lots(text: str) -> list[Lot]:
    lots = []
    for row in csv.DictReader(StringIO(text)):
        option = _OCC.fullmatch(row["ticker"])
        multiplier = row["multiplier"] or ("100" if option else "1")
        lot = Lot(
            row["ticker"],
            Decimal(row["quantity"]),
            Decimal(row["entry_price"]),
            date.fromisoformat(row["entry_date"]),
            row["asset_class"] == "PRIVATE",
            date.fromisoformat(row["exit_date"]) if row["exit_date"] else None,
            Decimal(row["exit_price"]) if row["exit_price"] else None,
            Decimal(multiplier),
        )
        if option:
            lot.underlying, year, month, day, lot.right, strike = option.groups()
            lot.expiry = date(2000 + int(year), int(month), int(day))
            lot.strike = Decimal(strike) / 1000
        lots.append(lot)
    return lots


def read_dated(text: str, portfolio: str, value: str) -> list[tuple[str, date, Decimal]]:
    rows = [row for row in csv.DictReader(StringIO(text)) if row["portfolio"] == portfolio]
    return [(row.get("symbol", ""), date.fromisoformat(row["date"]), Decimal(row[value])) for row in rows]


@dataclass
class Bookkeeper:
    """days: all sessions, ascending. marks and flows: of this portfolio."""

    lots: list[Lot]
    equity: Decimal
    inception: date
    days: list[date]
    closes: Closes
    marks: list[tuple[str, date, Decimal]]
    flows: list[tuple[str, date, Decimal]]

    def roll_forward(self, day: date) -> date:
        while day not in self._sessions:
            day += timedelta(days=1)
        return day

    def roll_back(self, day: date) -> date:
        while day not in self._sessions:
            day -= timedelta(days=1)
        return day

    def __post_init__(self) -> None:
        self._sessions = set(self.days) | {date(2022, 12, 16)}
        self._number = {day: number for number, day in enumerate(self.days)}

    def keep(self) -> list[Day]:
        """Book every session after the inception."""
        inherited = [lot for lot in self.lots if lot.entry_date <= self.inception]
        cash = self.equity - sum((lot.worth(self._price(lot, self.inception)[0]) for lot in inherited), ZERO)
        nav, kept, expired = self.equity, [], ZERO
        for session in (day for day in self.days if day > self.inception):
            day = Day(session, flow=self._flow(session))
            cash += day.flow + expired
            expired = ZERO
            for number, lot in enumerate(self.lots):
                held = self._hold(number, lot, session)
                if held is None:
                    continue
                day.held.append(held)
                if lot not in inherited and self.roll_forward(lot.entry_date) == session:
                    cash -= lot.worth(lot.entry_price)
                if not held.is_open:
                    cash += lot.worth(held.price)
                elif self._expires(lot) == session:
                    expired += lot.worth(held.price)
            day.cash = cash
            day.nav = cash + sum((held.market_value for held in day.held), ZERO)
            day.daily_pnl = day.nav - nav - day.flow
            nav = day.nav
            kept.append(day)
        return kept

    def _expires(self, lot: Lot) -> date | None:
        return self.roll_back(lot.expiry) if lot.expiry else None

    def _flow(self, session: date) -> Decimal:
        return sum((amount for _, day, amount in self.flows if self.roll_forward(day) == session), ZERO)

    def _hold(self, number: int, lot: Lot, session: date) -> Held | None:
        exits = self.roll_forward(lot.exit_date) if lot.exit_date else None
        ends = min(filter(None, (exits, self._expires(lot))), default=date.max)
        first = self.roll_forward(lot.entry_date)
        if not max(first, self.inception) <= session <= ends:
            return None
        price, price_date, flag = self._price(lot, session)
        previous = self.days[self._number[session] - 1]
        before = (
            lot.worth(lot.entry_price)
            if session == first and lot.entry_date > self.inception
            else lot.worth(self._price(lot, previous)[0])
        )
        is_open = session != exits
        worth = lot.worth(price)
        held = Held(number, price, price_date, flag, is_open, worth if is_open else ZERO, worth - before)
        held.unrealized_pnl = worth - lot.worth(lot.entry_price) if is_open else ZERO
        if session != ends:
            self._sensitivities(lot, held, session)
        return held

    def _sensitivities(self, lot: Lot, held: Held, session: date) -> None:
        if lot.underlying is None:
            held.delta, held.delta_adjusted = lot.quantity, held.market_value
            return
        held.delta = Decimal(GREEKS[lot.kind][0]) * abs(lot.quantity) * lot.multiplier
        underlying = self._last_close(lot.underlying, session)
        held.delta_adjusted = held.delta * underlying[1] if underlying else None

    def _price(self, lot: Lot, session: date) -> tuple[Decimal, date | None, str]:
        """Price, its date and '', 'stale' or 'unpriced'."""
        if lot.exit_date and self.roll_forward(lot.exit_date) == session and lot.exit_price is not None:
            return lot.exit_price, session, ""
        if lot.private:
            marks = [
                (day, price) for symbol, day, price in self.marks if symbol == lot.symbol and day <= session
            ]
            return (max(marks)[1], max(marks)[0], "") if marks else (lot.entry_price, None, "")
        own = self._last_close(lot.symbol, session, not_before=lot.entry_date)
        if self._expires(lot) == session and lot.underlying:
            underlying = self._last_close(lot.underlying, session)
            if underlying:
                day, close = underlying
                moneyness = close - lot.strike if lot.right == "C" else lot.strike - close
                return max(moneyness, ZERO), day, self._flag(day, session)
            return (own[1], own[0], "unpriced") if own else (lot.entry_price, None, "unpriced")
        if own is None:
            return lot.entry_price, None, "unpriced"
        return own[1], own[0], self._flag(own[0], session)

    def _flag(self, day: date, session: date) -> str:
        age = self._number[session] - self._number[day]
        return "" if age == 0 else "stale" if age <= 5 else "unpriced"

    def _last_close(
        self, symbol: str, session: date, not_before: date = date.min
    ) -> tuple[date, Decimal] | None:
        for day in reversed(self.days[: self._number[session] + 1]):
            if day < not_before:
                return None
            if day in self.closes.get(symbol, {}):
                return day, self.closes[symbol][day]
        return None
