"""The chain of derived assets, upstream first, and how one of them is brought up to date."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
from pipelines.steps.stale import Stale, read_stale_plan, settle, within
from pipelines.steps.stored import KEPT
from pipelines.steps.work import Step, Work
from pipelines.tables.ahead import ahead
from pipelines.tables.database import Database
from pipelines.tables.kept import KeptRows
from pipelines.tables.statistics import refresh_statistics, stored_rows
from pipelines.tables.store import Prepared, Written, prepare, replace

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
    """What a step wrote, by table, the portfolios it was to compute, and those it could not, with the reason."""

    written: dict[str, Written] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)
    portfolios: frozenset[int] = frozenset()
    sessions: tuple[int, int] = (0, -1)
    """Index of the first and the last session of its plan; the last before the first if it had nothing to do."""


def run_step(
    database: Database, name: str, request: Request, known_at: Instant | KnownAt, risk_free_rate: float = 0.0
) -> StepResult:
    """Bring one derived asset up to date, in one transaction."""
    result = StepResult()
    known = KnownAt.of(known_at)
    with _reading(database, request) as reader, database.transaction():
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
        kept: dict[str, KeptRows] = {}
        for prepared in _prepared(name, work, stale, reader):
            written = replace(database, prepared, compare_rows=request.compare_rows)
            result.written.setdefault(prepared.batch.spec.name, Written()).add(written)
            _keep(kept, prepared)
        if name == "rolled_equity" and holds:
            mirror_equity(work)
        replaced = result.written.get("snapshots", Written()).rows_superseded
        if replaced:
            record_restatements(database, replaced)
        if holds:
            settle(work, name, known.terms)
    database.kept |= kept
    if not database.is_in_transaction:
        refresh_statistics(database, stored_rows(result.written))
    result.left_out = {**plan.left_out, **work.left_out}
    result.portfolios = frozenset(plan.portfolio_id.tolist())
    result.sessions = plan.span
    return result


@contextmanager
def _reading(database: Database, request: Request) -> Iterator[Database | None]:
    """Another connection to read ahead on; none for one session, or where a transaction hides what it has written."""
    if request.start_ix == request.end_ix or database.is_in_transaction:
        yield None
    else:
        with database.beside() as reader:
            yield reader


def _keep(kept: dict[str, KeptRows], prepared: Prepared) -> None:
    """Keep what later steps read of a batch, once it is stored; they find it when the transaction is committed."""
    batch, table = prepared.batch, prepared.batch.spec.name
    if table in KEPT:
        kept.setdefault(table, KeptRows(KEPT[table])).add(batch.slices.codes, prepared.counts, batch.data)


def _prepared(
    name: str, work: Work, stale: Mapping[str, Stale] | None, reader: Database | None
) -> Iterator[Prepared]:
    """What a step computes, ready to be stored; with a reader the next part is made while this one is stored."""
    batches = STEPS[name](work if reader is None else work.reading(reader))
    prepared = (prepare(batch if stale is None else within(batch, stale)) for batch in batches)
    return prepared if reader is None else ahead(prepared)
