"""A read about a portfolio: who asks for which portfolio, session and instant, and how it is answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request
from fastapi.responses import Response

from api.errors import invalid
from api.parameters import Day, Id, Instant
from api.reads import cursor as cursors
from api.reads.answer import Check, Reader, Reading
from api.reads.memory import Remembered
from api.reads.origin import origin_of
from api.reads.response import respond
from api.security import Caller
from api.tokens import Principal

T = TypeVar("T")

AsOf = Annotated[
    Day | None,
    Query(
        description="Date the answer is for; a day that is no session is answered for the session before. "
        "Default: the latest session. 422 before inception or in the future.",
        examples=["2026-01-30"],
    ),
]
KnownAt = Annotated[
    Instant | None,
    Query(
        description="Answer with what was known at this instant, with a time zone. "
        "Default: the newest commit. 422 in the future.",
        examples=["2026-01-30T21:30:00Z"],
    ),
]
PortfolioId = Annotated[
    Id | None, Query(description="Portfolio asked about. Default: the token's, the user's first.")
]
Start = Annotated[Day | None, Query(description="First date of the range. Default: inception.")]
End = Annotated[Day | None, Query(description="Last date of the range. Default: as_of.")]
Cursor = Annotated[
    str | None,
    Query(max_length=cursors.MAX_LENGTH, description="What the page before returned as `next`."),
]


def in_order(start: date | None, end: date | None) -> None:
    """Refuse a range that ends before it starts (422 after_end)."""
    if start is not None and end is not None and start > end:
        raise invalid("start", "after_end", f"start {start} is after end {end}")


@dataclass(slots=True)
class Question:
    """What was asked.

    position_id: set where the path names a lot, which then decides the portfolio. needs_portfolio: false where a
    caller without any portfolio is answered too. check: what else has to hold of what it is about.
    """

    request: Request
    caller: Principal
    portfolio_id: int | None
    as_of: date | None
    known_at: datetime | None
    position_id: int | None = None
    needs_portfolio: bool = True
    check: Check | None = None

    async def answer(self, name: str, params: Mapping[str, Any] | None = None) -> Response:
        """Answer with the one JSON object that `sql/queries/<name>.sql` makes, and what the answer is about."""
        asked = {
            "user_id": self.caller.user_id,
            "portfolio_id": self._portfolio_asked(),
            "position_id": self.position_id,
            "as_of": self.as_of,
            "known_at": self.known_at,
            **(params or {}),
        }
        reading = Reading(origin_of(self.request), self.caller, name, asked, self.needs_portfolio, self.check)
        state = self.request.app.state
        answer = await reading.answer(Reader(state.database, state.changes, state.now()))
        self.request.state.statements = answer.statements
        expires_at = self.request.state.token_expires_at
        self.request.state.remembered = Remembered(reading, answer, self.request.scope["route"], expires_at)
        return respond(answer, self.request.headers.get("if-none-match"))

    def _portfolio_asked(self) -> int | None:
        if self.portfolio_id is not None or self.position_id is not None:
            return self.portfolio_id
        return self.caller.portfolio_id

    def turn_page(self, cursor: str | None, place: Callable[[Any], T]) -> T | None:
        """Return where a cursor says the list goes on, and ask as of its instant; None on the first page."""
        if cursor is None:
            return None
        self.known_at, after = cursors.decode(origin_of(self.request), cursor, place)
        return after


async def _question(
    request: Request,
    caller: Caller,
    portfolio_id: PortfolioId = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Question:
    return Question(request, caller, portfolio_id, as_of, known_at)


Asked = Annotated[Question, Depends(_question)]
