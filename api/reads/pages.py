"""Which page of a list is asked for: of what is dated, between two dates, or of things by id."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Query

from api.parameters import Instant, Limit
from api.reads.question import Cursor, End, Question, Start, in_order

MAX_SESSIONS: Final = 1000
DEFAULT_SESSIONS: Final = 252
"""A year."""
MAX_ITEMS: Final = 1000
DEFAULT_ITEMS: Final = 200

Items = Annotated[Limit, Query(ge=1, le=MAX_ITEMS, description="Items in a page.")]


@dataclass(frozen=True, slots=True)
class DatePage:
    """A page of what has a date from `start` to `end`, oldest first."""

    start: date | None
    end: date | None
    limit: int
    cursor: str | None

    def turn(self, asked: Question) -> dict[str, Any]:
        """Return what the list's query is given; the question is then asked as of the cursor's instant."""
        in_order(self.start, self.end)
        after = asked.turn_page(self.cursor, date.fromisoformat)
        return {"start": self.start, "end": self.end, "after": after, "limit": self.limit}


@dataclass(frozen=True, slots=True)
class ItemPage:
    """A page of things by ascending id."""

    limit: int
    cursor: str | None

    def turn(self, asked: Question) -> dict[str, Any]:
        """Return what the list's query is given; the question is then asked as of the cursor's instant."""
        return {"after": asked.turn_page(self.cursor, int), "limit": self.limit}


@dataclass(frozen=True, slots=True)
class RestatementPage:
    """A page of restatements of the sessions from `start` to `end`, made after `since`; by session, then instant."""

    start: date | None
    end: date | None
    since: datetime | None
    limit: int
    cursor: str | None

    def turn(self, asked: Question) -> dict[str, Any]:
        """Return what the list's query is given; the question is then asked as of the cursor's instant."""
        in_order(self.start, self.end)
        session, commit = asked.turn_page(self.cursor, _restatement) or (None, None)
        return {
            "start": self.start,
            "end": self.end,
            "since": self.since,
            "after_session": session,
            "after_commit": commit,
            "limit": self.limit,
        }


def _restatement(after: Any) -> tuple[date, datetime]:
    """Read the session and the instant of the last restatement of a page."""
    session, committed_at = after
    return date.fromisoformat(session), datetime.fromisoformat(committed_at)


async def _sessions(
    start: Start = None,
    end: End = None,
    limit: Annotated[
        Limit, Query(ge=1, le=MAX_SESSIONS, description="Sessions in a page.")
    ] = DEFAULT_SESSIONS,
    cursor: Cursor = None,
) -> DatePage:
    return DatePage(start, end, limit, cursor)


async def _items(limit: Items = DEFAULT_ITEMS, cursor: Cursor = None) -> ItemPage:
    return ItemPage(limit, cursor)


async def _restatements(
    start: Start = None,
    end: End = None,
    since: Annotated[
        Instant | None,
        Query(
            description="Only what was restated after this instant. Default: all.",
            examples=["2026-01-30T21:30:00Z"],
        ),
    ] = None,
    limit: Items = DEFAULT_ITEMS,
    cursor: Cursor = None,
) -> RestatementPage:
    return RestatementPage(start, end, since, limit, cursor)


SessionsAsked = Annotated[DatePage, Depends(_sessions)]
ItemsAsked = Annotated[ItemPage, Depends(_items)]
RestatementsAsked = Annotated[RestatementPage, Depends(_restatements)]
