"""Which role logs in where: the passwords of `credentials.json` (0600, in the home) and their URLs."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote, urlencode

from pipelines.errors import DatabaseError
from pipelines.postgres.location import PORT, socket_dir

DATABASE = "sigmasight"
DAGSTER_DATABASE = "dagster"
SUPERUSER = "postgres"


class Role(StrEnum):
    """A role of the database; the value is its name in it. Each process logs in as its own."""

    OWNER = "sigmasight"
    INTAKE = "sigmasight_intake"
    PIPELINE = "sigmasight_pipeline"
    READER = "sigmasight_reader"
    DAGSTER = "sigmasight_dagster"

    @property
    def variable(self) -> str:
        """Environment variable that holds this role's URL."""
        return "SIGMASIGHT_DATABASE_URL" if self is Role.OWNER else f"SIGMASIGHT_{self.name}_URL"


@dataclass(frozen=True)
class DatabaseUrls:
    """The libpq URL of each role."""

    owner: str
    intake: str
    pipeline: str
    reader: str
    dagster: str

    def of(self, role: Role) -> str:
        """Return the URL of a role."""
        url: str = getattr(self, role.name.lower())
        return url


def database_urls(home: Path, *, owner_url: str | None, given: Mapping[Role, str | None]) -> DatabaseUrls:
    """URLs of all roles: those given, else made of the home's passwords. DatabaseError when none is known."""
    passwords = read(home).get(server_key(owner_url), {})
    urls = {}
    for role in Role:
        url = owner_url if role is Role.OWNER else given.get(role)
        if url is None and role.value in passwords:
            url = role_url(home, owner_url, role, passwords[role.value])
        if url is None:
            raise DatabaseError(
                f"the database is not set up yet (no login known for {role}): run `sigmasight db start`"
            )
        urls[role.name.lower()] = url
    return DatabaseUrls(**urls)


def role_url(home: Path, owner_url: str | None, role: Role, password: str) -> str:
    """URL of a role on the embedded server, or beside the owner on the owner's external one."""
    database = DAGSTER_DATABASE if role is Role.DAGSTER else DATABASE
    if owner_url is None:
        return embedded_url(home, role, password, database)
    place = url_parts(owner_url)
    if role is not Role.DAGSTER:
        database = place["dbname"]
    return make_url(place | {"user": role.value, "password": password, "dbname": database})


def embedded_url(home: Path, user: str, password: str, database: str) -> str:
    """URL of a user on the embedded server of a home."""
    place = {"host": str(socket_dir(home)), "port": str(PORT)}
    return make_url(place | {"user": user, "password": password, "dbname": database})


def make_url(parts: Mapping[str, str]) -> str:
    """Compose a libpq URL; all but user, password and database go into its query, as a socket folder must."""
    rest = {key: value for key, value in parts.items() if key not in ("user", "password", "dbname")}
    login = quote(parts["user"], safe="") + (
        f":{quote(parts['password'], safe='')}" if "password" in parts else ""
    )
    return f"postgresql://{login}@/{quote(parts['dbname'], safe='')}?{urlencode(rest, quote_via=quote)}"


def on_database(url: str, database: str) -> str:
    """Return the same login on another database of the server."""
    return make_url(url_parts(url) | {"dbname": database})


def url_parts(url: str) -> dict[str, str]:
    """Split a URL (or key=value string) into libpq's parameters; DatabaseError when it is neither."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.ProgrammingError:
        raise DatabaseError(
            "the database URL is not of the form postgresql://user:password@host:port/name"
        ) from None
    parts.setdefault("user", os.environ.get("PGUSER", ""))
    parts.setdefault("dbname", os.environ.get("PGDATABASE") or parts["user"])
    if not parts["user"] or not parts["dbname"]:
        raise DatabaseError("the database URL must name a user and a database")
    return parts


def server_key(owner_url: str | None) -> str:
    """Name a server in the credentials file."""
    if owner_url is None:
        return "embedded"
    parts = url_parts(owner_url)
    host = parts.get("hostaddr") or parts.get("host", "")
    return f"{host}:{parts.get('port', '')}/{parts['dbname']}"


def new_password() -> str:
    """Return a password of 192 random bits."""
    return secrets.token_urlsafe(24)


def file_of(home: Path) -> Path:
    """Return the credentials file of a home."""
    return home / "credentials.json"


def read(home: Path) -> dict[str, dict[str, str]]:
    """Passwords by server and role; empty when there is no file yet."""
    try:
        found: dict[str, dict[str, str]] = json.loads(file_of(home).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (PermissionError, json.JSONDecodeError) as error:
        raise DatabaseError(f"{file_of(home)} cannot be read: {error}") from None
    return found


def write(home: Path, server: str, passwords: Mapping[str, str]) -> None:
    """Store a server's passwords, replacing the file in one step; only this user may read it."""
    text = json.dumps(read(home) | {server: dict(passwords)}, indent=2)
    draft = file_of(home).with_suffix(f".{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text + "\n")
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file_of(home))
