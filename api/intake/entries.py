"""Single cash flows, marks and price overrides of a portfolio: recorded, corrected, taken back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeVar

from psycopg import Connection

from api.intake.differences import effective_session
from api.intake.entry import entry_errors, entry_row
from api.intake.errors import NotFoundError
from api.intake.flows import write_flows
from api.intake.held import Held, hold
from api.intake.ledger import Write
from api.intake.marks import write_marks
from api.intake.overrides import write_overrides
from api.intake.requests import request_changes
from pipelines.sources.csv_errors import ErrorList
from pipelines.sources.csv_file import Row
from pipelines.sources.ledger_csv import PriceRow, read_flow, read_mark, read_override
from sql import query

PriceT = TypeVar("PriceT", bound=PriceRow)
Outcome = Literal["added", "corrected", "unchanged", "removed"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of an entry, the first session whose figures it may change, and the run that computes them."""

    portfolio_id: int
    outcome: Outcome
    first_session: date | None
    request_id: int


@dataclass(frozen=True, slots=True)
class Place:
    """Whose book an entry is for, and by which calendar."""

    user_id: int
    portfolio_id: int | None
    today: date
    latest: date


def put_flow(connection: Connection[Any], place: Place, day: date, amount: Decimal) -> Entry:
    """Record the net of a day's deposits and withdrawals, in place of what was recorded for the day.

    Raises EntryError (as a row of a flow file), NotFoundError (portfolio_not_found).
    """
    held, errors = hold(connection, place.user_id, place.portfolio_id), entry_errors()
    flow = read_flow(entry_row(portfolio=held.id, date=day, amount=amount), place.today, errors)
    flows = [(held.as_portfolio(), flow)] if flow is not None else []
    return _done(connection, place, held, day, *write_flows(connection, flows, errors))


def delete_flow(connection: Connection[Any], place: Place, day: date) -> Entry:
    """Take back the flow of a day. Raises NotFoundError (portfolio_not_found, flow_not_found)."""
    held = hold(connection, place.user_id, place.portfolio_id)
    return _removed(connection, place, held, "flow", {"date": day})


def put_mark(connection: Connection[Any], place: Place, symbol: str, day: date, price: Decimal) -> Entry:
    """Record what a private holding is worth from a day on, in place of what was recorded for the day.

    Raises EntryError (as a row of a mark file), NotFoundError (portfolio_not_found).
    """
    return _put_price(connection, place, symbol, day, price, read_mark, write_marks)


def delete_mark(connection: Connection[Any], place: Place, symbol: str, day: date) -> Entry:
    """Take back the mark of a day. Raises NotFoundError (portfolio_not_found, mark_not_found)."""
    held = hold(connection, place.user_id, place.portfolio_id)
    return _removed(connection, place, held, "mark", {"symbol": symbol, "date": day})


def put_override(connection: Connection[Any], place: Place, symbol: str, day: date, price: Decimal) -> Entry:
    """Record what a listed symbol was worth at a session's close, in place of what was recorded for it.

    Raises EntryError (as a row of an override file), NotFoundError (portfolio_not_found).
    """
    return _put_price(connection, place, symbol, day, price, read_override, write_overrides)


def delete_override(connection: Connection[Any], place: Place, symbol: str, day: date) -> Entry:
    """Take back the override of a session. Raises NotFoundError (portfolio_not_found, override_not_found)."""
    held = hold(connection, place.user_id, place.portfolio_id)
    return _removed(connection, place, held, "override", {"symbol": symbol, "date": day})


def _put_price(
    connection: Connection[Any],
    place: Place,
    symbol: str,
    day: date,
    price: Decimal,
    read: Callable[[Row, date, ErrorList], PriceT | None],
    write: Write[PriceT],
) -> Entry:
    held, errors = hold(connection, place.user_id, place.portfolio_id), entry_errors()
    row = read(entry_row(portfolio=held.id, symbol=symbol, date=day, price=price), place.today, errors)
    prices = [(held.as_portfolio(), row)] if row is not None else []
    return _done(connection, place, held, day, *write(connection, prices, errors))


def _done(
    connection: Connection[Any], place: Place, held: Held, day: date, added: int, corrected: int
) -> Entry:
    outcome: Outcome = "added" if added else "corrected" if corrected else "unchanged"
    first = None if outcome == "unchanged" else effective_session(day, held.inception_date)
    return Entry(held.id, outcome, first, request_changes(connection, held, first, place.latest))


def _removed(
    connection: Connection[Any], place: Place, held: Held, what: str, key: dict[str, object]
) -> Entry:
    connection.execute(query("store/begin_commit"), {"run_id": None, "action": f"{what}s"})
    found = connection.execute(
        query(f"intake/delete_{what}"),
        key | {"portfolio_id": held.id},  # type: ignore[arg-type,unused-ignore]
    ).fetchone()
    if found is None:
        raise NotFoundError(f"{what}_not_found", f"there is no such {what}")
    first = effective_session(found[0], held.inception_date)
    return Entry(held.id, "removed", first, request_changes(connection, held, first, place.latest))
