"""When short interest is measured, and when the world learns of it (FINRA Rule 4560's calendar)."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from pipelines.sessions import index_on_or_after, session_at, session_on_or_before

PUBLISHED_AFTER: Final = 7
"""Sessions from settlement to publication."""
_PUBLISHED_AT: Final = time(18, 0)
_NEW_YORK: Final = ZoneInfo("America/New_York")


def published_at(settled: date) -> datetime:
    """When short interest settled on a date became public: naive, UTC."""
    day = session_at(int(index_on_or_after(settled)) + PUBLISHED_AFTER)
    return datetime.combine(day, _PUBLISHED_AT, _NEW_YORK).astimezone(UTC).replace(tzinfo=None)


def settlement_dates(start: date, end: date) -> list[date]:
    """Settlement dates between two days: the 15th and the last day of a month, or the session before."""
    ends = []
    month = start.replace(day=1)
    while month <= end:
        following = (month + timedelta(days=31)).replace(day=1)
        ends += [
            session_on_or_before(month.replace(day=15)),
            session_on_or_before(following - timedelta(days=1)),
        ]
        month = following
    return [day for day in ends if start <= day <= end]


def newest_published(end: date) -> date:
    """The newest settlement date whose figures were public before a session ended."""
    dates = settlement_dates(end - timedelta(days=60), end)
    return max(day for day in dates if published_at(day).date() < end)
