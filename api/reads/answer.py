"""Reading the answer to a question, and what it takes to know later that it still is the answer."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from api.asking import Row
from api.changes import Changes
from api.database import Database
from api.errors import ProblemError, not_found
from api.reads import cursor as cursors
from api.reads.clock import STANDING_COLUMNS, Moment, Standing, settle
from api.reads.etag import etag
from api.reads.origin import Origin
from api.reads.statements import reading, rereading, statement
from api.security import unauthenticated
from api.tokens import Principal

Check = Callable[[Moment], None]
"""Refuses, by a ProblemError, a question that is not to be answered once it is settled what it is about."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, and how long it is one: while the database's generation stands and no session closes."""

    body: bytes
    etag: str
    generation: int | None
    next_close: datetime | None
    statements: int


@dataclass(slots=True)
class Reader:
    """Where answers come from. clock: the clock given instead of the real ones, which are PostgreSQL's and ours."""

    database: Database
    changes: Changes
    clock: datetime | None = None

    def is_current(self, generation: int | None, next_close: datetime | None) -> bool:
        """Say whether what was read under a generation, before a close, would be read again."""
        return (
            generation is not None
            and generation == self.changes.generation
            and next_close is not None
            and (self.clock or datetime.now(UTC)) < next_close
        )


@dataclass(frozen=True, slots=True)
class _Settled:
    """What a question is about, and the generation it was settled under: what follows from both stays, too."""

    generation: int | None
    standing: Standing
    params: Mapping[str, Any]
    """Of the query that answers."""
    moment: Moment
    tag: str
    echo: dict[str, object]
    opening: str
    """The echo as JSON."""


@dataclass(slots=True)
class Reading:
    """One question, ready to be asked any number of times.

    name, params: the query that answers it, `sql/queries/<name>.sql`, given also what `Moment.params` says, user_id,
    position_id and known_at (null: now). Its row is (object as text, key of the next page or null). check: of the
    question, once it is settled.
    """

    origin: Origin
    caller: Principal
    name: str
    params: Mapping[str, Any]
    needs_portfolio: bool
    check: Check | None = None
    _settled: _Settled | None = None

    async def answer(self, reader: Reader) -> Answer:
        """Read the answer; ProblemError if there is none."""
        generation = reader.changes.generation
        again = await self._answer_again(reader, generation)
        if again is not None:
            return again
        known_at = self.params["known_at"]
        if known_at is not None:
            # No commit appears at or before the present instant later, if those being stamped are waited for.
            await reader.database.row(statement("api/settle"), {})
        asked = {**self.params, "now": reader.clock}
        row = await reader.database.row(reading(self.name, past=known_at is not None), asked)
        if row is None:
            raise unauthenticated("the token's user is no more", "invalid_token")
        standing = Standing(*row[:STANDING_COLUMNS])
        moment = self._moment(standing)
        echo = moment.echo()
        tag = etag(self.origin, self.caller.user_id, standing.role, standing.newest, echo)
        params = {**self.params, **moment.params()}
        settled = _Settled(generation, standing, params, moment, tag, echo, json.dumps(echo))
        if generation is not None and known_at is None:
            self._settled = settled
        statements = 1 if known_at is None else 2
        return self._written(row[STANDING_COLUMNS:], settled, statements)

    async def _answer_again(self, reader: Reader, generation: int | None) -> Answer | None:
        """Answer by what was settled before; None if that may be settled differently now."""
        settled = self._settled
        if settled is None or settled.generation != generation:
            return None
        standing = settled.standing
        if not reader.is_current(generation, standing.next_close):
            return None
        row = await reader.database.row(rereading(self.name), settled.params)
        if row is None or row[0] != standing.newest:
            return None
        return self._written(row[1:], settled, 1)

    def _moment(self, standing: Standing) -> Moment:
        if standing.portfolio_id is None and (
            self.needs_portfolio or self.params["portfolio_id"] is not None
        ):
            raise self._not_found()
        moment = settle(standing, self.params["as_of"], self.params["known_at"])
        if self.check is not None:
            self.check(moment)
        return moment

    def _not_found(self) -> ProblemError:
        """What is not there and what is another user's look the same."""
        if self.params["position_id"] is not None:
            return not_found("there is no such position", "position_not_found")
        return not_found("there is no such portfolio", "portfolio_not_found")

    def _written(self, row: Row, settled: _Settled, statements: int) -> Answer:
        body, following = row if row[0] is not None else ("{}", None)
        opening = settled.opening
        if "limit" in self.params:
            known_at = settled.moment.known_at
            page = None if following is None else cursors.encode(self.origin, known_at, following)
            opening = json.dumps({**settled.echo, "next": page})
        next_close = settled.standing.next_close
        return Answer(_joined(opening, body), settled.tag, settled.generation, next_close, statements)


def _joined(first: str, second: str) -> bytes:
    """Return one JSON object of the members of two; the first has some."""
    return (first if second == "{}" else f"{first[:-1]},{second[1:]}").encode()
