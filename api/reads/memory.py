"""Questions that were answered before: the least recently asked are forgotten first."""

from dataclasses import dataclass
from typing import Any, Final

from cachetools import LRUCache

from api.reads.answer import Answer, Reading

Key = tuple[str, bytes, bytes]
"""A path, a query string and a token, each as it was sent."""

_OVERHEAD: Final = 4_000
"""Bytes a question takes besides its answer and its key, about."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A question, its last answer, the operation it is of, and when (seconds since 1970) its token expires."""

    reading: Reading
    answer: Answer
    route: Any
    expires_at: float


class Memory:
    """Questions by their key, as many as `max_bytes` hold."""

    def __init__(self, max_bytes: int) -> None:
        self._held: LRUCache[Key, tuple[int, Remembered]] = LRUCache(
            max_bytes, getsizeof=lambda held: held[0]
        )

    def find(self, key: Key, now: float) -> Remembered | None:
        """Return a question whose token has not expired; None if there is none."""
        held = self._held.get(key)
        return held[1] if held is not None and now < held[1].expires_at else None

    def keep(self, key: Key, remembered: Remembered) -> None:
        """Remember a question by its last answer; one too large for all of the memory is not kept."""
        size = _OVERHEAD + len(remembered.answer.body) + sum(len(part) for part in key)
        if size <= self._held.maxsize:
            self._held[key] = size, remembered

    def forget(self, key: Key) -> None:
        """Forget a question."""
        self._held.pop(key, None)
