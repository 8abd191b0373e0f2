"""The PostgreSQL server of a test run, and its template databases."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from pipelines.postgres import credentials, embedded, provision
from pipelines.postgres.credentials import DatabaseUrls, Role
from sql import migrate

EXTERNAL = "SIGMASIGHT_TEST_EXTERNAL_URL"
_TEMPLATE = "sigmasight_template"


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
        # Copying the files and not through the WAL takes a tenth of the time where nothing waits for the disk.
        how = f"owner {owner} template {template} strategy file_copy"
        with self.admin() as connection:
            connection.execute(f'create database "{database}" {how}')

    def drop(self, *databases: str) -> None:
        with self.admin() as connection:
            for database in databases:
                connection.execute(f'drop database if exists "{database}" with (force)')

    @contextmanager
    def fresh_database(
        self, *, migrated: bool = True, like: DatabaseUrls | None = None
    ) -> Iterator[DatabaseUrls]:
        """A database of its own with the grants of a real one, and an empty one for Dagster.

        like: the database to copy, which nobody may be connected to.
        """
        template = _TEMPLATE if migrated else f"{_TEMPLATE}_bare"
        if like is not None:
            template = credentials.url_parts(like.owner)["dbname"]
        name = f"t_{uuid.uuid4().hex[:12]}"
        dagster = f"{name}_dagster"
        try:
            self.create(name, Role.OWNER, template)
            self.create(dagster, Role.DAGSTER)
            with self.admin() as connection:
                provision.run(connection, provision.database_grants(name))
            yield self.urls(name, dagster)
        finally:
            self.drop(name, dagster)


def embedded_server(home: Path) -> PostgresServer:
    embedded.start(home)
    with psycopg.connect(embedded.superuser_url(home), autocommit=True) as connection:
        # Nothing here outlives the tests; a hundred databases made and dropped would mostly wait for the disk.
        connection.execute("alter system set fsync = off")
        connection.execute("select pg_reload_conf()")
    return PostgresServer(embedded.superuser_url(home), credentials.read(home)["embedded"])


def external_server() -> PostgresServer:
    passwords = {role.value: credentials.new_password() for role in Role}
    with psycopg.connect(os.environ[EXTERNAL], autocommit=True) as connection:
        existing = provision.existing_roles(connection)
        logins = provision.logins(connection, {role: passwords[role] for role in Role}, existing)
        provision.run(connection, logins)
        provision.run(connection, [provision.statement("allow_create_database", role=Role.OWNER.value)])
    return PostgresServer(os.environ[EXTERNAL], passwords)


def create_templates(found: PostgresServer) -> None:
    bare = f"{_TEMPLATE}_bare"
    found.drop(_TEMPLATE, bare)
    with found.admin() as connection:  # for tests.emptying
        connection.execute(f"grant set on parameter session_replication_role to {Role.OWNER}")
    found.create(bare, Role.OWNER)
    with psycopg.connect(credentials.on_database(found.admin_url, bare)) as connection:
        provision.close_advisory_locks(connection)
    found.create(_TEMPLATE, Role.OWNER, bare)
    if any((migrate.MIGRATIONS / "versions").glob("*.py")):
        migrate.upgrade(found.urls(_TEMPLATE, "").owner)
