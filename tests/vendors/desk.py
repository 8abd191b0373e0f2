"""A database with a book in it, and a vendor's server to fill it from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pipelines.sessions import offset, session_index
from pipelines.sources.vendor import Vendor
from pipelines.steps.chain import STEPS, run_step
from pipelines.steps.fetch import fetch_prices, fetch_securities, fetch_short_interest
from pipelines.steps.fetched import Fetched
from pipelines.steps.plan import Request
from tests.steps.book_case import BookCase, Lot, Portfolio
from tests.steps.memory_prices import MemoryPrices
from tests.steps.world import World

INCEPTION, LAST = date(2023, 12, 18), date(2024, 1, 12)
START = offset(INCEPTION, 1)
FIRST = offset(INCEPTION, -61)
"""The first session whose closes the lookbacks need."""

CASE = BookCase(
    (Portfolio(inception=INCEPTION),),
    (
        Lot(symbol="AAPL", entry=date(2023, 12, 1)),
        Lot(symbol="ACME", quantity=Decimal(-40)),
        Lot(
            symbol="ACME",
            quantity=Decimal(5),
            entry=date(2023, 12, 21),
            entry_price=Decimal("2.5"),
            multiplier=Decimal(100),
            option_type="call",
            strike=Decimal(50),
            expiry=date(2024, 2, 16),
        ),
    ),
)
OPTION = CASE.lots[2].instrument


@dataclass
class VendorDesk:
    """A world whose prices come from a vendor."""

    world: World

    def start(self, case: BookCase = CASE) -> "VendorDesk":
        self.world.start(case, MemoryPrices({}))
        return self

    def fetch(
        self,
        vendor: Vendor,
        start: date = START,
        end: date = LAST,
        *,
        anew: bool = False,
        only: bool = False,
    ) -> list[Fetched]:
        """The market steps (only: prices alone), as the assets run them: a vendor's commit as they go."""
        request = Request(session_index(start), session_index(end), anew=anew)
        steps = (fetch_prices,) if only else (fetch_prices, fetch_securities, fetch_short_interest)
        with self.world.opened(start, end) as run:
            return [step(run.database, vendor, request) for step in steps]

    def compute(self, start: date = START, end: date = LAST) -> None:
        """The derived assets."""
        request = Request(session_index(start), session_index(end))
        with self.world.opened(start, end) as run:
            for step in STEPS:
                run_step(run.database, step, request, run.input_instant())

    def closes(self, symbol: str) -> dict[date, float]:
        rows = self.world.rows(
            "select session, close from market.prices where symbol = %s order by session", [symbol]
        )
        return dict(rows)  # type: ignore[arg-type]

    def nav(self) -> dict[date, Any]:
        return dict(
            self.world.rows("select session, net_asset_value from analytics.snapshots order by session")
        )  # type: ignore[arg-type]

    def pending(self, columns: Sequence[str] = ("kind", "symbol", "reason")) -> list[tuple[Any, ...]]:
        named = ", ".join(columns)
        return self.world.rows(
            f"select {named} from market.quarantine where status = 'pending' order by symbol, day, kind"
        )
