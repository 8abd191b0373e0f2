"""Where a list goes on: opaque to the caller, and good for the list it came from only."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

from api.errors import invalid
from api.reads.origin import Origin

MAX_LENGTH: Final = 512
T = TypeVar("T")

_NOT_THE_LIST: Final = ("cursor", "limit")


def encode(origin: Origin, known_at: datetime, after: Any) -> str:
    """Return the cursor of what follows `after` (any JSON) in the list asked for, as known at the same instant."""
    content = json.dumps([_list_of(origin), known_at.isoformat(), after], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode("ascii").rstrip("=")


def decode(origin: Origin, cursor: str, place: Callable[[Any], T]) -> tuple[datetime, T]:
    """Return the instant and the place a cursor stands for; 422 if it is not one of this list.

    place: reads the `after` it was made of; ValueError or TypeError if that is not what the list makes.
    """
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        of_list, known_at, after = json.loads(text)
        if of_list == _list_of(origin):
            instant = datetime.fromisoformat(known_at)
            if instant.tzinfo is not None:
                return instant, place(after)
    except (binascii.Error, ValueError, TypeError):
        pass
    raise invalid("cursor", "invalid_cursor", "the cursor is not one this list returned as `next`")


def _list_of(origin: Origin) -> str:
    """Name the list: path and parameters, without those that only say which page."""
    given = [item for item in origin.parameters if item[0] not in _NOT_THE_LIST]
    return hashlib.sha256(json.dumps([origin.path, given]).encode()).hexdigest()[:16]
