"""Trades, flows, marks and price overrides recorded one by one: by the rules of the files, each asking for its run."""

from typing import Any

import pytest

from tests.api.caller import Caller
from tests.api.desk import Desk
from tests.api.test_every_read import field_codes, problem

BOOK = (
    b"ticker,quantity,entry_price,entry_date,tags,asset_class,exit_date\n"
    b"AAPL,1000,150.00,2024-01-16,tech,,\n"
    b"MSFT,-500,380.00,2024-01-22,,,\n"
    b"ACME,10,50,2024-01-16,,PRIVATE,\n"
    b"KO,5,60,2024-01-16,,,2024-03-01\n"
    b"AAPL240816C00150000,10,15.50,2024-02-12,,,\n"
)
LOT = {"symbol": "XOM", "quantity": 10, "entry_price": 100.5, "entry_date": "2024-03-02"}
EXIT = {"exit_date": "2024-04-06", "exit_price": 170.25}  # a Saturday: it takes effect on Monday the 8th
FLOW, MARK = "/portfolio/flows/2024-03-02", "/portfolio/marks/ACME/2024-03-02"
OVERRIDES = "/portfolio/price-overrides"
OVERRIDE = f"{OVERRIDES}/AAPL/2024-03-04"


@pytest.fixture
def portfolio_id(desk: Desk) -> int:
    """Ann's book, as if its history were computed; inception is 2024-01-12."""
    found: int = desk.ann.upload(BOOK, name="Main").json()["portfolio_id"]
    desk.ask("update book.portfolios set equity_as_of = '2024-05-14' returning id")
    desk.run(1, "succeeded")
    return found


def lots(desk: Desk, symbol: str) -> list[tuple[Any, ...]]:
    return desk.ask(
        "select quantity::float, entry_date::text, exit_date::text, exit_price::float, array(select t.name "
        "from book.position_tags k join book.tags t on t.id = k.tag_id where k.position_id = p.id) "
        "from book.positions p where symbol = %s order by id",
        symbol,
    )


def lot_id(desk: Desk, symbol: str) -> Any:
    return desk.ask("select id from book.positions where symbol = %s order by id", symbol)[0][0]


def request_of(desk: Desk, answer: Any) -> tuple[Any, ...]:
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert answer.headers["location"] == f"/api/v1/admin/runs/{body['request_id']}"
    return desk.ask(
        "select kind, portfolio_ids, start_session::text, position_ids from book.run_requests where id = %s",
        body["request_id"],
    )[0]


def post(caller: Caller, path: str, body: Any, key: str | None = None, **params: Any) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return caller.send("POST", path, json=body, headers=headers, params=params)


def test_a_lot_is_opened(desk: Desk, portfolio_id: int) -> None:
    answer = post(desk.ann, "/positions", LOT | {"tags": ["oil", "tech"], "name": "Exxon"})
    body = answer.json()
    # 2024-03-02 is a Saturday.
    expected = ("upload", [portfolio_id], "2024-03-04", [body["position_id"]])
    assert request_of(desk, answer) == expected
    assert (body["first_session"], body["remaining_position_id"], body["warnings"]) == (
        "2024-03-04",
        None,
        [],
    )
    ((quantity, entry, exit_date, exit_price, tags),) = lots(desk, "XOM")
    assert (quantity, entry, exit_date, exit_price) == (10.0, "2024-03-02", None, None)
    assert sorted(tags) == ["oil", "tech"]
    assert desk.book.commits()[-1] == "trade"
    shown = desk.ann.get(f"/positions/{body['position_id']}").json()
    assert (shown["symbol"], shown["name"], shown["multiplier"]) == ("XOM", "Exxon", 1.0)


def test_numbers_are_taken_as_they_are_written(desk: Desk, portfolio_id: int) -> None:
    post(desk.ann, "/positions", LOT | {"quantity": 0.1, "entry_price": 1234.000001})
    found = desk.ask("select quantity::text, entry_price::text from book.positions where symbol = 'XOM'")
    assert found == [("0.1", "1234.000001")]


def test_a_key_counts_once(desk: Desk, portfolio_id: int) -> None:
    ann = desk.ann
    first = post(ann, "/positions", LOT, "k").json()
    with desk.unchanged():
        assert post(ann, "/positions", LOT, "k").json() == first
        found = problem(post(ann, "/positions", LOT | {"quantity": 11}, "k"), 422, "invalid_request")
        assert field_codes(found) == [("Idempotency-Key", "idempotency_key_reused")]
    assert post(ann, "/positions", LOT, "other").json()["position_id"] > first["position_id"]
    path = f"/positions/{first['position_id']}/exit"
    half = {"exit_date": "2024-04-08", "quantity": 4}
    closed = post(ann, path, half, "k2").json()
    with desk.unchanged():
        assert post(ann, path, half, "k2").json() == closed
    assert [row[0] for row in lots(desk, "XOM")] == [6.0, 10.0, 4.0]


@pytest.mark.parametrize(
    ("symbol", "quantity"), [("AAPL", 1000.0), ("MSFT", -500.0), ("AAPL240816C00150000", 10.0)]
)
def test_a_lot_is_closed(desk: Desk, portfolio_id: int, symbol: str, quantity: float) -> None:
    lot = lot_id(desk, symbol)
    before = lots(desk, symbol)
    answer = post(desk.ann, f"/positions/{lot}/exit", EXIT)
    assert request_of(desk, answer) == ("upload", [portfolio_id], "2024-04-08", [lot])
    assert answer.json()["position_id"] == lot
    ((closed, entry, exit_date, exit_price, tags),) = lots(desk, symbol)
    assert (closed, exit_date, exit_price) == (quantity, "2024-04-06", 170.25)
    assert (entry, tags) == (before[0][1], before[0][4])
    with desk.unchanged():
        problem(post(desk.ann, f"/positions/{lot}/exit", EXIT), 409, "already_closed")


def test_a_part_of_a_lot_is_closed(desk: Desk, portfolio_id: int) -> None:
    lot = lot_id(desk, "MSFT")
    answer = post(desk.ann, f"/positions/{lot}/exit", EXIT | {"quantity": 200})
    part = answer.json()["position_id"]
    assert answer.json()["remaining_position_id"] == lot
    # Both parts are restated from the entry on: lots have their own rows. It was a Monday.
    assert request_of(desk, answer) == ("upload", [portfolio_id], "2024-01-22", [part, lot])
    assert lots(desk, "MSFT") == [
        (-300.0, "2024-01-22", None, None, []),
        (-200.0, "2024-01-22", "2024-04-06", 170.25, []),
    ]
    # What the lot was is in history.
    history = desk.ask("select quantity::float from book.positions_history where id = %s", lot)
    assert history == [(-500.0,)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (LOT | {"symbol": "=1+1"}, ("symbol", "formula")),
        (LOT | {"quantity": 0}, ("quantity", "zero_quantity")),
        (LOT | {"quantity": 1e300}, ("quantity", "number_out_of_range")),
        (LOT | {"quantity": "10"}, ("quantity", "value_error")),
        (LOT | {"quantity": True}, ("quantity", "value_error")),
        (LOT | {"entry_price": -1}, ("entry_price", "not_positive")),
        (LOT | {"entry_date": "2024-05-16"}, ("entry_date", "date_in_future")),
        (LOT | {"entry_date": "2009-05-16"}, ("entry_date", "date_out_of_calendar")),
        (LOT | {"exit_date": "2024-03-01"}, ("exit_date", "exit_before_entry")),
        (LOT | {"exit_price": 1}, ("exit_price", "exit_price_without_date")),
        (LOT | {"tags": ["a,b"]}, ("tags.0", "string_pattern_mismatch")),
        (LOT | {"name": "=x"}, ("name", "formula")),
        (LOT | {"asset_class": "OPTION"}, ("asset_class", "asset_class_conflict")),
        (LOT | {"color": "red"}, ("color", "extra_forbidden")),
        ({name: value for name, value in LOT.items() if name != "symbol"}, ("symbol", "missing")),
    ],
    ids=str,
)
def test_impossible_lots(desk: Desk, portfolio_id: int, body: Any, expected: tuple[str, str]) -> None:
    with desk.unchanged():
        found = problem(post(desk.ann, "/positions", body), 422, "invalid_request")
    assert field_codes(found) == [expected]
    assert [error.row for error in found.errors] == [None]


@pytest.mark.parametrize(
    ("symbol", "body", "expected"),
    [
        ("AAPL", EXIT | {"quantity": 0}, ("quantity", "not_held")),
        ("AAPL", EXIT | {"quantity": -5}, ("quantity", "not_held")),
        ("AAPL", EXIT | {"quantity": 1000.5}, ("quantity", "not_held")),
        ("AAPL", EXIT | {"exit_date": "2024-01-15"}, ("exit_date", "exit_before_entry")),
        ("AAPL", EXIT | {"exit_date": "2024-05-16"}, ("exit_date", "date_in_future")),
        ("AAPL", EXIT | {"exit_price": -1}, ("exit_price", "negative")),
        ("AAPL", EXIT | {"exit_price": 1e10}, ("exit_price", "value_too_large")),
        ("AAPL", {}, ("exit_date", "missing")),
    ],
    ids=str,
)
def test_impossible_exits(
    desk: Desk, portfolio_id: int, symbol: str, body: Any, expected: tuple[str, str]
) -> None:
    with desk.unchanged():
        answer = post(desk.ann, f"/positions/{lot_id(desk, symbol)}/exit", body)
        assert field_codes(problem(answer, 422, "invalid_request")) == [expected]


MISSING = {
    "cash_flows": "flow_not_found",
    "private_marks": "mark_not_found",
    "price_overrides": "override_not_found",
}


@pytest.mark.parametrize(
    ("path", "name", "table"),
    [
        (FLOW, "amount", "cash_flows"),
        (MARK, "price", "private_marks"),
        (MARK.replace("ACME", "acme"), "price", "private_marks"),
        (OVERRIDE, "price", "price_overrides"),
        (OVERRIDE.replace("AAPL", "aapl240816c00150000"), "price", "price_overrides"),
    ],
    ids=["flow", "mark", "mark in lower case", "override", "override of an option"],
)
def test_what_is_recorded_for_a_day_is_one_value(
    desk: Desk, portfolio_id: int, path: str, name: str, table: str
) -> None:
    ann = desk.ann
    for value, outcome in ((100, "added"), (120.5, "corrected")):
        answer = ann.send("PUT", path, json={name: value})
        # From the first session on or after Saturday 2024-03-02, or on Monday itself.
        assert request_of(desk, answer) == ("upload", [portfolio_id], "2024-03-04", None)
        assert (answer.json()["outcome"], answer.json()["first_session"]) == (outcome, "2024-03-04")
    with desk.unchanged():
        again = ann.send("PUT", path, json={name: 120.5}).json()
        assert (again["outcome"], again["first_session"]) == ("unchanged", None)
    assert desk.ask(f"select {name}::float from book.{table}") == [(120.5,)]
    gone = ann.send("DELETE", path)
    assert (gone.json()["outcome"], request_of(desk, gone)[2]) == ("removed", "2024-03-04")
    assert desk.ask(f"select {name}::float from book.{table}") == []
    assert desk.ask(f"select {name}::float from book.{table}_history order by 1") == [(100.0,), (120.5,)]
    with desk.unchanged():
        problem(ann.send("DELETE", path), 404, MISSING[table])


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (FLOW, {"amount": 0}, ("amount", "zero_amount")),
        (FLOW, {"amount": 0.00001}, ("amount", "number_out_of_range")),
        (FLOW, {"amount": "1"}, ("amount", "value_error")),
        (FLOW, {}, ("amount", "missing")),
        ("/portfolio/flows/2024-01-12", {"amount": 1}, ("date", "before_inception")),
        ("/portfolio/flows/2024-05-16", {"amount": 1}, ("date", "date_in_future")),
        ("/portfolio/flows/today", {"amount": 1}, ("date", "value_error")),
        (MARK, {"price": -1}, ("price", "negative")),
        (MARK, {"price": 1e12}, ("price", "value_too_large")),
        ("/portfolio/marks/AAPL/2024-03-01", {"price": 1}, ("symbol", "not_private")),
        ("/portfolio/marks/%3D1/2024-03-01", {"price": 1}, ("symbol", "string_pattern_mismatch")),
        (OVERRIDE, {"price": -1}, ("price", "negative")),
        (OVERRIDE, {"price": 1e8}, ("price", "value_too_large")),  # 1000 shares
        (OVERRIDE, {"price": 1, "session": "2024-03-04"}, ("session", "extra_forbidden")),
        (f"{OVERRIDES}/ACME/2024-03-04", {"price": 1}, ("symbol", "not_listed")),
        (f"{OVERRIDES}/XOM/2024-03-04", {"price": 1}, ("symbol", "not_listed")),
        (f"{OVERRIDES}/%3D1/2024-03-04", {"price": 1}, ("symbol", "string_pattern_mismatch")),
        (f"{OVERRIDES}/1X/2024-03-04", {"price": 1}, ("symbol", "invalid_symbol")),
        (f"{OVERRIDES}/AAPL/2024-03-02", {"price": 1}, ("date", "not_a_session")),
        (f"{OVERRIDES}/AAPL/2024-05-16", {"price": 1}, ("date", "date_in_future")),
        (f"{OVERRIDES}/AAPL/2024-01-12", {"price": 1}, ("date", "not_held")),
        (f"{OVERRIDES}/KO/2024-03-04", {"price": 1}, ("date", "not_held")),
    ],
    ids=str,
)
def test_impossible_entries(
    desk: Desk, portfolio_id: int, path: str, body: Any, expected: tuple[str, str]
) -> None:
    with desk.unchanged():
        found = problem(desk.ann.send("PUT", path, json=body), 422, "invalid_request")
    assert field_codes(found) == [expected]


ENTRIES = [
    ("POST", "/positions", LOT),
    ("POST", "/positions/{id}/exit", EXIT),
    ("PUT", FLOW, {"amount": 1}),
    ("DELETE", FLOW, None),
    ("PUT", MARK, {"price": 1}),
    ("DELETE", MARK, None),
    ("PUT", OVERRIDE, {"price": 1}),
    ("DELETE", OVERRIDE, None),
]


@pytest.mark.parametrize(("method", "path", "body"), ENTRIES, ids=str)
def test_a_book_is_its_owners(desk: Desk, portfolio_id: int, method: str, path: str, body: Any) -> None:
    path = path.replace("{id}", str(lot_id(desk, "AAPL")))
    by_lot = "exit" in path
    params = {} if by_lot else {"portfolio_id": portfolio_id}
    code = "position_not_found" if by_lot else "portfolio_not_found"
    with desk.unchanged():
        response = desk.client.request(method, f"/api/v1{path}", json=body, params=params)
        problem(response, 401, "not_authenticated")
        for caller in (desk.bob, desk.root):
            problem(caller.send(method, path, json=body, params=params), 404, code)
        if not by_lot:
            problem(desk.ann.send(method, path, json=body, params={"portfolio_id": 987654}), 404, code)
            problem(desk.bob.send(method, path, json=body), 404, code)
    problem(desk.ann.send(method, path, json=body, params={"x": 1}), 422, "invalid_request")


def test_a_close_is_overridden_while_a_lot_is_valued_at_one(desk: Desk, portfolio_id: int) -> None:
    """On its exit session a lot is worth the close unless it left at a price, at expiry an option its intrinsic."""
    ann = desk.ann
    assert post(ann, f"/positions/{lot_id(desk, 'AAPL')}/exit", EXIT).status_code == 202
    expiring = LOT | {"symbol": "AAPL240420C00150000", "entry_price": 9.5}  # a Saturday: the session before
    assert post(ann, "/positions", expiring).status_code == 202
    for symbol, last, too_late in (
        ("KO", "2024-03-01", "2024-03-04"),
        ("AAPL", "2024-04-05", "2024-04-08"),
        ("AAPL240420C00150000", "2024-04-18", "2024-04-19"),
    ):
        assert ann.send("PUT", f"{OVERRIDES}/{symbol}/{last}", json={"price": 1}).status_code == 202
        answer = ann.send("PUT", f"{OVERRIDES}/{symbol}/{too_late}", json={"price": 1})
        assert field_codes(problem(answer, 422, "invalid_request")) == [("date", "not_held")]


def test_a_history_that_is_behind_goes_on_from_where_it_is(desk: Desk, portfolio_id: int) -> None:
    desk.ask("update book.portfolios set equity_as_of = '2024-02-09' returning id")  # a Friday
    answer = desk.ann.send("PUT", FLOW, json={"amount": 1})
    assert request_of(desk, answer)[2] == "2024-02-12"


def test_what_takes_effect_after_the_latest_session_is_computed_with_it(
    desk: Desk, portfolio_id: int
) -> None:
    """It is Wednesday 2024-05-15 before the open."""
    answer = post(desk.ann, "/positions", LOT | {"entry_date": "2024-05-15"})
    assert request_of(desk, answer)[2] is None
    assert answer.json()["first_session"] == "2024-05-15"


def test_what_a_failed_run_left_undone_is_asked_for_again(desk: Desk, portfolio_id: int) -> None:
    """By whatever asks next, and from where it should have begun."""
    ann = desk.ann
    for day in ("2024-03-04", "2024-04-01"):
        asked = ann.send("PUT", f"/portfolio/flows/{day}", json={"amount": 5}).json()
        desk.run(asked["request_id"], "failed", error="no prices")
    again = ann.send("PUT", "/portfolio/flows/2024-04-01", json={"amount": 5})
    assert (again.json()["outcome"], request_of(desk, again)[2]) == ("unchanged", "2024-03-04")
    desk.run(again.json()["request_id"], "succeeded")
    last = ann.send("PUT", "/portfolio/flows/2024-04-01", json={"amount": 5}).json()
    assert last["request_id"] == again.json()["request_id"]
