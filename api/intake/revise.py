"""A new file for a portfolio that is there: first shown what it changes, then changed, all of it or nothing."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection

from api.intake.differences import Change, StoredLot, Terms, differences
from api.intake.errors import ConflictError, NotFoundError
from api.intake.import_positions import file_digest
from api.intake.lots import insert_lots, lot_values
from api.intake.requests import RunRequest, history_requested, request_run
from pipelines.sessions import offset
from pipelines.sources.csv_cells import collapse
from pipelines.sources.positions_csv import PositionRow, parse_positions
from sql import query


@dataclass(frozen=True, slots=True)
class Revision:
    """What a file changes of a portfolio. `confirm` proves to have seen exactly this, of exactly this book."""

    portfolio_id: int
    owner_id: int
    inception_date: date
    equity_as_of: date
    rows: tuple[PositionRow, ...]
    changes: tuple[Change, ...]
    confirm: str
    warnings: tuple[str, ...]

    @property
    def first_session(self) -> date | None:
        """First session whose figures may change; None when only labels do."""
        return min((one.first_session for one in self.changes if one.first_session is not None), default=None)


def prepare(
    connection: Connection[Any], owner_id: int, portfolio_id: int, data: bytes, today: date
) -> Revision:
    """Compare a file with a portfolio of the owner, which is held until the end of the transaction.

    Raises PositionFileError (every row error), NotFoundError (portfolio_not_found).
    """
    parsed = parse_positions(data, today)
    key = {"portfolio_id": portfolio_id, "owner_id": owner_id}
    row = connection.execute(query("intake/hold_portfolio"), key).fetchone()
    if row is None:
        raise NotFoundError("portfolio_not_found", "there is no such portfolio")
    inception, equity_as_of = row
    # Read after the portfolio is held: whoever held it before has committed, and this statement sees it.
    version = connection.execute(query("intake/book_version"), key).fetchall()[0][0]
    lots = [
        StoredLot(row[0], Terms(*(*row[1:-1], tuple(sorted(row[-1])))))
        for row in connection.execute(query("intake/lots"), key)
    ]
    changes = differences(lots, parsed.rows, inception)
    seen = json.dumps([portfolio_id, version, [one.told() for one in changes]], default=str)
    confirm = hashlib.sha256(seen.encode()).hexdigest()
    return Revision(
        portfolio_id, owner_id, inception, equity_as_of, parsed.rows, changes, confirm, parsed.warnings
    )


def apply(
    connection: Connection[Any], revision: Revision, confirm: str, data: bytes, file_name: str, latest: date
) -> int:
    """Make the changes in one commit, and return the request of the run that recomputes what they restate.

    latest: the last closed session. Raises ConflictError (preview_outdated) unless `confirm` is of this revision.
    """
    if confirm != revision.confirm:
        message = "the book, or the file, is not the one that was previewed; look at the difference again"
        raise ConflictError("preview_outdated", message, "confirm")
    connection.execute(query("store/begin_commit"), {"run_id": None, "action": "revise"})
    _change(connection, revision)
    upload = {
        "portfolio_id": revision.portfolio_id,
        "file_name": collapse(file_name)[:255],
        "sha256": file_digest(data, None, None),
        "row_count": len(revision.rows),
        "uploaded_by": revision.owner_id,
    }
    connection.execute(query("book/insert_upload"), upload)
    return _request(connection, revision, latest)


def unchanged(connection: Connection[Any], revision: Revision) -> int:
    """Return the request that computes a portfolio which the file does not change."""
    return history_requested(connection, revision.portfolio_id, revision.owner_id)


def _request(connection: Connection[Any], revision: Revision, latest: date) -> int:
    first = revision.first_session
    if first is None:
        return unchanged(connection, revision)
    # A history that has not come that far goes on from where it is.
    start = min(first, offset(revision.equity_as_of, 1))
    asked = RunRequest("upload", (revision.portfolio_id,), start if start <= latest else None)
    return request_run(connection, asked, revision.owner_id)


def _change(connection: Connection[Any], revision: Revision) -> None:
    removed = [one.before.id for one in revision.changes if one.before and one.row is None]
    connection.execute(query("intake/delete_lots"), {"ids": removed})
    changed = [(one, one.before.id, one.row) for one in revision.changes if one.before and one.row]
    with connection.cursor() as cursor:
        cursor.executemany(
            query("intake/update_lot"),
            [(*lot_values(row), lot_id) for one, lot_id, row in changed if _is_other_lot(one)],
        )
    for one, lot_id, row in changed:
        if one.before and one.after and one.before.terms.tags != one.after.tags:
            _retag(connection, revision.owner_id, lot_id, row.tags)
    new = [one.row for one in revision.changes if one.before is None and one.row]
    if new:
        insert_lots(connection, revision.owner_id, revision.portfolio_id, new)


def _is_other_lot(change: Change) -> bool:
    """Whether more than the tags differ."""
    before, after = (change.before.terms if change.before else None), change.after
    return not (before and after and (before.name, before.unlabelled()) == (after.name, after.unlabelled()))


def _retag(connection: Connection[Any], owner_id: int, position_id: int, names: Sequence[str]) -> None:
    named = {"owner_id": owner_id, "names": sorted(names)}
    connection.execute(query("book/insert_tags"), named)
    ids = sorted(tag_id for tag_id, _ in connection.execute(query("book/tag_ids"), named))
    params = {"position_id": position_id, "tag_ids": ids}
    connection.execute(query("intake/untag_position"), params)
    connection.execute(query("intake/tag_position"), params)
