"""Any book, any prices with gaps: P&L against the rules spelled out one lot and one session at a time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from math import isnan, nan
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.calc.pnl import position_pnl
from pipelines.calc.quarantine import LastUsable, quarantined
from pipelines.calc.types import Columns
from pipelines.calc.valuation import usable, value
from pipelines.sessions import sessions
from tests.calc.bits import assert_same_columns
from tests.calc.book import Closes, Lot, Market, days, make_lots, make_market, pnl_columns

START, END = "2024-01-03", "2024-02-02"
DATES = [str(day) for day in np.arange("2023-12-26", "2024-02-10", dtype="datetime64[D]")]
SESSIONS = [str(day) for day in sessions() if "2023-12-26" <= str(day) < "2024-02-10"]
SYMBOLS = ["A", "B", "O"]

prices = st.sampled_from([0.0, 0.01, 5.5, 99.99, 150.0, 151.2345, 2_500.0, 3e8])
one_date = st.sampled_from(DATES)


@st.composite
def a_lot(draw: st.DrawFn) -> Lot:
    position_type = draw(st.sampled_from(["LONG", "SHORT", "LC", "SC", "LP", "SP"]))
    is_option = position_type in ("LC", "SC", "LP", "SP")
    sign = 1 if position_type in ("LONG", "LC", "LP") else -1
    entry = draw(one_date)
    later = st.sampled_from([day for day in DATES if day >= entry])
    has_exit = draw(st.booleans())
    return Lot(
        type=position_type,
        quantity=sign * draw(st.sampled_from([0.5, 1.0, 10.0, 1000.0])),
        multiplier=draw(st.sampled_from([1.0, 10.0, 100.0])),
        entry=entry,
        entry_price=draw(st.sampled_from([0.01, 5.5, 150.0])),
        exit=draw(later) if has_exit else "NaT",
        exit_price=draw(st.sampled_from([nan, 0.0, 7.25])) if has_exit else nan,
        symbol=draw(st.sampled_from([*SYMBOLS, "UNKNOWN"])),
        expiry=draw(later) if is_option else "NaT",
        strike=draw(st.sampled_from([100.0, 150.0])) if is_option else nan,
        underlying=draw(st.sampled_from(["A", "B", None])) if is_option else None,
        private=not is_option and draw(st.booleans()),
        inception=draw(st.sampled_from(SESSIONS[:12])),
        portfolio=draw(st.integers(1, 3)),
    )


books = st.lists(a_lot(), max_size=6).map(lambda lots: sorted(lots, key=lambda lot: lot.portfolio))
markets = st.fixed_dictionaries(
    {symbol: st.dictionaries(st.sampled_from(SESSIONS), prices, max_size=12) for symbol in SYMBOLS}
)


def worth(lot: Lot, price: float) -> int | None:
    """Ten-thousandths of a dollar; None from 1e11 dollars on."""
    units = round(lot.quantity * lot.multiplier * price * 10_000)
    return units if abs(units) < 10**15 else None


def priced(lot: Lot, closes: Closes, session: str) -> tuple[float, str | None, bool]:
    """Price, its date, and whether a newer close was set aside."""
    known = [day for day in sorted(closes.get(lot.symbol, {})) if day <= session]
    aside = bool(known) and worth(lot, closes[lot.symbol][known[-1]]) is None
    for day in reversed(known):
        if (day >= lot.entry or lot.private) and worth(lot, closes[lot.symbol][day]) is not None:
            return closes[lot.symbol][day], day, aside
    return lot.entry_price, None, aside


def age(day: str | None, session: str) -> int:
    return 99 if day is None else SESSIONS.index(session) - SESSIONS.index(day)


def one_row(lot: Lot, closes: Closes, session: str, *, exits: bool, expires: bool) -> dict[str, Any]:
    price, day, aside = priced(lot, closes, session)
    unpriced = aside or (not lot.private and age(day, session) > 5)
    stale = not lot.private and not aside and 1 <= age(day, session) <= 5
    if expires:
        of_underlying = closes.get(lot.underlying or "", {})
        known = [each for each in sorted(of_underlying) if each <= session]
        unpriced, stale = True, False
        if known:
            call = lot.type in ("LC", "SC")
            spot = of_underlying[known[-1]]
            intrinsic = max(spot - lot.strike if call else lot.strike - spot, 0.0)
            if worth(lot, intrinsic) is not None:
                price, day = intrinsic, known[-1]
                unpriced, stale = age(day, session) > 5, 1 <= age(day, session) <= 5
    if exits and not isnan(lot.exit_price):
        price, day, unpriced, stale = lot.exit_price, session, False, False
    return {
        "price": price,
        "price_date": day,
        "is_stale": stale,
        "is_unpriced": unpriced,
        "is_open": not exits,
    }


def by_hand(book: list[Lot], closes: Closes) -> Iterator[dict[str, Any]]:
    for session in (day for day in SESSIONS if START <= day <= END):
        before = SESSIONS[SESSIONS.index(session) - 1]
        for position_id, lot in enumerate(book, start=1):
            entry = min(day for day in [*SESSIONS, "9999"] if day >= lot.entry)
            expiry = max(day for day in SESSIONS if day <= lot.expiry) if lot.expiry != "NaT" else "9999"
            exit_ = (
                min(day for day in [*SESSIONS, "9999"] if day >= lot.exit) if lot.exit != "NaT" else "9999"
            )
            exit_ = min(exit_, expiry) if lot.exit != "NaT" else exit_
            if session < entry or session <= lot.inception or session > min(exit_, expiry):
                continue
            row = one_row(lot, closes, session, exits=session == exit_, expires=session == expiry)
            cost, now = worth(lot, lot.entry_price), worth(lot, row["price"])
            is_first = lot.entry > lot.inception and session == entry
            previous = cost if is_first else worth(lot, priced(lot, closes, before)[0])
            assert cost is not None
            assert now is not None
            assert previous is not None
            market_value = now if row["is_open"] else 0
            yield row | {
                "session": session,
                "position_id": position_id,
                "portfolio_id": lot.portfolio,
                "market_value": market_value,
                "daily_pnl": now - previous,
                "unrealized_pnl": market_value - cost if row["is_open"] else 0,
                "lot_row": position_id - 1,
            }


def as_rows(columns: Columns) -> list[dict[str, Any]]:
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    as_text = [[cell.isoformat() if isinstance(cell, date) else cell for cell in row] for row in rows]
    return [dict(zip(columns, row, strict=True)) for row in as_text]


@settings(max_examples=300, deadline=None)
@given(books, markets)
def test_every_row_is_as_by_hand(book: list[Lot], closes: Closes) -> None:
    before = last_usable(book, closes, make_market(closes, START, END))
    assert as_rows(pnl_columns(book, closes, START, END, before)) == list(by_hand(book, closes))


def last_usable(book: list[Lot], closes: Closes, market: Market) -> LastUsable:
    """What the caller of a chunk finds out: the latest usable closes on the session before it."""
    session = str(sessions()[market.session_ix[0] - 1])
    found: list[tuple[float, str]] = []
    for lot in book:
        own = closes.get(lot.symbol, {})
        usable_days = [day for day in sorted(own) if day <= session and worth(lot, own[day]) is not None]
        found.append((own[usable_days[-1]], usable_days[-1]) if usable_days else (nan, "NaT"))
    return LastUsable(np.array([close for close, _ in found]), days([day for _, day in found]))


@settings(max_examples=100, deadline=None)
@given(books, markets, st.sets(st.sampled_from(SESSIONS[7:-7])))
def test_chunks_give_the_same_rows(book: list[Lot], closes: Closes, cuts: set[str]) -> None:
    whole_market = make_market(closes, START, END)
    whole = pnl_columns(book, closes, START, END, last_usable(book, closes, whole_market))
    edges = sorted({START, *(cut for cut in cuts if cut > START)})
    parts = []
    for start, following in zip(edges, [*edges[1:], None], strict=True):
        end = SESSIONS[SESSIONS.index(following) - 1] if following else END
        market = make_market(closes, start, end)
        parts.append(pnl_columns(book, closes, start, end, last_usable(book, closes, market)))
    joined = {name: np.concatenate([part[name] for part in parts]) for name in whole}
    assert_same_columns(joined, whole)


@settings(max_examples=100, deadline=None)
@given(books, markets, st.sets(st.integers(1, 3)), st.permutations(range(len(SYMBOLS))))
def test_portfolios_and_columns_do_not_know_of_each_other(
    book: list[Lot], closes: Closes, chosen: set[int], order: list[int]
) -> None:
    market = make_market(closes, START, END)
    lots, before = make_lots(book, market.symbols), last_usable(book, closes, market)
    whole = position_pnl(lots, market.session_ix, market.close, market.date, sessions(), before)
    keep = np.isin(lots.portfolio_id, list(chosen))
    place = np.append(np.argsort(order), -1)  # column −1 stays −1
    shuffled = replace(
        lots.take(keep),
        price_column=place[lots.price_column[keep]],
        underlying_column=place[lots.underlying_column[keep]],
    )
    close, close_date = np.asfortranarray(market.close[:, order]), np.asfortranarray(market.date[:, order])
    some_before = LastUsable(before.close[keep], before.date[keep])
    some = position_pnl(shuffled, market.session_ix, close, close_date, sessions(), some_before)
    mine = np.isin(whole["portfolio_id"], list(chosen))
    expected = {name: column[mine] for name, column in whole.items()} | {"lot_row": some["lot_row"]}
    assert_same_columns(some, expected)
    assert np.array_equal(np.flatnonzero(keep)[some["lot_row"]], whole["lot_row"][mine])


@settings(max_examples=100, deadline=None)
@given(books, markets)
def test_pnl_telescopes_to_the_change_in_value(book: list[Lot], closes: Closes) -> None:
    market = make_market(closes, START, END)
    lots = make_lots(book, market.symbols)
    before = last_usable(book, closes, market)
    rows = position_pnl(lots, market.session_ix, market.close, market.date, sessions(), before)
    for lot in range(len(lots)):
        mine = rows["lot_row"] == lot
        if not mine.any() or lots.inherited[lot] or lots.first_ix[lot] < market.session_ix[0]:
            continue
        quantity, multiplier = lots.quantity[[lot]], lots.multiplier[[lot]]
        worth_now = value(quantity, multiplier, rows["price"][mine].astype(np.float64))
        cost = value(quantity, multiplier, lots.entry_price[[lot]])
        assert np.array_equal(np.cumsum(rows["daily_pnl"][mine]), worth_now - cost)
        open_ = rows["is_open"][mine].astype(bool)
        assert np.array_equal(rows["market_value"][mine], np.where(open_, worth_now, 0))


@given(books, markets)
def test_quarantined_says_which_closes_the_pnl_will_not_use(book: list[Lot], closes: Closes) -> None:
    market = make_market(closes, START, END)
    lots = make_lots(book, market.symbols)
    for close in market.close:
        own = np.array([close[column] if column >= 0 else nan for column in lots.price_column])
        expected = [
            not isnan(c) and not usable(q, m, c)
            for q, m, c in zip(lots.quantity, lots.multiplier, own, strict=True)
        ]
        assert quarantined(lots, close).tolist() == expected
