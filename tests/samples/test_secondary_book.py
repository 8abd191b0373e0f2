"""The secondary sample book has, at any latest session, all that the main one lacks."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from pipelines.instruments import AssetClass, parse_instrument
from pipelines.samples.secondary_book import secondary_book
from pipelines.sessions import is_session, offset, session_range
from pipelines.sources.csv_errors import ErrorList
from pipelines.sources.ledger_csv import LedgerFileError, read_flows, read_marks
from pipelines.sources.simulated import SimulatedPrices

DATES = [*session_range(date(2019, 1, 2), date(2030, 12, 31))[::151].tolist(), date(2035, 6, 29)]


@pytest.mark.parametrize("latest", DATES, ids=str)
def test_it_has_privates_an_expired_option_a_sale_and_a_deposit(latest: date) -> None:
    book = secondary_book(latest)
    rows = list(csv.DictReader(io.StringIO(book.positions_csv)))
    assert book.inception == offset(latest, -130)
    assert sum(Decimal(row["quantity"]) < 0 for row in rows) == 2

    privates = {row["ticker"] for row in rows if row["asset_class"] == "PRIVATE"}
    errors = ErrorList(LedgerFileError)
    marks, unknown = read_marks(book.marks_csv.encode(), latest, errors)
    assert len(privates) == 2
    assert {mark.symbol for mark in marks} == privates
    assert all(book.inception <= mark.day <= latest for mark in marks)

    (option,) = [row for row in rows if parse_option_or_none(row) is not None]
    contract = parse_instrument(option["ticker"]).contract
    assert contract is not None
    assert book.inception < date.fromisoformat(option["entry_date"]) < contract.expiry < latest
    assert is_session(contract.expiry)

    (sale,) = [row for row in rows if row["exit_date"]]
    sold = date.fromisoformat(sale["exit_date"])
    assert book.inception < date.fromisoformat(sale["entry_date"]) < sold < latest
    close = SimulatedPrices().prices([sale["ticker"]], sold, sold)["close"][0]
    assert float(sale["exit_price"]) == pytest.approx(float(close) * 1.002, abs=0.0051)  # type: ignore[arg-type]

    (flow,), unknown_too = read_flows(book.flows_csv.encode(), latest, errors)
    errors.raise_if_any()
    assert (*unknown, *unknown_too) == ()
    assert {flow.portfolio, *(mark.portfolio for mark in marks)} == {book.name}
    assert flow.amount == 100_000
    assert book.inception < flow.flow_date < latest


def parse_option_or_none(row: dict[str, str]) -> object:
    if row["asset_class"] == "PRIVATE":
        return None
    return parse_instrument(row["ticker"]).contract


def test_gross_entry_cost_is_less_than_the_equity() -> None:
    book = secondary_book(date(2024, 11, 20))
    cost = Decimal(0)
    for row in csv.DictReader(io.StringIO(book.positions_csv)):
        is_option = row["asset_class"] != "PRIVATE" and (
            parse_instrument(row["ticker"]).asset_class is AssetClass.OPTION
        )
        cost += abs(Decimal(row["quantity"])) * Decimal(row["entry_price"]) * (100 if is_option else 1)
    assert Decimal(700_000) < cost < book.initial_equity
