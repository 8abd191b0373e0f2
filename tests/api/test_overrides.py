"""A price override over the API, from its recording to every figure it moves."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from tests.api.caller import Caller, login
from tests.api.conftest import LATEST, NOW, Filled, materialize, settings_of

DAY = date(2024, 5, 14)
"""HOLE, 50 shares, has had no close since 2024-04-30: unpriced. AAPL, 1000 shares, has one."""


@pytest.fixture
def desk(changeable: Filled) -> Iterator[TestClient]:
    with TestClient(create_app(settings_of(changeable.urls), now=lambda: NOW, intake=True)) as client:
        yield client


def position(caller: Caller, symbol: str, **params: Any) -> dict[str, Any]:
    items = caller.get("/positions", limit=100, **params).json()["items"]
    (found,) = [item for item in items if item["symbol"] == symbol]
    return dict(found)


def used(caller: Caller, position_id: int) -> dict[str, Any]:
    prices = caller.get(f"/lineage/position_pnl/{DAY}", position_id=position_id).json()["prices"]
    return {price["use"]: price for price in prices}


def test_what_it_moves_and_what_lineage_says(changeable: Filled, desk: TestClient) -> None:
    ann, bob = login(desk, "ann"), login(desk, "bob")
    before, stock, hole = ann.get("/portfolio").json(), position(ann, "AAPL"), position(ann, "HOLE")
    others, betas = bob.get("/portfolio").json(), changeable.query("select * from analytics.factor_betas")
    assert hole["is_unpriced"]
    for symbol, price in (("AAPL", stock["price"] - 10), ("HOLE", 31.5)):
        path = f"/portfolio/price-overrides/{symbol}/{DAY}"
        answer = ann.send("PUT", path, json={"price": price})
        assert (answer.status_code, answer.json()["first_session"]) == (202, str(DAY)), answer.text
    waiting = ann.get("/portfolio").json()
    assert waiting["net_asset_value"] == before["net_asset_value"]
    materialize(changeable.urls, DAY, LATEST, answer.json()["request_id"])

    after, price = ann.get("/portfolio").json(), position(ann, "AAPL")
    assert price["price"] == stock["price"] - 10
    assert price["daily_pnl"] == pytest.approx(stock["daily_pnl"] - 1000 * 10, abs=1e-4)
    found = position(ann, "HOLE")
    assert (found["price"], found["price_date"], found["is_unpriced"]) == (31.5, str(DAY), False)
    moved = -1000 * 10 + 50 * (31.5 - hole["price"])
    assert after["net_asset_value"] == pytest.approx(before["net_asset_value"] + moved, abs=1e-3)
    assert after["coverage"]["unpriced"] == before["coverage"]["unpriced"] - 1
    assert after["price_sources"] == ["override", "simulated"]
    assert bob.get("/portfolio").json() == others | {"known_at": after["known_at"]}
    assert changeable.query("select * from analytics.factor_betas") == betas
    # As it was known before.
    assert position(ann, "AAPL", known_at=before["known_at"])["price"] == stock["price"]

    named = used(ann, price["id"])
    ((commit, session),) = changeable.query(
        "select commit_id, session from book.price_overrides where symbol = 'AAPL'"
    )
    value = named["value"]
    assert (value["kind"], value["price"], value["source"]) == ("override", price["price"], None)
    assert (value["commit_id"], value["session"]) == (commit, str(session))
    assert (named["value_before"]["kind"], named["value_before"]["source"]) == ("close", "simulated")


def test_an_option_keeps_its_underlyings_market_price(changeable: Filled, desk: TestClient) -> None:
    ann = login(desk, "ann")
    option = position(ann, "AAPL240816C00150000")
    before = used(ann, option["id"])
    ann.send("PUT", f"/portfolio/price-overrides/AAPL/{DAY}", json={"price": 1})
    materialize(changeable.urls, DAY, LATEST)
    assert used(ann, option["id"]) == before
    assert position(ann, "AAPL240816C00150000") | {"weight": None} == option | {"weight": None}
