"""Writing lots and their tags in bulk. Callers hold the transaction and have begun its commit."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import Connection

from pipelines.sources.positions_csv import PositionRow
from sql import query


def insert_lots(
    connection: Connection[Any], owner_id: int, portfolio_id: int, rows: Sequence[PositionRow]
) -> list[int]:
    """Add lots to a portfolio and return their ids, ascending in the order of the rows."""
    before = _last_id(connection, portfolio_id)
    with connection.cursor().copy(query("book/copy_positions")) as copy:
        for row in rows:
            copy.write_row((portfolio_id, *lot_values(row)))
    added = {"portfolio_id": portfolio_id, "after": before}
    ids = [int(row[0]) for row in connection.execute(query("book/position_ids"), added)]
    _tag(connection, owner_id, zip(ids, rows, strict=True))
    return ids


def _last_id(connection: Connection[Any], portfolio_id: int) -> int:
    row = connection.execute(query("book/last_position_id"), {"portfolio_id": portfolio_id}).fetchone()
    return int(row[0]) if row is not None else 0


def lot_values(row: PositionRow) -> tuple[object, ...]:
    """Return the columns of `book.positions` from symbol to name."""
    contract = row.instrument.contract
    terms = (
        (contract.underlying, contract.option_type, contract.strike, contract.expiry)
        if contract is not None
        else (None, None, None, None)
    )
    return (
        row.instrument.symbol,
        row.instrument.asset_class,
        row.position_type,
        row.quantity,
        row.entry_price,
        row.entry_date,
        row.exit_date,
        row.exit_price,
        row.multiplier,
        *terms,
        row.name,
    )


def _tag(connection: Connection[Any], owner_id: int, lots: Iterable[tuple[int, PositionRow]]) -> None:
    pairs = [(position_id, tag) for position_id, row in lots for tag in row.tags]
    if not pairs:
        return
    # Sorted, so that two imports of one owner wait for each other's tags in one order.
    names = {"owner_id": owner_id, "names": sorted({tag for _, tag in pairs})}
    connection.execute(query("book/insert_tags"), names)
    tag_ids = {name: tag_id for tag_id, name in connection.execute(query("book/tag_ids"), names)}
    with connection.cursor().copy(query("book/copy_position_tags")) as copy:
        for position_id, tag in pairs:
            copy.write_row((position_id, tag_ids[tag]))
