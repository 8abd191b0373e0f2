"""Questions about where the numbers of one session come from, and why they changed."""

from dataclasses import dataclass
from datetime import datetime

from api.database import Transaction
from api.errors import invalid
from api.reads.clock import Moment
from api.reads.question import Question


@dataclass(slots=True)
class LineageQuestion(Question):
    """A question of which both a portfolio and a lot of it may be named; they must belong together."""

    of_portfolio: int | None = None

    async def _settle(self, transaction: Transaction) -> tuple[Moment, str]:
        moment, tag = await Question._settle(self, transaction)  # noqa: SLF001 - slots leave super() behind
        if self.of_portfolio is not None and moment.portfolio_id != self.of_portfolio:
            raise self._not_found()
        return moment, tag


@dataclass(slots=True)
class WhyQuestion(Question):
    """A question about the change from what was known at `known_from` to what was known at `known_at`."""

    known_from: datetime | None = None

    async def _settle(self, transaction: Transaction) -> tuple[Moment, str]:
        moment, tag = await Question._settle(self, transaction)  # noqa: SLF001 - slots leave super() behind
        if self.known_from is not None and self.known_from > moment.known_at:
            then = moment.known_at.isoformat()
            raise invalid("from", "after_end", f"from {self.known_from.isoformat()} is after to, {then}")
        return moment, tag
