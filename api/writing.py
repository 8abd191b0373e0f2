"""A write by a logged-in user: with today's rights, in one transaction of the intake role."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final, TypeVar
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response
from psycopg import Connection

from api.errors import ProblemError
from api.intake_database import IntakeDatabase
from api.security import Caller, unauthenticated
from api.tokens import Principal
from pipelines.sessions import latest_session, utc_now
from sql import query

NEW_YORK: Final = ZoneInfo("America/New_York")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class User:
    """Who writes."""

    id: int
    name: str
    is_admin: bool


Work = Callable[[Connection[Any], User], T]


@dataclass(frozen=True, slots=True)
class Writing:
    """A request that writes."""

    request: Request
    caller: Principal

    async def write(self, work: Work[T]) -> T:
        """Do all of `work` in one transaction; 401 if the token's user is gone."""
        database: IntakeDatabase = self.request.app.state.intake
        return await database.write(lambda connection: work(connection, self._user(connection)))

    async def write_as_admin(self, work: Work[T]) -> T:
        """Do all of `work` in one transaction; 403 unless the user is an administrator."""

        def checked(connection: Connection[Any], user: User) -> T:
            if not user.is_admin:
                raise ProblemError(403, "only an administrator may do this")
            return work(connection, user)

        return await self.write(checked)

    def _user(self, connection: Connection[Any]) -> User:
        row = connection.execute(query("intake/user"), {"user_id": self.caller.user_id}).fetchone()
        if row is None:
            raise unauthenticated("the token's user is no more", "invalid_token")
        name, role = row
        return User(self.caller.user_id, name, role == "admin")

    @property
    def today(self) -> date:
        """New York's date."""
        return self._now().astimezone(NEW_YORK).date()

    @property
    def latest_session(self) -> date:
        """The last session whose close has passed."""
        return latest_session(self._now())

    def _now(self) -> datetime:
        given: datetime | None = self.request.app.state.now()
        return given or utc_now()


def follow(response: Response, request: Request, request_id: int) -> None:
    """Say in an answer where the run that was asked for can be followed."""
    response.headers["Location"] = request.app.url_path_for("get_run", request_id=str(request_id))


async def _writing(request: Request, caller: Caller) -> Writing:
    return Writing(request, caller)


Writes = Annotated[Writing, Depends(_writing)]
