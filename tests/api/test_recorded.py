"""Cash flows, private marks and price overrides are listed as they were recorded: in order, in pages, as known then."""

import base64
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from tests.api.caller import Caller
from tests.api.desk import Desk
from tests.api.test_every_read import field_codes, problem

BOOK = (
    b"ticker,quantity,entry_price,entry_date,tags,asset_class\n"
    b"AAPL,1000,150.00,2024-01-16,,\n"
    b"AAPL240816C00150000,10,15.50,2024-02-12,,\n"
    b"BRK.B,20,360,2024-01-16,,\n"
    b"ACME,10,50,2024-01-16,,PRIVATE\n"
    b"ZETA_1,10,50,2024-01-16,,PRIVATE\n"
)
"""Inception is Friday 2024-01-12; it is Wednesday 2024-05-15 before the open."""

Item = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A list, and what a test records: (symbol, date, value) in the order of the list; the symbol of a flow is None."""

    path: str
    day: str
    value: str
    rows: tuple[tuple[str | None, str, str], ...]

    @property
    def items(self) -> list[Item]:
        return [
            ({} if symbol is None else {"symbol": symbol}) | {self.day: day, self.value: Decimal(value)}
            for symbol, day, value in self.rows
        ]

    def entry(self, item: Item) -> str:
        """The path it is put to, and deleted at."""
        return "/".join([self.path, *([item["symbol"]] if "symbol" in item else []), item[self.day]])

    def put(self, caller: Caller, item: Item) -> None:
        answer = caller.send("PUT", self.entry(item), json={self.value: float(item[self.value])})
        assert answer.status_code == 202, answer.text

    def delete(self, caller: Caller, item: Item) -> None:
        answer = caller.send("DELETE", self.entry(item))
        assert answer.status_code == 202, answer.text

    def ask(self, caller: Caller, **params: Any) -> dict[str, Any]:
        answer = caller.get(self.path, **params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)
        return found

    def __str__(self) -> str:
        return self.path


FLOWS = Kind(
    "/portfolio/flows",
    "flow_date",
    "amount",
    (
        (None, "2024-01-16", "50000"),
        (None, "2024-03-02", "-120.2501"),  # a Saturday
        (None, "2024-03-04", "0.5"),
        (None, "2024-05-15", "7"),  # today, after the latest session
    ),
)
MARKS = Kind(
    "/portfolio/marks",
    "mark_date",
    "price",
    (
        ("ACME", "2023-12-31", "49.5"),  # before inception: that is what it is worth then
        ("ACME", "2024-03-02", "61.250001"),
        ("ACME", "2024-05-15", "0"),
        ("ZETA_1", "2024-02-29", "1"),
    ),
)
OVERRIDES = Kind(
    "/portfolio/price-overrides",
    "session",
    "price",
    (
        ("AAPL", "2024-01-16", "182.5"),
        ("AAPL", "2024-03-04", "0.000001"),
        ("AAPL240816C00150000", "2024-02-29", "22"),
        ("BRK.B", "2024-02-13", "400"),
    ),
)
KINDS = (FLOWS, MARKS, OVERRIDES)
PRICES = (MARKS, OVERRIDES)

every_kind = pytest.mark.parametrize("kind", KINDS, ids=str)
every_price = pytest.mark.parametrize("kind", PRICES, ids=str)


@pytest.fixture
def ann(desk: Desk) -> Caller:
    """Ann with her book, of which everything is recorded, the last first."""
    assert desk.ann.upload(BOOK, name="Main").status_code == 202
    ann = desk.ann
    for kind in KINDS:
        assert kind.ask(ann)["items"] == []
        for item in reversed(kind.items):
            kind.put(ann, item)
    return ann


def pages(kind: Kind, caller: Caller, **params: Any) -> list[list[Item]]:
    found, cursor = [], None
    while True:
        body = kind.ask(caller, **params, **({} if cursor is None else {"cursor": cursor}))
        found.append(body["items"])
        cursor = body["next"]
        if cursor is None:
            return found


@every_kind
def test_what_was_put_is_listed_in_order(kind: Kind, ann: Caller) -> None:
    body = kind.ask(ann)
    assert (body["items"], body["next"], body["portfolio_id"]) == (kind.items, None, ann.portfolio_id)


@every_kind
def test_whatever_the_session_asked_about(kind: Kind, ann: Caller) -> None:
    body = kind.ask(ann, as_of="2024-02-20")
    assert (body["as_of"], body["items"]) == ("2024-02-20", kind.items)


@every_kind
def test_what_is_corrected_or_deleted_stays_in_the_past(kind: Kind, ann: Caller) -> None:
    first, second, *others = kind.items
    corrected = first | {kind.value: Decimal("3.25")}
    told = [kind.ask(ann)]
    kind.put(ann, corrected)
    told.append(kind.ask(ann))
    assert told[-1]["items"] == [corrected, second, *others]
    kind.delete(ann, second)
    told.append(kind.ask(ann))
    assert told[-1]["items"] == [corrected, *others]
    kind.put(ann, second)
    told.append(kind.ask(ann))
    assert told[-1]["items"] == [corrected, second, *others]
    for item in told[-1]["items"]:
        kind.delete(ann, item)
    assert kind.ask(ann)["items"] == []
    for body in told:
        known_at = body["known_at"]
        assert kind.ask(ann, known_at=known_at) == body | {"stale": None}
        assert [one for page in pages(kind, ann, limit=1, known_at=known_at) for one in page] == body["items"]


@every_kind
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_pages_are_the_whole(kind: Kind, ann: Caller, size: int) -> None:
    found = pages(kind, ann, limit=size)
    assert [item for page in found for item in page] == kind.items
    assert len(found) == -(-len(kind.items) // size)
    assert {len(page) for page in found[:-1]} <= {size}


@every_kind
def test_a_page_is_as_known_when_the_first_was_asked_for(kind: Kind, ann: Caller) -> None:
    first = kind.ask(ann, limit=1)
    for item in kind.items[1:]:
        kind.delete(ann, item)
    following = kind.ask(ann, limit=1000, cursor=first["next"])
    assert (following["items"], following["next"]) == (kind.items[1:], None)
    assert following["known_at"] == first["known_at"]
    assert kind.ask(ann)["items"] == kind.items[:1]


@every_kind
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2024-03-02", None),
        (None, "2024-02-29"),
        ("2024-02-13", "2024-03-04"),
        ("2024-03-04", "2024-03-04"),
        ("2025-01-01", None),
        (None, "2001-01-01"),
        ("0001-01-01", "9999-12-31"),
    ],
)
def test_a_range_of_dates(kind: Kind, ann: Caller, start: str | None, end: str | None) -> None:
    params = {name: day for name, day in (("start", start), ("end", end)) if day is not None}
    within = [one for one in kind.items if (start or "") <= one[kind.day] <= (end or "9999-12-31")]
    assert kind.ask(ann, **params)["items"] == within
    assert [item for page in pages(kind, ann, limit=1, **params) for item in page] == within


@every_price
def test_a_symbol(kind: Kind, ann: Caller) -> None:
    for symbol in {item["symbol"] for item in kind.items}:
        of_symbol = [item for item in kind.items if item["symbol"] == symbol]
        assert kind.ask(ann, symbol=symbol)["items"] == of_symbol
        assert kind.ask(ann, symbol=symbol.lower(), start="2024-02-01")["items"] == [
            item for item in of_symbol if item[kind.day] >= "2024-02-01"
        ]
        assert [item for page in pages(kind, ann, limit=1, symbol=symbol) for item in page] == of_symbol
    assert kind.ask(ann, symbol="NOTHING")["items"] == []


@every_kind
def test_a_book_is_its_owners(kind: Kind, ann: Caller, desk: Desk) -> None:
    mains = {"portfolio_id": ann.portfolio_id}
    problem(desk.bob.get(kind.path), 404, "portfolio_not_found")
    assert desk.bob.upload(BOOK, name="Other").status_code == 202
    bob = desk.bob
    assert kind.ask(bob)["items"] == []
    kind.put(bob, kind.items[1])
    assert kind.ask(bob)["items"] == kind.items[1:2]
    assert kind.ask(ann)["items"] == kind.items
    foreign = problem(bob.get(kind.path, **mains), 404, "portfolio_not_found")
    missing = problem(bob.get(kind.path, portfolio_id=987654), 404, "portfolio_not_found")
    assert foreign.detail == missing.detail
    assert kind.ask(desk.root, **mains)["items"] == kind.items


@every_kind
@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"start": "2024-03-02", "end": "2024-03-01"}, ("start", "after_end")),
        ({"start": "today"}, ("start", "value_error")),
        ({"end": "2024-02-30"}, ("end", "date_from_datetime_parsing")),
        ({"limit": 0}, ("limit", "greater_than_equal")),
        ({"limit": 1001}, ("limit", "less_than_equal")),
        ({"cursor": "bm90aGluZw"}, ("cursor", "invalid_cursor")),
        ({"date": "2024-03-04"}, ("date", "unknown_parameter")),
    ],
    ids=str,
)
def test_impossible_values_are_refused(
    kind: Kind, ann: Caller, params: dict[str, Any], expected: tuple[str, str]
) -> None:
    found = problem(ann.get(kind.path, **params), 422, "invalid_request")
    assert field_codes(found) == [expected]


@pytest.mark.parametrize("symbol", ["", "=1", "A B", "A" * 33, "A\x00", "É"])
def test_impossible_symbols_are_refused(ann: Caller, symbol: str) -> None:
    for kind in PRICES:
        found = problem(ann.get(kind.path, symbol=symbol), 422, "invalid_request")
        assert field_codes(found) == [("symbol", "string_pattern_mismatch")]
    found = problem(ann.get(FLOWS.path, symbol="ACME"), 422, "invalid_request")
    assert field_codes(found) == [("symbol", "unknown_parameter")]


def forged(cursor: str, after: Any) -> str:
    """The cursor of the same list with another place in it."""
    content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return base64.urlsafe_b64encode(json.dumps([*content[:2], after]).encode()).decode().rstrip("=")


@every_kind
def test_cursors_are_good_for_their_list_only(kind: Kind, ann: Caller) -> None:
    cursor = kind.ask(ann, limit=1)["next"]
    good = "2024-03-04" if kind is FLOWS else ["ACME", "2024-03-04"]
    assert ann.get(kind.path, cursor=forged(cursor, good)).status_code == 200
    places = [
        None, 5, "soon", [], {}, ["ACME"], [5, "2024-03-04"], ["ACME", 5], ["ACME", "soon"], ["", "2024-03-04"],
        ["A\x00", "2024-03-04"], [["ACME"], "2024-03-04"], ["ACME", "2024-03-04", 1], [None, "2024-03-04"],
    ]  # fmt: skip
    for place in places:
        found = problem(ann.get(kind.path, cursor=forged(cursor, place)), 422, "invalid_request")
        assert field_codes(found) == [("cursor", "invalid_cursor")], place
    for params in ({"start": "2024-03-04"}, {"portfolio_id": ann.portfolio_id}):
        problem(ann.get(kind.path, cursor=cursor, **params), 422, "invalid_request")
    for other in KINDS:
        if other is not kind:
            problem(ann.get(other.path, cursor=cursor), 422, "invalid_request")
