"""The main sample book, re-valued here from its CSV, on sessions of all years and kinds of markets."""

import csv
import io
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from pipelines.instruments import AssetClass, Instrument, PositionType, parse_instrument, position_type
from pipelines.samples import DEMO_USERS, SampleBook, main_book, sample_books, solve
from pipelines.sessions import NotSessionError, index_on_or_before, offset, session_range
from pipelines.sources.positions_csv import parse_positions
from pipelines.sources.simulated import SimulatedPrices

TARGET = Decimal("0.073")
DATES = [
    *session_range(date(2019, 1, 2), date(2030, 12, 31))[::61].tolist(),
    date(2017, 1, 26),  # longs fell and shorts rose in the 90 sessions before, more than on any other day
    date(2022, 4, 14),
    date(2035, 6, 29),
]


@dataclass(frozen=True)
class Valued:
    """A row of the CSV with the prices of its instrument by session."""

    row: dict[str, str]
    instrument: Instrument
    closes: dict[date, float]

    def value(self, session: date) -> Decimal:
        """Quantity × multiplier × close, in exact decimal arithmetic: prices are whole cents."""
        multiplier = 100 if self.instrument.asset_class is AssetClass.OPTION else 1
        return Decimal(self.row["quantity"]) * multiplier * Decimal(str(self.closes[session]))

    @property
    def entered(self) -> date:
        return date.fromisoformat(self.row["entry_date"])

    @property
    def cost(self) -> Decimal:
        multiplier = 100 if self.instrument.asset_class is AssetClass.OPTION else 1
        return Decimal(self.row["quantity"]) * multiplier * Decimal(self.row["entry_price"])


def valued(book: SampleBook, latest: date) -> list[Valued]:
    rows = list(csv.DictReader(io.StringIO(book.positions_csv)))
    symbols = [row["ticker"] for row in rows]
    prices = SimulatedPrices().prices(symbols, offset(book.inception, -60), latest)
    closes: dict[str, dict[date, float]] = {symbol: {} for symbol in symbols}
    for symbol, day, close in zip(
        prices["symbol"].tolist(), prices["session"].tolist(), prices["close"].tolist(), strict=True
    ):
        closes[symbol][day] = close
    return [Valued(row, parse_instrument(row["ticker"]), closes[row["ticker"]]) for row in rows]


def equity(book: SampleBook, lots: list[Valued], session: date) -> Decimal:
    """Closing equity: initial + Σ value − value at inception (inherited) or cost, of what is entered."""
    change = Decimal(0)
    for lot in lots:
        if lot.entered <= session:
            start = lot.value(book.inception) if lot.entered <= book.inception else lot.cost
            change += lot.value(session) - start
    return book.initial_equity + change


@pytest.mark.parametrize("latest", DATES, ids=str)
def test_the_last_90_sessions_return_7_3_percent(latest: date) -> None:
    book = main_book.main_book(latest)
    lots = valued(book, latest)
    now, then = equity(book, lots, latest), equity(book, lots, offset(latest, -90))
    assert abs(now / then - 1 - TARGET) <= Decimal("0.0005")
    kinds = [position_type(lot.instrument, Decimal(lot.row["quantity"])) for lot in lots]
    options = [lot for lot in lots if lot.instrument.contract]
    assert kinds.count(PositionType.LONG) == 20
    assert kinds.count(PositionType.SHORT) == 15
    assert [kinds.count(kind) for kind in (PositionType.LC, PositionType.LP)] == [5, 4]
    assert [kinds.count(kind) for kind in (PositionType.SC, PositionType.SP)] == [4, 2]
    assert len({lot.row["ticker"] for lot in lots}) == 50
    assert all(lot.instrument.contract.expiry > latest for lot in options if lot.instrument.contract)
    worth = [lot.value(latest) for lot in lots]
    gross, net = sum(map(abs, worth)) / now, sum(worth) / now
    assert Decimal("1.5") < gross < Decimal("1.85")
    assert Decimal("0.2") < net < Decimal("0.52")
    assert sum(abs(lot.value(latest)) for lot in options) / now < Decimal("0.1")


def test_history_is_longer_than_the_windows_and_starts_with_inherited_lots() -> None:
    latest = date(2024, 11, 20)
    book = main_book.main_book(latest)
    lots = valued(book, latest)
    assert book.initial_equity == 3_000_000
    assert int(index_on_or_before(latest)) - int(index_on_or_before(book.inception)) == 130
    inherited = sum(lot.entered <= book.inception for lot in lots)
    assert 20 < inherited < 35
    window = offset(latest, -90)
    assert all((lot.entered > window) == (lot.instrument.contract is not None) for lot in lots)


def test_every_lot_is_entered_on_a_session_at_its_simulated_close_in_whole_units() -> None:
    latest = date(2021, 3, 17)
    for lot in valued(main_book.main_book(latest), latest):
        assert float(lot.row["entry_price"]) == lot.closes[lot.entered]
        assert int(lot.row["quantity"]) != 0
        assert lot.row["tags"]


@pytest.mark.parametrize("latest", [date(2019, 6, 28), date(2026, 11, 20)])
def test_the_importer_accepts_every_sample(latest: date) -> None:
    for book in sample_books(latest):
        parsed = parse_positions(book.positions_csv.encode(), today=latest)
        assert len(parsed.rows) == book.positions_csv.count("\n") - 1
        assert parsed.warnings == ()


def test_books_are_a_function_of_the_session() -> None:
    assert sample_books(date(2024, 7, 1)) == sample_books(date(2024, 7, 1))
    assert sample_books(date(2024, 7, 1)) != sample_books(date(2024, 7, 2))
    with pytest.raises(NotSessionError):
        sample_books(date(2024, 7, 4))


def test_an_impossible_return_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_book, "TARGET_RETURN", 3.0)
    with pytest.raises(RuntimeError, match=r"no quantities make 300.0% in the 90 sessions to 2024-07-01"):
        main_book.main_book(date(2024, 7, 1))


def test_demo_users() -> None:
    assert [(user.username, user.password, user.role) for user in DEMO_USERS] == [
        ("demo_user_1", "demo123", "user"),
        ("demo_user_2", "demo123", "user"),
        ("demo_admin", "admin123", "admin"),
    ]
    owners = {book.owner for book in sample_books(date(2024, 7, 1))}
    assert owners <= {user.username for user in DEMO_USERS}


def test_the_hardest_day_needs_the_largest_tilts(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the date above does test the last resort."""
    monkeypatch.setattr(solve, "LARGEST_TILTS", solve.LARGEST_TILTS[:1])
    with pytest.raises(RuntimeError, match=r"no quantities make 7\.3%"):
        main_book.main_book(date(2017, 1, 26))
