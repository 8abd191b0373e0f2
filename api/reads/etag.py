"""Whether an answer is the one the caller already has."""

import hashlib
import json
from collections.abc import Sequence
from typing import Final

from fastapi import Request

VERSION: Final = "1"
"""Raised when the same rows are answered in another form."""


def etag(request: Request, *parts: object) -> str:
    """Return the weak entity tag of an answer: of the query, and of what else decides it."""
    query: Sequence[tuple[str, str]] = sorted(request.query_params.multi_items())
    decided_by = [VERSION, request.url.path, query, *parts]
    digest = hashlib.sha256(json.dumps(decided_by, default=str).encode()).hexdigest()
    return f'W/"{digest[:32]}"'


def is_known(request: Request, tag: str) -> bool:
    """Say whether the caller names this tag in If-None-Match."""
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    names = [name.strip().removeprefix("W/") for name in given.split(",")]
    return "*" in names or tag.removeprefix("W/") in names
