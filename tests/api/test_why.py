"""Why a figure changed: how to ask, what is answered before and after it is computed, and that the parts sum."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.schemas.lineage import Metric, Waterfall
from pipelines.lineage.explain import Question, explain
from pipelines.lineage.waterfall import METRICS
from pipelines.postgres import DatabaseUrls
from tests.api.caller import Caller, login
from tests.api.conftest import NOW, Filled, fill, settings_of
from tests.api.test_every_read import field_codes, problem
from tests.api.test_lineage import recompute

DAY = date(2024, 5, 14)


@dataclass(frozen=True)
class Restated:
    """A book whose deposit of 50,000 became 51,000, and the instants before and after."""

    filled: Filled
    client: TestClient
    before: str
    after: str

    @property
    def ann(self) -> Caller:
        return login(self.client, "ann")

    def ask(self, **params: Any) -> dict[str, Any]:
        wanted = {"metric": "net_asset_value", "session": str(DAY), "from": self.before, "to": self.after}
        response = self.ann.get("/lineage/why", **{**wanted, **params})
        assert response.status_code == 200, response.text
        Waterfall.model_validate_json(response.content)
        body: dict[str, Any] = response.json()
        return body

    def compute(self, request_id: int) -> None:
        """What the run of a request does."""
        ((portfolios, day, *ends),) = self.filled.query(
            "select portfolio_ids, start_session, known_from, known_to from book.run_requests where id = %s",
            request_id,
        )
        with psycopg.connect(self.filled.urls.pipeline, autocommit=True) as connection:
            explain(connection, Question(portfolios[0], day, *ends), str(uuid4()), request_id)


def newest(filled: Filled) -> str:
    instant: str = filled.query("select max(committed_at) from analytics.commits")[0][0].isoformat()
    return instant


@pytest.fixture(scope="module")
def restated(module_database: DatabaseUrls) -> Iterator[Restated]:
    filled = fill(module_database)
    before = newest(filled)
    with psycopg.connect(module_database.intake) as intake:
        intake.execute("select analytics.begin_commit(null, 'edit')")
        intake.execute("update book.cash_flows set amount = 51000")
    recompute(module_database, date(2024, 3, 1))
    app = create_app(settings_of(module_database), now=lambda: NOW, intake=True)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Restated(filled, client, before, newest(filled))


def test_the_figures_are_those_of_the_pipeline() -> None:
    from typing import get_args

    assert get_args(Metric) == METRICS


def test_from_asking_to_the_answer(restated: Restated) -> None:
    found = restated.ask()
    assert (found["reason"], found["parts"], found["residual"], found["change"]) == (
        "not_computed",
        None,
        None,
        1000,
    )
    asking = found["request"]
    sent = restated.ann.send(asking["method"], asking["path"].removeprefix("/api/v1"), json=asking["body"])
    assert sent.status_code == 202, sent.text
    request_id = sent.json()["request_id"]
    again = restated.ann.send("POST", "/lineage/why", json=asking["body"]).json()
    assert again == {"request_id": request_id}
    assert (
        restated.client.get(sent.headers["location"], headers=auth(restated.ann)).json()["status"] == "queued"
    )
    restated.compute(request_id)
    state = restated.client.get(sent.headers["location"], headers=auth(restated.ann)).json()
    assert (state["status"], state["kind"], state["error"]) == ("succeeded", "why", None)
    answered = restated.ask()
    assert answered["parts"] == [{"cause": "flows", "symbol": None, "amount": 1000}]
    assert (answered["change"], answered["residual"], answered["reason"]) == (1000, 0, None)
    assert answered["computed"]["run_id"] == state["run_id"]
    assert answered["value_to"] - answered["value_from"] == 1000
    # The same run answers for every figure, and for every pair of instants between the same versions.
    assert restated.ask(metric="cash")["parts"] == answered["parts"]
    assert restated.ask(metric="daily_pnl")["parts"] == []
    assert restated.ask(to=newest(restated.filled))["parts"] == answered["parts"]
    for metric in METRICS:
        told = restated.ask(metric=metric)
        parts = sum((Decimal(str(part["amount"])) for part in told["parts"]), Decimal(0))
        assert Decimal(str(told["change"])) == parts


def auth(caller: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {caller.token}"}


def test_no_change_needs_no_run(restated: Restated) -> None:
    same = restated.ask(to=restated.before)
    assert (same["change"], same["parts"], same["residual"], same["request"]) == (0, [], 0, None)
    earlier = restated.ask(session="2024-02-01")
    assert (earlier["change"], earlier["parts"]) == (0, [])


def test_what_was_not_stored_then(restated: Restated) -> None:
    (first,) = restated.filled.query(
        "select max(c.committed_at) from analytics.commits c where c.run_id is null and c.committed_at < %s",
        restated.before,
    )
    imported = restated.filled.query(
        "select min(committed_at) from analytics.commits where run_id is not null"
    )[0][0]
    found = restated.ask(**{"from": imported.isoformat()})
    assert (found["reason"], found["change"], found["request"]) == ("not_stored_then", None, None)
    assert first


def test_nobody_without_a_token(restated: Restated) -> None:
    params = {"metric": "cash", "session": str(DAY), "from": restated.before}
    problem(restated.client.get("/api/v1/lineage/why", params=params), 401, "not_authenticated")
    problem(restated.client.post("/api/v1/lineage/why", json={}), 401, "not_authenticated")


def test_another_users_portfolio_is_not_there(restated: Restated) -> None:
    bob, main = login(restated.client, "bob"), restated.filled.main
    params = {"metric": "cash", "session": str(DAY), "from": restated.before}
    problem(bob.get("/lineage/why", portfolio_id=main, **params), 404, "portfolio_not_found")
    body = {"portfolio_id": main, "session": str(DAY), "from": restated.before, "to": restated.after}
    problem(bob.send("POST", "/lineage/why", json=body), 404, "portfolio_not_found")
    root = login(restated.client, "root")
    assert root.get("/lineage/why", portfolio_id=main, **params).status_code == 200
    assert root.send("POST", "/lineage/why", json=body).status_code == 202


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"metric": "volatility"}, ("metric", "literal_error")),
        ({"session": "2099-01-02"}, ("as_of", "future")),
        ({"session": "2023-12-29"}, ("as_of", "before_inception")),
        ({"session": "today"}, ("session", "value_error")),
        ({"from": "2099-01-01T00:00:00Z"}, ("from", "after_end")),
        ({"to": "2099-01-01T00:00:00Z"}, ("known_at", "future")),
        ({"from": None}, ("from", "missing")),
    ],
    ids=str,
)
def test_impossible_questions_are_refused(
    restated: Restated, change: dict[str, Any], expected: tuple[str, str]
) -> None:
    wanted = {"metric": "cash", "session": str(DAY), "from": restated.before} | change
    given = {name: value for name, value in wanted.items() if value is not None}
    found = problem(restated.ann.get("/lineage/why", **given), 422, "invalid_request")
    assert field_codes(found) == [expected]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"session": "2099-01-02"}, ("session", "no_session")),
        ({"session": "2001-01-02"}, ("session", "no_session")),
        ({"from": "2099-01-01T00:00:00Z"}, ("from", "after_end")),
        ({"to": "2099-01-01T00:00:00Z"}, ("to", "future")),
    ],
    ids=str,
)
def test_impossible_requests_are_refused(
    restated: Restated, change: dict[str, Any], expected: tuple[str, str]
) -> None:
    body = {"session": str(DAY), "from": restated.before, "to": restated.after} | change
    found = problem(restated.ann.send("POST", "/lineage/why", json=body), 422, "invalid_request")
    assert field_codes(found) == [expected]
