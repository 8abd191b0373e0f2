"""Where a list goes on: opaque to the caller, and good for the list it came from only."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

from fastapi import Request

from api.errors import invalid

MAX_LENGTH: Final = 512
T = TypeVar("T")

_NOT_THE_LIST: Final = ("cursor", "limit")


def encode(request: Request, known_at: datetime, after: Any) -> str:
    """Return the cursor of what follows `after` (any JSON) in the request's list, as known at the same instant."""
    content = json.dumps([_list_of(request), known_at.isoformat(), after], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode("ascii").rstrip("=")


def decode(request: Request, cursor: str, place: Callable[[Any], T]) -> tuple[datetime, T]:
    """Return the instant and the place a cursor stands for; 422 if it is not one of this list.

    place: reads the `after` it was made of; ValueError or TypeError if that is not what the list makes.
    """
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        of_list, known_at, after = json.loads(text)
        if of_list == _list_of(request):
            instant = datetime.fromisoformat(known_at)
            if instant.tzinfo is not None:
                return instant, place(after)
    except (binascii.Error, ValueError, TypeError):
        pass
    raise invalid("cursor", "invalid_cursor", "the cursor is not one this list returned as `next`")


def _list_of(request: Request) -> str:
    """Name the list: path and parameters, without those that only say which page."""
    given = sorted(item for item in request.query_params.multi_items() if item[0] not in _NOT_THE_LIST)
    return hashlib.sha256(json.dumps([request.url.path, given]).encode()).hexdigest()[:16]
