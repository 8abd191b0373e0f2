"""The cone of a change: which stored slices it may reach, named before anything is recomputed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL

from pipelines.errors import SigmaSightError
from pipelines.steps.reach import READS
from sql import query


@dataclass(frozen=True)
class Reached:
    """Slices of one asset that a change may reach. portfolios: ascending ids; empty for a table of the whole firm."""

    asset: str
    portfolios: tuple[int, ...]
    first: date
    last: date
    cells: int


@dataclass(frozen=True)
class Impact:
    """What a change may reach, by asset, upstream first."""

    assets: tuple[Reached, ...]

    @property
    def portfolios(self) -> tuple[int, ...]:
        """Every portfolio that is reached, ascending."""
        return tuple(sorted({portfolio for reached in self.assets for portfolio in reached.portfolios}))

    @property
    def cells(self) -> int:
        """Number of slices."""
        return sum(reached.cells for reached in self.assets)


@dataclass(frozen=True)
class Change:
    """A change that is only thought of: of a close, of a position, or of an asset's code."""

    symbol: str | None = None
    session: date | None = None
    position: int | None = None
    code: str | None = None

    def cone(self) -> str:
        """The query of its cone."""
        if self.symbol is not None and self.session is not None:
            return "price_cone"
        return "position_cone" if self.position is not None else "code_cone"


def read_impact(
    connection: Connection[Any],
    change: Change | None = None,
    start: date = date.min,
    end: date = date.max,
    portfolios: Sequence[int] | None = None,
) -> Impact:
    """The stored slices that a change may reach; without one, those that real changes made stale.

    SigmaSightError if there is no such position or asset.
    """
    if change is not None:
        _check(connection, change)
    params: dict[str, Any] = {
        "start": start,
        "end": end,
        "portfolios": None if portfolios is None else list(portfolios),
        "symbol": change and change.symbol,
        "session": change and change.session,
        "position": change and change.position,
        "asset": change and change.code,
    }
    name = change.cone() if change else "pending_cone"
    cone = SQL(query(f"stale/{name}"))
    rows = connection.execute(SQL(query("stale/impact")).format(cone=cone), params).fetchall()
    return Impact(tuple(_reached(asset, rows) for asset in READS if any(row[0] == asset for row in rows)))


def _reached(asset: str, rows: Sequence[tuple[Any, ...]]) -> Reached:
    own = [row for row in rows if row[0] == asset]
    return Reached(
        asset,
        tuple(row[1] for row in own if row[1]),
        min(row[2] for row in own),
        max(row[3] for row in own),
        sum(row[4] for row in own),
    )


def _check(connection: Connection[Any], change: Change) -> None:
    if change.code is not None and change.code not in READS:
        raise SigmaSightError(f"there is no asset {change.code}; the computed ones are {', '.join(READS)}")
    if change.position is not None:
        found = connection.execute(query("stale/position_exists"), {"position": change.position}).fetchall()
        if not found[0][0]:
            raise SigmaSightError(f"there is no position {change.position}")
