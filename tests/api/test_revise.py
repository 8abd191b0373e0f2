"""A new file for a portfolio: shown first, then applied as shown, and nothing is ever lost."""

from datetime import date
from typing import Any

import pytest

from tests.api.desk import Desk
from tests.api.test_every_read import field_codes, problem

HEADER = b"ticker,quantity,entry_price,entry_date,tags,exit_date,exit_price,name\n"
AAPL = b'AAPL,1000,150.00,2024-01-15,"momentum,tech",,,\n'
MSFT = b"MSFT,-500,380.00,2024-01-22,hedge,,,\n"
KO = b"KO,300,60,2024-02-01,,,,\n"
BOOK = HEADER + AAPL + MSFT + KO


@pytest.fixture
def portfolio_id(desk: Desk) -> int:
    found: int = desk.ann.upload(BOOK, name="Main").json()["portfolio_id"]
    # As if its history were computed.
    desk.ask("update book.portfolios set equity_as_of = '2024-05-14' returning id")
    desk.run(1, "succeeded")
    return found


def preview(desk: Desk, portfolio_id: int, data: bytes) -> dict[str, Any]:
    with desk.unchanged():
        response = desk.ann.upload(data, portfolio_id=str(portfolio_id))
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def told(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(one["kind"], one["symbol"], one["row"], one["first_session"]) for one in found["changes"]]


# Entries take effect on the first session on or after their date: Monday 2024-01-15 is a holiday.
SOLD = AAPL.replace(b"1000", b"400").replace(b",,,", b",2024-04-08,170,")
CASES = [
    ("a new lot", BOOK + b"XOM,10,100,2024-03-02,,,,\n", [("trade", "XOM", 5, "2024-03-04")]),
    ("a second lot", BOOK + KO, [("trade", "KO", 5, "2024-02-01")]),
    (
        "an exit",
        HEADER + AAPL + MSFT.replace(b",,,", b",2024-04-06,370,") + KO,
        [("trade", "MSFT", 3, "2024-04-08")],
    ),
    (
        "a quantity",
        HEADER + AAPL.replace(b"1000", b"900") + MSFT + KO,
        [("correction", "AAPL", 2, "2024-01-16")],
    ),
    (
        "an earlier entry",
        HEADER + AAPL + MSFT + KO.replace(b"2024-02-01", b"2024-01-17"),
        [("correction", "KO", 4, "2024-01-17")],
    ),
    (
        "from long to short",
        HEADER + AAPL + MSFT + KO.replace(b"300", b"-300"),
        [("correction", "KO", 4, "2024-02-01")],
    ),
    ("removed", HEADER + AAPL + MSFT, [("removed", "KO", None, "2024-02-01")]),
    ("tags", HEADER + AAPL.replace(b"momentum,", b"") + MSFT + KO, [("label", "AAPL", 2, None)]),
    ("a name", HEADER + AAPL + MSFT + KO.replace(b",,,,", b",,,,Coke"), [("label", "KO", 4, None)]),
    (
        "another symbol",
        HEADER + AAPL + MSFT + KO.replace(b"KO", b"PEP"),
        [("removed", "KO", None, "2024-02-01"), ("trade", "PEP", 4, "2024-02-01")],
    ),
    (
        "half of it sold",
        HEADER + AAPL.replace(b"1000", b"600") + SOLD + MSFT + KO,
        [("correction", "AAPL", 2, "2024-01-16"), ("trade", "AAPL", 3, "2024-01-16")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_shown_then_made(desk: Desk, portfolio_id: int, data: bytes, expected: list[tuple[Any, ...]]) -> None:
    found = preview(desk, portfolio_id, data)
    assert told(found) == expected
    starts = [one[3] for one in expected if one[3] is not None]
    assert found["first_session"] == (min(starts) if starts else None)
    before = {row[0] for row in desk.ask("select id from book.positions")}
    commits = len(desk.book.commits())
    ann = desk.ann
    made = ann.upload(data, portfolio_id=str(portfolio_id), confirm=found["confirm"])
    assert made.status_code == 202, made.text
    assert desk.book.commits()[commits:] == ["revise"]
    assert (made.json()["changes"], made.json()["positions"]) == (len(expected), data.count(b"\n") - 1)
    request = desk.ask(
        "select start_session::text from book.run_requests where id = %s", made.json()["request_id"]
    )
    assert request == [(found["first_session"],)]
    kept = {row[0] for row in desk.ask("select id from book.positions")}
    removed = [one["position_id"] for one in found["changes"] if one["kind"] == "removed"]
    assert before - kept == set(removed)
    voided = desk.ask("select id from book.positions_history where id = any(%s)", removed)
    assert voided == [(lot,) for lot in removed]
    # What stands now is what the file says: the same file once more finds no difference.
    with desk.unchanged():
        again = ann.upload(data, portfolio_id=str(portfolio_id))
    assert (again.status_code, again.json()["changes"]) == (202, 0)
    assert again.json()["request_id"] == made.json()["request_id"]


def test_the_same_file_changes_nothing(desk: Desk, portfolio_id: int) -> None:
    with desk.unchanged():
        for data in (BOOK, HEADER + KO + MSFT + AAPL):
            response = desk.ann.upload(data, portfolio_id=str(portfolio_id))
            assert (response.status_code, response.json()["changes"]) == (202, 0)
            assert response.json()["request_id"] == 1


def test_a_preview_is_good_for_the_file_and_the_book_it_was_made_of(desk: Desk, portfolio_id: int) -> None:
    ann = desk.ann
    one, other = BOOK + b"XOM,10,100,2024-03-04,,,,\n", BOOK + b"XOM,11,100,2024-03-04,,,,\n"
    first, second = (preview(desk, portfolio_id, data)["confirm"] for data in (one, other))
    assert first != second
    with desk.unchanged():
        for wrong in (second, "0" * 64):
            response = ann.upload(one, portfolio_id=str(portfolio_id), confirm=wrong)
            problem(response, 409, "preview_outdated")
    assert ann.upload(other, portfolio_id=str(portfolio_id), confirm=second).status_code == 202
    with desk.unchanged():
        problem(ann.upload(one, portfolio_id=str(portfolio_id), confirm=first), 409, "preview_outdated")


def test_both_sides_of_a_change_are_shown(desk: Desk, portfolio_id: int) -> None:
    data = HEADER + AAPL.replace(b"150.00", b"151.50") + MSFT + KO
    (change,) = preview(desk, portfolio_id, data)["changes"]
    assert change["before"] == {
        "symbol": "AAPL", "asset_class": "PUBLIC", "quantity": 1000.0, "entry_price": 150.0,
        "entry_date": "2024-01-15", "exit_date": None, "exit_price": None, "multiplier": 1.0, "name": None,
        "tags": ["momentum", "tech"],
    }  # fmt: skip
    assert change["after"] == change["before"] | {"entry_price": 151.5}


def test_a_history_that_is_behind_goes_on_from_where_it_is(desk: Desk, portfolio_id: int) -> None:
    desk.ask("update book.portfolios set equity_as_of = '2024-02-09' returning id")  # a Friday
    data = BOOK + b"XOM,10,100,2024-03-04,,,,\n"
    confirm = preview(desk, portfolio_id, data)["confirm"]
    request_id = desk.ann.upload(data, portfolio_id=str(portfolio_id), confirm=confirm).json()["request_id"]
    found = desk.ask("select start_session, end_session from book.run_requests where id = %s", request_id)
    assert found == [(date(2024, 2, 12), None)]


def test_refused(desk: Desk, portfolio_id: int) -> None:
    own, foreign = str(portfolio_id), str(desk.bob.upload(BOOK).json()["portfolio_id"])
    ann = desk.ann
    with desk.unchanged():
        for wrong in (foreign, "987654"):
            problem(ann.upload(BOOK + KO, portfolio_id=wrong), 404, "portfolio_not_found")
            problem(ann.upload(BOOK + KO, portfolio_id=wrong, confirm="0" * 64), 404, "portfolio_not_found")
        problem(desk.root.upload(BOOK + KO, portfolio_id=own), 404, "portfolio_not_found")
        for fields, expected in (
            ({"portfolio_id": own, "name": "x"}, ("name", "unknown_field")),
            ({"portfolio_id": own, "equity": "1"}, ("equity", "unknown_field")),
            ({"confirm": "0" * 64}, ("confirm", "unknown_field")),
            ({"portfolio_id": "x"}, ("portfolio_id", "value_error")),
            ({"portfolio_id": own, "confirm": "yes"}, ("confirm", "string_pattern_mismatch")),
        ):
            found = problem(ann.upload(BOOK + KO, **fields), 422, "invalid_request")
            assert field_codes(found) == [expected]
        problem(ann.upload(HEADER + b"KO,0,60,2024-02-01,,,,\n", portfolio_id=own), 422, "invalid_file")
