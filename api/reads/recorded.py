"""Which page of what users recorded is asked for: of cash flows by date, of their own prices by symbol and date.

The whole list unless a range is given: marks count from before inception, and what is dated after the latest session
has been recorded, too.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

from fastapi import Depends, Query

from api.parameters import SYMBOL, Day, Symbol
from api.reads.pages import DEFAULT_ITEMS, DatePage, Items
from api.reads.question import Cursor, Question, in_order

First = Annotated[Day | None, Query(description="First date of the range. Default: that of the oldest.")]
Last = Annotated[Day | None, Query(description="Last date of the range. Default: that of the newest.")]

_SYMBOL: Final = re.compile(SYMBOL)


@dataclass(frozen=True, slots=True)
class PricePage:
    """A page of a user's prices from `start` to `end`, of one symbol or (None) of all; by symbol, then date."""

    symbol: str | None
    start: date | None
    end: date | None
    limit: int
    cursor: str | None

    def turn(self, asked: Question) -> dict[str, Any]:
        """Return what the list's query is given; the question is then asked as of the cursor's instant."""
        in_order(self.start, self.end)
        after_symbol, after_date = asked.turn_page(self.cursor, _price) or (None, None)
        return {
            "symbol": self.symbol,
            "start": self.start,
            "end": self.end,
            "after_symbol": after_symbol,
            "after_date": after_date,
            "limit": self.limit,
        }


def _price(after: Any) -> tuple[str, date]:
    """Read the symbol and the date of the last price of a page."""
    symbol, day = after
    if not _SYMBOL.fullmatch(symbol):
        raise ValueError("no symbol")
    return symbol, date.fromisoformat(day)


async def _flows(
    start: First = None, end: Last = None, limit: Items = DEFAULT_ITEMS, cursor: Cursor = None
) -> DatePage:
    return DatePage(start, end, limit, cursor)


async def _prices(
    symbol: Annotated[
        Symbol | None, Query(description="Only prices of this symbol. Default: all.", examples=["ACME"])
    ] = None,
    start: First = None,
    end: Last = None,
    limit: Items = DEFAULT_ITEMS,
    cursor: Cursor = None,
) -> PricePage:
    return PricePage(symbol, start, end, limit, cursor)


FlowsAsked = Annotated[DatePage, Depends(_flows)]
PricesAsked = Annotated[PricePage, Depends(_prices)]
