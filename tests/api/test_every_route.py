"""What holds for every route: who may use it, whose things it is about, and what it refuses."""

import re
from typing import Any

import pytest

from api.app import PREFIX, create_app
from tests.api.caller import Caller
from tests.api.desk import Desk
from tests.api.routes import FLOW, MARK, NOWHERE, OVERRIDE, ROUTES, Route
from tests.api.test_every_read import problem

OPEN = {"/health", "/ready", "/metrics", f"{PREFIX}/auth/login"}
"""What needs no login; tested in test_service and test_security."""

BOOK = (
    b"ticker,quantity,entry_price,entry_date,tags,asset_class\n"
    b"AAPL,1000,150.00,2024-01-16,tech,\nACME,10,50,2024-01-16,,PRIVATE\n"
)

every_route = pytest.mark.parametrize("route", ROUTES, ids=str)


@pytest.fixture
def owned(desk: Desk) -> dict[str, int]:
    """What ann owns: a book with a flow, a mark and an override, and an upload that could be withdrawn."""
    ann = desk.ann
    made = ann.upload(BOOK, name="Main").json()
    assert ann.send("PUT", FLOW, json={"amount": 1}).status_code == 202
    assert ann.send("PUT", MARK, json={"price": 1}).status_code == 202
    assert ann.send("PUT", OVERRIDE, json={"price": 1}).status_code == 202
    return {
        "portfolio_id": made["portfolio_id"],
        "request_id": made["request_id"],
        "position_id": desk.ask("select min(id) from book.positions")[0][0],
        "upload_id": desk.ask("select min(id) from book.uploads")[0][0],
        "tag_id": desk.ask("select min(id) from book.tags")[0][0],
    }


def send(caller: Caller, route: Route, ids: dict[str, int], given: dict[str, Any] | None = None) -> Any:
    given = given or {}
    params = route.given.get("params", {}) | given.get("params", {})
    if route.by_portfolio:
        params = params | {"portfolio_id": ids["portfolio_id"]}
    sent = route.given | given | {"params": params}
    if "data" in sent:
        sent["data"] = {name: str(value).format(**ids) for name, value in sent["data"].items()}
    if isinstance(sent.get("json"), dict):
        asked = route.given.get("json", {}) | sent["json"]
        sent["json"] = {n: ids["portfolio_id"] if v == "{portfolio_id}" else v for n, v in asked.items()}
    return caller.send(route.method, route.path.format(**ids), **sent)


def test_the_table_has_every_route() -> None:
    document = create_app(intake=True).openapi()
    names = {(method.upper(), path) for path, one in document["paths"].items() for method in one} - {
        ("GET" if path != f"{PREFIX}/auth/login" else "POST", path) for path in OPEN
    }

    def form(path: str) -> str:
        dated = path.replace("2024-03-04", "{date}").replace("/ACME/", "/{symbol}/")
        dated = dated.replace("/AAPL/", "/{symbol}/")
        dated = dated.replace("/snapshots/", "/{asset}/")
        return re.sub(r"\{\w+\}", "{}", dated)

    listed = {(route.method, form(f"{PREFIX}{route.path}")) for route in ROUTES}
    assert listed == {(method, form(path)) for method, path in names}


@every_route
def test_a_good_request_is_answered(route: Route, desk: Desk, owned: dict[str, int]) -> None:
    answer = send(desk.root if route.is_admins else desk.ann, route, owned)
    assert answer.status_code == route.status, answer.text


@every_route
def test_nobody_without_a_login(route: Route, desk: Desk, owned: dict[str, int]) -> None:
    path = f"{PREFIX}{route.path.format(**owned)}"
    given = {name: value for name, value in route.given.items() if name != "data"}
    with desk.unchanged():
        problem(desk.client.request(route.method, path, **given), 401, "not_authenticated")
        forged = {"Authorization": "Bearer x.y.z"}
        problem(desk.client.request(route.method, path, headers=forged, **given), 401, "invalid_token")


@every_route
def test_what_is_anothers_is_not_there(route: Route, desk: Desk, owned: dict[str, int]) -> None:
    with desk.unchanged():
        if route.is_admins:
            problem(send(desk.ann, route, owned), 403, "forbidden")
        elif route.foreign is not None:
            foreign = problem(send(desk.bob, route, owned), 404, route.foreign)
            missing = problem(send(desk.ann, route, dict.fromkeys(owned, NOWHERE)), 404, route.foreign)
            assert foreign.detail == missing.detail


@every_route
def test_what_is_malformed_is_refused(route: Route, desk: Desk, owned: dict[str, int]) -> None:
    caller = desk.root if route.is_admins else desk.ann
    with desk.unchanged():
        found = problem(send(caller, route, owned, route.bad), 422, "invalid_request")
        assert [error.field for error in found.errors] == [route.wrong]
        found = problem(send(caller, route, owned, {"params": {"x": "1"}}), 422, "invalid_request")
        assert [error.code for error in found.errors] == ["unknown_parameter"]
