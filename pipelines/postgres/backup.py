"""Backup and restore of the main database. Dagster's own database (its record of runs) is not part of it."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Final, cast

import psycopg

from pipelines.errors import DatabaseError
from pipelines.postgres import credentials, provision
from pipelines.postgres.binaries import program
from sql import migrate, query

Connection = provision.Connection

_CLOSING_SECONDS: Final = 2.0
"""A connection that its owner has closed is the server's for a moment longer."""
_OURS = ("SCHEMA - book", "SCHEMA - market", "SCHEMA - analytics", "TABLE public alembic_version")


def backup(owner_url: str, file: Path) -> None:
    """Write all of the database to a file (pg_dump's custom format), which only this user may read.

    One consistent moment, while others read and write. The file appears when it is complete, or not at all.
    """
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        draft.touch(mode=0o600)
        # pg_catalog: its functions' grants are made anew by a restore; only a superuser could load them.
        _run("pg_dump", ["--format=custom", "--exclude-schema=pg_catalog", f"--file={draft}"], owner_url)
        draft.replace(file)
    except OSError as error:
        raise DatabaseError(f"{file} cannot be written: {error.strerror}") from None
    finally:
        draft.unlink(missing_ok=True)


def restore(owner_url: str, file: Path, *, superuser_url: str | None = None) -> None:
    """Replace the database by a backup's.

    The backup is loaded into a new database, which takes the old one's name in one step: until then, and on
    any error, nothing is changed. DatabaseError when the file is no backup of ours, is damaged, comes from a
    newer version, or when anybody is connected. The roles stay as they are.
    """
    _check_file(file)
    name = credentials.url_parts(owner_url)["dbname"]
    fresh, old = f"{name}_restoring", f"{name}_replaced"
    with _maintenance(owner_url) as connection:
        refuse_when_in_use(connection, name)
        _drop(connection, fresh, old)
        try:
            connection.execute(provision.statement("create_empty_database", database=fresh))
            _load(owner_url, file, fresh)
            _prepare(connection, fresh, credentials.on_database(superuser_url or owner_url, fresh))
            _swap(connection, name, fresh, old)
        except psycopg.Error as error:
            raise DatabaseError(f"the backup was not restored: {' '.join(str(error).split())}") from None
        finally:
            with suppress(psycopg.Error):
                _drop(connection, fresh)
        _drop(connection, old)


def refuse_when_in_use(connection: Connection, database: str) -> None:
    """Raise DatabaseError when others are connected to a database, and stay so for longer than closing takes."""
    until = monotonic() + _CLOSING_SECONDS
    while (
        rows := connection.execute(query("server/sessions"), [database]).fetchall()
    ) and monotonic() < until:
        sleep(0.05)
    if rows:
        who = ", ".join(sorted({str(session) for (session,) in rows}))
        raise DatabaseError(
            f"others are connected to the database ({who}): stop them first (`sigmasight up`, …)"
        )


def _check_file(file: Path) -> None:
    if not file.is_file():
        raise DatabaseError(f"{file} is not a file")
    listing = _run("pg_restore", ["--list", str(file)])
    if not all(part in listing for part in _OURS):
        raise DatabaseError(f"{file} is not a backup of this project's database")


def _load(owner_url: str, file: Path, database: str) -> None:
    url = credentials.on_database(owner_url, database)
    try:
        _replay(file, url)
    except DatabaseError as error:
        raise DatabaseError(f"the backup was not restored, nothing is changed: {error}") from None
    revision = migrate.current(url)
    if not migrate.is_known(revision):
        raise DatabaseError(f"{file} was made by a newer version of this project (revision {revision})")


def _prepare(connection: Connection, database: str, superuser_url: str) -> None:
    provision.run(connection, provision.database_grants(database))
    with psycopg.connect(superuser_url) as inside:
        if inside.info.parameter_status("is_superuser") == "on":
            provision.close_advisory_locks(inside)


def _swap(connection: Connection, name: str, fresh: str, old: str) -> None:
    with connection.transaction():
        for database, new_name in ((name, old), (fresh, name)):
            connection.execute(provision.statement("rename_database", database=database, name=new_name))


def _drop(connection: Connection, *databases: str) -> None:
    for database in databases:
        connection.execute(provision.statement("drop_database", database=database))


def _maintenance(owner_url: str) -> Connection:
    """Connect as the owner to another database of the server: no one can rename the one he is in."""
    for database in ("postgres", "template1"):
        with suppress(psycopg.OperationalError):
            return psycopg.connect(credentials.on_database(owner_url, database), autocommit=True)
    raise DatabaseError("a restore needs a login to the database `postgres` or `template1` as the owner")


def _replay(file: Path, url: str) -> None:
    """Load a backup by way of its script.

    Directly, pg_restore would first set a parameter that servers before PostgreSQL 17 do not know.
    """
    quiet = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    pipe = subprocess.PIPE
    login, environment = _login(url)
    with (
        subprocess.Popen(
            [program("pg_restore"), "--no-owner", "--file=-", file], env=_clean(), stdout=pipe, stderr=pipe
        ) as script,
        subprocess.Popen(
            [program("psql"), *login, *quiet], env=environment, stdin=pipe, stderr=pipe
        ) as loading,
    ):
        try:
            _pipe(cast("IO[bytes]", script.stdout), cast("IO[bytes]", loading.stdin))
        except BrokenPipeError:  # psql ends at its first error, and says which
            script.kill()
        errors = b"".join(cast("IO[bytes]", end.stderr).read() for end in (loading, script))
    if loading.returncode != 0 or script.returncode != 0:
        raise DatabaseError(_first_message("pg_restore", errors.decode(errors="replace")))


def _pipe(source: IO[bytes], sink: IO[bytes]) -> None:
    with sink:
        for line in source:
            if not line.startswith(b"SET transaction_timeout"):
                sink.write(line)
            if line.startswith(b"SET row_security"):  # the last of the preamble
                break
        shutil.copyfileobj(source, sink, 1 << 20)


def _run(name: str, arguments: Sequence[str], url: str | None = None) -> str:
    """Run one of PostgreSQL's programs and return its output."""
    login, environment = _login(url) if url else ([], _clean())
    done = subprocess.run(
        [program(name), *login, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise DatabaseError(_first_message(name, done.stderr))
    return done.stdout


def _login(url: str) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment that log a program in; the password is not among the arguments."""
    parts = credentials.url_parts(url)
    password = {"PGPASSWORD": parts.pop("password")} if "password" in parts else {}
    return [f"--dbname={credentials.make_url(parts)}", "--no-password"], _clean() | password


def _clean() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {"LC_ALL": "C"}


def _first_message(name: str, output: str) -> str:
    message = (output.strip().splitlines() or ["it ended early"])[0]
    return f"{name}: " + message.removeprefix(f"{name}: ").removeprefix("error: ")
