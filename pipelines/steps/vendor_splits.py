"""Splits from a vendor: believed where they fit the closes in use, else held back with them."""

from typing import Any

import numpy as np

from pipelines.calc.restatements import prices_show_split
from pipelines.calc.types import BoolArray, Columns
from pipelines.sessions import session_at
from pipelines.sources.vendor import CannotAnswerError, Vendor
from pipelines.steps.quarantine import QuarantineRows
from pipelines.tables.database import Database
from pipelines.tables.spec import date, number, text
from pipelines.tables.specs import SPLITS, SYMBOL_WIDTH
from pipelines.tables.upsert import upsert

_STORED = (text("symbol", SYMBOL_WIDTH), date("execution_date"), number("split_from"), number("split_to"))


def fetch_splits(
    database: Database, vendor: Vendor, symbols: np.ndarray, start_ix: int, end_ix: int
) -> dict[str, str]:
    """Ask for the splits of symbols and store those believed; returns problems by symbol ('' for all)."""
    try:
        found = vendor.splits(symbols.tolist(), session_at(start_ix), session_at(end_ix))
    except CannotAnswerError as error:
        return {"": f"splits: {error}"}
    with database.transaction():
        new = _new(database, found)
        told: Columns = {name: values[new] for name, values in found.items()}
        believed = np.array([_fits(database, told, at) for at in range(len(told["symbol"]))], dtype=np.bool_)
        rows = QuarantineRows()
        for at in np.flatnonzero(~believed).tolist():
            rows.add_split({name: values[at].item() for name, values in told.items()}, "prices_disagree")
        rows.put(database)
        written = upsert(database, SPLITS, {name: values[believed] for name, values in told.items()})
        for symbol, day in zip(written["symbol"].tolist(), written["execution_date"].tolist(), strict=True):
            database.run("market/explain_quarantine", {"symbol": symbol, "day": day})
    return {}


def _new(database: Database, found: Columns) -> BoolArray:
    """Which splits are not stored as they are told."""
    stored = database.columns(
        _STORED, "market/stored_splits", {"symbols": np.unique(found["symbol"]).tolist()}
    )
    known = set(zip(*(stored[column.name].tolist() for column in _STORED), strict=True))
    told: Any = zip(*(found[column.name].tolist() for column in _STORED), strict=True)
    return np.array([row not in known for row in told], dtype=np.bool_)


def _fits(database: Database, told: Columns, at: int) -> bool:
    """Whether a split fits the closes in use: there are none on one of its sides, or they show it."""
    params = {"symbol": told["symbol"][at].item(), "day": told["execution_date"][at].item()}
    ((before, after),) = database.rows("market/closes_around", params)
    if before is None or after is None:
        return True
    return prices_show_split(before, after, float(told["split_to"][at] / told["split_from"][at]))
