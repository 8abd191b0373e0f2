"""The morning page: what the command says, for administrators."""

from datetime import UTC, datetime
from typing import Any

import psycopg
from starlette.testclient import TestClient

from api.app import create_app
from api.schemas.status import Status
from pipelines.cli.status import read_status
from tests.api.caller import Caller, login
from tests.api.conftest import NOW, Filled, settings_of
from tests.api.test_every_read import field_codes, problem


def as_command(filled: Filled, now: datetime) -> dict[str, Any]:
    with psycopg.connect(filled.urls.reader) as reader:
        found: dict[str, Any] = read_status(reader, now, settings_of(filled.urls))
    return found


def test_it_is_the_commands_page(filled: Filled, root: Caller) -> None:
    response = root.get("/admin/status")
    assert response.status_code == 200, response.text
    found, said = Status.model_validate_json(response.content), as_command(filled, NOW)
    assert found.model_dump() == Status.model_validate(said).model_dump()
    main = next(one for one in response.json()["portfolios"] if one["id"] == filled.main)
    # GAPS has had no price for 2 sessions, HOLE for 10; 2024-05-14 closed 16 hours before NOW.
    assert (main["stale"], main["unpriced"], main["sessions_behind"]) == (["GAPS"], ["HOLE"], 0)
    assert response.json()["age_hours"] == 16.0
    # One portfolio has not been computed yet.
    assert response.json()["is_complete"] is False
    assert [run["at"] for run in response.json()["next_runs"]] == [
        "2024-05-15T20:00:00+00:00",
        "2024-05-15T21:00:00+00:00",
        "2024-05-15T21:30:00+00:00",
    ]


def test_it_goes_by_the_applications_clock(filled: Filled) -> None:
    """On the evening of a session that no run has covered yet."""
    evening = datetime(2024, 5, 15, 20, 30, tzinfo=UTC)
    with TestClient(create_app(settings_of(filled.urls), now=lambda: evening)) as client:
        body = login(client, "root").get("/admin/status").json()
    assert (body["latest_session"], body["due_session"]) == ("2024-05-15", "2024-05-14")
    assert {one["id"]: one["sessions_behind"] for one in body["portfolios"]}[filled.main] == 1
    said = Status.model_validate(as_command(filled, evening))
    assert Status.model_validate(body).portfolios == said.portfolios


def test_others_may_not_see_it(client: TestClient, ann: Caller, root: Caller) -> None:
    problem(client.get("/api/v1/admin/status"), 401, "not_authenticated")
    problem(ann.get("/admin/status"), 403, "forbidden")
    found = problem(root.get("/admin/status", as_of="2024-05-14"), 422, "invalid_request")
    assert field_codes(found) == [("as_of", "unknown_parameter")]
    problem(root.send("POST", "/admin/status"), 405, "method_not_allowed")
