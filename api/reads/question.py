"""A read about a portfolio: who asks for which portfolio, session and instant, and how it is answered."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request
from fastapi.responses import Response

from api.database import Database, Transaction
from api.errors import ProblemError, invalid, not_found
from api.parameters import Day, Id, Instant
from api.reads import cursor as cursors
from api.reads.clock import Moment, Standing, settle
from api.reads.etag import etag, is_known
from api.security import Caller, unauthenticated
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
    caller without any portfolio is answered too.
    """

    request: Request
    caller: Principal
    portfolio_id: int | None
    as_of: date | None
    known_at: datetime | None
    position_id: int | None = None
    needs_portfolio: bool = True

    async def answer(self, name: str, params: Mapping[str, Any] | None = None) -> Response:
        """Answer with the one JSON object that `sql/queries/<name>.sql` makes, and what the answer is about.

        The query is given portfolio_id, session (null: nothing is stored), as_of, inception_date, known_at (null:
        now), user_id, position_id, missing (why nothing is stored, null if something is) and `params`. Its row is
        (object as text, key of the next page or null).
        """
        database: Database = self.request.app.state.database
        return await database.read(lambda transaction: self._answer(transaction, name, params or {}))

    async def _answer(self, transaction: Transaction, name: str, params: Mapping[str, Any]) -> Response:
        try:
            if self.known_at is not None:
                await transaction.settle()
            moment, tag = await self._settle(transaction)
            headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
            if is_known(self.request, tag):
                return Response(status_code=304, headers=headers)
            row = await transaction.row(name, self._params(moment) | dict(params))
        finally:
            self.request.state.statements = transaction.statements
        body, following = row if row is not None else ("{}", None)
        echo = moment.echo()
        if "limit" in params:
            echo["next"] = (
                None if following is None else cursors.encode(self.request, moment.known_at, following)
            )
        return Response(_joined(echo, body), headers=headers, media_type="application/json")

    async def _settle(self, transaction: Transaction) -> tuple[Moment, str]:
        """Decide what the question is about, and the tag of its answer."""
        asked = {
            "user_id": self.caller.user_id,
            "portfolio_id": self._portfolio_asked(),
            "position_id": self.position_id,
            "as_of": self.as_of,
            "known_at": self.known_at,
            "now": self.request.app.state.now(),
        }
        row = await transaction.row("api/standing", asked)
        if row is None:
            raise unauthenticated("the token's user is no more", "invalid_token")
        standing = Standing(*row)
        if standing.portfolio_id is None and (self.needs_portfolio or self._portfolio_asked() is not None):
            raise self._not_found()
        moment = settle(standing, self.as_of, self.known_at)
        tag = etag(self.request, self.caller.user_id, standing.role, standing.newest, moment.echo())
        return moment, tag

    def _not_found(self) -> ProblemError:
        """What is not there and what is another user's look the same."""
        if self.position_id is not None:
            return not_found("there is no such position", "position_not_found")
        return not_found("there is no such portfolio", "portfolio_not_found")

    def _portfolio_asked(self) -> int | None:
        if self.portfolio_id is not None or self.position_id is not None:
            return self.portfolio_id
        return self.caller.portfolio_id

    def _params(self, moment: Moment) -> dict[str, Any]:
        return {
            "user_id": self.caller.user_id,
            "portfolio_id": moment.portfolio_id,
            "position_id": self.position_id,
            "session": moment.session,
            "as_of": moment.as_of,
            "inception_date": moment.inception_date,
            "known_at": self.known_at,
            "missing": moment.reason,
        }

    def turn_page(self, cursor: str | None, place: Callable[[Any], T]) -> T | None:
        """Return where a cursor says the list goes on, and ask as of its instant; None on the first page."""
        if cursor is None:
            return None
        self.known_at, after = cursors.decode(self.request, cursor, place)
        return after


def _joined(first: Mapping[str, object], second: str) -> bytes:
    """Return one JSON object of the members of both."""
    opening = json.dumps(first)
    return (opening if second == "{}" else f"{opening[:-1]},{second[1:]}").encode()


async def _question(
    request: Request,
    caller: Caller,
    portfolio_id: PortfolioId = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Question:
    return Question(request, caller, portfolio_id, as_of, known_at)


Asked = Annotated[Question, Depends(_question)]
