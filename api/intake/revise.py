"""A new file for a portfolio that is there: first shown what it changes, then changed, all of it or nothing."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection

from api.intake.changes import make_changes
from api.intake.differences import Change, StoredLot, differences
from api.intake.errors import ConflictError
from api.intake.held import Held, hold
from api.intake.import_positions import file_digest
from api.intake.requests import history_requested, request_changes
from pipelines.sources.csv_cells import collapse
from pipelines.sources.positions_csv import PositionRow, parse_positions
from sql import query


@dataclass(frozen=True, slots=True)
class Revision:
    """What a file changes of a portfolio. `confirm` proves to have seen exactly this, of exactly this book."""

    held: Held
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
    held = hold(connection, owner_id, portfolio_id)
    key = {"portfolio_id": portfolio_id}
    version = connection.execute(query("intake/book_version"), key).fetchall()[0][0]
    lots = [StoredLot.of(row) for row in connection.execute(query("intake/lots"), key)]
    changes = differences(lots, parsed.rows, held.inception_date)
    seen = json.dumps([portfolio_id, version, [one.told() for one in changes]], default=str)
    confirm = hashlib.sha256(seen.encode()).hexdigest()
    return Revision(held, parsed.rows, changes, confirm, parsed.warnings)


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
    make_changes(connection, revision.held, revision.changes)
    upload = {
        "portfolio_id": revision.held.id,
        "file_name": collapse(file_name)[:255],
        "sha256": file_digest(data, None, None),
        "row_count": len(revision.rows),
        "uploaded_by": revision.held.owner_id,
    }
    connection.execute(query("book/insert_upload"), upload)
    return request_changes(connection, revision.held, revision.first_session, latest)


def unchanged(connection: Connection[Any], revision: Revision) -> int:
    """Return the request that computes a portfolio which the file does not change."""
    return history_requested(connection, revision.held.id, revision.held.owner_id)
