"""Daily P&L over the life of a lot: entry, holding, exit, expiry [REM 4.1; DESIGN §3]."""

from typing import Any

import pytest

from tests.calc.book import Lot, pnl_rows, the

MONEY = ("session", "market_value", "daily_pnl", "unrealized_pnl")


@pytest.mark.parametrize(
    ("position_type", "quantity", "multiplier", "pnl"),
    [
        ("LONG", 1000, 1, 2500),
        ("SHORT", -500, 1, -1250),
        ("LC", 10, 100, 2500),
        ("SC", -10, 100, -2500),
        ("LP", 3, 10, 75),
        ("SP", -4, 50, -500),
    ],
)
def test_pnl_is_price_change_times_quantity_times_multiplier(
    position_type: str, quantity: float, multiplier: float, pnl: float
) -> None:
    # 150.00 → 152.50 = +2.50 per unit
    lot = Lot(position_type, quantity, "2024-01-09", 150.0, multiplier=multiplier)
    closes = {"A": {"2024-01-09": 150.0, "2024-01-10": 152.5}}
    rows = pnl_rows([lot], closes, "2024-01-10", "2024-01-10")
    value = quantity * multiplier * 152.5
    assert the(rows, *MONEY) == [("2024-01-10", value, pnl, pnl)]


def test_first_session_earns_from_cost_to_close() -> None:
    # bought at 150, closes 151, 149: +1,000, −2,000; cost 150,000
    closes = {"A": {"2024-01-08": 99.0, "2024-01-09": 151.0, "2024-01-10": 149.0}}
    rows = pnl_rows([Lot()], closes, "2024-01-08", "2024-01-10")
    assert the(rows, *MONEY) == [
        ("2024-01-09", 151_000, 1_000, 1_000),
        ("2024-01-10", 149_000, -2_000, -1_000),
    ]


def test_weekend_entry_starts_on_the_next_session() -> None:
    # Saturday 13 at 150; the exchange opens on Tuesday 16, close 153
    closes = {"A": {"2024-01-12": 149.0, "2024-01-16": 153.0}}
    rows = pnl_rows([Lot(entry="2024-01-13")], closes, "2024-01-11", "2024-01-16")
    assert the(rows, *MONEY) == [("2024-01-16", 153_000, 3_000, 3_000)]


def test_inherited_lot_earns_from_its_value_at_inception() -> None:
    # bought long ago at 100; worth 140 at inception (5 January), 142 and 141 after; unrealized against cost
    closes = {"A": {"2024-01-05": 140.0, "2024-01-08": 142.0, "2024-01-09": 141.0}}
    rows = pnl_rows([Lot(entry="2023-06-01", entry_price=100.0)], closes, "2024-01-04", "2024-01-09")
    assert the(rows, *MONEY) == [
        ("2024-01-08", 142_000, 2_000, 42_000),
        ("2024-01-09", 141_000, -1_000, 41_000),
    ]


def test_inherited_lot_without_a_price_at_inception_was_worth_its_cost() -> None:
    closes = {"A": {"2024-01-08": 142.0}}
    rows = pnl_rows([Lot(entry="2023-06-01", entry_price=100.0)], closes, "2024-01-08", "2024-01-08")
    assert the(rows, "daily_pnl") == [(42_000,)]


def test_exit_session_earns_to_the_exit_price_and_holds_nothing() -> None:
    # closes 151, 155 but sold at 153: +1,000, then 153 − 151 = +2,000
    closes = {"A": {"2024-01-09": 151.0, "2024-01-10": 155.0, "2024-01-11": 170.0}}
    lot = Lot(exit="2024-01-10", exit_price=153.0)
    rows = pnl_rows([lot], closes, "2024-01-09", "2024-01-11")
    assert the(rows, *MONEY, "price", "price_date", "is_open") == [
        ("2024-01-09", 151_000, 1_000, 1_000, 151.0, "2024-01-09", True),
        ("2024-01-10", 0, 2_000, 0, 153.0, "2024-01-10", False),
    ]


def test_exit_without_an_exit_price_is_at_the_close() -> None:
    closes = {"A": {"2024-01-09": 151.0, "2024-01-10": 155.0}}
    rows = pnl_rows([Lot(exit="2024-01-10")], closes, "2024-01-10", "2024-01-11")
    assert the(rows, *MONEY, "price") == [("2024-01-10", 0, 4_000, 0, 155.0)]


def test_exit_price_is_fresh_however_old_the_close_is() -> None:
    closes = {"A": {"2024-01-09": 151.0}}
    rows = pnl_rows([Lot(exit="2024-01-22", exit_price=150.0)], closes, "2024-01-22", "2024-01-22")
    assert the(rows, "price_date", "is_stale", "is_unpriced") == [("2024-01-22", False, False)]


def test_weekend_exit_is_on_the_next_session() -> None:
    # sold on Sunday 14 at 155: takes effect on Tuesday 16
    closes = {"A": {"2024-01-09": 150.0, "2024-01-12": 151.0, "2024-01-16": 158.0}}
    rows = pnl_rows([Lot(exit="2024-01-14", exit_price=155.0)], closes, "2024-01-12", "2024-01-17")
    assert the(rows, *MONEY) == [("2024-01-12", 151_000, 1_000, 1_000), ("2024-01-16", 0, 4_000, 0)]


@pytest.mark.parametrize(("exit_price", "pnl"), [(152.0, 2_000), (float("nan"), 1_000)])
def test_entry_and_exit_on_one_session(exit_price: float, pnl: float) -> None:
    # bought at 150, close 151, sold at 152 (or at the close)
    lot = Lot(exit="2024-01-09", exit_price=exit_price)
    rows = pnl_rows([lot], {"A": {"2024-01-09": 151.0}}, "2024-01-08", "2024-01-10")
    assert the(rows, *MONEY, "is_open") == [("2024-01-09", 0, pnl, 0, False)]


def test_entry_and_exit_over_one_weekend() -> None:
    lot = Lot(entry="2024-01-13", exit="2024-01-14", exit_price=149.0)
    rows = pnl_rows([lot], {"A": {"2024-01-16": 151.0}}, "2024-01-12", "2024-01-17")
    assert the(rows, *MONEY) == [("2024-01-16", 0, -1_000, 0)]


def test_short_sale_gains_when_the_price_falls() -> None:
    # short 500 at 150; 148: +1,000; bought back at 145: +1,500
    closes = {"A": {"2024-01-09": 148.0, "2024-01-10": 147.0}}
    lot = Lot("SHORT", -500, exit="2024-01-10", exit_price=145.0)
    rows = pnl_rows([lot], closes, "2024-01-09", "2024-01-10")
    assert the(rows, *MONEY) == [("2024-01-09", -74_000, 1_000, 1_000), ("2024-01-10", 0, 1_500, 0)]


def option(position_type: str, quantity: float, **others: Any) -> Lot:
    """Ten contracts or so, struck at 150 for 5.50, expiring on Friday 19 January."""
    terms = {"symbol": "O", "underlying": "A", "multiplier": 100, "strike": 150.0, "expiry": "2024-01-19"}
    return Lot(position_type, quantity, "2024-01-17", 5.5, **(terms | others))


@pytest.mark.parametrize(
    ("position_type", "quantity", "underlying", "intrinsic"),
    [
        ("LC", 10, 157.5, 7.5),
        ("LC", 10, 142.5, 0.0),
        ("SC", -10, 157.5, 7.5),
        ("SC", -10, 142.5, 0.0),
        ("LP", 10, 142.5, 7.5),
        ("LP", 10, 157.5, 0.0),
        ("SP", -10, 142.5, 7.5),
        ("SP", -10, 150.0, 0.0),
    ],
)
def test_option_expires_at_intrinsic_value(
    position_type: str, quantity: float, underlying: float, intrinsic: float
) -> None:
    # its own closes are 6.00 on the 18th and 9.99, which nobody uses, on the 19th
    closes = {"O": {"2024-01-18": 6.0, "2024-01-19": 9.99}, "A": {"2024-01-19": underlying}}
    rows = pnl_rows([option(position_type, quantity)], closes, "2024-01-19", "2024-01-22")
    assert the(rows, *MONEY, "price", "price_date", "is_open", "is_stale", "is_unpriced") == [
        (
            "2024-01-19",
            quantity * 100 * intrinsic,
            quantity * 100 * (intrinsic - 6.0),
            quantity * 100 * (intrinsic - 5.5),
            intrinsic,
            "2024-01-19",
            True,
            False,
            False,
        )
    ]


def test_expiry_on_a_day_without_session_is_on_the_one_before() -> None:
    # Saturday 20 → Friday 19; an underlying at 152: 2.00 × 10 × 100
    closes = {"O": {"2024-01-18": 6.0}, "A": {"2024-01-19": 152.0, "2024-01-22": 190.0}}
    rows = pnl_rows([option("LC", 10, expiry="2024-01-20")], closes, "2024-01-19", "2024-01-22")
    assert the(rows, *MONEY) == [("2024-01-19", 2_000, -4_000, -3_500)]


def test_underlying_price_may_be_older_than_the_option() -> None:
    # the underlying's last close is of before the lot's entry: 5 sessions old on the 19th, hence stale
    closes = {"O": {"2024-01-18": 6.0}, "A": {"2024-01-11": 152.0}}
    rows = pnl_rows([option("LC", 10)], closes, "2024-01-19", "2024-01-19")
    assert the(rows, "price", "price_date", "is_stale", "is_unpriced") == [(2.0, "2024-01-11", True, False)]


@pytest.mark.parametrize("underlying", ["A", None])
def test_expiry_without_an_underlying_price_keeps_the_last_value(underlying: str | None) -> None:
    # last close 6.00 on the 18th: value 6,000, P&L 0, flagged unpriced
    closes: dict[str, dict[str, float]] = {"O": {"2024-01-18": 6.0}, "A": {}}
    rows = pnl_rows([option("LC", 10, underlying=underlying)], closes, "2024-01-18", "2024-01-19")
    assert the(rows, *MONEY, "price_date", "is_stale", "is_unpriced") == [
        ("2024-01-18", 6_000, 500, 500, "2024-01-18", False, False),
        ("2024-01-19", 6_000, 0, 500, "2024-01-18", False, True),
    ]


def test_expiry_with_an_underlying_price_beyond_belief_keeps_the_last_value() -> None:
    # 10 × 100 × (1e9 − 150) ≥ 1e11
    closes = {"O": {"2024-01-18": 6.0}, "A": {"2024-01-19": 1e9}}
    rows = pnl_rows([option("LC", 10)], closes, "2024-01-19", "2024-01-19")
    assert the(rows, "market_value", "daily_pnl", "is_unpriced") == [(6_000, 0, True)]


def test_exit_price_wins_over_intrinsic() -> None:
    # exercised on the expiry session: booked as an exit at 0; the call's 6,000 are lost, the stock gains them
    closes = {"O": {"2024-01-18": 6.0}, "A": {"2024-01-19": 157.5}}
    lot = option("LC", 10, exit="2024-01-19", exit_price=0.0)
    rows = pnl_rows([lot], closes, "2024-01-19", "2024-01-22")
    assert the(rows, *MONEY, "is_open") == [("2024-01-19", 0, -6_000, 0, False)]


def test_exit_on_the_expiry_session_without_exit_price_is_at_intrinsic() -> None:
    # booked on Saturday's expiry: the exit is Friday's too; 157.5 − 150 = 7.50 against 6.00
    closes = {"O": {"2024-01-18": 6.0}, "A": {"2024-01-19": 157.5}}
    lot = option("LC", 10, expiry="2024-01-20", exit="2024-01-20")
    rows = pnl_rows([lot], closes, "2024-01-19", "2024-01-22")
    assert the(rows, *MONEY, "is_open", "price") == [("2024-01-19", 0, 1_500, 0, False, 7.5)]


def test_option_bought_on_its_expiry_session() -> None:
    # bought at 5.50, expires at 7.50: 10 × 100 × 2.00
    lot = option("LC", 10, expiry="2024-01-17")
    rows = pnl_rows([lot], {"A": {"2024-01-17": 157.5}}, "2024-01-17", "2024-01-18")
    assert the(rows, *MONEY) == [("2024-01-17", 7_500, 2_000, 2_000)]


def test_rows_are_ordered_by_session_portfolio_position() -> None:
    closes = {"A": {"2024-01-08": 150.0}}
    specs = [Lot(entry="2024-01-10"), Lot(), Lot(portfolio=2, exit="2024-01-10"), Lot(portfolio=2)]
    rows = pnl_rows(specs, closes, "2024-01-09", "2024-01-11")
    assert the(rows, "session", "portfolio_id", "position_id", "lot_row") == [
        ("2024-01-09", 1, 2, 1),
        ("2024-01-09", 2, 3, 2),
        ("2024-01-09", 2, 4, 3),
        ("2024-01-10", 1, 1, 0),
        ("2024-01-10", 1, 2, 1),
        ("2024-01-10", 2, 3, 2),
        ("2024-01-10", 2, 4, 3),
        ("2024-01-11", 1, 1, 0),
        ("2024-01-11", 1, 2, 1),
        ("2024-01-11", 2, 4, 3),
    ]
