"""Single trades: a lot is opened, or one that is held is sold or bought back, all of it or a part."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from psycopg import Connection

from api.intake.changes import make_changes
from api.intake.differences import Change, StoredLot, Terms, effective_session, first_session
from api.intake.entry import entry_errors, entry_row
from api.intake.errors import ConflictError, IntakeError, NotFoundError
from api.intake.held import Held, hold
from api.intake.requests import request_changes
from api.intake.terms import is_gone
from pipelines.sources.positions_csv import PositionRow, read_lot
from sql import query


@dataclass(frozen=True, slots=True)
class Trade:
    """A recorded trade: the lot it opened or ended, what is left of that one, and the run that computes it."""

    portfolio_id: int
    position_id: int
    remaining_position_id: int | None
    first_session: date | None
    request_id: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a trade is recorded with: by whom, when, and the key under which it counts once."""

    user_id: int
    today: date
    latest: date
    key: str | None
    content: str
    """Everything that was asked, as text: the same key with other content is refused."""

    @property
    def digest(self) -> bytes:
        """SHA-256 of the content."""
        return hashlib.sha256(self.content.encode()).digest()


def open_lot(
    connection: Connection[Any], asked: Asked, portfolio_id: int | None, cells: Mapping[str, object]
) -> Trade:
    """Add a lot to a portfolio of the user; cells: the columns of a position file.

    Raises EntryError (as a position file's row), NotFoundError (portfolio_not_found), IntakeError
    (idempotency_key_reused).
    """
    held = hold(connection, asked.user_id, portfolio_id)
    if (before := _same_key(connection, asked)) is not None:
        return before
    row = _read(asked, cells)
    first = first_session(Terms.of(row), held.inception_date)
    return _record(connection, asked, held, [Change("trade", None, Terms.of(row), row, first)])


def close_lot(
    connection: Connection[Any],
    asked: Asked,
    position_id: int,
    exit_date: date,
    exit_price: Decimal | None,
    quantity: Decimal | None,
) -> Trade:
    """End a lot of the user, or a part of it: `quantity` units without sign, None for all.

    A part becomes a lot of its own with the same entry and the exit; what is left keeps the lot's id. Their sums are
    what the whole was, so that no P&L moves in time; the lot as it was stays in history.
    Raises EntryError (as a position file's row), NotFoundError (position_not_found), ConflictError (already_closed),
    IntakeError (not_held: more than there is; idempotency_key_reused).
    """
    key = {"owner_id": asked.user_id, "position_id": position_id}
    found = connection.execute(query("intake/portfolio_of_lot"), key).fetchone()
    if found is None:
        raise NotFoundError("position_not_found", "there is no such position")
    held = hold(connection, asked.user_id, found[0])
    if (before := _same_key(connection, asked)) is not None:
        return before
    lot = _find(connection, held, position_id)
    closing = abs(lot.terms.quantity) if quantity is None else quantity
    if not 0 < closing <= abs(lot.terms.quantity):
        message = f"the lot has {abs(lot.terms.quantity)} units; name more than 0 and at most these"
        raise IntakeError("not_held", message, "quantity")
    signed = closing.copy_sign(lot.terms.quantity)
    closed = _read(
        asked, _cells(lot.terms) | {"quantity": signed, "exit_date": exit_date, "exit_price": exit_price}
    )
    if signed == lot.terms.quantity:
        leaves = effective_session(exit_date, held.inception_date)
        return _record(connection, asked, held, [Change("trade", lot, Terms.of(closed), closed, leaves)])
    rest = _read(asked, _cells(lot.terms) | {"quantity": lot.terms.quantity - signed})
    first = first_session(lot.terms, held.inception_date)
    changes = [
        Change("correction", lot, Terms.of(rest), rest, first),
        Change("trade", None, Terms.of(closed), closed, first),
    ]
    return _record(connection, asked, held, changes)


def _record(connection: Connection[Any], asked: Asked, held: Held, changes: list[Change]) -> Trade:
    """Make the changes in a commit of their own and ask for the run that computes them."""
    connection.execute(query("store/begin_commit"), {"run_id": None, "action": "trade"})
    new = make_changes(connection, held, changes)
    kept = [one.before.id for one in changes if one.before is not None]
    # A new lot is the traded one; then a lot that stays is what is left of it.
    ids = [*new, *kept]
    first = min((one.first_session for one in changes if one.first_session is not None), default=None)
    request_id = request_changes(connection, held, first, asked.latest, asked.key, asked.digest, ids)
    gone = any(one.row is not None and is_gone(one.row, held.inception_date) for one in changes)
    warnings = (f"the lot was over by the inception {held.inception_date} and never shows",) if gone else ()
    return replace(_trade(held.id, ids, first, request_id), warnings=warnings)


def _trade(portfolio_id: int, ids: list[int], first: date | None, request_id: int) -> Trade:
    return Trade(portfolio_id, ids[0], ids[1] if len(ids) > 1 else None, first, request_id)


def _same_key(connection: Connection[Any], asked: Asked) -> Trade | None:
    """Return what was recorded with the same key before; IntakeError (idempotency_key_reused) if it was another."""
    if asked.key is None:
        return None
    connection.execute(query("intake/lock_triggers"))
    params = {"requested_by": asked.user_id, "key": asked.key, "digest": asked.digest}
    found = connection.execute(query("intake/trade_of_key"), params).fetchone()
    if found is None:
        return None
    request_id, portfolio_id, first, ids, is_same = found
    if not is_same or not ids:
        message = f"this key was given with another request ({request_id}) before"
        raise IntakeError("idempotency_key_reused", message, "Idempotency-Key")
    return _trade(portfolio_id, ids, first, request_id)


def _read(asked: Asked, cells: Mapping[str, object]) -> PositionRow:
    errors = entry_errors()
    row = read_lot(entry_row(**cells), asked.today, errors)
    errors.raise_if_any()
    if row is None:
        raise errors.fatal(0, None, "missing_value", "the entry cannot be read")
    return row


def _find(connection: Connection[Any], held: Held, position_id: int) -> StoredLot:
    key = {"portfolio_id": held.id, "position_id": position_id}
    row = connection.execute(query("intake/lot"), key).fetchone()
    if row is None:
        raise NotFoundError("position_not_found", "there is no such position")
    lot = StoredLot.of(row)
    if lot.terms.exit_date is not None:
        message = f"the lot was ended on {lot.terms.exit_date} already; correct it by a new upload"
        raise ConflictError("already_closed", message)
    return lot


def _cells(terms: Terms) -> dict[str, object]:
    """Return the columns of a position file that say these terms, without an exit."""
    return {
        "ticker": terms.symbol,
        "quantity": terms.quantity,
        "entry_price": terms.entry_price,
        "entry_date": terms.entry_date,
        "asset_class": terms.asset_class,
        "multiplier": terms.multiplier,
        "name": terms.name,
        "tags": ",".join(terms.tags),
    }
