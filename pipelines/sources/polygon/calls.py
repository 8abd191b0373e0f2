"""The cheapest calls that cover the closes wanted: a symbol's whole history costs one, and so does a whole session."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipelines.calc.types import BoolArray, IntArray


@dataclass(frozen=True)
class Call:
    """Cells (T, S) that one call answers; `column` of a symbol's history, `row` of a session; the other is None."""

    cells: BoolArray
    column: int | None = None
    row: int | None = None


def cheapest_calls(wanted: BoolArray, groupable: BoolArray) -> Iterator[Call]:
    """Cover the wanted cells (T, S) with few calls; columns that are not `groupable` (S,) cost one each.

    Sessions with the most wanted closes are taken whole first; how many is decided by what all calls then cost:
    that many, plus one for each symbol still wanted elsewhere.
    """
    shared = wanted & groupable
    rows = _whole_sessions(shared)
    for row in np.sort(rows).tolist():
        cells = np.zeros_like(wanted)
        cells[row] = shared[row]
        yield Call(cells, row=row)
    left = wanted.copy()
    left[np.ix_(rows, groupable)] = False
    for column in np.flatnonzero(left.any(axis=0)).tolist():
        cells = np.zeros_like(wanted)
        cells[:, column] = left[:, column]
        yield Call(cells, column=column)


def _whole_sessions(shared: BoolArray) -> IntArray:
    """Rows to ask for whole, at the least total of calls; fewest rows among equals."""
    counts = shared.sum(axis=1)
    order: IntArray = np.argsort(-counts, kind="stable").astype(np.int64)
    order = order[counts[order] > 0]
    ordered = shared[order]
    if not len(ordered):
        return np.zeros(0, dtype=np.int64)
    # A column stays wanted until the last row in this order that wants it has been taken.
    last = np.where(ordered.any(axis=0), len(ordered) - 1 - ordered[::-1].argmax(axis=0), -1)
    taken = np.arange(len(ordered) + 1)
    cost = taken + (last >= taken[:, np.newaxis]).sum(axis=1)
    return order[: int(cost.argmin())]
