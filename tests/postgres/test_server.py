"""The embedded server: started once, closed to everybody else, and back after a kill."""

import os
import signal
import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from pipelines.errors import DatabaseError
from pipelines.postgres import credentials, embedded, location, server
from pipelines.postgres.credentials import Role
from pipelines.settings import Settings
from tests.postgres.other_user import AsUser, run_as

this_user = pytest.mark.parametrize("uid", ["this user"], indirect=True)


def _url(home: Path, role: Role = Role.OWNER) -> str:
    return Settings(home=home).urls().of(role)


def _run(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def _postmaster(home: Path) -> int:
    return int((location.data_dir(home) / "postmaster.pid").read_text().splitlines()[0])


def _create_table(home: Path) -> None:
    _run(_url(home), "create table kept as select 42 as answer")


def _answer(home: Path) -> int:
    [(answer,)] = _run(_url(home), "select answer from kept")
    assert isinstance(answer, int)
    return answer


def test_start_is_idempotent_and_data_survive_a_restart(new_home: Path, as_user: AsUser) -> None:
    assert as_user(embedded.start, new_home) is True
    assert as_user(embedded.start, new_home) is False
    as_user(_create_table, new_home)
    assert as_user(server.stop, new_home) is True
    assert as_user(server.stop, new_home) is False
    assert not server.is_running(new_home)
    assert as_user(embedded.start, new_home) is True
    assert as_user(_answer, new_home) == 42


def test_the_server_is_closed_to_others(new_home: Path, uid: int, as_user: AsUser) -> None:
    before = {folder: folder.stat().st_mode for folder in new_home.parents}
    as_user(embedded.start, new_home)

    assert {folder: folder.stat().st_mode for folder in new_home.parents} == before
    for folder in (new_home, location.data_dir(new_home), location.socket_dir(new_home)):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in (credentials.file_of(new_home), server.log_file(new_home)):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert location.data_dir(new_home).stat().st_uid == location.server_uid(new_home) != 0

    lines = (location.data_dir(new_home) / "pg_hba.conf").read_text().splitlines()
    assert [line.split()[-1] for line in lines if line and not line.startswith("#")] == ["scram-sha-256"]
    superuser = embedded.superuser_url(new_home)
    assert _run(superuser, "show listen_addresses") == [("",)]
    assert _run(superuser, "show fsync") == [("on",)]
    assert _run(superuser, "show unix_socket_directories") == [(str(location.socket_dir(new_home)),)]


@this_user
def test_nobody_logs_in_without_a_password(home: Path, as_user: AsUser) -> None:
    as_user(embedded.start, home)
    place = {"host": str(location.socket_dir(home)), "port": "5432", "dbname": "sigmasight"}
    for user in (credentials.SUPERUSER, *Role):
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(credentials.make_url(place | {"user": user}))
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(credentials.make_url(place | {"user": user, "password": "guessed"}))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try as another user")
def test_another_user_does_not_even_reach_the_socket(home: Path, as_user: AsUser) -> None:
    as_user(embedded.start, home)
    url = _url(home)
    for other in (60_601, 60_602):
        with pytest.raises(AssertionError, match="Permission denied"):
            run_as(other, _run, url, "select 1")
        with pytest.raises(AssertionError, match="PermissionError"):
            run_as(other, os.listdir, location.data_dir(home))


@this_user
def test_a_running_server_is_found_without_a_program(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded.start(home)
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", None)
        took = []
        for _ in range(5):
            begin = time.perf_counter()
            assert embedded.start(home) is False
            took.append(time.perf_counter() - begin)
    assert min(took) < 0.05


def test_a_killed_server_comes_back_with_all_committed_data(home: Path, as_user: AsUser) -> None:
    as_user(embedded.start, home)
    as_user(_create_table, home)
    os.kill(_postmaster(home), signal.SIGKILL)
    deadline = time.monotonic() + 10
    while server.is_running(home):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert as_user(embedded.start, home) is True
    assert as_user(_answer, home) == 42


def test_a_pid_file_that_names_another_process_does_not_hinder(home: Path, uid: int, as_user: AsUser) -> None:
    as_user(embedded.start, home)
    as_user(_create_table, home)
    file = location.data_dir(home) / "postmaster.pid"
    text = file.read_text()
    as_user(server.stop, home)
    bystander = subprocess.Popen(
        ["sleep", "60"], user=location.server_uid(home) if os.geteuid() == 0 else None
    )
    try:
        file.write_text(text.replace(text.splitlines()[0], str(bystander.pid), 1))
        assert as_user(server.stop, home) is False
        assert as_user(embedded.start, home) is True
        assert as_user(_answer, home) == 42
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


@this_user
def test_of_concurrent_starts_one_starts(new_home: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        started = list(pool.map(embedded.start, [new_home] * 4))
    assert sorted(started) == [False, False, False, True]
    assert _run(_url(new_home), "select current_user") == [("sigmasight",)]


def test_a_long_home_gets_a_short_private_socket_folder(new_home: Path, uid: int, as_user: AsUser) -> None:
    long = new_home / ("long" * 30)
    try:
        as_user(embedded.start, long)
        folder = location.socket_dir(long)
        assert len(os.fsencode(location.socket_file(folder))) < 104
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.stat().st_uid == location.server_uid(long)
    finally:
        as_user(server.stop, long)
    assert not folder.exists()


@this_user
@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user's folder")
def test_a_socket_folder_of_somebody_else_is_refused(new_home: Path) -> None:
    folder = location.socket_dir(new_home)
    folder.mkdir(mode=0o777)
    try:
        with pytest.raises(DatabaseError, match="is not a folder of user"):
            embedded.start(new_home)
    finally:
        folder.rmdir()


def test_lost_passwords_are_made_anew(home: Path, as_user: AsUser) -> None:
    as_user(embedded.start, home)
    as_user(_create_table, home)
    credentials.file_of(home).unlink()
    with pytest.raises((DatabaseError, AssertionError), match="db stop"):
        as_user(embedded.start, home)
    as_user(server.stop, home)
    as_user(embedded.start, home)
    assert as_user(_answer, home) == 42


@this_user
def test_a_start_that_fails_says_why(home: Path) -> None:
    embedded.start(home)
    server.stop(home)
    (location.data_dir(home) / "PG_VERSION").write_text("9\n")
    with pytest.raises(DatabaseError, match=r"did not start: .*incompatible"):
        embedded.start(home)


@this_user
def test_a_half_made_data_folder_is_made_anew(new_home: Path) -> None:
    (new_home / "postgres.new" / "base").mkdir(parents=True)
    assert embedded.start(new_home) is True
    assert not (new_home / "postgres.new").exists()
