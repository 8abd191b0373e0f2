"""Which sessions of which portfolios a run computes: the one rule behind every way to start one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.calc.types import BoolArray, Columns, IntArray
from pipelines.errors import SigmaSightError
from pipelines.sessions import index_on_or_before, session_at
from pipelines.steps.known_at import Instant
from pipelines.tables.database import Database
from pipelines.tables.spec import date, integer, money
from pipelines.tables.specs import DERIVED

TERMS = (integer("portfolio_id"), money("initial_equity"), date("inception_date"))
"""What a portfolio is planned from: the rows of `book/portfolios`."""
_PORTFOLIOS = (*TERMS, date("stored_last", nullable=True), date("complete_last", nullable=True))
_ASSETS = [spec.name for spec in DERIVED if spec.by_portfolio]


class UnknownPortfolioError(SigmaSightError):
    """A run was limited to portfolios that do not exist."""


class HoleError(SigmaSightError):
    """A range was asked for that starts after sessions that were never computed."""


@dataclass(frozen=True)
class Request:
    """What a run was asked to do, in session indexes.

    cascade: also recompute the sessions after the range that are already stored, so that what the range changes
    flows forward. strict: the range was asked for explicitly, so a hole before it is an error and not a portfolio
    left out. compare_rows: compare stored rows one by one instead of trusting their slices' digests, so that rows
    altered behind the pipeline's back are put right. stale_only: recompute the slices that are stale, and no others,
    whatever their sessions. anew: ask a vendor again for the range's closes, also for those that are final.
    settle_minutes: a close is final when it was fetched this long after the session's close.
    """

    start_ix: int
    end_ix: int
    portfolios: tuple[int, ...] | None = None
    cascade: bool = True
    strict: bool = False
    compare_rows: bool = False
    stale_only: bool = False
    anew: bool = False
    settle_minutes: int = 20


@dataclass(frozen=True)
class Plan:
    """Portfolios (ascending by id) and the sessions each is computed for, shape (P,) each.

    start_ix, end_ix: the sessions of tables that are not by portfolio. left_out: portfolio id → reason.
    """

    portfolio_id: IntArray
    initial_equity: IntArray
    inception_ix: IntArray
    first_ix: IntArray
    last_ix: IntArray
    start_ix: int
    end_ix: int
    left_out: dict[int, str]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to compute."""
        return not len(self.portfolio_id) and self.start_ix > self.end_ix

    @property
    def span(self) -> tuple[int, int]:
        """Index of the first and of the last session of anything planned."""
        parts = [(self.start_ix, self.end_ix)] if self.start_ix <= self.end_ix else []
        if len(self.portfolio_id):
            parts.append((int(self.first_ix.min()), int(self.last_ix.max())))
        return (min(p[0] for p in parts), max(p[1] for p in parts)) if parts else (0, -1)

    def take(self, mask: BoolArray) -> "Plan":
        """Return the plan for the masked portfolios."""
        return Plan(
            self.portfolio_id[mask],
            self.initial_equity[mask],
            self.inception_ix[mask],
            self.first_ix[mask],
            self.last_ix[mask],
            self.start_ix,
            self.end_ix,
            self.left_out,
        )

    def slice_grid(self, start_ix: int, end_ix: int) -> tuple[IntArray, IntArray]:
        """Session index and portfolio row of each slice between two sessions, in slice order."""
        ix = np.arange(start_ix, end_ix + 1)[:, np.newaxis]
        row, column = np.nonzero((self.first_ix <= ix) & (ix <= self.last_ix))
        return row + start_ix, column

    def covers(self, ix: IntArray, portfolio_id: IntArray) -> BoolArray:
        """Whether each (session index, portfolio) is planned; shape (n,)."""
        if not len(self.portfolio_id):
            return np.zeros(len(ix), dtype=np.bool_)
        at = np.minimum(np.searchsorted(self.portfolio_id, portfolio_id), len(self.portfolio_id) - 1)
        inside = (self.first_ix[at] <= ix) & (ix <= self.last_ix[at])
        planned: BoolArray = inside & (self.portfolio_id[at] == portfolio_id)
        return planned


def make_plan(portfolios: Columns, request: Request) -> Plan:
    """Decide what a run computes.

    A portfolio starts on the session after its inception and has no holes: if the range starts after the first
    session that one of its tables lacks, the portfolio is left out (or, if strict, HoleError).
    """
    ids, inception_ix = portfolios["portfolio_id"], index_on_or_before(portfolios["inception_date"])
    stored_ix, complete_ix = (
        np.where(np.isnat(portfolios[name]), inception_ix, index_on_or_before(portfolios[name]))
        for name in ("stored_last", "complete_last")
    )
    first = np.maximum(inception_ix + 1, request.start_ix)
    last = np.maximum(request.end_ix, stored_ix) if request.cascade else np.full(len(ids), request.end_ix)
    holes = (first > complete_ix + 1) & (first <= last)
    left_out = {
        int(
            ids[p]
        ): f"sessions {session_at(int(complete_ix[p]) + 1)} to {session_at(int(first[p]) - 1)} are missing"
        for p in np.flatnonzero(holes)
    }
    if left_out and request.strict:
        named = "; ".join(f"portfolio {portfolio}: {reason}" for portfolio, reason in left_out.items())
        raise HoleError(
            f"{named}. Start the range at the first missing session or limit it to other portfolios"
        )
    keep = ~holes & (first <= last)
    return Plan(
        ids[keep],
        portfolios["initial_equity"][keep],
        inception_ix[keep],
        first[keep],
        last[keep],
        request.start_ix,
        int(last[keep].max(initial=request.end_ix)),
        left_out,
    )


def plan_all(database: Database, portfolios: Sequence[int], terms_at: Instant) -> Plan:
    """Plan portfolios from the session after their inception on, through none yet: the caller sets the sessions."""
    params = {"known_at": terms_at, "portfolios": list(portfolios)}
    found = database.columns(TERMS, "book/portfolios", params)
    inception_ix = index_on_or_before(found["inception_date"])
    return Plan(
        found["portfolio_id"],
        found["initial_equity"],
        inception_ix,
        inception_ix + 1,
        inception_ix,
        0,
        -1,
        {},
    )


def read_plan(database: Database, request: Request, terms_at: Instant) -> Plan:
    """Plan a run from what is stored; UnknownPortfolioError if it is limited to one that does not exist.

    From terms known at an instant it is made once, before anything is stored: it is the same for all steps of the run.
    """
    return database.once(terms_at, ("plan", request), lambda: _read_plan(database, request, terms_at))


def _read_plan(database: Database, request: Request, terms_at: Instant) -> Plan:
    portfolios = list(request.portfolios) if request.portfolios is not None else None
    params = {"known_at": terms_at, "portfolios": portfolios, "assets": _ASSETS}
    found = database.columns(_PORTFOLIOS, "analytics/progress", params)
    unknown = sorted(set(portfolios or ()) - set(found["portfolio_id"].tolist()))
    if unknown:
        raise UnknownPortfolioError(f"there is no portfolio {', '.join(map(str, unknown))}")
    return make_plan(found, request)
