"""An external server: completed where the owner may, else refused with the SQL that completes it."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest

from pipelines.errors import DatabaseError
from pipelines.postgres import credentials, embedded, external
from pipelines.postgres.credentials import DatabaseUrls, Role, database_urls

GIVEN: dict[Role, str | None] = {}
DATABASE = "risk"


class Server:
    """A server of which we know the superuser and one owner of a database."""

    def __init__(self, superuser_url: str) -> None:
        self.superuser_url = superuser_url
        self.owner_url = credentials.make_url(
            credentials.url_parts(superuser_url) | {"user": "owner", "password": "secret", "dbname": DATABASE}
        )

    def run(self, statement: str) -> None:
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            for line in statement.splitlines():
                connection.execute(line)

    def login_of(self, url: str) -> tuple[str, str]:
        with psycopg.connect(url) as connection:
            row = connection.execute("select session_user, current_database()").fetchone()
        assert row is not None
        return row[0], row[1]


@pytest.fixture
def foreign(own_server: Path) -> Iterator[Server]:
    """A server with a database whose owner has no further rights."""
    server = Server(embedded.superuser_url(own_server))
    server.run(f"create role owner login password 'secret'\ncreate database {DATABASE} owner owner")
    yield server
    roles = [role.value for role in Role if role is not Role.OWNER]
    server.run(f"drop database {DATABASE} with (force)\ndrop database if exists dagster with (force)")
    server.run("\n".join(f"drop role if exists {role}" for role in [*roles, "stranger", "owner"]))


def _urls(home: Path, owner_url: str) -> DatabaseUrls:
    return database_urls(home, owner_url=owner_url, given=GIVEN)


def _is_complete(home: Path, server: Server, owner_url: str) -> bool:
    urls = _urls(home, owner_url)
    return all(
        server.login_of(urls.of(role)) == (role.value, "dagster" if role is Role.DAGSTER else DATABASE)
        for role in Role
        if role is not Role.OWNER
    )


def test_a_superuser_completes_roles_and_databases_once(foreign: Server, tmp_path: Path) -> None:
    url = credentials.on_database(foreign.superuser_url, DATABASE)
    external.prepare(tmp_path, url, GIVEN)
    stored = credentials.file_of(tmp_path).read_text()
    external.prepare(tmp_path, url, GIVEN)
    assert credentials.file_of(tmp_path).read_text() == stored
    assert _is_complete(tmp_path, foreign, url)


def test_an_owner_who_may_create_roles_and_databases_completes_them(foreign: Server, tmp_path: Path) -> None:
    foreign.run("alter role owner createrole createdb")
    external.prepare(tmp_path, foreign.owner_url, GIVEN)
    assert _is_complete(tmp_path, foreign, foreign.owner_url)


def test_an_owner_without_rights_is_told_the_sql(foreign: Server, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="Have an administrator run:\n") as refused:
        external.prepare(tmp_path, foreign.owner_url, GIVEN)
    foreign.run(str(refused.value).split("run:\n", 1)[1])
    external.prepare(tmp_path, foreign.owner_url, GIVEN)
    assert _is_complete(tmp_path, foreign, foreign.owner_url)


def test_the_sql_shows_no_password(foreign: Server, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError) as refused:
        external.prepare(tmp_path, foreign.owner_url, GIVEN)
    passwords = credentials.read(tmp_path)[credentials.server_key(foreign.owner_url)].values()
    assert len(passwords) == 4
    assert not any(password in str(refused.value) for password in passwords)


def test_roles_with_unknown_passwords_are_not_taken_over(foreign: Server, tmp_path: Path) -> None:
    url = credentials.on_database(foreign.superuser_url, DATABASE)
    external.prepare(tmp_path / "first", url, GIVEN)
    with pytest.raises(DatabaseError, match="SIGMASIGHT_READER_URL") as refused:
        external.prepare(tmp_path / "second", url, GIVEN)
    assert _is_complete(tmp_path / "first", foreign, url)
    foreign.run(str(refused.value).split("run:\n", 1)[1])
    external.prepare(tmp_path / "second", url, GIVEN)
    assert _is_complete(tmp_path / "second", foreign, url)


def test_a_dagster_database_of_somebody_else_is_not_used(foreign: Server, tmp_path: Path) -> None:
    foreign.run("create role stranger\ncreate database dagster owner stranger")
    url = credentials.on_database(foreign.superuser_url, DATABASE)
    with pytest.raises(DatabaseError, match="belongs to stranger: set SIGMASIGHT_DAGSTER_URL"):
        external.prepare(tmp_path, url, GIVEN)


def test_with_a_url_for_each_role_nothing_is_created(bare_database: DatabaseUrls, tmp_path: Path) -> None:
    given: dict[Role, str | None] = {role: bare_database.of(role) for role in Role}
    external.prepare(tmp_path, bare_database.owner, given)
    assert not credentials.file_of(tmp_path).exists()
    assert database_urls(tmp_path, owner_url=bare_database.owner, given=given) == bare_database


@pytest.mark.parametrize(("version", "accepted"), [(140_022, False), (150_000, True), (180_004, True)])
def test_versions_from_15_are_accepted(version: int, *, accepted: bool) -> None:
    info = SimpleNamespace(server_version=version, parameter_status=lambda _: "14.22")
    connection = cast("Any", SimpleNamespace(info=info))
    if accepted:
        external.check_version(connection)
    else:
        with pytest.raises(DatabaseError, match=r"PostgreSQL 15 or later is needed, this server is 14\.22"):
            external.check_version(connection)


def test_an_unreachable_server_is_named_without_the_password(tmp_path: Path) -> None:
    url = f"postgresql://owner:hidden@/risk?host={tmp_path}"
    with pytest.raises(DatabaseError, match="cannot be reached") as error:
        external.prepare(tmp_path, url, GIVEN)
    assert "hidden" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["mysql://owner:hidden@host/db", "postgresql://:hidden@host/", "postgresql://["]
)
def test_a_malformed_url_is_refused_without_repeating_it(url: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="URL") as error:
        database_urls(tmp_path, owner_url=url, given=GIVEN)
    assert "hidden" not in str(error.value)
