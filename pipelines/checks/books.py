"""One check for each identity on the asset it belongs to, one that names what is stale, one what a run left out.

The checks of an asset share one step: each is its own in the UI, while a run pays for few steps.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

import dagster as dg

from pipelines.checks.stale import STALE_CHECK, STATEMENT, stale_rows
from pipelines.checks.table import table
from pipelines.resources import PipelineRun
from pipelines.steps.chain import STEPS
from pipelines.tables.specs import BY_NAME, DERIVED
from pipelines.verify.findings import Scope
from pipelines.verify.identities import Identity, Offenders, identities, offenders

SHOWN: Final = 20
"""Offenders shown in a check's metadata; the rest is counted."""

LEFT_OUT: Final = "no_portfolio_left_out"

_OF_COMMITS: Final = {"slices_are_committed", "equity_balance_is_latest_closing"}
"""Identities of what a run does when it commits: a dry run does not, and leaves the portfolios' rows alone."""

_COLUMNS = ("table", "session", "portfolio", "item", "detail")


def _checks_of(asset: str, found: tuple[Identity, ...]) -> dg.AssetChecksDefinition:
    stale = dg.AssetCheckSpec(STALE_CHECK, asset=asset, description=STATEMENT)
    specs = [
        dg.AssetCheckSpec(identity.name, asset=asset, description=identity.statement) for identity in found
    ]
    left_out = dg.AssetCheckSpec(
        LEFT_OUT, asset=asset, description="Every portfolio the run was to compute was computed."
    )
    by_portfolio = [left_out] if BY_NAME[asset].by_portfolio else []

    @dg.multi_asset_check(name=f"{asset}_checks", specs=[*by_portfolio, stale, *specs], can_subset=True)
    def run_checks(context: dg.AssetCheckExecutionContext, run: PipelineRun) -> Iterator[dg.AssetCheckResult]:
        selected = {key.name for key in context.selected_asset_check_keys}
        scope = _scope(context, run)
        with run.database.transaction():
            if LEFT_OUT in selected:
                yield _left_out(asset, run)
            if STALE_CHECK in selected:
                yield _stale(asset, run)
            for identity in found:
                if identity.name in selected and run.dry_run and identity.name in _OF_COMMITS:
                    yield _check_result(asset, identity.name, True, "no question of a dry run", {}, [])
                elif identity.name in selected:
                    yield _result(asset, identity, offenders(run.database, identity, scope))

    return run_checks


def _scope(context: dg.AssetCheckExecutionContext, run: PipelineRun) -> Scope:
    """What the run has computed: its range, what follows when it cascades; everything without a range."""
    portfolios = run.checked_portfolios
    if not (context.has_partition_key_range or context.has_partition_key):
        return Scope(portfolios=portfolios)
    keys = context.partition_key_range
    start, end = (date.fromisoformat(key) for key in (keys.start, keys.end))
    return Scope(start, None if run.cascade else end, portfolios)


def _result(asset: str, identity: Identity, found: Offenders) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {"offenders": found.total}
    rows = [
        (row.table, str(row.session), str(row.portfolio_id or ""), row.item or "", row.detail)
        for row in found.first[:SHOWN]
    ]
    return _check_result(asset, identity.name, found.total == 0, identity.statement, metadata, rows)


def _left_out(asset: str, run: PipelineRun) -> dg.AssetCheckResult:
    found = run.database.rows("verify/left_out", {"run_id": run.database.run_id})
    rows = [(asset, "", str(portfolio), "", reason) for portfolio, reason in found]
    named = ", ".join(str(portfolio) for portfolio, _ in found[:SHOWN])
    description = f"portfolios left out: {named}" if found else "no portfolio was left out"
    return _check_result(asset, LEFT_OUT, not found, description, {"portfolios": len(found)}, rows[:SHOWN])


def _stale(asset: str, run: PipelineRun) -> dg.AssetCheckResult:
    rows = stale_rows(run.database, asset)
    named = f"stale in {len(rows)} portfolios or firm-wide tables" if rows else "nothing is stale"
    figures = {"portfolios": len(rows)}
    return _check_result(
        asset, STALE_CHECK, not rows, named, figures, rows[:SHOWN], dg.AssetCheckSeverity.WARN
    )


def _check_result(
    asset: str,
    name: str,
    passed: bool,
    description: str,
    metadata: dict[str, Any],
    rows: Sequence[tuple[str, ...]],
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> dg.AssetCheckResult:
    if rows:
        metadata = {**metadata, f"first {SHOWN}": table(_COLUMNS, rows)}
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=asset,
        passed=passed,
        severity=severity,
        description=description,
        metadata=metadata,
    )


CHECKS: Final = [
    _checks_of(spec.name, tuple(identity for identity in identities() if identity.asset == spec.name))
    for spec in DERIVED
    if spec.name in STEPS
]
"""One definition for each asset."""
