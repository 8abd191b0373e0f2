"""One real PostgreSQL for the whole test run, a fresh migrated database for each test that asks for one.

The server is the embedded one, shared by all workers of pytest-xdist and stopped at the end, or, with
`SIGMASIGHT_TEST_EXTERNAL_URL` (a superuser's URL), an external one.
"""

import fcntl
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from pipelines.postgres import credentials, embedded, provision, server
from pipelines.postgres.credentials import DatabaseUrls, Role
from sql import migrate

_SHARED = "SIGMASIGHT_TEST_SHARED"
_EXTERNAL = "SIGMASIGHT_TEST_EXTERNAL_URL"
_TEMPLATE = "sigmasight_template"


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        os.environ[_SHARED] = tempfile.mkdtemp(prefix="sigmasight-test-")
    for name in list(os.environ):
        ours = name.startswith("SIGMASIGHT_") and name not in (_SHARED, _EXTERNAL)
        if ours or name in ("POLYGON_API_KEY", "DAGSTER_HOME") or name.startswith("PG"):
            del os.environ[name]


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shared = Path(os.environ.pop(_SHARED))
        server.stop(shared)
        shutil.rmtree(shared, ignore_errors=True)


@dataclass(frozen=True)
class PostgresServer:
    """The session's server: a superuser's URL, and the roles' passwords."""

    admin_url: str
    passwords: dict[str, str]

    def urls(self, database: str, dagster: str) -> DatabaseUrls:
        made = {}
        for role in Role:
            login = {"user": role.value, "password": self.passwords[role]}
            name = dagster if role is Role.DAGSTER else database
            parts = credentials.url_parts(self.admin_url) | login | {"dbname": name}
            made[role.name.lower()] = credentials.make_url(parts)
        return DatabaseUrls(**made)

    @contextmanager
    def admin(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            yield connection

    def create(self, database: str, owner: Role, template: str = "template1") -> None:
        with self.admin() as connection:
            connection.execute(f'create database "{database}" owner {owner} template "{template}"')

    def drop(self, *databases: str) -> None:
        with self.admin() as connection:
            for database in databases:
                connection.execute(f'drop database if exists "{database}" with (force)')

    @contextmanager
    def fresh_database(self, *, migrated: bool = True) -> Iterator[DatabaseUrls]:
        """A database of its own with the grants of a real one, and an empty one for Dagster."""
        name = f"t_{uuid.uuid4().hex[:12]}"
        dagster = f"{name}_dagster"
        try:
            self.create(name, Role.OWNER, _TEMPLATE if migrated else f"{_TEMPLATE}_bare")
            self.create(dagster, Role.DAGSTER)
            with self.admin() as connection:
                provision.run(connection, provision.database_grants(name))
            yield self.urls(name, dagster)
        finally:
            self.drop(name, dagster)


@pytest.fixture(scope="session")
def postgres_server() -> PostgresServer:
    """The server all workers share, with the template databases."""
    shared = Path(os.environ[_SHARED])
    ready = shared / "server.json"
    with (shared / "server.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            found = _external_server() if os.environ.get(_EXTERNAL) else _embedded_server(shared)
            _create_templates(found)
            ready.write_text(json.dumps([found.admin_url, found.passwords]), encoding="utf-8")
    admin_url, passwords = json.loads(ready.read_text(encoding="utf-8"))
    return PostgresServer(admin_url, passwords)


def _embedded_server(home: Path) -> PostgresServer:
    embedded.start(home)
    return PostgresServer(embedded.superuser_url(home), credentials.read(home)["embedded"])


def _external_server() -> PostgresServer:
    passwords = {role.value: credentials.new_password() for role in Role}
    with psycopg.connect(os.environ[_EXTERNAL], autocommit=True) as connection:
        existing = provision.existing_roles(connection)
        logins = provision.logins(connection, {role: passwords[role] for role in Role}, existing)
        provision.run(connection, logins)
        provision.run(connection, [provision.statement("allow_create_database", role=Role.OWNER.value)])
    return PostgresServer(os.environ[_EXTERNAL], passwords)


def _create_templates(found: PostgresServer) -> None:
    bare = f"{_TEMPLATE}_bare"
    found.drop(_TEMPLATE, bare)
    found.create(bare, Role.OWNER)
    with psycopg.connect(credentials.on_database(found.admin_url, bare)) as connection:
        provision.close_advisory_locks(connection)
    found.create(_TEMPLATE, Role.OWNER, bare)
    if any((migrate.MIGRATIONS / "versions").glob("*.py")):
        migrate.upgrade(found.urls(_TEMPLATE, "").owner)


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the machine's own home, settings or `.env`."""
    monkeypatch.setenv("SIGMASIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(_model_config(), "env_file", None)


def _model_config() -> dict[str, object]:
    from pipelines.settings import Settings

    return Settings.model_config  # type: ignore[return-value]


def _use(urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in Role:
        monkeypatch.setenv(role.variable, urls.of(role))


@pytest.fixture
def database(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabaseUrls]:
    """A fresh migrated database; the settings point at it."""
    with postgres_server.fresh_database() as urls:
        _use(urls, monkeypatch)
        yield urls


@pytest.fixture(scope="module")
def module_database(postgres_server: PostgresServer) -> Iterator[DatabaseUrls]:
    """A fresh migrated database that the tests of a module share; the settings point at it."""
    with postgres_server.fresh_database() as urls, pytest.MonkeyPatch.context() as patch:
        _use(urls, patch)
        yield urls


@pytest.fixture
def bare_database(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabaseUrls]:
    """A fresh database without any tables; the settings point at it."""
    with postgres_server.fresh_database(migrated=False) as urls:
        _use(urls, monkeypatch)
        yield urls
