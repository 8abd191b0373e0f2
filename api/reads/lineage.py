"""A question about where the numbers of one session come from."""

from dataclasses import dataclass

from api.database import Transaction
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
