"""Passwords: bcrypt, at least twelve rounds where people log in."""

from functools import cache
from typing import Final

import bcrypt

ROUNDS: Final = 12
MAX_BYTES: Final = 72
"""bcrypt reads no more of a password; a longer one would be cut silently, so it is refused."""


def hash_password(password: str, rounds: int = ROUNDS) -> str:
    """Return the salted hash; ValueError for more than 72 bytes of UTF-8."""
    secret = password.encode()
    if len(secret) > MAX_BYTES:
        raise ValueError(f"a password may have at most {MAX_BYTES} bytes")
    return bcrypt.hashpw(secret, bcrypt.gensalt(rounds)).decode("ascii")


def verify_password(password: str, password_hash: str | None) -> bool:
    """Say whether the password is right. Without a hash (no such user) it takes as long, and is false."""
    secret = password.encode(errors="replace")
    stored = (password_hash or _nobody()).encode("ascii")
    matches = bcrypt.checkpw(secret[:MAX_BYTES], stored)
    return matches and password_hash is not None and len(secret) <= MAX_BYTES


@cache
def _nobody() -> str:
    return hash_password("")
