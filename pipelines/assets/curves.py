"""Figures by session, so that Dagster plots curves: what the stored tables say of all portfolios together."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import dagster as dg
from dagster._core.execution.context.metadata_logging import (
    AssetMetadataHandle,
    OutputMetadataAccumulator,
    OutputMetadataHandle,
)

from pipelines.tables.database import Database
from sql import ROOT, query

Curves = Mapping[str, Mapping[str, float]]
"""Figures by name, of each session (ISO) that has any; a figure that is null is not there."""


@cache
def has_curves(asset: str) -> bool:
    """Whether `sql/queries/curves` has a query for an asset."""
    return (ROOT / "queries" / "curves" / f"{asset}.sql").exists()


def read_curves(database: Database, asset: str, start: date, end: date) -> Curves:
    """Read an asset's figures from one session to another, both included."""
    if not has_curves(asset):
        return {}
    cursor = database.connection.execute(query(f"curves/{asset}"), {"start": start, "end": end})
    names = [column.name for column in cursor.description or ()][1:]
    return {
        row[0].isoformat(): {
            name: _number(value) for name, value in zip(names, row[1:], strict=True) if value is not None
        }
        for row in cursor.fetchall()
    }


def _number(value: Any) -> float:
    """A whole count stays one; money becomes what a plot can draw."""
    return float(value) if isinstance(value, Decimal | float) else int(value)


def plot(context: dg.AssetExecutionContext, curves: Curves) -> None:
    """Attach the figures to the run's partitions.

    All at once: `add_asset_metadata` builds the run's partitions anew for each of them, which is quadratic.
    """
    targets = set(context.partition_keys)
    handles: dict[OutputMetadataHandle | AssetMetadataHandle, Mapping[str, float]] = {
        AssetMetadataHandle(asset_key=context.asset_key, partition_key=session): figures
        for session, figures in curves.items()
        if session in targets
    }
    step = context.get_step_execution_context()
    step._metadata_accumulator = OutputMetadataAccumulator(per_output_metadata=handles)  # noqa: SLF001
