"""Making changes to the lots of a portfolio. Callers hold the portfolio and have begun the commit."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from api.intake.differences import Change
from api.intake.held import Held
from api.intake.lots import insert_lots, lot_values
from sql import query


def make_changes(connection: Connection[Any], held: Held, changes: Sequence[Change]) -> list[int]:
    """Void, change and add lots, and return the ids of the new ones in the order of the changes."""
    removed = [one.before.id for one in changes if one.before and one.row is None]
    connection.execute(query("intake/delete_lots"), {"ids": removed})
    changed = [(one, one.before.id, one.row) for one in changes if one.before and one.row]
    with connection.cursor() as cursor:
        cursor.executemany(
            query("intake/update_lot"),
            [(*lot_values(row), lot_id) for one, lot_id, row in changed if _is_other_lot(one)],
        )
    for one, lot_id, row in changed:
        if one.before and one.after and one.before.terms.tags != one.after.tags:
            _retag(connection, held.owner_id, lot_id, row.tags)
    new = [one.row for one in changes if one.before is None and one.row]
    return insert_lots(connection, held.owner_id, held.id, new) if new else []


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
