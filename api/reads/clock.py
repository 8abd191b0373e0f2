"""Which session, as known at which instant, a question is about."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from api.errors import invalid


@dataclass(frozen=True, slots=True)
class Standing:
    """What the database says when a question arrives: `sql/queries/api/standing.sql`, column for column."""

    role: str
    portfolio_id: int | None
    name: str | None
    """Of the portfolio, as known at the instant asked for; None if it was not in the book then."""
    inception_date: date | None
    now: datetime
    today: date
    """New York's date."""
    newest: datetime | None
    """Instant of the newest commit; None in an empty database."""
    next_close: datetime | None
    """When the latest session will be another one."""
    latest_session: date
    as_of: date
    """The date asked for; the latest session where none was."""
    asked_session: date | None
    """Last closed session on or before the date asked for."""
    session: date | None
    """Latest session that is stored for the portfolio on or before that one."""
    missing: str | None
    """Why there is no stored session; None if there is one."""
    stale: bool | None
    """Whether inputs of that session have changed since it was computed; None of a past instant."""


STANDING_COLUMNS = len(Standing.__slots__)


@dataclass(frozen=True, slots=True)
class Moment:
    """A question's portfolio, session and instant, all of them settled."""

    portfolio_id: int | None
    inception_date: date | None
    as_of: date
    session: date | None
    known_at: datetime
    as_of_is_session: bool
    is_behind: bool
    stale: bool | None
    missing: str | None

    def echo(self) -> dict[str, object]:
        """Return what every answer says of itself."""
        return {
            "portfolio_id": self.portfolio_id,
            "as_of": self.as_of.isoformat(),
            "session": None if self.session is None else self.session.isoformat(),
            "known_at": self.known_at.isoformat().replace("+00:00", "Z"),
            "as_of_is_session": self.as_of_is_session,
            "is_behind": self.is_behind,
            "stale": self.stale,
        }

    def params(self) -> dict[str, Any]:
        """Return what the queries are told of it."""
        return {
            "portfolio_id": self.portfolio_id,
            "inception_date": self.inception_date,
            "as_of": self.as_of,
            "session": self.session,
            "missing": self.missing,
        }


def settle(standing: Standing, as_of: date | None, known_at: datetime | None) -> Moment:
    """Decide what a question is about.

    Raises ProblemError: 422 with future, before_inception or unknown_then for `as_of` or `known_at`.
    """
    newest = standing.newest or standing.now
    if known_at is not None and known_at > max(standing.now, newest):
        raise invalid("known_at", "future", f"known_at {known_at.isoformat()} is in the future")
    if as_of is not None and as_of > standing.today:
        raise invalid(
            "as_of", "future", f"as_of {as_of} is in the future; it is {standing.today} in New York"
        )
    if standing.inception_date is None and standing.portfolio_id is not None:
        message = f"portfolio {standing.portfolio_id} was not in the book yet at that instant"
        raise invalid("known_at", "unknown_then", message)
    asked = standing.asked_session
    inception = standing.inception_date or date.min
    if as_of is not None and (asked is None or asked < inception):
        message = f"as_of {as_of} is before the portfolio's inception {standing.inception_date}"
        raise invalid("as_of", "before_inception", message)
    return Moment(
        portfolio_id=standing.portfolio_id,
        inception_date=standing.inception_date,
        as_of=standing.as_of,
        session=standing.session,
        known_at=known_at or newest,
        as_of_is_session=as_of is None or as_of == asked,
        is_behind=standing.session != asked,
        stale=standing.stale,
        missing=standing.missing,
    )
