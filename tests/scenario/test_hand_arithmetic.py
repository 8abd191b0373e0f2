"""Single sessions of the books, worked out by hand from the pinned closes in `world`."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.scenario.stored import Stored


def usd(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def only(rows: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(rows) == 1
    return rows[0]


def test_the_first_session_of_inherited_lots(stored: Stored) -> None:
    """From their value at inception, not from what they once cost. 2021-01-04 → 01-05."""
    assert only(stored.lot("ALFA", "2021-01-05"))["daily_pnl"] == 1000 * (usd("40.80") - usd("40.00"))
    assert only(stored.lot("BRVO", "2021-01-05"))["daily_pnl"] == -600 * (usd("83.25") - usd("84.00"))
    assert only(stored.lot("SPY", "2021-01-05"))["daily_pnl"] == -100 * (usd("372.50") - usd("370.00"))
    # Unrealized P&L is from the entry: 1000 × (40.80 − 38.50).
    assert only(stored.lot("ALFA", "2021-01-05"))["unrealized_pnl"] == usd("2300")


def test_the_first_snapshot(stored: Stored) -> None:
    """1,000,000 + 800 + 450 − 250; the cash is what the inherited lots leave of a million at inception."""
    row = stored.snapshot("2021-01-05")
    assert row["opening_equity"] == usd("1,000,000")
    assert row["net_asset_value"] == usd("1,001,000")
    assert row["daily_pnl"] == row["mtd_pnl"] == row["ytd_pnl"] == row["cumulative_pnl"] == usd("1,000")
    assert row["daily_return"] == 0.001
    assert row["cash"] == usd("1,000,000") - (1000 * usd("40.00") - 600 * usd("84.00") - 100 * usd("370.00"))
    assert row["long_exposure"] == 1000 * usd("40.80")
    assert row["short_exposure"] == -600 * usd("83.25") - 100 * usd("372.50")
    assert row["gross_exposure"] == usd("128,000")
    assert row["net_exposure"] == usd("-46,400")
    assert (row["position_count"], row["stale_positions"], row["unpriced_positions"]) == (3, 0, 0)


def test_lots_bought_are_from_their_entry_price(stored: Stored) -> None:
    """Two identical lots of 250 at 41.20 beside the inherited one; close 42.00, then 41.50."""
    assert [row["daily_pnl"] for row in stored.lot("ALFA", "2021-02-16")][1:] == [250 * usd("0.80")] * 2
    assert [row["daily_pnl"] for row in stored.lot("ALFA", "2021-02-17")] == [
        usd("-500"),
        usd("-125"),
        usd("-125"),
    ]
    assert [row["unrealized_pnl"] for row in stored.lot("ALFA", "2021-02-17")][1:] == [250 * usd("0.30")] * 2
    assert len(stored.lot("ALFA", "2021-02-12")) == 1


def test_an_entry_at_a_weekend_is_monday_s(stored: Stored) -> None:
    """Saturday 2021-03-06: on Monday 300 × (118.50 − 120.00), and cash pays for both lots entered then."""
    assert stored.lot("ECHO", "2021-03-05") == []
    assert only(stored.lot("ECHO", "2021-03-08"))["daily_pnl"] == 300 * usd("-1.50")
    before, after = stored.snapshot("2021-03-05"), stored.snapshot("2021-03-08")
    assert after["cash"] - before["cash"] == -(300 * usd("120.00") + 12 * 100 * usd("1.90"))


def test_a_short_gap_is_stale_and_caught_up(stored: Stored) -> None:
    """A short of 400 without closes on three sessions: 61.00, then 58.00."""
    for day in ("2021-03-02", "2021-03-03", "2021-03-04"):
        row = only(stored.lot("DELT", day))
        assert (row["price"], row["price_date"], row["is_stale"]) == (61.0, date(2021, 3, 1), True)
        assert (row["daily_pnl"], row["is_unpriced"]) == (0, False)
    row = only(stored.lot("DELT", "2021-03-05"))
    assert (row["daily_pnl"], row["is_stale"]) == (-400 * (usd("58.00") - usd("61.00")), False)


def test_a_long_gap_is_stale_then_unpriced_and_caught_up(stored: Stored) -> None:
    """Ten sessions without a close, the value kept: 800 × 27.00; then 31.50."""
    week = [f"2021-05-{day}" for day in (10, 11, 12, 13, 14)]
    next_week = [f"2021-05-{day}" for day in (17, 18, 19, 20, 21)]
    for day in week + next_week:
        row = only(stored.lot("CHAR", day))
        assert (row["market_value"], row["daily_pnl"]) == (usd("21,600"), 0)
        assert (row["is_stale"], row["is_unpriced"]) == (day in week, day in next_week)
    assert only(stored.lot("CHAR", "2021-05-24"))["daily_pnl"] == 800 * (usd("31.50") - usd("27.00"))


def test_the_return_over_a_gap_is_no_return(stored: Stored) -> None:
    """Of the 60 returns to 2021-05-24 eleven lack a close: those of ten sessions, and the one after them."""
    row = stored.one(
        "select n_obs from analytics.factor_betas"
        " where session = '2021-05-24' and symbol = 'CHAR' and factor = 'market'"
    )
    assert row["n_obs"] == 60 - 11


def test_counts_of_stale_and_unpriced(stored: Stored) -> None:
    """On 2021-05-13 CHAR is three sessions old and HOTL was never priced; on 05-18 both are unpriced."""
    row = stored.snapshot("2021-05-13")
    assert (row["stale_positions"], row["unpriced_positions"]) == (1, 1)
    row = stored.snapshot("2021-05-18")
    assert (row["stale_positions"], row["unpriced_positions"]) == (0, 2)


def test_a_symbol_nobody_prices_stays_at_its_entry_price(stored: Stored) -> None:
    row = only(stored.lot("HOTL", "2021-07-01"))
    assert (row["price"], row["price_date"], row["is_unpriced"]) == (55.0, None, True)
    assert (row["market_value"], row["daily_pnl"]) == (usd("5,500"), 0)
    left = only(stored.lot("HOTL", "2021-10-04"))
    assert (left["daily_pnl"], left["market_value"], left["is_unpriced"]) == (100 * (60 - 55), 0, False)


def test_a_close_before_the_entry_is_not_a_lot_s(stored: Stored) -> None:
    """Entered on 2021-06-01 at 95.00; the last close, 90.00, is older, the next one, on 06-03, is 97.50."""
    for day in ("2021-06-01", "2021-06-02"):
        row = only(stored.lot("KILO", day))
        assert (row["price"], row["price_date"], row["is_unpriced"], row["daily_pnl"]) == (
            95.0,
            None,
            True,
            0,
        )
    row = only(stored.lot("KILO", "2021-06-03"))
    assert (row["daily_pnl"], row["is_unpriced"]) == (200 * (usd("97.50") - usd("95.00")), False)


def test_an_exit_at_a_given_price(stored: Stored) -> None:
    """Close 35.00, sold at 36.25 the next day although the close is 37.00."""
    row = only(stored.lot("FOXT", "2021-07-14"))
    assert (row["price"], row["daily_pnl"]) == (36.25, 500 * (usd("36.25") - usd("35.00")))
    assert (row["is_open"], row["market_value"], row["unrealized_pnl"]) == (False, 0, 0)
    assert (row["delta"], row["delta_adjusted_value"]) == (0, 0)
    assert stored.lot("FOXT", "2021-07-15") == []
    before, after = stored.snapshot("2021-07-13"), stored.snapshot("2021-07-14")
    assert after["cash"] - before["cash"] == 500 * usd("36.25")


def test_an_exit_at_a_weekend_without_a_price(stored: Stored) -> None:
    """A short of 700 covered on Saturday 2021-08-07: at Monday's close, 17.50 after 19.00."""
    assert only(stored.lot("GOLF", "2021-08-06"))["is_open"]
    row = only(stored.lot("GOLF", "2021-08-09"))
    assert (row["daily_pnl"], row["is_open"]) == (-700 * (usd("17.50") - usd("19.00")), False)
    before, after = stored.snapshot("2021-08-06"), stored.snapshot("2021-08-09")
    assert after["cash"] - before["cash"] == -700 * usd("17.50")


def test_an_exit_inside_a_gap(stored: Stored) -> None:
    """The last close, 72.00, is four sessions old when the lot is sold without a price."""
    row = only(stored.lot("LIMA", "2021-09-10"))
    assert (row["price"], row["price_date"], row["is_stale"]) == (72.0, date(2021, 9, 3), True)
    assert (row["daily_pnl"], row["is_open"]) == (0, False)
    before, after = stored.snapshot("2021-09-09"), stored.snapshot("2021-09-10")
    assert after["cash"] - before["cash"] == 150 * usd("72.00")


@pytest.mark.parametrize(
    ("symbol", "expiry", "pnl", "value"),
    [
        # ALFA 44.50 over the strike 40: 4.50 after 4.10 the day before; the option's own last close is not asked.
        ("ALFA210416C00040000", "2021-04-16", 10 * 100 * usd("0.40"), 10 * 100 * usd("4.50")),
        # ALFA 43.00 over the put's strike 38: worthless after 0.15.
        ("ALFA210618P00038000", "2021-06-18", 5 * 100 * usd("-0.15"), usd("0")),
        # BRVO 86.25 over the short call's strike 80: 6.25 after 5.90.
        ("BRVO210521C00080000", "2021-05-21", -8 * 100 * usd("0.35"), -8 * 100 * usd("6.25")),
        # BRVO 88.00 over the short put's strike 70: worthless after 0.40.
        ("BRVO210917P00070000", "2021-09-17", -6 * 100 * usd("-0.40"), usd("0")),
        # Expires on Saturday 06-19, hence on Friday: CHAR 26.75 over 24 is 2.75 after 2.50.
        ("CHAR210619C00024000", "2021-06-18", 12 * 100 * usd("0.25"), 12 * 100 * usd("2.75")),
        # Ten units each: ECHO 112.00 under 125 is 13.00 after 12.20.
        ("ECHO211015P00125000", "2021-10-15", 15 * 10 * usd("0.80"), 15 * 10 * usd("13.00")),
    ],
    ids=[
        "long call in",
        "long put out",
        "short call in",
        "short put out",
        "Saturday expiry",
        "multiplier 10",
    ],
)
def test_an_option_expires_at_intrinsic_value(
    stored: Stored, symbol: str, expiry: str, pnl: Decimal, value: Decimal
) -> None:
    row = only(stored.lot(symbol, expiry))
    assert (row["daily_pnl"], row["market_value"], row["is_open"]) == (pnl, value, True)
    assert [row[greek] for greek in ("delta", "gamma", "theta", "vega", "delta_adjusted_value")] == [0] * 5
    after = stored.one("select min(session) as session from analytics.snapshots where session > %s", expiry)[
        "session"
    ]
    assert stored.lot(symbol, str(after)) == []
    settled = stored.snapshot(str(after))["cash"] - stored.snapshot(expiry)["cash"]
    # Nothing else is traded on these days, but two expire together on 2021-06-18, one of them worthless.
    assert settled == value + (usd("3300") if symbol == "ALFA210618P00038000" else 0)


def test_an_option_without_an_underlying_price(stored: Stored) -> None:
    """Nobody prices JULI: 20 × 100 × 1.60 is its last value, kept and flagged; delta-adjusted is unknown."""
    row = only(stored.lot("JULI210820C00010000", "2021-08-19"))
    assert (row["market_value"], row["is_unpriced"]) == (usd("3,200"), False)
    assert (row["underlying_price"], row["delta"], row["delta_adjusted_value"]) == (
        None,
        20 * 100 * 0.6,
        None,
    )
    day = stored.snapshot("2021-08-19")
    assert (day["delta_net_exposure"], day["reason"]) == (None, "no_underlying_price")
    row = only(stored.lot("JULI210820C00010000", "2021-08-20"))
    assert (row["market_value"], row["daily_pnl"], row["is_unpriced"]) == (usd("3,200"), 0, True)
    assert stored.snapshot("2021-08-23")["cash"] - stored.snapshot("2021-08-20")["cash"] == usd("3,200")
    assert stored.snapshot("2021-08-20")["delta_net_exposure"] is not None


def test_an_option_closed_before_its_expiry(stored: Stored) -> None:
    """Four short puts bought back at 3.35, marked 3.80 the session before (Friday) and 3.90 that day."""
    row = only(stored.lot("DELT211217P00065000", "2021-11-08"))
    assert (row["daily_pnl"], row["is_open"]) == (-4 * 100 * (usd("3.35") - usd("3.80")), False)
    assert stored.lot("DELT211217P00065000", "2021-12-17") == []


def test_marks_of_a_private(stored: Stored) -> None:
    """At its entry price, 12.00, until the mark of Saturday 2021-02-27; never stale, however old the mark."""
    row = only(stored.lot("ACME", "2021-02-26"))
    assert (row["market_value"], row["price_date"], row["is_unpriced"]) == (2000 * 12, None, False)
    row = only(stored.lot("ACME", "2021-03-01"))
    assert (row["daily_pnl"], row["price_date"]) == (2000 * (usd("13.50") - 12), date(2021, 2, 27))
    row = only(stored.lot("ACME", "2021-06-29"))
    assert (row["price"], row["is_stale"], row["is_unpriced"]) == (13.5, False, False)
    assert only(stored.lot("ACME", "2021-06-30"))["daily_pnl"] == 2000 * usd("1.50")
    # The same name in another book has its own marks: 500 at 15.00, 20.00 from 2021-09-30.
    assert only(stored.lot("ACME", "2021-09-29", "Second"))["price"] == 15.0
    assert only(stored.lot("ACME", "2021-09-30", "Second"))["daily_pnl"] == 500 * 5


@pytest.mark.parametrize(
    ("portfolio", "session", "before", "amount"),
    [
        ("Macro", "2021-03-15", "2021-03-12", usd("250,000")),  # Saturday 03-13
        ("Macro", "2021-09-15", "2021-09-14", usd("-100,000.55")),
        ("Second", "2021-08-02", "2021-07-30", usd("5,000")),
    ],
)
def test_flows_are_no_pnl(stored: Stored, portfolio: str, session: str, before: str, amount: Decimal) -> None:
    day, previous = stored.snapshot(session, portfolio), stored.snapshot(before, portfolio)
    assert day["capital_flow"] == amount
    assert day["net_asset_value"] == previous["net_asset_value"] + day["daily_pnl"] + amount
    # They land at the close: the day's return is on the equity it opened with.
    assert day["daily_return"] == float(day["daily_pnl"]) / float(previous["net_asset_value"])


def test_greeks_of_the_book(stored: Stored) -> None:
    """On 2021-02-01: seven stocks, a private, and ten long calls of 100 at 0.6, 0.02, −0.5, 0.3."""
    row = stored.snapshot("2021-02-01")
    stocks = 1000 - 600 - 100 + 800 - 400 + 500 - 700 + 2000
    assert row["delta"] == pytest.approx(stocks + 10 * 100 * 0.6, rel=1e-12)
    assert row["gamma"] == pytest.approx(10 * 100 * 0.02, rel=1e-12)
    assert row["theta"] == pytest.approx(10 * 100 * -0.5, rel=1e-12)
    assert row["vega"] == pytest.approx(10 * 100 * 0.3, rel=1e-12)
    call = only(stored.lot("ALFA210416C00040000", "2021-04-15"))
    alfa = stored.lot("ALFA", "2021-04-15")[0]
    assert float(call["delta_adjusted_value"]) == pytest.approx(600 * alfa["price"], abs=1e-4)


def test_a_book_without_positions(stored: Stored) -> None:
    """The second book sells out on 2022-01-03: all cash, exposures 0, nothing to cover."""
    row = stored.snapshot("2022-01-04", "Second")
    assert (row["position_count"], row["gross_exposure"], row["daily_pnl"]) == (0, 0, 0)
    assert row["cash"] == row["net_asset_value"]
    exposures = stored.all(
        "select e.* from analytics.factor_exposures e join book.portfolios p on p.id = e.portfolio_id"
        " where p.name = 'Second' and e.session = '2022-01-04' and factor <> 'short_interest'"
    )
    assert [(e["exposure"], e["delta_adjusted_exposure"], e["coverage"]) for e in exposures] == [
        (0, 0, None)
    ] * 7


def test_what_a_price_file_cannot_know_is_null_with_a_reason(stored: Stored) -> None:
    """There is no short interest in a price file; eight rows are there all the same."""
    rows = stored.all(
        "select e.* from analytics.factor_exposures e join book.portfolios p on p.id = e.portfolio_id"
        " where p.name = 'Macro' and e.session = '2021-06-01'"
    )
    assert len(rows) == 8
    missing = only([row for row in rows if row["exposure"] is None])
    assert (missing["factor"], missing["reason"]) == ("short_interest", "factor_unavailable")
