"""How often something may be done: counted in this process, by key."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

MAX_KEYS: Final = 20_000
"""Counters kept; the ones longest untouched are forgotten first."""


class RateLimit:
    """At most `limit` acts a key in any `window_seconds`."""

    def __init__(
        self, limit: int, window_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._window_seconds = window_seconds
        self._clock = clock
        self._acts: OrderedDict[Hashable, list[float]] = OrderedDict()

    def attempt(self, key: Hashable) -> float:
        """Count an act. Returns 0.0 if it may be done, else the seconds until the next one may."""
        now = self._clock()
        acts = self._acts.setdefault(key, [])
        self._acts.move_to_end(key)
        acts[:] = [instant for instant in acts if instant > now - self._window_seconds]
        if len(acts) >= self._limit:
            return acts[0] + self._window_seconds - now
        acts.append(now)
        while len(self._acts) > MAX_KEYS:
            self._acts.popitem(last=False)
        return 0.0
