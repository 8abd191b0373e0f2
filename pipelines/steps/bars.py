"""Bars on their way into market.prices, whoever gave them."""

import numpy as np

from pipelines.calc.types import Columns
from pipelines.tables.database import Database
from pipelines.tables.specs import PRICES
from pipelines.tables.statistics import MANIFEST, refresh_statistics
from pipelines.tables.upsert import record_sessions, upsert


def store_bars(database: Database, bars: Columns) -> Columns:
    """Insert bars and replace those that differ, and record the sessions this changes. Inside a transaction.

    Returns the rows that were written.
    """
    written = upsert(database, PRICES, {name: bars[name] for name in PRICES.column_names})
    changed = np.unique(written["session"])
    if len(changed):
        params = {"sessions": changed.tolist()}
        record_sessions(database, PRICES, database.columns(PRICES.columns, "market/sessions_rows", params))
        refresh_statistics(database, {PRICES.qualified: len(written["session"]), MANIFEST: len(changed)})
    return written
