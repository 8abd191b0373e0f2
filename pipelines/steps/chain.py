"""The chain of derived assets, upstream first, and how one of them is brought up to date."""

from dataclasses import dataclass, field
from typing import Final

from pipelines.steps.factor_betas import factor_betas
from pipelines.steps.factor_exposures import factor_exposures
from pipelines.steps.known_at import Instant, KnownAt
from pipelines.steps.ledger import record_restatements
from pipelines.steps.plan import Request, read_plan
from pipelines.steps.position_greeks import position_greeks
from pipelines.steps.position_pnl import position_pnl
from pipelines.steps.risk_metrics import risk_metrics
from pipelines.steps.rolled_equity import lock_portfolios, mirror_equity, rolled_equity
from pipelines.steps.snapshots import snapshots
from pipelines.steps.stale import read_stale_plan, settle, within
from pipelines.steps.work import Step, Work
from pipelines.tables.database import Database
from pipelines.tables.store import Written, replace

STEPS: Final[dict[str, Step]] = {
    "position_pnl": position_pnl,
    "rolled_equity": rolled_equity,
    "position_greeks": position_greeks,
    "factor_betas": factor_betas,
    "factor_exposures": factor_exposures,
    "risk_metrics": risk_metrics,
    "snapshots": snapshots,
}
"""Every derived asset by name, in an order in which each finds its inputs stored."""


@dataclass
class StepResult:
    """What a step wrote, by table, and the portfolios it could not compute, with the reason."""

    written: dict[str, Written] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)
    portfolios: int = 0
    sessions: tuple[int, int] = (0, -1)
    """Index of the first and the last session of its plan; the last before the first if it had nothing to do."""


def run_step(
    database: Database, name: str, request: Request, known_at: Instant | KnownAt, risk_free_rate: float = 0.0
) -> StepResult:
    """Bring one derived asset up to date, in one transaction."""
    result = StepResult()
    with database.transaction():
        known = KnownAt.of(known_at)
        if request.stale_only:
            plan, stale = read_stale_plan(database, name, request, known.terms)
            if plan.is_empty:
                return result
        else:
            plan, stale = read_plan(database, request, known.terms), None
        work = Work(database, plan, known, risk_free_rate)
        holds = not database.rehearsing
        if name == "rolled_equity" and holds:
            lock_portfolios(work)
        for computed in STEPS[name](work):
            batch = computed if stale is None else within(computed, stale)
            result.written.setdefault(batch.spec.name, Written()).add(
                replace(database, batch, compare_rows=request.compare_rows)
            )
        if name == "rolled_equity" and holds:
            mirror_equity(work)
        replaced = result.written.get("snapshots", Written()).rows_superseded
        if replaced:
            record_restatements(database, replaced)
        if holds:
            settle(work, name, known.terms)
    result.left_out = {**plan.left_out, **work.left_out}
    result.portfolios = len(plan.portfolio_id)
    result.sessions = plan.span
    return result
