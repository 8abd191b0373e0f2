"""Asking for runs: an administrator's, once by key, not twice at a time, not too often."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from api.rate_limit import RateLimit
from api.routers.triggers import MAX_TRIGGERS
from tests.api.caller import Caller
from tests.api.desk import SAMPLE, Desk
from tests.api.test_every_read import field_codes, problem

DAILY, RECALCULATE = "/admin/daily-update", "/admin/recalculate"
RANGE = {"start": "2024-04-01", "end": "2024-04-30"}
TRIGGERS = [(DAILY, {}), (DAILY, {"session": "2024-05-14"}), (RECALCULATE, RANGE)]


@pytest.fixture(autouse=True)
def _unlimited(desk: Desk) -> None:
    """Each test counts for itself."""
    desk.client.app.state.triggers = RateLimit(MAX_TRIGGERS, 300.0)  # type: ignore[attr-defined]


def post(caller: Caller, path: str, body: Any, key: str | None = None) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return caller.send("POST", path, json=body, headers=headers)


def requests(desk: Desk) -> list[tuple[Any, ...]]:
    return desk.ask(
        "select kind, portfolio_ids, start_session::text, end_session::text, idempotency_key "
        "from book.run_requests order by id"
    )


def test_requests_are_written_down_for_the_sensor(desk: Desk) -> None:
    first, second = (desk.bob.upload(SAMPLE, name=name).json()["portfolio_id"] for name in "ab")
    root = desk.root
    answers = [
        root.send("POST", DAILY),
        post(root, DAILY, {"session": "2024-05-10"}, "k"),
        post(root, RECALCULATE, RANGE),
        post(root, RECALCULATE, RANGE | {"portfolio_ids": [second, first]}),
    ]
    assert [one.status_code for one in answers] == [202] * 4
    assert requests(desk)[2:] == [
        ("daily", None, None, None, None),
        ("daily", None, None, "2024-05-10", "k"),
        ("recalculate", None, "2024-04-01", "2024-04-30", None),
        ("recalculate", [first, second], "2024-04-01", "2024-04-30", None),
    ]
    for one in answers:
        location = one.headers["location"]
        assert location == f"/api/v1/admin/runs/{one.json()['request_id']}"
        assert root.get(location.removeprefix("/api/v1")).json()["status"] == "queued"


@pytest.mark.parametrize(("path", "body"), TRIGGERS, ids=str)
def test_only_administrators_may_ask(desk: Desk, path: str, body: Any) -> None:
    with desk.unchanged():
        problem(desk.client.post(f"/api/v1{path}", json=body), 401, "not_authenticated")
        problem(post(desk.ann, path, body), 403, "forbidden")


@pytest.mark.parametrize(("path", "body"), TRIGGERS, ids=str)
def test_the_same_key_returns_the_first_request(desk: Desk, path: str, body: Any) -> None:
    root = desk.root
    first = post(root, path, body, "evening")
    with desk.unchanged():
        again = post(root, path, body, "evening")
    assert (again.status_code, again.json()) == (202, first.json())
    desk.run(first.json()["request_id"], "succeeded")
    assert post(root, path, body, "evening").json() == first.json()
    assert post(root, path, body, "another").json() != first.json()


def test_a_key_is_good_for_one_request(desk: Desk) -> None:
    root = desk.root
    post(root, RECALCULATE, RANGE, "k")
    with desk.unchanged():
        found = problem(post(root, DAILY, {}, "k"), 422, "invalid_request")
    assert field_codes(found) == [("Idempotency-Key", "idempotency_key_reused")]


@pytest.mark.parametrize(("path", "body"), TRIGGERS, ids=str)
def test_an_equal_request_waits_for_the_first(desk: Desk, path: str, body: Any) -> None:
    root = desk.root
    first = post(root, path, body).json()["request_id"]
    with desk.unchanged():
        problem(post(root, path, body), 409, "already_requested")
    desk.run(first, "running")
    with desk.unchanged():
        problem(post(root, path, body, "k"), 409, "already_requested")
    desk.run(first, "failed")
    desk.ask("update analytics.runs set interrupted = true returning 1")
    with desk.unchanged():
        # The run that was interrupted was made again, and is still running.
        problem(post(root, path, body), 409, "already_requested")
    desk.ask("update analytics.runs set interrupted = false, status = 'failed' returning 1")
    assert post(root, path, body).status_code == 202


def test_of_two_equal_requests_at_once_one_is_taken(desk: Desk) -> None:
    root = desk.root
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: post(root, RECALCULATE, RANGE).status_code, range(4)))
    assert sorted(answers) == [202, 409, 409, 409]


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (DAILY, {"session": "2024-05-16"}, ("session", "future")),
        (DAILY, {"session": "2014-12-31"}, ("session", "too_early")),
        (DAILY, {"session": "today"}, ("session", "value_error")),
        (DAILY, {"session": 20240514}, ("session", "value_error")),
        (DAILY, {"day": "2024-05-14"}, ("day", "extra_forbidden")),
        (RECALCULATE, {"end": "2024-04-01"}, ("start", "missing")),
        (RECALCULATE, {"start": "2024-04-02", "end": "2024-04-01"}, ("start", "after_end")),
        (RECALCULATE, {"start": "2024-05-16", "end": "2024-05-16"}, ("end", "future")),
        (RECALCULATE, {"start": "2024-04-06", "end": "2024-04-07"}, ("start", "no_session")),  # a weekend
        (RECALCULATE, {"start": "2010-01-04", "end": "2010-12-31"}, ("start", "no_session")),
        (RECALCULATE, RANGE | {"portfolio_ids": []}, ("portfolio_ids", "too_short")),
        (RECALCULATE, RANGE | {"portfolio_ids": [1, 1]}, ("portfolio_ids", "value_error")),
        (RECALCULATE, RANGE | {"portfolio_ids": [987654]}, ("portfolio_ids", "unknown_portfolio")),
        (RECALCULATE, RANGE | {"portfolio_ids": ["1"]}, ("portfolio_ids.0", "int_type")),
    ],
    ids=str,
)
def test_impossible_requests(desk: Desk, path: str, body: Any, expected: tuple[str, str]) -> None:
    with desk.unchanged():
        assert field_codes(problem(post(desk.root, path, body), 422, "invalid_request")) == [expected]


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256])
def test_bad_keys(desk: Desk, key: str) -> None:
    headers: Any = {"Idempotency-Key": key.encode("latin-1")}
    found = problem(desk.root.send("POST", DAILY, json={}, headers=headers), 422, "invalid_request")
    assert [error.field for error in found.errors] == ["Idempotency-Key"]


def test_not_too_often(desk: Desk) -> None:
    root = desk.root
    desk.client.app.state.triggers = RateLimit(3, 300.0)  # type: ignore[attr-defined]
    for _ in range(3):
        post(root, DAILY, {}, "k")
    found = post(root, DAILY, {}, "k")
    problem(found, 429, "too_many_requests")
    assert 0 < int(found.headers["retry-after"]) <= 300


def test_a_limit_forgets_after_its_window() -> None:
    now = [100.0]
    limit = RateLimit(2, 10.0, lambda: now[0])
    assert [limit.attempt("ann"), limit.attempt("ann")] == [0.0, 0.0]
    now[0] += 4.0
    assert limit.attempt("ann") == 6.0
    assert limit.attempt("bob") == 0.0
    now[0] += 6.0
    assert limit.attempt("ann") == 0.0
