"""What a dry run would change: old, new and their difference, of every figure of a portfolio and session."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pipelines.tables.database import Database
from pipelines.tables.store import Written
from sql import query

METRICS: Final = (
    "net_asset_value",
    "daily_pnl",
    "long_exposure",
    "short_exposure",
    "gross_exposure",
    "net_exposure",
    "delta_gross_exposure",
    "delta_net_exposure",
    "exposure",
    "delta_adjusted_exposure",
    "portfolio_beta",
    "volatility",
    "var_95",
    "ex_ante_var_95",
)
"""Figures compared; `exposure` and `delta_adjusted_exposure` are betas, one by factor: `exposure market`."""

SHOWN: Final = 30
"""Differences a summary shows; the report has all."""
_BLOCK: Final = 10_000


@dataclass(frozen=True)
class Difference:
    """One figure that would be another. old: None where there was none; as the database writes it."""

    session: date
    portfolio_id: int
    metric: str
    old: str | None
    new: str | None

    @property
    def delta(self) -> Decimal | None:
        """new − old, exactly; None unless both are numbers."""
        return None if self.old is None or self.new is None else Decimal(self.new) - Decimal(self.old)


@dataclass
class PortfolioTotal:
    """Of one portfolio: sessions with a difference, change of P&L in all and of the last net asset value, USD."""

    sessions: set[date] = field(default_factory=set)
    daily_pnl: Decimal = Decimal(0)
    net_asset_value: Decimal = Decimal(0)


@dataclass
class Summary:
    """What a dry run came to. slices: table → how many are new, changed, unchanged."""

    input_hash: str
    missing_prices: Mapping[str, int]
    slices: Mapping[str, Written]
    differences: int = 0
    largest: dict[str, Decimal] = field(default_factory=dict)
    portfolios: dict[int, PortfolioTotal] = field(default_factory=dict)
    first: list[Difference] = field(default_factory=list)

    def add(self, found: Difference) -> None:
        """Count a difference; they come in order of session."""
        self.differences += 1
        if len(self.first) < SHOWN:
            self.first.append(found)
        total = self.portfolios.setdefault(found.portfolio_id, PortfolioTotal())
        total.sessions.add(found.session)
        if found.delta is None:
            return
        self.largest[found.metric] = max(abs(found.delta), self.largest.get(found.metric, Decimal(0)))
        if found.metric == "daily_pnl":
            total.daily_pnl += found.delta
        elif found.metric == "net_asset_value":
            total.net_asset_value = found.delta

    def as_json(self) -> dict[str, Any]:
        """Everything but the differences, in plain types."""
        return {
            "input_hash": self.input_hash,
            "missing_prices": dict(self.missing_prices),
            "slices": {table: asdict(written) for table, written in self.slices.items()},
            "differences": self.differences,
            "max_abs_delta": {metric: str(delta) for metric, delta in sorted(self.largest.items())},
            "portfolios": {
                str(portfolio): {
                    "sessions": len(total.sessions),
                    "daily_pnl_delta": str(total.daily_pnl),
                    "last_net_asset_value_delta": str(total.net_asset_value),
                }
                for portfolio, total in sorted(self.portfolios.items())
            },
        }


def as_row(found: Difference) -> dict[str, Any]:
    """A difference in plain types."""
    return {**asdict(found), "session": found.session.isoformat(), "delta": _text(found.delta)}


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def read_differences(database: Database) -> Iterator[Difference]:
    """What the open transaction has changed, in order of session and portfolio, a block at a time."""
    with database.connection.cursor("differences") as cursor:
        cursor.itersize = _BLOCK
        cursor.execute(query("rehearsal/changed"), {"metrics": list(METRICS)})
        for row in cursor:
            yield Difference(*row)


def write_report(database: Database, summary: Summary, path: Path) -> None:
    """Write the report of the open transaction as JSON: all differences, then the summary."""
    with path.open("w", encoding="utf-8") as file:
        file.write('{"rows": [')
        for number, found in enumerate(read_differences(database)):
            summary.add(found)
            file.write((",\n" if number else "\n") + json.dumps(as_row(found)))
        shown = [as_row(found) for found in summary.first]
        file.write('],\n"summary": ' + json.dumps(summary.as_json() | {"first": shown}) + "}\n")


def read_summary(path: Path) -> dict[str, Any]:
    """The summary of a report, which is its last line."""
    last = ""
    with path.open(encoding="utf-8") as file:
        for line in file:
            last = line
    found: dict[str, Any] = json.loads(last.removeprefix('"summary": ').removesuffix("}\n"))
    return found
