"""Who gets in, and what the reader's role can do."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import psycopg
import pytest
from starlette.testclient import TestClient

from api.throttle import MAX_FAILURES_PER_ADDRESS, MAX_FAILURES_PER_NAME, WINDOW_SECONDS, Throttle
from api.tokens import AUDIENCE, ISSUER, Principal, TokenError, issue, verify
from tests.api.conftest import KEY, PASSWORD, Filled
from tests.api.test_every_read import field_codes, problem

LOGIN = "/api/v1/auth/login"


def test_login(client: TestClient, filled: Filled) -> None:
    response = client.post(LOGIN, json={"username": "ann", "password": PASSWORD})
    body = response.json()
    assert (response.status_code, body["expires_in"], body["portfolio_id"]) == (200, 86400, filled.main)
    assert response.headers["cache-control"] == "no-store"
    claims = jwt.decode(body["token"], KEY, algorithms=["HS256"], audience="sigmasight-api")
    assert claims["exp"] - claims["iat"] == 86400
    assert claims["iss"] == "sigmasight"


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("ann", "wrong"),
        ("nobody", PASSWORD),
        ("ann\x00", PASSWORD),
        ("Ann", PASSWORD),
        ("", ""),
        ("ann", "x" * 100),
    ],
    ids=["wrong password", "unknown user", "NUL", "case", "empty", "longer than bcrypt reads"],
)
def test_wrong_credentials_look_alike(client: TestClient, username: str, password: str) -> None:
    response = client.post(LOGIN, json={"username": username, "password": password})
    found = problem(response, 401, "wrong_credentials")
    assert found.detail == "the user name or the password is wrong"


def test_credentials_that_are_not_text(client: TestClient) -> None:
    response = client.post(LOGIN, content=b"8\xff\xfe", headers={"Content-Type": "application/json"})
    problem(response, 422, "invalid_request")


def test_an_unknown_user_costs_a_password_check_too(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[Any] = []
    monkeypatch.setattr("api.routers.auth.verify_password", lambda *given: checked.append(given) or False)
    for name in ("ann", "nobody", "\x00"):
        client.post(LOGIN, json={"username": name, "password": "wrong"})
    assert [password_hash is None for _, password_hash in checked] == [False, True, True]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "ann"}, "password"),
        ({"username": "ann", "password": 5}, "password"),
        ({"username": "ann", "password": "x", "remember": True}, "remember"),
        ({"username": "a" * 257, "password": "x"}, "username"),
        ([], "body"),
    ],
    ids=str,
)
def test_bad_logins(client: TestClient, body: Any, field: str) -> None:
    found = problem(client.post(LOGIN, json=body), 422, "invalid_request")
    assert [error.field for error in found.errors] == [field]


def test_a_refused_password_is_not_repeated(client: TestClient) -> None:
    response = client.post(LOGIN, json={"username": "ann", "password": ["secret word"]})
    problem(response, 422, "invalid_request")
    assert "secret word" not in response.text


def test_too_large_a_body(client: TestClient) -> None:
    response = client.post(LOGIN, json={"username": "ann", "password": "x" * 100_000})
    problem(response, 413, "too_large")


def test_no_parameters_on_login(client: TestClient) -> None:
    response = client.post(f"{LOGIN}?debug=1", json={"username": "ann", "password": PASSWORD})
    assert field_codes(problem(response, 422, "invalid_request")) == [("debug", "unknown_parameter")]


def test_guessing_is_slowed_down(filled: Filled) -> None:
    from api.app import create_app
    from tests.api.conftest import login, settings_of

    with TestClient(create_app(settings_of(filled.urls))) as client:
        for _ in range(MAX_FAILURES_PER_NAME):
            assert client.post(LOGIN, json={"username": "ann", "password": "wrong"}).status_code == 401
        response = client.post(LOGIN, json={"username": "ann", "password": PASSWORD})
        problem(response, 429, "too_many_requests")
        assert 0 < int(response.headers["retry-after"]) <= WINDOW_SECONDS
        login(client, "bob")


class Hand:
    """A clock moved by hand, seconds."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_throttle_forgets_after_its_window() -> None:
    clock = Hand()
    throttle = Throttle(clock)
    for _ in range(MAX_FAILURES_PER_NAME):
        assert throttle.attempt("ann", "1.1.1.1") == 0.0
        clock.now += 1.0
    # The oldest of ten failures was 10 seconds ago.
    assert throttle.attempt("ann", "1.1.1.1") == WINDOW_SECONDS - MAX_FAILURES_PER_NAME
    assert throttle.attempt("ann", "2.2.2.2") == 0.0
    assert throttle.attempt("bob", "1.1.1.1") == 0.0
    clock.now += WINDOW_SECONDS - MAX_FAILURES_PER_NAME
    assert throttle.attempt("ann", "1.1.1.1") == 0.0


def test_throttle_success_clears_the_name_and_not_the_address() -> None:
    throttle = Throttle(Hand())
    for _ in range(3 * MAX_FAILURES_PER_NAME):
        assert throttle.attempt("ann", "1.1.1.1") == 0.0
        throttle.succeeded("ann", "1.1.1.1")
    for user in range(MAX_FAILURES_PER_ADDRESS):
        assert throttle.attempt(f"user{user}", "1.1.1.1") == 0.0
    assert throttle.attempt("ann", "1.1.1.1") > 0.0


NOW = datetime.now(UTC)
GOOD = {"iss": ISSUER, "aud": AUDIENCE, "sub": "7", "pid": 3, "iat": NOW, "exp": NOW + timedelta(hours=1)}


def test_tokens_come_back() -> None:
    assert verify(KEY, issue(KEY, Principal(7, 3), NOW)).principal == Principal(7, 3)
    assert verify(KEY, issue(KEY, Principal(7, None), NOW)).principal == Principal(7, None)


@pytest.mark.parametrize(
    ("claims", "key", "algorithm", "code"),
    [
        (GOOD | {"exp": NOW - timedelta(seconds=1)}, KEY, "HS256", "expired_token"),
        (GOOD | {"iss": "another"}, KEY, "HS256", "invalid_token"),
        (GOOD | {"aud": "another"}, KEY, "HS256", "invalid_token"),
        (GOOD | {"sub": "ann"}, KEY, "HS256", "invalid_token"),
        ({name: value for name, value in GOOD.items() if name != "exp"}, KEY, "HS256", "invalid_token"),
        ({name: value for name, value in GOOD.items() if name != "aud"}, KEY, "HS256", "invalid_token"),
        (GOOD, "another key that is as long as the right one", "HS256", "invalid_token"),
        (GOOD, KEY * 2, "HS512", "invalid_token"),
        (GOOD, None, "none", "invalid_token"),
    ],
    ids=["expired", "issuer", "audience", "subject", "no end", "no audience", "key", "algorithm", "unsigned"],
)
def test_other_tokens_prove_nothing(
    claims: dict[str, Any], key: str | None, algorithm: str, code: str
) -> None:
    token = jwt.encode(claims, key, algorithm=algorithm)  # type: ignore[arg-type]
    with pytest.raises(TokenError) as raised:
        verify(KEY, token)
    assert raised.value.code == code


def test_a_token_of_a_user_who_is_gone(client: TestClient) -> None:
    token = issue(KEY, Principal(987654, None), NOW)
    response = client.get("/api/v1/portfolio", headers={"Authorization": f"Bearer {token}"})
    problem(response, 401, "invalid_token")


WRITES = [
    "insert into book.users (username, password_hash) values ('eve', 'x')",
    "update book.users set role = 'admin'",
    "update book.portfolios set equity_balance = 0",
    "delete from book.positions",
    "insert into book.run_requests (kind) values ('daily')",
    "update analytics.snapshots set cash = 0",
    "delete from analytics.position_pnl",
    "truncate analytics.slices",
    "insert into analytics.commits (actor, action) values ('eve', 'x')",
    "update market.prices set close = 1",
    "select analytics.begin_commit(null, 'x')",
    "select password_hash from book.users",
    "create table analytics.mine (n int)",
    "create temp table mine (n int)",
    "drop table book.tags",
    "set role sigmasight",
]


@pytest.mark.parametrize("statement", WRITES)
def test_postgresql_refuses_the_readers_writes(filled: Filled, statement: str) -> None:
    """The read-only default is only a default, which anybody may switch off: the grants are what stops it."""
    with psycopg.connect(filled.urls.reader, autocommit=True) as connection:
        connection.execute("set default_transaction_read_only = off")
        connection.execute("set session characteristics as transaction read write")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)  # type: ignore[arg-type]


def test_other_origins_may_nothing_unless_named(filled: Filled, client: TestClient) -> None:
    from api.app import create_app
    from tests.api.conftest import settings_of

    asked = {"Origin": "https://desk.example", "Access-Control-Request-Method": "GET"}
    assert "access-control-allow-origin" not in client.get("/health", headers=asked).headers
    problem(client.options("/api/v1/portfolio", headers=asked), 405, "method_not_allowed")
    named = settings_of(filled.urls).model_copy(update={"cors_origins": "https://desk.example"})
    with TestClient(create_app(named)) as other:
        preflight = other.options("/api/v1/portfolio", headers=asked)
        assert preflight.headers["access-control-allow-origin"] == "https://desk.example"
        assert "access-control-allow-credentials" not in preflight.headers
        for refused in (
            asked | {"Origin": "https://evil.example"},
            asked | {"Access-Control-Request-Method": "PATCH"},
            asked | {"Access-Control-Request-Headers": "X-Evil"},
        ):
            answer = other.options("/api/v1/portfolio", headers=refused)
            assert "Disallowed" in problem(answer, 403, "cors_refused").detail
            named = answer.headers.get("access-control-allow-origin")
            assert named == (None if "evil" in refused["Origin"] else refused["Origin"])
            assert answer.headers["x-content-type-options"] == "nosniff"
        evil = other.get("/health", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in evil.headers
