"""One real PostgreSQL for the whole test run, a fresh migrated database for each test that asks for one.

The server is the embedded one, shared by all workers of pytest-xdist and stopped at the end, or, with
`SIGMASIGHT_TESTEXTERNAL_URL` (a superuser's URL), an external one.
"""

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.postgres import location, server
from pipelines.postgres.credentials import DatabaseUrls, Role
from tests.postgres_server import EXTERNAL, PostgresServer, create_templates, embedded_server, external_server

_SHARED = "SIGMASIGHT_TEST_SHARED"
_WATCHDOG = pytest.StashKey[subprocess.Popen[bytes]]()
_CLEAN_UP = """
cat >/dev/null
server=$(head -n 1 "$1/postgres/postmaster.pid" 2>/dev/null) && kill -INT "$server"
while [ -e "$1/postgres/postmaster.pid" ]; do sleep 0.2; done
rm -rf "$1"
[ ! -d "$2" ] || rmdir "$2"
"""


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        os.environ[_SHARED] = tempfile.mkdtemp(prefix="sigmasight-test-")
        config.stash[_WATCHDOG] = _watch(Path(os.environ[_SHARED]))
    for name in list(os.environ):
        ours = name.startswith("SIGMASIGHT_") and name not in (_SHARED, EXTERNAL)
        if ours or name in ("POLYGON_API_KEY", "DAGSTER_HOME") or name.startswith("PG"):
            del os.environ[name]


def _watch(shared: Path) -> "subprocess.Popen[bytes]":
    """Stop the server also when the tests are killed: their end of a pipe closes then."""
    command = ["sh", "-c", _CLEAN_UP, "watchdog", str(shared), str(location.socket_dir(shared))]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shared = Path(os.environ.pop(_SHARED))
        server.stop(shared)
        shutil.rmtree(shared, ignore_errors=True)
        config.stash[_WATCHDOG].communicate()


@pytest.fixture(scope="session")
def postgres_server() -> PostgresServer:
    """The server all workers share, with the template databases."""
    shared = Path(os.environ[_SHARED])
    ready = shared / "server.json"
    with (shared / "server.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            found = external_server() if os.environ.get(EXTERNAL) else embedded_server(shared)
            create_templates(found)
            ready.write_text(json.dumps([found.admin_url, found.passwords]), encoding="utf-8")
    admin_url, passwords = json.loads(ready.read_text(encoding="utf-8"))
    return PostgresServer(admin_url, passwords)


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the machine's own home, settings or `.env`."""
    monkeypatch.setenv("SIGMASIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(_model_config(), "env_file", None)


def _model_config() -> dict[str, object]:
    from pipelines.settings import Settings

    return Settings.model_config  # type: ignore[return-value]


def use(urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the settings at a database."""
    for role in Role:
        monkeypatch.setenv(role.variable, urls.of(role))


@pytest.fixture
def database(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabaseUrls]:
    """A fresh migrated database; the settings point at it."""
    with postgres_server.fresh_database() as urls:
        use(urls, monkeypatch)
        yield urls


@pytest.fixture(scope="module")
def module_database(postgres_server: PostgresServer) -> Iterator[DatabaseUrls]:
    """A fresh migrated database that the tests of a module share; the settings point at it."""
    with postgres_server.fresh_database() as urls, pytest.MonkeyPatch.context() as patch:
        use(urls, patch)
        yield urls


@pytest.fixture
def bare_database(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabaseUrls]:
    """A fresh database without any tables; the settings point at it."""
    with postgres_server.fresh_database(migrated=False) as urls:
        use(urls, monkeypatch)
        yield urls
