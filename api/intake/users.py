"""Users of the system: who may log in, and who owns which portfolio."""

import re
from typing import Any, Final, Literal

from psycopg import Connection

from api.intake.errors import ConflictError, IntakeError, NotFoundError
from api.passwords import MAX_BYTES, ROUNDS, hash_password
from sql import query

MIN_PASSWORD: Final = 8

_USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


def add_user(
    connection: Connection[Any],
    username: str,
    password: str,
    *,
    role: Literal["user", "admin"] = "user",
    rounds: int = ROUNDS,
    min_length: int = MIN_PASSWORD,
) -> int:
    """Add a user and return its id.

    Raises IntakeError (invalid_username, password_too_short, password_too_long), ConflictError (user_exists).
    The demo users are the one caller with a smaller `min_length`: their passwords are public.
    """
    if not _USERNAME.fullmatch(username):
        message = (
            "a user name is up to 64 letters, digits and any of . _ @ -, starting with a letter or digit"
        )
        raise IntakeError("invalid_username", message, "username")
    if len(password) < min_length:
        message = f"a password has at least {min_length} characters"
        raise IntakeError("password_too_short", message, "password")
    if len(password.encode(errors="replace")) > MAX_BYTES:
        raise IntakeError("password_too_long", f"a password has at most {MAX_BYTES} bytes", "password")
    password_hash = hash_password(password, rounds)
    with connection.transaction():
        row = connection.execute(
            query("book/insert_user"), {"username": username, "password_hash": password_hash, "role": role}
        ).fetchone()
    if row is None:
        raise ConflictError("user_exists", f"there is already a user {username}", "username")
    return int(row[0])


def user_id(connection: Connection[Any], username: str) -> int:
    """Return the id of a user; NotFoundError (unknown_user) if there is none."""
    row = connection.execute(query("book/user_id"), {"username": username}).fetchone()
    if row is None:
        raise NotFoundError("unknown_user", f"there is no user {username!r}", "owner")
    return int(row[0])
