"""A backup brings back what was there; anything that is none changes nothing."""

import subprocess
from pathlib import Path

import psycopg
import pytest

from pipelines.errors import DatabaseError
from pipelines.postgres import DatabaseUrls, Role, connect, credentials
from pipelines.postgres.backup import backup, restore
from pipelines.postgres.binaries import program
from sql import migrate
from tests.postgres_server import PostgresServer


def _usernames() -> list[str]:
    with connect(Role.READER) as reader:
        return [name for (name,) in reader.execute("select username from book.users order by 1")]


def _add(username: str) -> None:
    with connect(Role.OWNER) as owner:
        owner.execute(
            "insert into book.users (username, password_hash, role) values (%s, 'x', 'user')", [username]
        )


@pytest.fixture
def saved(database: DatabaseUrls, tmp_path: Path) -> Path:
    """A backup of a database with one user, to which another was added since."""
    _add("kept")
    file = tmp_path / "backup.dump"
    backup(database.owner, file)
    _add("later")
    return file


def test_a_restore_brings_back_the_backup(
    database: DatabaseUrls, postgres_server: PostgresServer, saved: Path
) -> None:
    assert saved.stat().st_mode & 0o777 == 0o600
    restore(database.owner, saved, superuser_url=postgres_server.admin_url)
    assert _usernames() == ["kept"]
    assert migrate.is_current(database.owner)
    assert _databases_like(database, postgres_server) == 2  # ours and Dagster's: none is left behind


def test_roles_can_do_after_a_restore_what_they_could_before(
    database: DatabaseUrls, postgres_server: PostgresServer, saved: Path
) -> None:
    before = _privileges(database.owner)
    restore(database.owner, saved, superuser_url=postgres_server.admin_url)
    assert _privileges(database.owner) == before
    with connect(Role.READER, autocommit=True) as reader:
        reader.execute("set default_transaction_read_only = off")
        for statement in (
            "select pg_advisory_lock(1)",
            "create temporary table x (n int)",
            "delete from book.users",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement)


@pytest.mark.parametrize("damage", ["garbage", "empty", "truncated", "no file"])
def test_what_is_no_backup_changes_nothing(database: DatabaseUrls, saved: Path, damage: str) -> None:
    content = saved.read_bytes()
    broken = {"garbage": b"not a backup" * 100, "empty": b"", "truncated": content[: len(content) * 4 // 5]}
    if damage == "no file":
        saved.unlink()
    else:
        saved.write_bytes(broken[damage])
    with pytest.raises(DatabaseError):
        restore(database.owner, saved)
    assert _usernames() == ["kept", "later"]


def test_the_backup_of_another_database_is_refused(
    database: DatabaseUrls, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    with postgres_server.fresh_database(migrated=False) as other:
        backup(other.owner, tmp_path / "other.dump")
    with pytest.raises(DatabaseError, match="is not a backup of this project's database"):
        restore(database.owner, tmp_path / "other.dump")


def test_the_backup_of_a_newer_version_is_refused(
    database: DatabaseUrls, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    with postgres_server.fresh_database() as other:
        with psycopg.connect(other.owner) as owner:
            owner.execute("update alembic_version set version_num = '9999'")
        backup(other.owner, tmp_path / "newer.dump")
    with pytest.raises(DatabaseError, match=r"made by a newer version .*9999"):
        restore(database.owner, tmp_path / "newer.dump")
    assert migrate.is_current(database.owner)


def test_a_restore_is_refused_while_others_are_connected(database: DatabaseUrls, saved: Path) -> None:
    with (
        connect(Role.READER, application_name="dashboard"),
        pytest.raises(DatabaseError, match=r"sigmasight_reader \(dashboard\)"),
    ):
        restore(database.owner, saved)
    assert _usernames() == ["kept", "later"]


def test_a_failing_backup_leaves_no_file(database: DatabaseUrls, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="does not exist"):
        backup(credentials.on_database(database.owner, "no_such"), tmp_path / "b.dump")
    with pytest.raises(DatabaseError, match="cannot be written"):
        backup(database.owner, tmp_path / "no folder" / "b.dump")
    assert list(tmp_path.glob("*.dump*")) == list(tmp_path.glob(".*.dump*")) == []


def test_a_backup_is_what_pg_restore_reads(saved: Path) -> None:
    listing = subprocess.run(
        [program("pg_restore"), "--list", saved], capture_output=True, text=True, check=True
    )
    assert "TABLE DATA book users" in listing.stdout


def _privileges(owner_url: str) -> list[tuple[object, ...]]:
    statement = """
        select 'table', oid::regclass::text, relacl::text from pg_class
        where relnamespace::regnamespace::text = any(%(ours)s)
        union all
        select 'column', attrelid::regclass || '.' || attname, attacl::text from pg_attribute
        where attacl is not null
        union all
        select 'function', oid::regprocedure::text, proacl::text from pg_proc where proacl is not null
        union all
        select 'schema', nspname::text, nspacl::text from pg_namespace where nspname = any(%(ours)s)
        union all
        select 'database', '', datacl::text from pg_database where datname = current_database()
        order by 1, 2"""
    with psycopg.connect(owner_url) as owner:
        return owner.execute(statement, {"ours": ["book", "market", "analytics", "public"]}).fetchall()


def _databases_like(database: DatabaseUrls, server: PostgresServer) -> int:
    name = credentials.url_parts(database.owner)["dbname"]
    with server.admin() as admin:
        row = admin.execute("select count(*) from pg_database where datname like %s", [f"{name}%"]).fetchone()
    assert row is not None
    return int(row[0])
