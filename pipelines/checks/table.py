"""What a check found, as a table in its metadata."""

from collections.abc import Iterable, Sequence

import dagster as dg


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> dg.TableMetadataValue:
    """Return rows of text under the names of their columns."""
    records = [dg.TableRecord(dict(zip(columns, row, strict=True))) for row in rows]
    schema = dg.TableSchema([dg.TableColumn(column, "string") for column in columns])
    return dg.MetadataValue.table(records, schema=schema)
