"""Whether the inputs of a slice have changed since it was computed: what tells stale from broken."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from pipelines.calc.types import BoolArray, IntArray
from pipelines.sessions import index_on_or_before
from pipelines.steps.reach import READS
from pipelines.tables.database import Database
from pipelines.tables.spec import TableSpec, date, integer
from pipelines.tables.specs import PRICES, ROLLED_EQUITY
from pipelines.verify.digests import Digests

UPSTREAM: Final[dict[str, tuple[str, ...]]] = {
    asset: tuple(name for name in reads if name in READS) for asset, reads in READS.items()
}
"""The stored tables that each table's rows are computed from, up to and including the row's session."""

_CHANGES = (integer("portfolio_id"), date("session", nullable=True), integer("changed_at"))
_NEVER: Final = np.int64(-1)
_ALTERED: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Changes:
    """Latest change of the inputs at or before each session, (1 + portfolios, sessions); row 0 is the market.

    instant: microseconds since 1970, of the inputs that are no slices. portfolios: ascending ids.
    """

    portfolios: IntArray
    first_ix: int
    instant: IntArray

    def at(self, grid: IntArray, ix: IntArray, portfolio_id: IntArray) -> IntArray:
        """Value of a grid for slices: the market's row for all, and the portfolio's own."""
        row = np.searchsorted(self.portfolios, portfolio_id) + 1
        column = ix - self.first_ix
        firm: IntArray = grid[0, column]
        return np.where(portfolio_id == 0, grid.max(axis=0)[column], np.maximum(firm, grid[row, column]))


def read_changes(database: Database, proofs: dict[str, Digests]) -> Changes:
    """Read when the book and the market last changed, for the portfolios and sessions of what is proven."""
    entries = [proof.entries for proof in proofs.values() if len(proof.entries)]
    ids = np.unique(np.concatenate([e.portfolio_id for e in entries] or [np.zeros(0, dtype=np.int64)]))
    ix = [index_on_or_before(e.session[[0, -1]]) for e in entries] or [np.zeros(2, dtype=np.int64)]
    first, last = int(np.min(ix)), int(np.max(ix))
    changes = Changes(ids[ids > 0], first, _grid(len(ids[ids > 0]), last - first + 1))
    found = database.columns(_CHANGES, "verify/input_changes")
    known = (found["portfolio_id"] == 0) | np.isin(found["portfolio_id"], changes.portfolios)
    of_book = np.isnat(found["session"])
    session_ix = np.where(of_book, first, index_on_or_before(found["session"]))
    inside = known & (session_ix <= last)
    _mark(
        changes,
        changes.instant,
        session_ix[inside],
        found["portfolio_id"][inside],
        found["changed_at"][inside],
    )
    _mark_altered(changes, changes.instant, proofs[PRICES.name])
    np.maximum.accumulate(changes.instant, axis=1, out=changes.instant)
    return changes


def _grid(portfolios: int, width: int) -> IntArray:
    return np.full((portfolios + 1, width), _NEVER, dtype=np.int64)


def _mark(changes: Changes, grid: IntArray, ix: IntArray, portfolio_id: IntArray, value: IntArray) -> None:
    row = np.where(portfolio_id == 0, 0, np.searchsorted(changes.portfolios, portfolio_id) + 1)
    np.maximum.at(grid, (row, np.maximum(ix - changes.first_ix, 0)), value)


def _mark_altered(changes: Changes, grid: IntArray, proof: Digests) -> None:
    """Altered rows are a change of what is computed from them that no commit tells of."""
    codes = proof.altered_codes
    portfolio_id = codes & ((1 << 40) - 1)
    ix = index_on_or_before((codes >> 40).astype("datetime64[D]"))
    inside = (portfolio_id == 0) | np.isin(portfolio_id, changes.portfolios)
    inside &= ix < changes.first_ix + grid.shape[1]
    codes, portfolio_id, ix = codes[inside], portfolio_id[inside], ix[inside]
    _mark(changes, grid, ix, portfolio_id, np.full(len(codes), _ALTERED))
    for finding in proof.foreign:
        if finding.session is not None and finding.portfolio_id in (None, *changes.portfolios.tolist()):
            at = np.array([max(int(index_on_or_before(finding.session)), changes.first_ix)])
            row = np.array([finding.portfolio_id or 0])
            if at[0] < changes.first_ix + grid.shape[1]:
                _mark(changes, grid, at, row, np.array([_ALTERED]))


def changed_since(changes: Changes, spec: TableSpec, proofs: dict[str, Digests]) -> BoolArray:
    """Whether any input of each entry of a table changed, or was altered, after it was computed; shape (n,)."""
    entries = proofs[spec.name].entries
    ix = index_on_or_before(entries.session)
    changed: BoolArray = changes.at(changes.instant, ix, entries.portfolio_id) > entries.input_instant
    upstream = _grid(len(changes.portfolios), changes.instant.shape[1])
    for name in UPSTREAM.get(spec.name, ()):
        _mark_written(changes, upstream, proofs[name], later=0)
    if spec is ROLLED_EQUITY:  # opening equity: its own rows, of the session before
        _mark_written(changes, upstream, proofs[spec.name], later=1)
    np.maximum.accumulate(upstream, axis=1, out=upstream)
    return changed | (changes.at(upstream, ix, entries.portfolio_id) > entries.committed_at)


def _mark_written(changes: Changes, grid: IntArray, proof: Digests, later: int) -> None:
    written = proof.entries
    ix = index_on_or_before(written.session) + later
    inside = ix < changes.first_ix + grid.shape[1]
    _mark(changes, grid, ix[inside], written.portfolio_id[inside], written.committed_at[inside])
    _mark_altered(changes, grid, proof)
