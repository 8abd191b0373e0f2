"""Every session of both books equals plain bookkeeping in Decimal, to the ten-thousandth of a dollar."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import prod

import pytest

from tests.scenario.bookkeeper import ZERO, Bookkeeper, Day, read_dated, read_lots
from tests.scenario.stored import Stored
from tests.scenario.world import (
    FLOWS,
    INCEPTION,
    MACRO,
    MARKS,
    SECOND,
    calendar,
    closes,
    history,
    session_before,
)

BOOKS = ("Macro", "Second")


LOTS = {"Macro": read_lots(MACRO), "Second": read_lots(SECOND)}
TYPES = {"long": "L", "short": "S", "lc": "LC", "sc": "SC", "lp": "LP", "sp": "SP"}


@pytest.fixture(scope="module")
def kept() -> dict[str, list[Day]]:
    days, lots = [day for day in calendar() if day <= history()[-1]], LOTS
    # Without --equity: Σ |quantity × price|. Without --inception: the session before the first entry.
    cost = sum((abs(lot.worth(lot.entry_price)) for lot in lots["Second"]), ZERO)
    terms = {
        "Macro": (Decimal(1_000_000), INCEPTION),
        "Second": (cost, session_before(date(2021, 7, 6))),
    }
    return {
        name: Bookkeeper(
            lots[name],
            *terms[name],
            days,
            closes(),
            read_dated(MARKS, name, "price"),
            read_dated(FLOWS, name, "amount"),
        ).keep()
        for name in BOOKS
    }


@pytest.mark.parametrize("name", BOOKS)
def test_every_lot_of_every_session(stored: Stored, kept: dict[str, list[Day]], name: str) -> None:
    first_lot = stored.one(
        "select min(b.id) as id from book.positions b join book.portfolios p on p.id = b.portfolio_id"
        " where p.name = %s",
        name,
    )["id"]
    rows = stored.all(
        "select o.*, g.delta, g.delta_adjusted_value from analytics.position_pnl o"
        " join analytics.position_greeks g using (session, portfolio_id, position_id)"
        " join book.portfolios p on p.id = o.portfolio_id where p.name = %s order by session, position_id",
        name,
    )
    found = [
        (
            row["session"],
            row["position_id"] - first_lot,
            row["price"],
            row["price_date"],
            "stale" if row["is_stale"] else "unpriced" if row["is_unpriced"] else "",
            row["is_open"],
            row["market_value"],
            row["daily_pnl"],
            row["delta_adjusted_value"],
        )
        for row in rows
    ]
    expected = [
        (
            day.session,
            held.lot,
            float(held.price),
            held.price_date,
            held.flag,
            held.is_open,
            held.market_value,
            held.daily_pnl,
            held.delta_adjusted,
        )
        for day in kept[name]
        for held in day.held
    ]
    assert len(found) == len(expected)
    assert [row for row in zip(found, expected, strict=True) if row[0] != row[1]] == []
    deltas = [float(held.delta) for day in kept[name] for held in day.held]
    assert [row["delta"] for row in rows] == pytest.approx(deltas, rel=1e-12)


@pytest.mark.parametrize("name", BOOKS)
def test_every_snapshot(stored: Stored, kept: dict[str, list[Day]], name: str) -> None:
    rows = stored.all(
        "select s.* from analytics.snapshots s join book.portfolios p on p.id = s.portfolio_id"
        " where p.name = %s order by session",
        name,
    )
    found = [
        (
            row["session"],
            row["net_asset_value"],
            row["cash"],
            row["long_exposure"],
            row["short_exposure"],
            row["gross_exposure"],
            row["net_exposure"],
            row["daily_pnl"],
            row["position_count"],
            row["stale_positions"],
            row["unpriced_positions"],
        )
        for row in rows
    ]
    assert found == [
        (day.session, day.nav, day.cash, *_sides(day), day.daily_pnl, *_counts(day)) for day in kept[name]
    ]
    assert [row["delta_net_exposure"] for row in rows] == [_delta_net(day) for day in kept[name]]


def _sides(day: Day) -> tuple[Decimal, ...]:
    long = sum((held.market_value for held in day.held if held.market_value > 0), ZERO)
    short = sum((held.market_value for held in day.held if held.market_value < 0), ZERO)
    return long, short, long - short, long + short


def _counts(day: Day) -> tuple[int, int, int]:
    held = [held for held in day.held if held.is_open]
    return len(held), sum(h.flag == "stale" for h in held), sum(h.flag == "unpriced" for h in held)


def _delta_net(day: Day) -> Decimal | None:
    """Unknown as soon as one lot's is."""
    values = [held.delta_adjusted for held in day.held]
    return None if None in values else sum((value for value in values if value is not None), ZERO)


@pytest.mark.parametrize("name", BOOKS)
def test_unrealized_pnl_issuers_and_types(stored: Stored, kept: dict[str, list[Day]], name: str) -> None:
    rows = stored.all(
        "select s.* from analytics.snapshots s join book.portfolios p on p.id = s.portfolio_id"
        " where p.name = %s order by session",
        name,
    )
    found = [
        (
            row["unrealized_pnl"],
            row["issuer_gross_exposure"],
            row["delta_issuer_gross_exposure"],
            *(row[f"{kind}_positions"] for kind in TYPES),
        )
        for row in rows
    ]
    expected = []
    for day in kept[name]:
        kinds = [LOTS[name][held.lot].kind for held in day.held if held.is_open]
        unknown = any(held.delta_adjusted is None for held in day.held)
        expected.append(
            (
                sum((held.unrealized_pnl for held in day.held), ZERO),
                _netted([(held.lot, held.market_value) for held in day.held], name),
                None if unknown else _netted([(h.lot, h.delta_adjusted or ZERO) for h in day.held], name),
                *(kinds.count(kind) for kind in TYPES.values()),
            )
        )
    assert found == expected
    assert [sum(row[3:]) for row in found] == [row["position_count"] for row in rows]


def _netted(values: list[tuple[int, Decimal]], name: str) -> Decimal:
    """Σ over issuers of |Σ of its lots' values|."""
    by_issuer: dict[tuple[bool, str], Decimal] = {}
    for lot, value in values:
        issuer = LOTS[name][lot].issuer
        by_issuer[issuer] = by_issuer.get(issuer, ZERO) + value
    return sum((abs(value) for value in by_issuer.values()), ZERO)


@pytest.mark.parametrize("name", BOOKS)
def test_pnl_to_date_and_daily_return(stored: Stored, kept: dict[str, list[Day]], name: str) -> None:
    rows = {
        row["session"]: row
        for row in stored.all(
            "select s.* from analytics.snapshots s join book.portfolios p on p.id = s.portfolio_id"
            " where p.name = %s",
            name,
        )
    }
    for number, day in enumerate(kept[name]):
        so_far, row = kept[name][: number + 1], rows[day.session]
        month = [
            d for d in so_far if (d.session.year, d.session.month) == (day.session.year, day.session.month)
        ]
        year = [d for d in so_far if d.session.year == day.session.year]
        sums = [sum((d.daily_pnl for d in span), ZERO) for span in (month, year, so_far)]
        assert [row["mtd_pnl"], row["ytd_pnl"], row["cumulative_pnl"]] == sums
        opening = day.nav - day.daily_pnl - day.flow
        assert row["daily_return"] == pytest.approx(float(day.daily_pnl / opening), rel=1e-13, abs=1e-16)
        chained = [
            float(prod((1 + _return(d) for d in span), start=Fraction(1)) - 1) for span in (month, year)
        ]
        assert [row["mtd_return"], row["ytd_return"]] == pytest.approx(chained, rel=1e-11, abs=1e-14)


def _return(day: Day) -> Fraction:
    return Fraction(day.daily_pnl) / Fraction(day.nav - day.daily_pnl - day.flow)


def test_the_balance_is_the_last_closing(stored: Stored, kept: dict[str, list[Day]]) -> None:
    found = stored.all("select name, equity_balance, equity_as_of from book.portfolios order by id")
    assert found == [
        {"name": name, "equity_balance": kept[name][-1].nav, "equity_as_of": history()[-1]} for name in BOOKS
    ]
