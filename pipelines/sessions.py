"""NYSE sessions: the only calendar of the project.

A *session* is a naive date of the exchange calendar, an *instant* an aware UTC datetime. Arrays of sessions
are datetime64[D]. A *session index* is a position in `SESSIONS`; arithmetic on sessions is arithmetic on it.
The horizon is fixed, so that an index, and a partition, mean the same on every day the code runs.
"""

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

HORIZON = (date(2010, 1, 4), date(2035, 12, 31))
FIRST_PARTITION = date(2015, 1, 2)

SessionArray = npt.NDArray[np.datetime64]
IndexArray = npt.NDArray[np.int64]


class NotSessionError(ValueError):
    """A date was given where an NYSE session is needed."""

    def __init__(self, day: date) -> None:
        self.day = day
        super().__init__(f"{day} is not an NYSE session; the one before is {session_on_or_before(day)}")


_CLOSES: Final = Path(__file__).with_name("xnys_closes.txt")
"""Close of each session, UTC: what exchange_calendars says, written down (python -m pipelines.sessions) because every
command needs it and the library takes half a second to say it. A test holds the file to the library."""


@cache
def calendar() -> Any:
    """Return the XNYS calendar over the fixed horizon (imported late: it costs half a second)."""
    import exchange_calendars

    return exchange_calendars.get_calendar("XNYS", start=HORIZON[0].isoformat(), end=HORIZON[1].isoformat())


@cache
def sessions() -> SessionArray:
    """All sessions of the horizon, ascending, datetime64[D]. A session closes on its own date in UTC, too."""
    days: SessionArray = _closes().astype("datetime64[D]")
    days.flags.writeable = False
    return days


@cache
def _closes() -> npt.NDArray[np.datetime64]:
    """Instant of each session's close, UTC, datetime64[s], early closes included."""
    return np.array(_CLOSES.read_text(encoding="ascii").split(), dtype="datetime64[s]")


def _write_closes() -> None:
    closes = calendar().closes.dt.tz_localize(None).to_numpy().astype("datetime64[m]")
    _CLOSES.write_text("".join(f"{close}\n" for close in closes.astype(str)), encoding="ascii")


def index_on_or_after(days: Any) -> Any:
    """Index of the first session on or after each day (dates or an array of datetime64[D])."""
    return np.searchsorted(sessions(), np.asarray(days, dtype="datetime64[D]"), side="left")


def index_on_or_before(days: Any) -> Any:
    """Index of the last session on or before each day; −1 before the horizon."""
    return np.searchsorted(sessions(), np.asarray(days, dtype="datetime64[D]"), side="right") - 1


def session_at(ix: int) -> date:
    """Return the session at an index."""
    found: date = sessions()[ix].item()
    return found


def session_on_or_before(day: date) -> date:
    """Return the last session on or before a day."""
    return session_at(int(index_on_or_before(day)))


def session_on_or_after(day: date) -> date:
    """Return the first session on or after a day."""
    return session_at(int(index_on_or_after(day)))


def is_session(day: date) -> bool:
    """Say whether a date is a session."""
    return session_on_or_before(day) == day


def session_index(day: date) -> int:
    """Index of a session; raises NotSessionError for any other day."""
    if not is_session(day):
        raise NotSessionError(day)
    return int(index_on_or_before(day))


def session_range(start: date, end: date) -> SessionArray:
    """Sessions from start to end, both included; neither needs to be one."""
    return sessions()[int(index_on_or_after(start)) : int(index_on_or_before(end)) + 1]


def offset(session: date, by: int) -> date:
    """Return the session `by` sessions after (before, if negative) a session."""
    return session_at(session_index(session) + by)


def close_of(session: date) -> datetime:
    """Return the instant of a session's close, UTC, early closes included."""
    close: datetime = _closes()[session_index(session)].item()
    return close.replace(tzinfo=UTC)


def latest_session(now: datetime) -> date:
    """Return the last session whose close has passed at an instant."""
    moment = np.datetime64(now.astimezone(UTC).replace(tzinfo=None), "s")
    return session_at(int(np.searchsorted(_closes(), moment, side="right")) - 1)


def utc_now() -> datetime:
    """Return the clock. Only the edges (command line, schedules, API) may ask for it."""
    return datetime.now(UTC)


if __name__ == "__main__":
    _write_closes()
