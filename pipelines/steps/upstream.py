"""Where a step finds what earlier steps stored: in the tables, in the tables as of an instant, or in scratch copies."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from psycopg.sql import SQL, Composable, Composed

from pipelines.tables.specs import DERIVED
from sql import compose, query

TABLES: Final = ("slices", *(spec.name for spec in DERIVED))
"""The tables that steps read of one another, as the placeholders of their queries."""


@dataclass(frozen=True)
class Upstream:
    """The tables of `analytics` that the queries of the steps read. The queries are the same wherever they are.

    at: as known at an instant; None: as stored now. schema: where tables of the same names are, instead.
    """

    at: datetime | None = None
    schema: str = "analytics"

    @cached_property
    def _tables(self) -> Mapping[str, Composable]:
        if self.at is None:
            return {name: compose.table(self.schema, name) for name in TABLES}
        return {name: compose.table_at(self.schema, name, self.at) for name in TABLES}

    def statement(self, name: str) -> Composed:
        """Return `sql/queries/<name>.sql` for these tables."""
        return SQL(query(name)).format(**self._tables)


STORED: Final = Upstream()
"""The tables as they are stored now."""
