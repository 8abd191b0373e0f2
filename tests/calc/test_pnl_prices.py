"""Which price a lot has, how old it is, and what is not believed [DESIGN §3, price on t, money]."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.calc.pnl import UnvaluableLotError, position_pnl
from pipelines.calc.quarantine import LastUsable, quarantined
from pipelines.sessions import sessions
from tests.calc.book import Closes, Lot, days, make_lots, make_market, pnl_rows, the

# Sessions after the close of 9 January: 10 11 12 16 17 18 19
AGES = [
    ("2024-01-09", False, False),  # 0: fresh
    ("2024-01-10", True, False),  # 1
    ("2024-01-17", True, False),  # 5
    ("2024-01-18", False, True),  # 6: unpriced
]


@pytest.mark.parametrize(("session", "is_stale", "is_unpriced"), AGES)
def test_a_price_is_stale_up_to_five_sessions_then_unpriced(
    session: str, is_stale: bool, is_unpriced: bool
) -> None:
    rows = pnl_rows([Lot()], {"A": {"2024-01-09": 151.0}}, session, session)
    assert the(rows, "price", "price_date", "is_stale", "is_unpriced", "market_value") == [
        (151.0, "2024-01-09", is_stale, is_unpriced, 151_000)
    ]


def test_a_long_gap_keeps_the_value_and_its_return_catches_up() -> None:
    # closes: 151 on the 9th, the next on the 19th: 160; nothing in between, then +9,000 at once
    closes = {"A": {"2024-01-09": 151.0, "2024-01-19": 160.0}}
    rows = pnl_rows([Lot()], closes, "2024-01-09", "2024-01-19")
    assert the(rows, "daily_pnl") == [(1_000,)] + [(0,)] * 6 + [(9_000,)]
    assert sum(row["daily_pnl"] for row in rows) == rows[-1]["unrealized_pnl"] == 10_000
    assert [row["is_unpriced"] for row in rows] == [False] * 6 + [True, False]


@pytest.mark.parametrize("symbol", ["A", "UNKNOWN"])
def test_before_any_close_of_its_own_a_lot_is_worth_its_cost(symbol: str) -> None:
    # the close of 8 January is of before the entry on the 9th: not a price of this lot
    rows = pnl_rows([Lot(symbol=symbol)], {"A": {"2024-01-08": 140.0}}, "2024-01-09", "2024-01-09")
    assert the(rows, "price", "price_date", "is_stale", "is_unpriced", "daily_pnl") == [
        (150.0, None, False, True, 0)
    ]


def test_a_close_on_the_entry_date_counts() -> None:
    rows = pnl_rows([Lot()], {"A": {"2024-01-09": 140.0}}, "2024-01-10", "2024-01-10")
    assert the(rows, "price", "price_date") == [(140.0, "2024-01-09")]


def test_a_private_has_its_latest_mark_without_age() -> None:
    # mark of 80 from November, before the entry; 90 on Sunday 14 January, which counts from the 16th
    marks = {"P": {"2023-11-30": 80.0, "2024-01-14": 90.0}}
    lot = Lot(symbol="P", quantity=100, entry_price=75.0, private=True)
    rows = pnl_rows([lot], marks, "2024-01-09", "2024-01-16")
    shown = the(rows, "session", "price", "price_date", "is_stale", "is_unpriced", "daily_pnl")
    assert shown[0] == ("2024-01-09", 80.0, "2023-11-30", False, False, 500)
    assert shown[-1] == ("2024-01-16", 90.0, "2024-01-14", False, False, 1_000)
    assert [row["daily_pnl"] for row in rows[1:-1]] == [0, 0, 0]


def test_a_private_before_its_first_mark_is_worth_its_cost_without_flag() -> None:
    lot = Lot(symbol="P", quantity=100, entry_price=75.0, private=True)
    rows = pnl_rows([lot], {"P": {"2024-01-12": 90.0}}, "2024-01-11", "2024-01-12")
    assert the(rows, "price", "price_date", "is_stale", "is_unpriced", "daily_pnl") == [
        (75.0, None, False, False, 0),
        (90.0, "2024-01-12", False, False, 1_500),
    ]


# A bad tick: 1,000 × 1e8 = 1e11.
TICK: Closes = {"A": {"2024-01-09": 151.0, "2024-01-10": 1e8, "2024-01-12": 152.0}}


def test_a_close_of_1e11_is_quarantined_for_the_lot() -> None:
    rows = pnl_rows([Lot()], TICK, "2024-01-09", "2024-01-12")
    assert the(rows, "session", "price", "price_date", "is_stale", "is_unpriced", "daily_pnl") == [
        ("2024-01-09", 151.0, "2024-01-09", False, False, 1_000),
        ("2024-01-10", 151.0, "2024-01-09", False, True, 0),
        ("2024-01-11", 151.0, "2024-01-09", False, True, 0),
        ("2024-01-12", 152.0, "2024-01-12", False, False, 1_000),
    ]


def test_the_same_close_is_a_price_for_a_smaller_lot() -> None:
    rows = pnl_rows([Lot(quantity=999), Lot("SHORT", quantity=-1000)], TICK, "2024-01-10", "2024-01-10")
    assert the(rows, "market_value", "is_unpriced") == [(999e8, False), (-151_000, True)]


def test_a_quarantined_private_mark_is_flagged() -> None:
    lot = Lot(private=True)
    rows = pnl_rows([lot], TICK, "2024-01-09", "2024-01-10")
    assert the(rows, "price", "is_unpriced") == [(151.0, False), (151.0, True)]


def test_quarantine_on_the_session_before_needs_the_last_usable_close() -> None:
    before = LastUsable(np.array([151.0, np.nan]), days(["2024-01-09", "NaT"]))
    specs = [Lot(), Lot(symbol="B", entry_price=20.0)]
    closes = TICK | {"B": {"2024-01-10": 20.0}}
    market = make_market(closes, "2024-01-11", "2024-01-11")
    assert quarantined(make_lots(specs, market.symbols), market.close[0]).tolist() == [True, False]
    whole = pnl_rows(specs, closes, "2024-01-10", "2024-01-12")
    parts = pnl_rows(specs, closes, "2024-01-10", "2024-01-10")
    parts += pnl_rows(specs, closes, "2024-01-11", "2024-01-12", before=before)
    assert parts == whole


def test_without_a_last_usable_close_the_entry_price_serves() -> None:
    rows = pnl_rows([Lot()], TICK, "2024-01-11", "2024-01-11")
    assert the(rows, "price", "price_date", "is_unpriced", "daily_pnl") == [(150.0, None, True, 0)]


def test_a_missing_close_is_not_quarantined() -> None:
    lots = make_lots([Lot(), Lot(symbol="UNKNOWN")], ["A"])
    assert quarantined(lots, np.array([np.nan])).tolist() == [False, False]


@pytest.mark.parametrize(
    "lot", [Lot(entry_price=1e8), Lot(exit="2024-01-10", exit_price=1e8)], ids=["entry", "exit"]
)
def test_a_lot_whose_own_prices_are_beyond_the_limit_is_refused(lot: Lot) -> None:
    with pytest.raises(UnvaluableLotError, match=r"positions \[2\]") as error:
        pnl_rows([Lot(), lot], TICK, "2024-01-10", "2024-01-10")
    assert error.value.position_ids.tolist() == [2]


def test_price_matrix_must_have_the_row_before() -> None:
    market = make_market(TICK, "2024-01-10", "2024-01-12")
    lots = make_lots([Lot()], market.symbols)
    with pytest.raises(ValueError, match="one more row"):
        position_pnl(lots, market.session_ix, market.close[1:], market.date[1:], sessions())
    with pytest.raises(ValueError, match="one more row"):
        position_pnl(lots, market.session_ix, market.close, market.date[1:], sessions())
    with pytest.raises(ValueError, match="consecutive"):
        position_pnl(lots, market.session_ix[::2], market.close, market.date, sessions())


@pytest.mark.parametrize("specs", [[], [replace(Lot(), entry="2024-06-03")]], ids=["no lots", "later lots"])
def test_no_lots_no_rows(specs: list[Lot]) -> None:
    assert pnl_rows(specs, TICK, "2024-01-10", "2024-01-12") == []


def test_no_sessions_no_rows() -> None:
    market = make_market(TICK, "2024-01-10", "2024-01-12")
    lots = make_lots([Lot()], market.symbols)
    columns = position_pnl(lots, market.session_ix[:0], market.close[:1], market.date[:1], sessions())
    assert {name: len(column) for name, column in columns.items()} == dict.fromkeys(columns, 0)
