"""Several vendors as one: for each symbol the first that answers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

import numpy as np

from pipelines.calc.types import BoolArray, Columns
from pipelines.sessions import session_index, session_range
from pipelines.sources.errors import SourceError
from pipelines.sources.protocol import empty_securities, empty_short_interest
from pipelines.sources.vendor import (
    Answer,
    Ask,
    RefusedError,
    Vendor,
    all_prices,
    empty_bars,
    empty_splits,
    joined,
)

_REASON: Final = "reason"
_EMPTY_SECURITIES: Final = empty_securities() | {
    name: np.empty(0, dtype="U1") for name in ("source", _REASON)
}


class ComposedSource:
    """A `Vendor` that asks others in order; a symbol that one has no bar of is asked of the next.

    describers: who is asked for sectors and short interest, in order, if not the vendors of prices.
    """

    def __init__(self, vendors: Sequence[Vendor], describers: Sequence[Vendor] = ()) -> None:
        self.vendors = tuple(vendors)
        self.describers = tuple(describers) or self.vendors
        self.name = ",".join(vendor.name for vendor in self.vendors)

    def prices(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        """Daily bars; see `PriceSource.prices`."""
        named, days = np.array(sorted(set(symbols)), dtype="U"), session_range(start, end)
        if not len(days) or not len(named):
            return empty_bars()
        ask = Ask(named, session_index(days[0].item()), np.ones((len(days), len(named)), dtype=np.bool_))
        return all_prices(self, symbols, ask)

    def answers(self, ask: Ask) -> Iterator[Answer]:
        """Answer call by call; an outage of one vendor is one only if no later one answers for its symbols."""
        left = ask.wanted.any(axis=0)
        outage: SourceError | None = None
        for vendor in self.vendors:
            if not left.any():
                return
            try:
                for answer in vendor.answers(ask.only(np.broadcast_to(left, ask.wanted.shape))):
                    answering = _has_bars(ask, answer)
                    left = left & ~answering
                    # What this one does not know is not answered for before the last one has been asked.
                    yield (
                        answer
                        if vendor is self.vendors[-1]
                        else replace(answer, asked=answer.asked & answering)
                    )
            except RefusedError:
                raise  # a bad key is to be put right, not to be got around
            except SourceError as error:
                outage = error
        if outage is not None and left.any():
            raise outage

    def splits(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        """Splits as the first vendor that answers tells them; see `Vendor.splits`."""
        found: Columns = self._first(lambda vendor: vendor.splits(symbols, start, end)) or empty_splits()
        return found

    def _first(self, ask: Callable[[Vendor], Columns]) -> Columns | None:
        outage: SourceError | None = None
        for vendor in self.vendors:
            try:
                return ask(vendor)
            except RefusedError:
                raise
            except SourceError as error:
                outage = error
        if outage is not None:
            raise outage
        return None

    def securities(self, symbols: Sequence[str]) -> Columns:
        """Descriptions; of a symbol the first with a sector, else the last vendor's reason why not."""
        return self._by_symbol(symbols, _EMPTY_SECURITIES, _securities)

    def short_interest(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        """Short interest; of a symbol all of it from the first vendor that has any."""
        return self._by_symbol(
            symbols, empty_short_interest(), lambda vendor, left: vendor.short_interest(left, start, end)
        )

    def _by_symbol(
        self, symbols: Sequence[str], empty: Columns, ask: Callable[[Vendor, list[str]], Columns]
    ) -> Columns:
        left, parts = sorted(set(symbols)), []
        outage: SourceError | None = None
        for at, vendor in enumerate(self.describers):
            if not left:
                break
            try:
                found = ask(vendor, left)
            except RefusedError:
                raise
            except SourceError as error:
                outage = error
                continue
            is_last = at == len(self.describers) - 1
            useful = np.ones(len(found["symbol"]), dtype=np.bool_)
            if _REASON in found and not is_last:
                useful = found["sector"] != ""
            parts.append({name: values[useful] for name, values in found.items()})
            left = [symbol for symbol in left if symbol not in set(found["symbol"][useful].tolist())]
        if outage is not None and not parts:
            raise outage
        return _sorted(joined(parts, empty))


def _securities(vendor: Vendor, symbols: list[str]) -> Columns:
    found = vendor.securities(symbols)
    count = len(found["symbol"])
    return {_REASON: np.full(count, ""), "source": np.full(count, vendor.name)} | found


def _sorted(rows: Columns) -> Columns:
    others = [rows[name] for name in ("settlement_date",) if name in rows]
    order = np.lexsort((*others, rows["symbol"]))
    return {name: values[order] for name, values in rows.items()}


def _has_bars(ask: Ask, answer: Answer) -> BoolArray:
    """Which symbols an answer has a bar of, (S,)."""
    has: BoolArray = np.isin(ask.symbols, answer.bars["symbol"])
    return has
