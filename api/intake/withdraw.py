"""Withdrawing an upload: its commit is undone. First shown, then done; nothing is lost, it all stays in history."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection

from api.intake.differences import Change, StoredLot, first_session
from api.intake.errors import ConflictError, NotFoundError
from api.intake.held import Held, hold
from api.intake.requests import request_changes
from sql import query


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What withdrawing an upload changes. `confirm` proves to have seen exactly this, of exactly this book."""

    upload_id: int
    commit_id: int
    held: Held
    changes: tuple[Change, ...]
    confirm: str

    @property
    def first_session(self) -> date | None:
        """First session whose figures may change; None when no lot does."""
        return min((one.first_session for one in self.changes if one.first_session is not None), default=None)


def prepare(connection: Connection[Any], owner_id: int, upload_id: int) -> Withdrawal:
    """Say what withdrawing an upload of the owner changes; the portfolio is held until the end of the transaction.

    Lots it added are voided, those it changed become what they were, those it removed are back.
    Raises NotFoundError (upload_not_found), ConflictError (already_withdrawn; changed_since, when a lot it wrote has
    been changed after it; not_recorded, when nobody wrote down which lots it wrote).
    """
    key = {"upload_id": upload_id, "owner_id": owner_id}
    row = connection.execute(query("intake/upload"), key).fetchone()
    if row is None:
        raise NotFoundError("upload_not_found", "there is no such upload")
    held = hold(connection, owner_id, row[0])
    # Read again now that nobody else can withdraw it.
    portfolio_id, commit_id, is_withdrawn = connection.execute(query("intake/upload"), key).fetchall()[0]
    if is_withdrawn:
        raise ConflictError("already_withdrawn", "the upload was withdrawn before")
    if commit_id is None:
        message = "which lots it wrote was not recorded yet; upload what the book is instead"
        raise ConflictError("not_recorded", message)
    commit = {"portfolio_id": portfolio_id, "commit_id": commit_id}
    since = connection.execute(query("intake/lots_since_commit"), commit).fetchall()[0][0]
    if since:
        shown = ", ".join(map(str, since[:10])) + (", …" if len(since) > 10 else "")
        message = f"lots of it were changed since ({shown}); upload what the book is instead"
        raise ConflictError("changed_since", message)
    version = connection.execute(query("intake/book_version"), commit).fetchall()[0][0]
    changes = tuple(_changes(connection, commit, held.inception_date))
    seen = json.dumps(["withdraw", upload_id, version, [one.told() for one in changes]], default=str)
    return Withdrawal(upload_id, commit_id, held, changes, hashlib.sha256(seen.encode()).hexdigest())


def _changes(connection: Connection[Any], commit: dict[str, int], inception: date) -> Iterator[Change]:
    """What undoing a commit does to each lot it wrote, by id."""
    written, before = (
        {lot.id: lot for lot in map(StoredLot.of, connection.execute(query(name), commit))}
        for name in ("intake/lots_of_commit", "intake/lots_before_commit")
    )
    for lot_id in sorted(written.keys() | before.keys()):
        now, then = written.get(lot_id), before.get(lot_id)
        first = min(first_session(lot.terms, inception) for lot in (now, then) if lot is not None)
        if now is not None and then is not None:
            yield Change("correction", now, then.terms, None, first)
        elif now is not None:
            yield Change("removed", now, None, None, first)
        elif then is not None:
            yield Change("restored", None, then.terms, None, first, then.id)


def apply(connection: Connection[Any], withdrawal: Withdrawal, confirm: str, latest: date) -> int:
    """Withdraw the upload in one commit, and return the request of the run that recomputes what follows.

    latest: the last closed session. Raises ConflictError (preview_outdated) unless `confirm` is of this withdrawal.
    """
    if confirm != withdrawal.confirm:
        message = "the book is not the one that was previewed; look at the difference again"
        raise ConflictError("preview_outdated", message, "confirm")
    connection.execute(query("store/begin_commit"), {"run_id": None, "action": "withdraw"})
    kinds: dict[str, list[int]] = {"removed": [], "correction": [], "restored": []}
    for one in withdrawal.changes:
        kinds[one.kind].append(one.before.id if one.before else one.position_id or 0)
    connection.execute(query("intake/delete_lots"), {"ids": kinds["removed"]})
    commit = {"commit_id": withdrawal.commit_id}
    connection.execute(query("intake/revert_lots"), commit | {"ids": kinds["correction"]})
    for name in ("intake/restore_lots", "intake/restore_tags"):
        connection.execute(query(name), commit | {"ids": kinds["restored"]})
    row = {"upload_id": withdrawal.upload_id, "withdrawn_by": withdrawal.held.owner_id}
    connection.execute(query("intake/insert_withdrawal"), row)
    return request_changes(connection, withdrawal.held, withdrawal.first_session, latest)
