"""Putting right the multiplier of options that were entered with none."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from psycopg import Connection

from sql import query


def correct_multipliers(connection: Connection[Any], position_ids: Sequence[int], multiplier: Decimal) -> int:
    """Give options whose multiplier is 1 another one, in one commit; returns how many. What was stays in history."""
    if not position_ids:
        return 0
    with connection.transaction():
        connection.execute(query("store/begin_commit"), {"run_id": None, "action": "repair multipliers"})
        params = {"position_ids": list(position_ids), "multiplier": multiplier}
        return connection.execute(query("intake/correct_multipliers"), params).rowcount
