"""How fast a vendor may be asked, and how long to wait before it is asked again."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

MINUTE: Final = 60.0


@dataclass
class Pace:
    """At most `calls` in any minute (None: no limit). `clock` and `sleep` in seconds."""

    calls: int | None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _made: deque[float] = field(default_factory=deque)

    def wait(self) -> None:
        """Wait until one more call may be made, and count it."""
        if self.calls is None:
            return
        if len(self._made) == self.calls:
            pause = self._made.popleft() + MINUTE - self.clock()
            if pause > 0:
                self.sleep(pause)
        self._made.append(self.clock())


@dataclass(frozen=True)
class Retries:
    """How often a call is tried, and how long to wait between (seconds): doubling from `first` to `longest`.

    A vendor that says when to come back is obeyed, unless that is later than `patience` from now: then it is out.
    """

    tries: int = 6
    first: float = 1.0
    longest: float = 60.0
    patience: float = 900.0

    def pause(self, failures: int, retry_after: float | None) -> float | None:
        """Seconds to wait after the nth failure in a row (1 is the first); None: give up."""
        if failures >= self.tries or (retry_after is not None and retry_after > self.patience):
            return None
        own = min(self.first * 2.0 ** (failures - 1), self.longest)
        return own if retry_after is None else max(own, retry_after)


def seconds_of(
    retry_after: str | None, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> float | None:
    """Read a Retry-After header: seconds, or an HTTP date; None for neither."""
    if not retry_after:
        return None
    text = retry_after.strip()
    if text.isdigit():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max((aware - now()).total_seconds(), 0.0)
