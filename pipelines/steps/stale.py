"""Which stored slices are stale, the plan that recomputes them, and what a step has settled."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from pipelines.calc.types import BoolArray, Columns, IntArray
from pipelines.sessions import index_on_or_before, session_at
from pipelines.steps.plan import Plan, Request, plan_all
from pipelines.steps.reach import declaration, upstream
from pipelines.steps.work import Work, session_dates
from pipelines.tables.database import Database
from pipelines.tables.manifest import read_entries
from pipelines.tables.spec import TableSpec, date, integer, text
from pipelines.tables.specs import BY_NAME, FACTOR_COVARIANCE, FACTOR_RETURNS
from pipelines.tables.store import Batch

_RANGES = (
    text("asset", 24),
    integer("portfolio_id"),
    date("first_session"),
    date("last_session"),
)
_ALSO: Final[dict[str, TableSpec]] = {"factor_betas": FACTOR_RETURNS, "factor_exposures": FACTOR_COVARIANCE}


def tables_of(step: str) -> tuple[TableSpec, ...]:
    """The tables a step fills."""
    return (*((_ALSO[step],) if step in _ALSO else ()), BY_NAME[step])


def declare(database: Database, risk_free_rate: float | None = None) -> None:
    """Tell the database how this code computes: slices of other code, or another setting, become stale."""
    declared = json.dumps(declaration(risk_free_rate))
    with database.transaction():
        database.rows("stale/declare", {"declaration": declared})


def read_stale(database: Database, assets: Sequence[str]) -> Columns:
    """Ranges of stale slices: asset, portfolio_id (0: the whole firm), first_session, last_session; (n,) each.

    A range holds all stale slices of an asset and portfolio.
    """
    params = {"assets": list(assets), "portfolios": None, "known_at": None}
    return database.columns(_RANGES, "stale/slices", params)


@dataclass(frozen=True)
class Stale:
    """Stale slices of one table, in n ranges. Keys are of portfolio and session index.

    first: of the first session of each range, ascending, (n,). last: of the last session that the first k ranges have,
    (n + 1,).
    sessions: of a table of the whole firm, all that are stored; None for others, which have no holes.
    """

    first: IntArray
    last: IntArray
    sessions: np.ndarray | None

    def has(self, session: np.ndarray, portfolio_id: IntArray) -> BoolArray:
        """Whether each slice is stored and in a range, (n,)."""
        key = _key(portfolio_id, index_on_or_before(session))
        found: BoolArray = self.last[np.searchsorted(self.first, key, side="right")] >= key
        return found if self.sessions is None else found & np.isin(session, self.sessions)


def _key(portfolio_id: IntArray, session_ix: IntArray) -> IntArray:
    return (portfolio_id << np.int64(32)) | session_ix


def read_stale_plan(
    database: Database, step: str, request: Request, known_at: Any
) -> tuple[Plan, dict[str, Stale]]:
    """Plan what is stale of a step's tables: for each portfolio, and for the firm's tables, one range that holds it.

    Returns also the slices of each table that are stale: others in such a range are not looked at.
    """
    params = {
        "assets": [spec.name for spec in tables_of(step)],
        "portfolios": None if request.portfolios is None else list(request.portfolios),
        "known_at": known_at,
    }
    found = database.columns(_RANGES, "stale/ranges", params)
    first, last = (index_on_or_before(found[name]) for name in ("first_session", "last_session"))
    own, start, end = _spans(found["portfolio_id"], first, last)
    plan, firm = plan_all(database, own[own > 0].tolist(), known_at), own == 0
    kept = np.isin(own, plan.portfolio_id)
    plan = replace(
        plan,
        first_ix=start[kept],
        last_ix=end[kept],
        start_ix=int(start[firm].max(initial=0)),
        end_ix=int(end[firm].max(initial=-1)),
    )
    stale = {}
    for spec in tables_of(step):
        of = found["asset"] == spec.name
        stale[spec.name] = _stale(database, spec, found["portfolio_id"][of], first[of], last[of])
    return plan, stale


def _spans(portfolio_id: IntArray, first: IntArray, last: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Each portfolio, ascending, and the first and the last session of its ranges."""
    portfolios, row = np.unique(portfolio_id, return_inverse=True)
    start = np.full(len(portfolios), np.iinfo(np.int64).max)
    end = np.full(len(portfolios), -1)
    np.minimum.at(start, row, first)
    np.maximum.at(end, row, last)
    return portfolios, start, end


def _stale(
    database: Database, spec: TableSpec, portfolio_id: IntArray, first: IntArray, last: IntArray
) -> Stale:
    sessions = None
    if not spec.by_portfolio and len(first):
        start, end = session_at(int(first.min())), session_at(int(last.max()))
        sessions = read_entries(database, spec, start, end)["session"]
    # In order of their keys; a key of a portfolio is above all those of the ones before.
    ends = np.concatenate([[-1], _key(portfolio_id, last)])
    return Stale(_key(portfolio_id, first), np.maximum.accumulate(ends), sessions)


def within(batch: Batch, stale: Mapping[str, Stale]) -> Batch:
    """Keep the slices that are stale: a step computes ranges, and those of all its tables."""
    of = stale[batch.spec.name]
    slices, rows = batch.slices, batch.data
    nobody = np.zeros(len(rows["session"]), dtype=np.int64)
    of_rows = of.has(rows["session"], rows["portfolio_id"] if batch.spec.by_portfolio else nobody)
    of_slices = of.has(slices.session, slices.portfolio_id)
    if of_slices.all():
        return batch
    return Batch(batch.spec, slices.take(of_slices), {name: values[of_rows] for name, values in rows.items()})


def settle(work: Work, step: str, known_at: Any) -> None:
    """Take away the stale ranges that a step has recomputed from inputs known at an instant.

    Call it in the transaction that stored the slices.
    """
    plan = work.plan
    done = ~np.isin(plan.portfolio_id, list(work.left_out))
    for spec in tables_of(step):
        if spec.by_portfolio:
            covered = {
                "portfolios": plan.portfolio_id[done].tolist(),
                "first": session_dates(plan.first_ix[done]),
                "last": session_dates(plan.last_ix[done]),
            }
        elif plan.start_ix <= plan.end_ix:
            bounds = [session_at(plan.start_ix)], [session_at(plan.end_ix)]
            covered = {"portfolios": [0], "first": bounds[0], "last": bounds[1]}
        else:
            continue
        if covered["portfolios"]:
            params = {"asset": spec.name, "upstream": list(upstream(spec.name)), "known_at": known_at}
            work.database.run("stale/settle", params | covered)
