"""Where a number comes from: each link of the chain is a stored row, and a lot's numbers follow from its prices."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.reads.chain import ASSETS, INPUTS, upstream
from api.schemas.lineage import Lineage
from pipelines.postgres import DatabaseUrls
from pipelines.sessions import session_index
from pipelines.steps.chain import STEPS, run_step
from pipelines.steps.plan import Request
from pipelines.tables.run import RunRecord, open_run
from pipelines.tables.specs import MANIFESTED
from pipelines.verify.causes import UPSTREAM
from tests.api.caller import login
from tests.api.conftest import NOW, Caller, Filled, settings_of
from tests.api.test_every_read import field_codes, problem

DAY = "2024-05-14"


def ask(caller: Caller, asset: str = "snapshots", session: str = DAY, **params: Any) -> dict[str, Any]:
    response = caller.get(f"/lineage/{asset}/{session}", **params)
    assert response.status_code == 200, response.text
    Lineage.model_validate_json(response.content)
    body: dict[str, Any] = response.json()
    return body


def test_the_chain_is_that_of_the_pipeline() -> None:
    assert set(ASSETS) == {spec.name for spec in MANIFESTED}
    for asset, inputs in UPSTREAM.items():
        assert set(INPUTS[asset]) - {"prices"} == set(inputs)  # type: ignore[index]
    assert upstream("snapshots") == [
        "snapshots",
        "position_greeks",
        "rolled_equity",
        "position_pnl",
        "prices",
    ]


@pytest.mark.parametrize("asset", ASSETS)
def test_every_link_is_a_stored_slice(asset: str, ann: Caller, filled: Filled) -> None:
    body = ask(ann, asset)
    assert (body["session"], body["reason"], body["portfolio_id"]) == (DAY, None, filled.main)
    links = body["slices"]
    assert links[0]["asset"] == asset
    own = [link["asset"] for link in links if link["session"] == DAY]
    assert own == upstream(asset)  # type: ignore[arg-type]
    for link in links:
        (row,) = filled.query(
            "select encode(s.input_hash, 'hex'), encode(s.output_digest, 'hex'), s.code_version, s.run_id, s.row_count"
            " from analytics.slices s where s.asset = %s and s.session = %s and coalesce(s.portfolio_id, %s) = %s",
            link["asset"], link["session"], filled.main, filled.main,
        )  # fmt: skip
        assert row == (
            link["input_hash"], link["output_digest"], link["code_version"], link["run"]["run_id"], link["row_count"],
        )  # fmt: skip
        assert link["run"]["url"] == f"http://127.0.0.1:3000/runs/{row[3]}"
        assert set(link["inputs"]) == set(INPUTS[link["asset"]])


def test_a_lots_value_follows_from_the_price_row_it_names(ann: Caller, filled: Filled) -> None:
    body = ask(ann, "position_pnl")
    assert {one["kind"] for one in body["prices"]} >= {"close", "mark"}
    lots = {lot["position_id"]: lot for lot in body["positions"]}
    stored = dict(
        filled.query(
            "select position_id, market_value from analytics.position_pnl where portfolio_id = %s and session = %s",
            filled.main, DAY,
        )
    )  # fmt: skip
    assert lots.keys() == stored.keys()
    values = [price for price in body["prices"] if price["use"] == "value"]
    assert len(values) == len(stored)
    for used in values:
        lot = lots[used["position_id"]]
        worth = Decimal(str(lot["quantity"])) * Decimal(str(lot["multiplier"])) * Decimal(str(used["price"]))
        assert abs(worth - stored[used["position_id"]]) <= Decimal("0.0001")
        if used["kind"] == "close":
            (row,) = filled.query(
                "select close, commit_id from market.prices where symbol = %s and session = %s",
                used["symbol"], used["session"],
            )  # fmt: skip
            assert row == (used["price"], used["commit_id"])


def test_a_lot_alone(ann: Caller, filled: Filled) -> None:
    option = filled.query(
        "select id from book.positions where symbol = 'AAPL240816C00150000' and portfolio_id = %s",
        filled.main,
    )[0][0]
    body = ask(ann, "position_greeks", position_id=option)
    assert {one["position_id"] for one in [*body["prices"], *body["positions"]]} == {option}
    assert {(one["use"], one["symbol"]) for one in body["prices"]} == {
        ("value", "AAPL240816C00150000"),
        ("value_before", "AAPL240816C00150000"),
        ("underlying", "AAPL"),
    }
    assert body == ask(ann, "position_greeks", position_id=option, portfolio_id=filled.main)


def test_at_an_expiry_the_price_is_the_underlyings(ann: Caller, filled: Filled) -> None:
    option = filled.query("select id from book.positions where symbol = 'AAPL240216C00150000'")[0][0]
    (value,) = [
        one
        for one in ask(ann, "position_pnl", "2024-02-16", position_id=option)["prices"]
        if one["use"] == "value"
    ]
    assert (value["symbol"], value["session"]) == ("AAPL", "2024-02-16")


def test_a_day_without_session_and_a_portfolio_without_history(
    ann: Caller, bob: Caller, filled: Filled
) -> None:
    assert ask(ann, session="2024-03-31")["session"] == "2024-03-28"
    nothing = ask(bob, portfolio_id=filled.fresh)
    assert (nothing["slices"], nothing["prices"], nothing["reason"]) == ([], [], "not_materialized")


def test_known_at_the_newest_commit_is_the_answer_of_now(ann: Caller) -> None:
    now = ask(ann)
    assert ask(ann, known_at=now["known_at"]) == now | {"stale": None}
    tag = ann.get(f"/lineage/snapshots/{DAY}").headers["etag"]
    assert ann.get(f"/lineage/snapshots/{DAY}", headers={"If-None-Match": tag}).status_code == 304


def test_nobody_without_a_token(client: TestClient) -> None:
    problem(client.get(f"/api/v1/lineage/snapshots/{DAY}"), 401, "not_authenticated")


def test_what_is_another_users_is_not_there(ann: Caller, bob: Caller, root: Caller, filled: Filled) -> None:
    lot = filled.query("select min(id) from book.positions where portfolio_id = %s", filled.main)[0][0]
    problem(bob.get(f"/lineage/snapshots/{DAY}", portfolio_id=filled.main), 404, "portfolio_not_found")
    problem(bob.get(f"/lineage/snapshots/{DAY}", position_id=lot), 404, "position_not_found")
    mismatch = ann.get(f"/lineage/snapshots/{DAY}", position_id=lot, portfolio_id=filled.other)
    problem(mismatch, 404, "position_not_found")
    assert root.get(f"/lineage/snapshots/{DAY}", portfolio_id=filled.main).status_code == 200


@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        (f"/lineage/nothing/{DAY}", {}, "asset"),
        ("/lineage/snapshots/yesterday", {}, "session"),
        ("/lineage/snapshots/2024-05-16", {}, "as_of"),
        ("/lineage/snapshots/2023-12-29", {}, "as_of"),
        (f"/lineage/snapshots/{DAY}", {"position_id": "0"}, "position_id"),
        (f"/lineage/snapshots/{DAY}", {"as_of": DAY}, "as_of"),
        (f"/lineage/snapshots/{DAY}", {"known_at": "2099-01-01T00:00:00Z"}, "known_at"),
    ],
    ids=str,
)
def test_impossible_questions_are_refused(path: str, params: dict[str, str], field: str, ann: Caller) -> None:
    found = problem(ann.get(path, **params), 422, "invalid_request")
    assert [name for name, _ in field_codes(found)] == [field]


def recompute(urls: DatabaseUrls, session: date) -> None:
    """A run that fetches nothing."""
    with (
        psycopg.connect(urls.pipeline, autocommit=True) as connection,
        open_run(connection, RunRecord(str(uuid4()), "recalculate", session, session)) as run,
    ):
        request = Request(session_index(session), session_index(session))
        for step in STEPS:
            run_step(run.database, step, request, run.input_instant())


def test_a_restated_price_is_named_once_a_run_has_read_it(changeable: Filled) -> None:
    with TestClient(create_app(settings_of(changeable.urls), now=lambda: NOW)) as client:
        ann = login(client, "ann")
        before = ask(ann, "position_pnl")
        changeable.query(
            "with c as (select analytics.begin_commit(null, 'restate') as id), gone as ("
            " delete from market.prices p using c where p.symbol = 'AAPL' and p.session = %s returning p.*),"
            " kept as (insert into market.prices_history select gone.*, c.id from gone, c),"
            " new as (insert into market.prices (session, symbol, close, source, commit_id)"
            " select g.session, g.symbol, 123.45, 'test', c.id from gone g, c returning 1)"
            " select count(*) from new", DAY,
        )  # fmt: skip
        assert ask(ann, "position_pnl")["prices"] == before["prices"]
        recompute(changeable.urls, date(2024, 5, 14))
        after = ask(ann, "position_pnl")
        (used,) = [one for one in after["prices"] if one["symbol"] == "AAPL" and one["use"] == "value"]
        assert (used["price"], used["source"]) == (123.45, "test")
        assert after["slices"][0]["input_hash"] != before["slices"][0]["input_hash"]
        assert ask(ann, "position_pnl", known_at=before["known_at"]) == before | {"stale": None}
