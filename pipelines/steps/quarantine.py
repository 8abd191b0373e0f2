"""What a vendor told and is not believed: gathered, stored, and decided on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isnan
from typing import Any, Final

from pipelines.sources.vendor import Refusal
from pipelines.tables.database import Database

_FIELDS: Final = (
    *("kind", "symbol", "day", "open", "high", "low", "close", "volume"),
    *("split_from", "split_to", "stored_close", "reason", "source"),
)


@dataclass
class QuarantineRows:
    """Rows on their way into `market.quarantine`."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def add_bar(self, bar: Mapping[str, Any], stored_close: float, reason: str) -> None:
        """Hold back a bar (symbol, session, prices, volume, source)."""
        self.rows.append(
            {**bar, "kind": "close", "day": bar["session"], "stored_close": stored_close, "reason": reason}
        )

    def add_refusal(self, refusal: Refusal, source: str) -> None:
        """Hold back what is no bar at all, for the record: it cannot be accepted."""
        bar = {"symbol": refusal.symbol, "day": refusal.day, "close": refusal.close}
        self.rows.append({**bar, "kind": "close", "reason": refusal.reason, "source": source})

    def add_split(self, split: Mapping[str, Any], reason: str) -> None:
        """Hold back a split (symbol, execution_date, split_from, split_to, source)."""
        self.rows.append({**split, "kind": "split", "day": split["execution_date"], "reason": reason})

    def put(self, database: Database) -> None:
        """Store the rows; what is known already stays as it is decided. Inside a transaction."""
        if self.rows:
            # Of a row told twice in one answer the first counts: one statement cannot touch a row twice.
            rows = {
                tuple(_known(row, name) for name in _FIELDS if name not in ("stored_close", "source")): row
                for row in self.rows[::-1]
            }
            params: dict[str, Any] = {name: [_known(row, name) for row in rows.values()] for name in _FIELDS}
            database.run("market/put_quarantine", params | {"run_id": database.run_id})


def _known(row: Mapping[str, Any], name: str) -> Any:
    value = row.get(name)
    return None if isinstance(value, float) and isnan(value) else value
