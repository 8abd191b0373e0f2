"""How often a login may fail: counted in this process, by name and address, and by address alone."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

WINDOW_SECONDS: Final = 300.0
MAX_FAILURES_PER_NAME: Final = 10
"""Failures in the window for one user name from one address."""
MAX_FAILURES_PER_ADDRESS: Final = 100
"""Failures in the window from one address, whatever the names."""
MAX_KEYS: Final = 20_000
"""Counters kept; the ones longest untouched are forgotten first."""

Clock = Callable[[], float]


class Throttle:
    """Failures of the last WINDOW_SECONDS by key. An attempt counts as failed until it succeeds."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, ...], list[float]] = OrderedDict()

    def attempt(self, username: str, address: str) -> float:
        """Count an attempt. Returns 0.0 if it may go on, else the seconds until the next one may."""
        now = self._clock()
        keys = (
            (("name", username, address), MAX_FAILURES_PER_NAME),
            (("address", address), MAX_FAILURES_PER_ADDRESS),
        )
        wait = max(self._wait(key, limit, now) for key, limit in keys)
        if wait > 0.0:
            return wait
        for key, _ in keys:
            self._recent(key, now).append(now)
        while len(self._failures) > MAX_KEYS:
            self._failures.popitem(last=False)
        return 0.0

    def succeeded(self, username: str, address: str) -> None:
        """Forget the failures of a name; the address keeps those of other names."""
        self._failures.pop(("name", username, address), None)
        by_address = self._failures.get(("address", address))
        if by_address:
            by_address.pop()

    def _wait(self, key: tuple[str, ...], limit: int, now: float) -> float:
        failures = self._recent(key, now)
        return 0.0 if len(failures) < limit else failures[-limit] + WINDOW_SECONDS - now

    def _recent(self, key: tuple[str, ...], now: float) -> list[float]:
        failures = self._failures.setdefault(key, [])
        self._failures.move_to_end(key)
        failures[:] = [instant for instant in failures if instant > now - WINDOW_SECONDS]
        return failures
