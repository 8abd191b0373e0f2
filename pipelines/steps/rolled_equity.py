"""rolled_equity: opening + daily P&L + flows = closing, from inception on."""

from collections.abc import Iterator

import numpy as np

from pipelines.calc import equity
from pipelines.calc.types import Columns, IntArray
from pipelines.sessions import index_on_or_after, sessions
from pipelines.steps.plan import Plan
from pipelines.steps.work import Work, bounds, portfolio_slices, session_dates, session_index_of
from pipelines.tables.spec import date, integer, money
from pipelines.tables.specs import POSITION_PNL, ROLLED_EQUITY
from pipelines.tables.store import Batch

_PNL = (date("session"), integer("portfolio_id"), money("daily_pnl"))
_FLOWS = (integer("portfolio_id"), date("flow_date"), money("amount"))
_CLOSING = (integer("portfolio_id"), money("closing_equity"))


def rolled_equity(work: Work) -> Iterator[Batch]:
    """Rows of rolled_equity for the whole range; who stores them locks the portfolios first."""
    work = work.requiring(POSITION_PNL)
    plan = work.plan
    if not len(plan.portfolio_id):
        return
    start, end = int(plan.first_ix.min()), int(plan.last_ix.max())
    pnl, flow = _daily_pnl(work, start, end), _capital_flow(work, start, end)
    opening, closing = equity.roll(_opening(work), pnl, flow)
    ix, portfolio = plan.slice_grid(start, end)
    at = (portfolio, ix - start)
    rows: Columns = {
        "session": sessions()[ix],
        "portfolio_id": plan.portfolio_id[portfolio],
        "opening_equity": opening[at],
        "daily_pnl": pnl[at],
        "capital_flow": flow[at],
        "closing_equity": closing[at],
    }
    inputs = {name: rows[name] for name in ("opening_equity", "daily_pnl", "capital_flow")}
    yield Batch(ROLLED_EQUITY, portfolio_slices(plan, start, end, rows, inputs), rows)


def lock_portfolios(work: Work) -> None:
    """Lock the portfolios until the transaction ends: before the previous closing is read."""
    work.database.run("analytics/lock_portfolios", {"portfolios": work.plan.portfolio_id.tolist()})


def mirror_equity(work: Work) -> None:
    """Make the portfolios' equity balance equal their latest closing; in the transaction that stored it."""
    work.database.run("analytics/mirror_equity", {"portfolios": work.plan.portfolio_id.tolist()})


def _grid(plan: Plan, start: int, end: int) -> IntArray:
    return np.zeros((len(plan.portfolio_id), end - start + 1), dtype=np.int64)


def _daily_pnl(work: Work, start: int, end: int) -> IntArray:
    """P&L by portfolio and session, (P, T); 0 outside of what is planned."""
    plan, pnl = work.plan, _grid(work.plan, start, end)
    params = bounds(start, end) | {"portfolios": plan.portfolio_id.tolist()}
    found = work.stored(_PNL, "analytics/portfolio_pnl", params)
    ix = session_index_of(found)
    planned = plan.covers(ix, found["portfolio_id"])
    pnl[np.searchsorted(plan.portfolio_id, found["portfolio_id"])[planned], ix[planned] - start] = found[
        "daily_pnl"
    ][planned]
    return pnl


def _capital_flow(work: Work, start: int, end: int) -> IntArray:
    """Flows by portfolio and the session they take effect, (P, T)."""
    plan, flow = work.plan, _grid(work.plan, start, end)
    params = {"known_at": work.known_at.flows, "portfolios": plan.portfolio_id.tolist()}
    found = work.database.columns(_FLOWS, "book/cash_flows", params)
    ix = index_on_or_after(found["flow_date"])
    planned = plan.covers(ix, found["portfolio_id"])
    row = np.searchsorted(plan.portfolio_id, found["portfolio_id"])[planned]
    np.add.at(flow, (row, ix[planned] - start), found["amount"][planned])
    return flow


def _opening(work: Work) -> IntArray:
    """Equity before each portfolio's first session, (P,): the previous closing, or the initial equity after inception.

    A portfolio that starts later than others rolls on without P&L until then.
    """
    plan = work.plan
    opening = plan.initial_equity.copy()
    continuing = plan.inception_ix < plan.first_ix - 1
    if continuing.any():
        params = {
            "before": session_dates(plan.first_ix[continuing] - 1),
            "portfolios": plan.portfolio_id[continuing].tolist(),
        }
        found = work.stored(_CLOSING, "analytics/closing_before", params)
        opening[np.searchsorted(plan.portfolio_id, found["portfolio_id"])] = found["closing_equity"]
    return opening
