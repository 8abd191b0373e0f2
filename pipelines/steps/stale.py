"""Which stored slices are stale, the plan that recomputes them, and what a step has settled."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from pipelines.calc.types import BoolArray, Columns
from pipelines.sessions import index_on_or_before, session_at
from pipelines.steps.plan import Plan, Request, plan_all
from pipelines.steps.reach import declaration, upstream
from pipelines.steps.work import Work, session_dates
from pipelines.tables.database import Database
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


def read_stale(
    database: Database,
    assets: Sequence[str] | None = None,
    portfolios: Iterable[int] | None = None,
    known_at: Any = None,
) -> Columns:
    """Ranges of stale slices: asset, portfolio_id (0: the whole firm), first_session, last_session; (n,) each.

    A range holds all stale slices of an asset and portfolio. known_at: leave out what changed after an instant.
    """
    params = {
        "assets": None if assets is None else list(assets),
        "portfolios": None if portfolios is None else list(portfolios),
        "known_at": known_at,
    }
    return database.columns(_RANGES, "stale/slices", params)


Spans = dict[str, tuple[int, int]]
"""First and last session index of what is planned of each table of the whole firm, by its name."""


def read_stale_plan(database: Database, step: str, request: Request, known_at: Any) -> tuple[Plan, Spans]:
    """Plan what is stale of a step's tables: each portfolio's own sessions, and those of the firm's tables."""
    names = [spec.name for spec in tables_of(step)]
    found = read_stale(database, names, request.portfolios, known_at)
    first, last = (index_on_or_before(found[name]) for name in ("first_session", "last_session"))
    firm = found["portfolio_id"] == 0
    own = ~firm
    plan = plan_all(database, found["portfolio_id"][own].tolist(), known_at)
    kept = np.isin(found["portfolio_id"][own], plan.portfolio_id)
    of_firm = zip(found["asset"][firm].tolist(), first[firm].tolist(), last[firm].tolist(), strict=True)
    spans = {name: (start, end) for name, start, end in of_firm}
    plan = replace(
        plan,
        first_ix=first[own][kept],
        last_ix=last[own][kept],
        start_ix=min((start for start, _ in spans.values()), default=0),
        end_ix=max((end for _, end in spans.values()), default=-1),
    )
    return plan, spans


def within(batch: Batch, spans: Spans) -> Batch:
    """Keep the slices of a table of the whole firm that are planned: a step computes its tables for one range."""
    spec = batch.spec
    if spec.by_portfolio:
        return batch
    start, end = spans.get(spec.name, (0, -1))
    planned = [_between(session, start, end) for session in (batch.slices.session, batch.data["session"])]
    rows = {name: values[planned[1]] for name, values in batch.data.items()}
    return Batch(spec, batch.slices.take(planned[0]), rows)


def _between(session: np.ndarray, start_ix: int, end_ix: int) -> BoolArray:
    ix = index_on_or_before(session)
    inside: BoolArray = (start_ix <= ix) & (ix <= end_ix)
    return inside


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
