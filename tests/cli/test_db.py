"""`sigmasight db …` as typed, on an embedded server of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pipelines.postgres import DatabaseUrls, server
from sql import migrate
from tests.cli.conftest import Command, Done


@pytest.fixture(scope="module")
def embedded_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home whose server is stopped at the end."""
    folder = tmp_path_factory.mktemp("cli") / "home"
    yield folder
    server.stop(folder)


@pytest.fixture
def home(embedded_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of the module's server; the settings point at it."""
    monkeypatch.setenv("SIGMASIGHT_HOME", str(embedded_home))
    return embedded_home


def _succeeds(done: Done) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_migrate_and_url_leave_a_stopped_server_stopped(typed: Command, home: Path) -> None:
    head = migrate.head()
    assert head is not None
    assert head in _succeeds(typed("db", "migrate"))
    assert not server.is_running(home)
    url = _succeeds(typed("db", "url"))
    assert url.startswith("postgresql://sigmasight:")
    assert url.count("\n") == 1
    assert not server.is_running(home)


def test_start_leaves_it_running_and_only_stop_stops_it(typed: Command, home: Path) -> None:
    assert "started" in _succeeds(typed("db", "start"))
    assert "already running" in _succeeds(typed("db", "start"))
    _succeeds(typed("db", "migrate"))
    assert server.is_running(home)
    with psycopg.connect(_succeeds(typed("db", "url")).strip()) as connection:
        assert connection.execute("select current_user").fetchone() == ("sigmasight",)
    assert "stopped" in _succeeds(typed("db", "stop"))
    assert not server.is_running(home)
    assert "was not running" in _succeeds(typed("db", "stop"))


def test_backup_reset_restore(typed: Command, home: Path, tmp_path: Path) -> None:
    _succeeds(typed("db", "start"))
    _succeeds(typed("db", "migrate"))
    url = _succeeds(typed("db", "url")).strip()
    users = "select username from book.users"
    with psycopg.connect(url) as owner:
        owner.execute("insert into book.users (username, password_hash, role) values ('kept', 'x', 'user')")
    file = tmp_path / "b.dump"
    _succeeds(typed("db", "backup", str(file)))

    assert typed("db", "reset", stdin="n\n").returncode == 1
    with psycopg.connect(url) as owner:
        assert owner.execute(users).fetchall() == [("kept",)]
    _succeeds(typed("db", "reset", "--yes"))
    with psycopg.connect(url) as owner:
        assert owner.execute(users).fetchall() == []
        refused = typed("db", "restore", str(file))
        assert refused.returncode == 1
        assert "others are connected" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert typed("db", "reset", "--yes").returncode == 1
    _succeeds(typed("db", "restore", str(file)))
    with psycopg.connect(url) as owner:
        assert owner.execute(users).fetchall() == [("kept",)]
    _succeeds(typed("db", "stop"))


def test_an_external_server_is_neither_started_nor_stopped(typed: Command, database: DatabaseUrls) -> None:
    assert "external PostgreSQL is ready" in _succeeds(typed("db", "start"))
    assert "is not stopped from here" in _succeeds(typed("db", "stop"))
    assert _succeeds(typed("db", "url")) == f"{database.owner}\n"
    assert not Path(os.environ["SIGMASIGHT_HOME"]).exists()


def test_errors_are_one_line(typed: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SIGMASIGHT_DATABASE_URL", f"postgresql://o:hidden@/d?host={tmp_path}")
    done = typed("db", "start")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("sigmasight: PostgreSQL cannot be reached")
    assert done.stderr.count("\n") == 1
    assert "hidden" not in done.stderr


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['sigmasight', '--help']\n"
        "from pipelines.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('dagster', 'numpy', 'pandas', 'sqlalchemy', 'psycopg') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("\n[]")
