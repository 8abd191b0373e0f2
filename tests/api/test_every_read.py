"""What holds for every read: who may ask, the clock, the shape of answers and errors, and what it costs."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.asking import Asking
from api.reads.statements import Statement
from api.schemas.problem import Problem
from tests.api.conftest import NOW, Caller, Filled
from tests.api.reads import READS, Read

every_read = pytest.mark.parametrize("read", READS, ids=str)


@pytest.fixture(scope="session")
def lot(filled: Filled) -> int:
    """The first lot of the main book: 1000 AAPL."""
    return filled.query("select min(id) from book.positions where portfolio_id = %s", filled.main)[0][0]


def problem(response: Any, status: int, code: str) -> Problem:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    found = Problem.model_validate_json(response.content)
    assert (found.status, found.code, found.instance) == (status, code, response.request.url.path)
    return found


def field_codes(found: Problem) -> list[tuple[str | None, str]]:
    return [(error.field, error.code) for error in found.errors]


@every_read
def test_answers_in_its_documented_shape(read: Read, ann: Caller, lot: int) -> None:
    response = ann.get(read.at(lot), **read.params)
    assert response.status_code == 200, response.text
    read.model.model_validate_json(response.content)
    body = response.json()
    assert body["session"] == body["as_of"] == "2024-05-14"
    assert body["as_of_is_session"] is True
    assert body["is_behind"] is False
    assert body["portfolio_id"] == ann.portfolio_id


@every_read
def test_nothing_stored_is_null_with_a_reason(read: Read, bob: Caller, filled: Filled) -> None:
    lots = filled.query("select min(id) from book.positions where portfolio_id = %s", filled.fresh)
    params = {} if read.by_position else {"portfolio_id": filled.fresh}
    response = bob.get(read.at(lots[0][0]), **read.params, **params)
    assert response.status_code == 200, response.text
    read.model.model_validate_json(response.content)
    assert (response.json()["session"], response.json()["reason"]) == (None, "not_materialized")


@every_read
def test_nobody_without_a_token(read: Read, client: TestClient, lot: int) -> None:
    path = f"/api/v1{read.at(lot)}"
    response = client.get(path, params=read.params)
    problem(response, 401, "not_authenticated")
    assert response.headers["www-authenticate"] == "Bearer"
    problem(client.get(path, headers={"Authorization": "Bearer x.y.z"}), 401, "invalid_token")


@every_read
def test_other_users_portfolios_are_not_there(
    read: Read, bob: Caller, root: Caller, filled: Filled, lot: int
) -> None:
    code = "position_not_found" if read.by_position else "portfolio_not_found"
    params = read.params if read.by_position else read.params | {"portfolio_id": filled.main}
    nowhere = read.params if read.by_position else read.params | {"portfolio_id": 987654}
    foreign = problem(bob.get(read.at(lot), **params), 404, code)
    missing = problem(bob.get(read.at(987654), **nowhere), 404, code)
    assert foreign.detail == missing.detail
    assert root.get(read.at(lot), **params).status_code == 200


@every_read
@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"as_of": "2024-05-16"}, ("as_of", "future")),
        ({"as_of": "2023-12-29"}, ("as_of", "before_inception")),
        ({"as_of": "yesterday"}, ("as_of", "value_error")),
        ({"as_of": "1715731200"}, ("as_of", "value_error")),
        ({"known_at": "2099-01-01T00:00:00Z"}, ("known_at", "future")),
        ({"known_at": "2024-05-14T00:00:00Z"}, ("known_at", "unknown_then")),
        ({"known_at": "2024-05-14T00:00:00"}, ("known_at", "value_error")),
        ({"asof": "2024-05-14"}, ("asof", "unknown_parameter")),
        ({"as_of": ["2024-05-13", "2024-05-14"]}, ("as_of", "repeated_parameter")),
    ],
    ids=str,
)
def test_impossible_values_are_refused(
    read: Read, ann: Caller, lot: int, params: dict[str, Any], expected: tuple[str, str]
) -> None:
    if read.by_position and expected[1] == "unknown_then":
        problem(ann.get(read.at(lot), **read.params, **params), 404, "position_not_found")
        return
    found = problem(ann.get(read.at(lot), **read.params, **params), 422, "invalid_request")
    assert field_codes(found) == [expected]


@every_read
def test_a_day_that_is_no_session_is_answered_for_the_one_before(read: Read, ann: Caller, lot: int) -> None:
    body = ann.get(read.at(lot), **read.params, as_of="2024-03-31").json()  # Easter Sunday after Good Friday
    assert (body["as_of"], body["session"]) == ("2024-03-31", "2024-03-28")
    assert body["as_of_is_session"] is False
    assert body["is_behind"] is False


@every_read
def test_unchanged_answers_are_not_sent_again(
    read: Read, ann: Caller, root: Caller, lot: int, filled: Filled
) -> None:
    first = ann.get(read.at(lot), **read.params)
    tag = first.headers["etag"]
    again = ann.get(read.at(lot), headers={"If-None-Match": f'"other", {tag}'}, **read.params)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = ann.get(read.at(lot), headers={"If-None-Match": tag}, **read.params, as_of="2024-05-13")
    assert other.status_code == 200
    params = {} if read.by_position else {"portfolio_id": filled.main}
    assert root.get(read.at(lot), **read.params, **params).headers["etag"] != tag


@every_read
def test_known_at_the_newest_commit_is_the_answer_of_now(read: Read, ann: Caller, lot: int) -> None:
    now = ann.get(read.at(lot), **read.params).json()
    then = ann.get(read.at(lot), **read.params, known_at=now["known_at"]).json()
    assert now.pop("stale") is False
    assert then.pop("stale") is None, "what was stale then nobody knows any more"
    assert then == now


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that the reader's connections are asked."""
    seen: list[str] = []
    row = Asking.row

    async def counted(self: Any, statement: Statement, values: Any) -> Any:
        seen.append(statement.text.decode())
        return await row(self, statement, values)

    monkeypatch.setattr(Asking, "row", counted)
    return seen


@every_read
def test_one_statement_whatever_the_size(read: Read, ann: Caller, lot: int, statements: list[str]) -> None:
    first = ann.get(read.at(lot), **read.params)
    assert len(statements) == 1
    statements.clear()
    ann.get(read.at(lot), headers={"If-None-Match": first.headers["etag"]}, **read.params)
    assert len(statements) == 1
    statements.clear()
    ann.get(read.at(lot), **read.params, known_at=first.json()["known_at"])
    assert len(statements) == 2  # one waits for commits being stamped


@every_read
def test_has_no_other_method(read: Read, client: TestClient, lot: int) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        problem(client.request(method, f"/api/v1{read.at(lot)}"), 405, "method_not_allowed")


@pytest.mark.parametrize("given", ["0", "-1", "1.0", "x", str(2**63), "+1", "1e3", "%00"])
def test_malformed_ids(given: str, ann: Caller) -> None:
    found = problem(ann.get("/portfolio", portfolio_id=given), 422, "invalid_request")
    assert [error.field for error in found.errors] == ["portfolio_id"]
    if given != "%00":
        problem(ann.get(f"/positions/{given}"), 422, "invalid_request")


def test_default_portfolio_is_the_users_first(
    ann: Caller, bob: Caller, root: Caller, new: Caller, filled: Filled
) -> None:
    assert (ann.portfolio_id, bob.portfolio_id) == (filled.main, filled.other)
    assert (root.portfolio_id, new.portfolio_id) == (None, None)
    problem(new.get("/portfolio"), 404, "portfolio_not_found")
    empty = new.get("/tags").json()
    assert (empty["items"], empty["reason"], empty["portfolio_id"]) == ([], "no_portfolio", None)


def test_at_inception_there_are_no_figures_yet(ann: Caller) -> None:
    body = ann.get("/portfolio", as_of="2024-01-02").json()
    assert (body["session"], body["reason"], body["net_asset_value"]) == (None, "at_inception", None)
    assert body["initial_equity"] > 0


@pytest.fixture
def later(filled: Filled) -> Iterator[Caller]:
    """Ann, a week after anything was computed."""
    from api.app import create_app
    from tests.api.conftest import login, settings_of

    app = create_app(settings_of(filled.urls), now=lambda: NOW + timedelta(days=7))
    with TestClient(app) as client:
        yield login(client, "ann")


def test_a_book_that_is_behind_is_answered_and_says_so(later: Caller) -> None:
    body = later.get("/portfolio").json()
    assert (body["as_of"], body["session"], body["is_behind"]) == ("2024-05-21", "2024-05-14", True)
    assert later.client.get("/ready").json()["sessions_behind"] == 5


def test_today_before_the_close_is_answered_for_yesterday(ann: Caller) -> None:
    body = ann.get("/portfolio", as_of="2024-05-15").json()
    assert (body["session"], body["as_of_is_session"]) == ("2024-05-14", False)


def test_lists_page_through_without_gap_or_repeat(ann: Caller, filled: Filled) -> None:
    sessions, params = [], {"limit": 40}
    while True:
        page = ann.get("/portfolio/history", **params).json()
        sessions += [item["session"] for item in page["items"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    stored = filled.query(
        "select session from analytics.snapshots where portfolio_id = %s order by session", filled.main
    )
    assert [date.fromisoformat(one) for one in sessions] == [row[0] for row in stored]
    assert len(sessions) > 80


@pytest.mark.parametrize("path", ["/portfolio/history", "/positions", "/tags", "/positions/{id}/history"])
def test_cursors_are_good_for_their_list_only(path: str, ann: Caller, bob: Caller, lot: int) -> None:
    path = path.replace("{id}", str(lot))
    page = ann.get(path, limit=1).json()
    assert len(page["items"]) == 1
    following = ann.get(path, limit=1, cursor=page["next"]).json()
    assert following["items"][0] != page["items"][0]
    assert following["known_at"] == page["known_at"]
    for wrong in ("x", "AAAA", page["next"][:-4], "!", "WzEsMiwzXQ"):
        found = problem(ann.get(path, cursor=wrong), 422, "invalid_request")
        assert field_codes(found) == [("cursor", "invalid_cursor")]
    problem(ann.get(path, cursor=page["next"], as_of="2024-05-10"), 422, "invalid_request")


@pytest.mark.parametrize("path", ["/portfolio/history", "/portfolio/attribution", "/positions/{id}/history"])
def test_ranges(path: str, ann: Caller, lot: int) -> None:
    path = path.replace("{id}", str(lot))
    found = problem(ann.get(path, start="2024-03-02", end="2024-03-01"), 422, "invalid_request")
    assert field_codes(found) == [("start", "after_end")]
    body = ann.get(path, start="2024-03-01", end="2024-03-08").json()
    assert (body["start"], body["end"]) == ("2024-03-01", "2024-03-08")
    if "items" in body:
        assert [item["session"] for item in body["items"]] == [
            "2024-03-01", "2024-03-04", "2024-03-05", "2024-03-06", "2024-03-07", "2024-03-08",
        ]  # fmt: skip
    assert ann.get(path, end="2024-05-01", as_of="2024-04-01").json()["end"] == "2024-04-01"


def test_money_is_exact(ann: Caller, filled: Filled) -> None:
    """Numbers are written as stored, so that whoever reads decimals loses nothing."""
    import json

    text = ann.get("/portfolio").text
    row = filled.query(
        "select net_asset_value, cash, delta_net_exposure from analytics.snapshots "
        "where portfolio_id = %s and session = '2024-05-14'", filled.main,
    )[0]  # fmt: skip
    body = json.loads(text, parse_float=Decimal)
    assert (body["net_asset_value"], body["cash"], body["delta_net_exposure"]) == row
    assert datetime.fromisoformat(body["known_at"]).tzinfo is not None
