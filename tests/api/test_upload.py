"""Uploading a book: all or nothing, once, and a run that computes it is asked for."""

from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from api.intake.requests import ATTEMPTS
from pipelines.automation import daily
from tests.api.desk import SAMPLE, Desk
from tests.api.test_every_read import field_codes, problem

GROSS_COST = 1000 * 150 + 500 * 380 + 10 * 100 * 5.5


def test_an_upload_makes_a_portfolio_and_asks_for_its_history(desk: Desk) -> None:
    ann = desk.ann
    response = ann.upload(SAMPLE, "Main book.csv")
    assert response.status_code == 202, response.text
    body = response.json()
    assert body == {
        "portfolio_id": body["portfolio_id"],
        "request_id": body["request_id"],
        "created": True,
        "changes": 3,
        "positions": 3,
        "warnings": [],
    }
    assert response.headers["location"] == f"/api/v1/admin/runs/{body['request_id']}"
    assert desk.ask(
        "select p.id, p.name, u.username from book.portfolios p join book.users u on u.id = p.owner_id"
    ) == [(body["portfolio_id"], "Main book", "ann")]
    assert desk.ask(
        "select r.id, kind, portfolio_ids, start_session, end_session, u.username "
        "from book.run_requests r join book.users u on u.id = requested_by"
    ) == [(body["request_id"], "upload", [body["portfolio_id"]], None, None, "ann")]
    assert desk.ask("select file_name, row_count, uploaded_by is not null from book.uploads") == [
        ("Main book.csv", 3, True)
    ]
    state = ann.get(f"/admin/runs/{body['request_id']}").json()
    assert (state["status"], state["run_id"], state["error"], state["left_out"]) == ("queued", None, None, [])
    book = ann.get("/portfolio").json()
    assert (book["name"], book["initial_equity"]) == ("Main book", GROSS_COST)
    assert book["inception_date"] == "2024-01-09"  # the session before 2024-01-10, a Wednesday


def test_options_are_those_of_the_command_line(desk: Desk) -> None:
    ann = desk.ann
    ann.upload(SAMPLE, name=" My  book ", equity="3000000.5", inception="2024-01-06")
    book = ann.get("/portfolio").json()
    assert (book["name"], book["initial_equity"]) == ("My book", 3000000.5)
    assert book["inception_date"] == "2024-01-05"


def test_the_same_upload_again_changes_nothing(desk: Desk) -> None:
    ann = desk.ann
    first = ann.upload(SAMPLE, name="Main").json()
    with desk.unchanged():
        again = ann.upload(SAMPLE, name="Main")
    assert again.status_code == 202
    assert again.json() == first | {"created": False, "changes": 0}


def test_the_same_upload_after_its_run_failed_asks_again(desk: Desk) -> None:
    ann = desk.ann
    first = ann.upload(SAMPLE, name="Main").json()
    desk.run(first["request_id"], "failed", error="no prices")
    assert ann.get(f"/admin/runs/{first['request_id']}").json()["error"] == "no prices"
    again = ann.upload(SAMPLE, name="Main").json()
    assert again["portfolio_id"] == first["portfolio_id"]
    assert again["request_id"] > first["request_id"]


def test_another_file_under_a_taken_name_is_a_conflict(desk: Desk) -> None:
    ann = desk.ann
    ann.upload(SAMPLE, name="Main")
    with desk.unchanged():
        problem(ann.upload(SAMPLE + b"KO,1,60,2024-01-15,\n", name="Main"), 409, "portfolio_exists")
    assert desk.bob.upload(SAMPLE, name="Main").status_code == 202


def test_every_error_of_a_file_is_listed(desk: Desk) -> None:
    bad = b"ticker,quantity,entry_price,entry_date,tags\nAAPL,0,150,2024-01-15,\nMSFT,x,NaN,2024-13-01,\n"
    with desk.unchanged():
        found = problem(desk.ann.upload(bad), 422, "invalid_file")
    assert [(error.row, error.field, error.code) for error in found.errors] == [
        (2, "quantity", "zero_quantity"),
        (3, "quantity", "not_a_number"),
        (3, "entry_price", "not_finite"),
        (3, "entry_date", "impossible_date"),
    ]


def test_the_list_of_errors_is_complete(desk: Desk) -> None:
    rows = b"".join(b"AAPL,0,150,2024-01-15,\n" for _ in range(3000))
    found = problem(
        desk.ann.upload(b"ticker,quantity,entry_price,entry_date,tags\n" + rows), 422, "invalid_file"
    )
    assert [error.row for error in found.errors] == list(range(2, 3002))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"equity": "1e6"}, ("equity", "string_pattern_mismatch")),
        ({"equity": "NaN"}, ("equity", "string_pattern_mismatch")),
        ({"equity": "999999999999999.99999"}, ("equity", "string_pattern_mismatch")),
        ({"inception": "yesterday"}, ("inception", "value_error")),
        ({"inception": "2024-06-01"}, ("inception", "inception_in_future")),
        ({"inception": "2014-06-01"}, ("inception", "inception_too_early")),
        ({"name": "=1+1"}, ("name", "invalid_name")),
        ({"name": "a\x00b"}, ("name", "invalid_name")),
        ({"name": "x" * 201}, ("name", "string_too_long")),
        ({"owner": "bob"}, ("owner", "unknown_field")),
        ({"name": ["a", "b"]}, ("name", "repeated_field")),
    ],
    ids=str,
)
def test_bad_options(desk: Desk, fields: dict[str, Any], expected: tuple[str, str]) -> None:
    with desk.unchanged():
        assert field_codes(problem(desk.ann.upload(SAMPLE, **fields), 422, "invalid_request")) == [expected]


def test_a_file_is_needed(desk: Desk) -> None:
    for given in ({"data": {"name": "x"}}, {"files": {"name": (None, "x")}}, {"data": {"file": "AAPL"}}):
        found = problem(desk.ann.send("POST", "/portfolio/upload", **given), 422, "invalid_request")
        assert found.errors[0].field == "file"


def test_broken_multipart(desk: Desk) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    response = desk.ann.send("POST", "/portfolio/upload", headers=headers, content=b"--x\r\nnonsense")
    assert response.status_code in (400, 422)
    assert response.headers["content-type"] == "application/problem+json"


def test_names_of_files_may_be_anything(desk: Desk) -> None:
    ann = desk.ann
    for number, name in enumerate(["", "../../etc/passwd", "a\u202eb.csv", "x" * 500 + ".csv", "ä ö.csv"]):
        response = ann.upload(SAMPLE.replace(b"1000", b"%d" % (number + 1)), name)
        assert response.status_code in (202, 422), (name, response.text)
    names = {name for (name,) in desk.ask("select name from book.portfolios")}
    assert {"passwd", "ab", "ä ö"} <= names


def test_nobody_uploads_without_a_token(desk: Desk) -> None:
    with desk.unchanged():
        path = "/api/v1/portfolio/upload"
        problem(desk.client.post(path, files={"file": SAMPLE}), 401, "not_authenticated")
        headers = {"Authorization": "Bearer x.y.z"}
        problem(desk.client.post(path, files={"file": SAMPLE}, headers=headers), 401, "invalid_token")


def test_large_bodies_are_for_those_who_are_logged_in(desk: Desk) -> None:
    rows = b"".join(b"AAPL,%d,150,2024-01-15,\n" % n for n in range(1, 8000))
    large = b"ticker,quantity,entry_price,entry_date,tags\n" + rows
    assert len(large) > 100_000
    problem(desk.client.post("/api/v1/portfolio/upload", files={"file": large}), 413, "too_large")
    assert desk.ann.upload(large).json()["positions"] == 7999
    problem(desk.ann.upload(b"x" * (17 * 2**20)), 413, "too_large")
    found = problem(desk.ann.upload(b"x" * (16 * 2**20 + 1)), 422, "invalid_file")
    assert [error.code for error in found.errors] == ["file_too_large"]


def test_requests_of_others_are_not_there(desk: Desk) -> None:
    ann = desk.ann
    request_id = ann.upload(SAMPLE).json()["request_id"]
    path = f"/admin/runs/{request_id}"
    problem(desk.client.get(f"/api/v1{path}"), 401, "not_authenticated")
    problem(desk.bob.get(path), 404, "request_not_found")
    problem(ann.get("/admin/runs/987654"), 404, "request_not_found")
    problem(ann.get("/admin/runs/x"), 422, "invalid_request")
    assert desk.root.get(path).json()["request_id"] == request_id


def test_a_run_is_followed_to_its_end(desk: Desk) -> None:
    ann, bob = desk.ann, desk.bob
    mine, others = ann.upload(SAMPLE).json(), bob.upload(SAMPLE).json()
    path = f"/admin/runs/{mine['request_id']}"
    left_out = f'{{"{mine["portfolio_id"]}": "a hole", "{others["portfolio_id"]}": "another"}}'
    desk.run(mine["request_id"], "running")
    assert ann.get(path).json()["status"] == "running"
    desk.run(mine["request_id"], "succeeded", left_out=left_out)
    state = ann.get(path).json()
    assert (state["status"], state["start_session"], state["end_session"]) == (
        "succeeded",
        "2024-01-10",
        "2024-05-14",
    )
    assert state["left_out"] == [{"portfolio_id": mine["portfolio_id"], "reason": "a hole"}]
    assert len(desk.root.get(path).json()["left_out"]) == 2


def test_an_interrupted_run_is_made_again(desk: Desk) -> None:
    """Up to five times; then the request has failed."""
    ann = desk.ann
    upload = ann.upload(SAMPLE, name="Main").json()
    path = f"/admin/runs/{upload['request_id']}"
    for attempt in range(ATTEMPTS):
        state = ann.get(path).json()
        assert (state["status"], state["run_id"], state["error"]) == ("queued", None, None), attempt
        with desk.unchanged():
            assert ann.upload(SAMPLE, name="Main").json()["request_id"] == upload["request_id"]
        desk.run(upload["request_id"], "failed", error="killed")
        desk.ask("update analytics.runs set interrupted = true returning 1")
    state = ann.get(path).json()
    assert (state["status"], state["error"]) == ("failed", "killed")
    assert ann.upload(SAMPLE, name="Main").json()["request_id"] > upload["request_id"]
    assert ATTEMPTS == daily.ATTEMPTS


def test_the_bare_application_takes_nothing(client: TestClient, ann: Any, filled: Any) -> None:
    problem(ann.upload(SAMPLE), 404, "not_found")
    problem(ann.send("POST", "/tags", json={"name": "x"}), 405, "method_not_allowed")
    problem(ann.send("DELETE", "/tags/1"), 404, "not_found")
    problem(ann.get("/admin/runs/1"), 404, "request_not_found")


WRITES = [
    "update book.portfolios set equity_balance = 0",
    "update book.run_requests set kind = 'daily'",
    "delete from book.run_requests",
    "delete from book.uploads",
    "delete from book.positions_history",
    "insert into book.tags_history select t.*, 1 from book.tags t",
    "select password_hash from book.users",
    "delete from book.users",
    "insert into market.prices (session, symbol, close, source) values ('2024-01-10', 'X', 1, 'x')",
    "update market.securities set sector = 'x'",
    "update analytics.snapshots set cash = 0",
    "delete from analytics.position_pnl",
    "truncate analytics.slices",
    "update analytics.runs set status = 'succeeded'",
    "insert into analytics.commits (actor, action) values ('eve', 'x')",
    "alter table book.tags disable trigger version",
    "create table book.mine (n int)",
    "drop table book.tags",
    "set role sigmasight_pipeline",
]


@pytest.mark.parametrize("statement", WRITES)
def test_postgresql_refuses_the_intakes_writes_elsewhere(desk: Desk, statement: str) -> None:
    with (
        psycopg.connect(desk.book.urls.intake, autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)  # type: ignore[arg-type]


def test_what_the_intake_writes_has_a_commit(desk: Desk) -> None:
    desk.ann.upload(SAMPLE)
    with (
        psycopg.connect(desk.book.urls.intake, autocommit=True) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="is versioned"),
    ):
        connection.execute("update book.positions set quantity = 1")
