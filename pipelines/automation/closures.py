"""Why a day is no session."""

from datetime import date
from typing import Any

from pipelines.sessions import calendar, session_on_or_after


def closure(day: date) -> str:
    """Say in one line why the exchange is closed on a day that is no session."""
    return f"{day} is no NYSE session ({_name(day)}); the next one is {session_on_or_after(day)}"


def _name(day: date) -> str:
    if day.weekday() >= 5:
        return "weekend"
    holidays: Any = calendar().regular_holidays.holidays(day.isoformat(), day.isoformat(), return_name=True)
    return str(holidays.iloc[0]) if len(holidays) else "special closure"
