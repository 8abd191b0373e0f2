"""Whether an answer is the one the caller already has."""

import hashlib
import json
from typing import Final

from api.reads.origin import Origin

VERSION: Final = "2"
"""Raised when the same rows are answered in another form."""


def etag(origin: Origin, *parts: object) -> str:
    """Return the weak entity tag of an answer: of the question, and of what else decides it."""
    decided_by = [VERSION, origin.path, origin.parameters, *parts]
    digest = hashlib.sha256(json.dumps(decided_by, default=str).encode()).hexdigest()
    return f'W/"{digest[:32]}"'


def is_known(tag: str, if_none_match: str) -> bool:
    """Say whether the caller names this tag in If-None-Match."""
    names = [name.strip().removeprefix("W/") for name in if_none_match.split(",")]
    return "*" in names or tag.removeprefix("W/") in names
