"""A position file becomes a portfolio: all of it, or nothing."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from psycopg import Connection

from api.intake.errors import ConflictError, IntakeError
from api.intake.lots import insert_lots
from api.intake.terms import inception_session, opening_equity, opening_warnings
from api.intake.users import user_id
from pipelines.sources.csv_cells import collapse, why_not_text
from pipelines.sources.csv_file import MAX_BYTES
from pipelines.sources.ledger_csv import MAX_PORTFOLIO_NAME
from pipelines.sources.positions_csv import PositionRow, parse_positions
from sql import query


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The portfolio as it now stands. `created` is false where the same import had been done before."""

    portfolio_id: int
    positions: int
    created: bool
    initial_equity: Decimal
    inception_date: date
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Import:
    """A validated import, ready to be written."""

    owner_id: int
    name: str
    file_name: str
    digest: bytes
    rows: tuple[PositionRow, ...]
    initial_equity: Decimal
    inception_date: date
    uploaded_by: int | None


def import_portfolio(
    connection: Connection[Any],
    owner: str,
    name: str,
    file_name: str,
    data: bytes,
    today: date,
    equity: Decimal | None = None,
    inception: date | None = None,
    *,
    uploaded_by: int | None = None,
    max_bytes: int = MAX_BYTES,
) -> ImportResult:
    """Make a portfolio of a position file in one transaction; lots keep the file's order in their ids.

    connection: logged in as the intake role, READ COMMITTED. The same bytes and options under the same owner
    and name change nothing, also when two imports run at once.
    Raises PositionFileError (every row error), NotFoundError (unknown_user), ConflictError
    (portfolio_exists), IntakeError (invalid_name and those of `terms`).
    """
    name = portfolio_name(name)
    parsed = parse_positions(data, today, max_bytes=max_bytes)
    initial_equity = opening_equity(parsed.rows, equity)
    inception_date = inception_session(parsed.rows, inception, today)
    warnings = parsed.warnings + opening_warnings(parsed.rows, initial_equity, inception_date)
    options = (
        initial_equity if equity is not None else None,
        inception_date if inception is not None else None,
    )
    with connection.transaction():
        new = _Import(
            owner_id=user_id(connection, owner),
            name=name,
            file_name=collapse(file_name)[:255],
            digest=file_digest(data, *options),
            rows=parsed.rows,
            initial_equity=initial_equity,
            inception_date=inception_date,
            uploaded_by=uploaded_by,
        )
        result = _unchanged(connection, new) or _create(connection, new) or _unchanged(connection, new)
    if result is None:
        raise ConflictError("portfolio_exists", f"another import of {name!r} is running", "name")
    return replace(result, warnings=warnings)


def portfolio_name(text: str) -> str:
    """Return a portfolio name as we keep it; IntakeError (invalid_name)."""
    name = collapse(text)
    if not name:
        raise IntakeError("invalid_name", "a portfolio needs a name", "name")
    if (why := why_not_text("name", name, MAX_PORTFOLIO_NAME)) is not None:
        raise IntakeError("invalid_name", why[1], "name")
    return name


def file_digest(data: bytes, equity: Decimal | None, inception: date | None) -> bytes:
    """SHA-256 of the file's bytes and of the options given with it."""
    parts = [
        hashlib.sha256(data).hexdigest(),
        *(None if given is None else str(given) for given in (equity, inception)),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).digest()


def _unchanged(connection: Connection[Any], new: _Import) -> ImportResult | None:
    """Return what the same import made before; None if the name is free, ConflictError if it was another."""
    key = {"owner_id": new.owner_id, "name": new.name}
    row = connection.execute(query("book/find_import"), key).fetchone()
    if row is None:
        return None
    portfolio_id, initial_equity, inception_date, positions, digest = row
    if digest != new.digest:
        message = (
            f"there is already a portfolio {new.name!r} (id {portfolio_id}), of another file or other "
            "options; import under another name, or re-upload to that portfolio"
        )
        raise ConflictError("portfolio_exists", message, "name")
    return ImportResult(portfolio_id, positions, False, initial_equity, inception_date, ())


class _NameTakenError(Exception):
    """Another import took the name first."""


def _create(connection: Connection[Any], new: _Import) -> ImportResult | None:
    """Write the portfolio; None if another import took the name first (then nothing is written)."""
    try:
        with connection.transaction():
            portfolio_id = _insert_portfolio(connection, new)
            insert_lots(connection, new.owner_id, portfolio_id, new.rows)
            _insert_upload(connection, portfolio_id, new)
    except _NameTakenError:
        return None
    return ImportResult(portfolio_id, len(new.rows), True, new.initial_equity, new.inception_date, ())


def _insert_portfolio(connection: Connection[Any], new: _Import) -> int:
    connection.execute(query("store/begin_commit"), {"run_id": None, "action": "import"})
    terms = {
        "owner_id": new.owner_id,
        "name": new.name,
        "initial_equity": new.initial_equity,
        "inception_date": new.inception_date,
    }
    row = connection.execute(query("book/insert_portfolio"), terms).fetchone()
    if row is None:
        raise _NameTakenError
    return int(row[0])


def _insert_upload(connection: Connection[Any], portfolio_id: int, new: _Import) -> None:
    upload = {
        "portfolio_id": portfolio_id,
        "file_name": new.file_name,
        "sha256": new.digest,
        "row_count": len(new.rows),
        "uploaded_by": new.uploaded_by,
    }
    connection.execute(query("book/insert_upload"), upload)
