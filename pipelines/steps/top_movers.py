"""The lots of a portfolio that earned and lost most on a session, as the snapshot stores them: JSON."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import numpy as np

from pipelines.calc.lots import POSITION_TYPES
from pipelines.calc.movers import largest
from pipelines.calc.types import MONEY_SCALE, IntArray
from pipelines.steps.book import Book
from pipelines.steps.stored import Holdings

MOVERS: Final = 5
"""Gains, and losses, at most."""


@dataclass(frozen=True)
class LotNames:
    """What is said of each lot, (L,): the beginning of its JSON object, and a number for that text."""

    text: list[str]
    code: IntArray

    @staticmethod
    def of(book: Book) -> "LotNames":
        """Name the lots of a book."""
        types = [POSITION_TYPES[code] for code in book.lots.type_code.tolist()]
        lots = zip(book.lots.position_id.tolist(), book.symbol.tolist(), types, strict=True)
        text = [
            f'{{"id": {lot}, "symbol": {json.dumps(symbol)}, "position_type": "{kind}", "daily_pnl": '
            for lot, symbol, kind in lots
        ]
        digests = b"".join(blake2b(one.encode(), digest_size=8).digest() for one in text)
        return LotNames(text, np.frombuffer(digests, dtype="<i8"))


def top_movers(names: LotNames, holdings: Holdings, lot: IntArray) -> np.ndarray:
    """The largest gains and losses of each slice, as one JSON object: 'U' (R,).

    lot: index into the book's lots of each row. Amounts are USD with four decimals; of equal ones the earlier lot is
    first.
    """
    pnl, starts = holdings.rows["daily_pnl"], holdings.starts
    sides = [_listed(largest(amounts, starts, MOVERS), pnl, lot, names) for amounts in (pnl, -pnl)]
    texts = [f'{{"gains": [{gains}], "losses": [{losses}]}}' for gains, losses in zip(*sides, strict=True)]
    return np.array(texts, dtype=np.str_)


def _listed(rows: IntArray, pnl: IntArray, lot: IntArray, names: LotNames) -> Iterator[str]:
    """The objects of each slice's rows, (R, k) with −1 for none, one after the other."""
    there = rows >= 0
    chosen = rows[there]
    objects = [
        f"{names.text[own]}{_usd(amount)}}}"
        for own, amount in zip(lot[chosen].tolist(), pnl[chosen].tolist(), strict=True)
    ]
    ends = np.add.accumulate(there.sum(axis=1)).tolist()
    for start, end in zip([0, *ends], ends, strict=False):
        yield ", ".join(objects[start:end])


def _usd(amount: int) -> str:
    # Exact: P&L is below 2e11 USD (a value is below 1e11), where doubles lie closer together than 0.0001.
    return f"{amount / MONEY_SCALE:.4f}"
