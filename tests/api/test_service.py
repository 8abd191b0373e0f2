"""The service around the reads: health, headers, logs, documentation, failures, and time travel."""

import json
import logging
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

import api.app
from api.app import create_app
from api.database import Database
from api.logs import LOGGER, JsonFormatter
from api.reads.statements import Statement
from pipelines.postgres import DatabaseUrls
from tests.api.conftest import LATEST, NOW, Caller, Filled, login, materialize, settings_of
from tests.api.test_every_read import problem
from tests.postgres_server import PostgresServer


def test_health_and_readiness(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/ready").json() == {
        "status": "ready",
        "database": "reachable",
        "migrations": "current",
        "latest_session": "2024-05-14",
        "sessions_behind": 0,
        "reason": None,
    }


def test_without_tables_it_lives_and_is_not_ready(bare_database: DatabaseUrls) -> None:
    with TestClient(create_app(settings_of(bare_database))) as client:
        assert client.get("/health").status_code == 200
        response = client.get("/ready")
        assert (response.status_code, response.json()["migrations"]) == (503, "outdated")


def test_without_a_database_it_lives_and_says_so(
    filled: Filled, client: TestClient, ann: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.database._CONNECT_TIMEOUT_SECONDS", 0.2)
    settings = settings_of(filled.urls).model_copy(
        update={"reader_url": type(settings_of(filled.urls).reader_url)("postgresql://x@127.0.0.1:1/x")}
    )
    with TestClient(create_app(settings), raise_server_exceptions=False) as away:
        assert away.get("/health").status_code == 200
        response = away.get("/ready")
        assert (response.status_code, response.json()["database"]) == (503, "unreachable")
        found = away.get("/api/v1/portfolio", headers={"Authorization": f"Bearer {ann.token}"})
        problem(found, 503, "unavailable")
        assert found.headers["retry-after"] == "5"


def test_closed_connections_are_replaced(changeable: Filled, postgres_server: PostgresServer) -> None:
    with TestClient(create_app(settings_of(changeable.urls), now=lambda: NOW)) as client:
        ann = login(client, "ann")
        assert ann.get("/portfolio").status_code == 200
        name = changeable.query("select current_database()")[0][0]
        with postgres_server.admin() as admin:
            ended = admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where usename = 'sigmasight_reader' and datname = %s",
                [name],
            ).fetchall()
        assert ended
        assert ann.get("/portfolio").status_code == 200


def test_a_slow_statement_is_ended(filled: Filled, ann: Caller, client: TestClient, monkeypatch: Any) -> None:
    slow_one = Statement(b"select pg_sleep(30)", ())
    monkeypatch.setattr("api.reads.answer.reading", lambda *_, **__: slow_one)
    app = create_app(settings_of(filled.urls), now=lambda: NOW)
    monkeypatch.setattr(Database.__init__, "__kwdefaults__", {"statement_timeout_ms": 100})
    with TestClient(app, raise_server_exceptions=False) as slow:
        found = slow.get("/api/v1/portfolio", headers={"Authorization": f"Bearer {ann.token}"})
        problem(found, 503, "timeout")


def test_a_bug_is_a_problem_and_tells_nothing(
    client: TestClient, ann: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr("api.reads.answer.settle", broken)
    response = ann.get("/portfolio")
    problem(response, 500, "internal_error")
    assert "secret" not in response.text
    assert response.headers["x-request-id"]


def test_unknown_paths_and_methods(client: TestClient) -> None:
    problem(client.get("/api/v1/nothing"), 404, "not_found")
    problem(client.get("/api/v1/portfolio/"), 404, "not_found")
    problem(client.delete("/health"), 405, "method_not_allowed")


def test_every_answer_has_its_headers(client: TestClient, ann: Caller) -> None:
    for response in (
        client.get("/health"),
        ann.get("/portfolio"),
        client.get("/nothing"),
        ann.get("/tags", x=1),
    ):
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-frame-options"] == "DENY"
        assert response.headers["content-security-policy"].startswith("default-src 'none'")
        assert len(response.headers["x-request-id"]) == 16
        assert "strict-transport-security" not in response.headers
    assert ann.get("/portfolio").headers["cache-control"] == "private, no-cache"
    assert client.get("https://testserver/health").headers["strict-transport-security"]


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1.2_3", True), ("a b", False), ("x" * 65, False), ("é", False)]
)
def test_request_ids(client: TestClient, given: str, kept: bool) -> None:
    response = client.get("/health", headers={"X-Request-ID": given.encode("latin-1")})  # type: ignore[dict-item]
    assert (response.headers["x-request-id"] == given) is kept


def test_requests_are_logged_as_json(ann: Caller, filled: Filled, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, LOGGER):
        ann.get("/portfolio", headers={"X-Request-ID": "mine"})
    line = json.loads(JsonFormatter().format(caplog.records[-1]))
    user = filled.query("select id from book.users where username = 'ann'")[0][0]
    assert (line["event"], line["request_id"], line["status"]) == ("request", "mine", 200)
    assert (line["method"], line["path"], line["user_id"], line["statements"]) == (
        "GET",
        "/api/v1/portfolio",
        user,
        1,
    )
    assert ann.token not in caplog.text


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip", "gzip"),
        ("br", "br"),
        ("gzip, deflate, br", "br"),
        ("br;q=0, gzip", "gzip"),
        ("identity", None),
        ("", None),
    ],
)
def test_lists_are_compressed(ann: Caller, accepted: str, encoding: str | None) -> None:
    plain = ann.get("/portfolio/history", headers={"Accept-Encoding": "identity"})
    found = ann.get("/portfolio/history", headers={"Accept-Encoding": accepted})
    assert found.headers.get("content-encoding") == encoding
    assert found.headers["etag"] == plain.headers["etag"]
    assert {"Authorization", "Accept-Encoding"} >= set(found.headers["vary"].split(", "))
    assert found.content == plain.content
    sent, whole = (int(one.headers["content-length"]) for one in (found, plain))
    assert 3 * sent < whole if encoding else sent == whole


def schemas_without_description(document: dict[str, Any]) -> list[str]:
    return [
        f"{model}.{name}"
        for model, schema in document["components"]["schemas"].items()
        for name, member in schema.get("properties", {}).items()
        if not member.get("description")
    ]


def test_documentation(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    operations = [one for path in document["paths"].values() for one in path.values()]
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names)) == 25
    assert schemas_without_description(document) == []
    for operation in operations:
        assert operation["summary"]
        assert all(parameter["description"] for parameter in operation.get("parameters", []))
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and "Readiness" not in json.dumps(answer):
                schema = answer["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}
    reads = [
        one
        for path, one in document["paths"].items()
        if path.startswith("/api/v1") and not {"auth", "admin"} & set(path.split("/"))
    ]
    for path in reads:
        assert path["get"]["security"] == [{"HTTPBearer": []}]
        assert {"200", "304", "401", "404", "405", "422", "500", "503"} <= set(path["get"]["responses"])
        given = {parameter["name"] for parameter in path["get"]["parameters"]}
        # Where numbers come from is asked by their session, and changes from one instant to another.
        assert (
            {"as_of", "known_at"} <= given
            or {"session", "known_at"} <= given
            or {"session", "from", "to"} <= given
        )
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert client.get("/docs").status_code == 200


def test_every_reference_of_the_documentation_exists(client: TestClient) -> None:
    text = client.get("/openapi.json").text
    schemas = json.loads(text)["components"]["schemas"]
    used = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert used <= set(schemas)


def test_importing_the_application_starts_nothing() -> None:
    assert not hasattr(api.app.app.state, "database")
    assert api.app.serve().title == "SigmaSight"


def test_what_a_past_instant_shows_stays(changeable: Filled) -> None:
    """A correction restates the book; asked as known before it, the answer is what it was, tags included."""
    with TestClient(create_app(settings_of(changeable.urls), now=lambda: NOW)) as client:
        ann = login(client, "ann")
        paths = ("/portfolio", "/portfolio/history", "/positions", "/risk/factors", "/risk/metrics", "/tags",
                 "/portfolio/attribution", "/risk/greeks")  # fmt: skip
        before = {path: ann.get(path) for path in paths}
        instant = before["/portfolio"].json()["known_at"]
        with psycopg.connect(changeable.urls.intake) as connection:
            connection.execute("select analytics.begin_commit(null, 'tag')")
            connection.execute("update book.tags set name = 'chips' where name = 'tech'")
        retagged = ann.get("/tags", headers={"If-None-Match": before["/tags"].headers["etag"]})
        assert retagged.status_code == 200
        assert "chips" in {tag["name"] for tag in retagged.json()["items"]}
        with psycopg.connect(changeable.urls.intake) as connection:
            connection.execute("select analytics.begin_commit(null, 'correct')")
            connection.execute("update book.positions set quantity = 2000 where symbol = 'AAPL'")
        materialize(changeable.urls, LATEST.replace(month=1, day=3), LATEST)
        for path in paths:
            now, then = ann.get(path).json(), ann.get(path, known_at=instant).json()
            assert then == before[path].json() | {"stale": None}, path
            assert now["known_at"] > instant
            assert now != then | {"known_at": now["known_at"], "stale": now["stale"]}, path


def test_metrics_count_requests_by_operation(filled: Filled) -> None:
    with TestClient(create_app(settings_of(filled.urls), now=lambda: NOW)) as client:
        ann = login(client, "ann")
        ann.get("/portfolio")
        ann.get("/portfolio", as_of="x")
        client.request("BREW", "/nothing/secret")
        response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = dict(line.rsplit(" ", 1) for line in response.text.splitlines() if not line.startswith("#"))
    counted = 'sigmasight_requests_total{method="GET",operation="getPortfolio",status="%s"}'
    assert (lines[counted % 200], lines[counted % 422]) == ("1.0", "1.0")
    assert lines['sigmasight_requests_total{method="any",operation="none",status="404"}'] == "1.0"
    assert lines['sigmasight_request_seconds_count{operation="getPortfolio"}'] == "2.0"
    assert lines["sigmasight_statements_total"] == "1.0"
    assert lines['sigmasight_reader_connections{state="open"}'] >= "1"
    assert "secret" not in response.text
    assert "BREW" not in response.text
