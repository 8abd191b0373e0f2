"""`sigmasight backfill`: materialize a range of sessions, or see what that would change."""

import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.errors import SigmaSightError

if TYPE_CHECKING:
    from pipelines.launch import Launch

_DAY = ["%Y-%m-%d"]
MISSING_SHOWN = 10


def backfill(
    start: Annotated[datetime | None, typer.Option(formats=_DAY, help="First session.")] = None,
    end: Annotated[datetime | None, typer.Option(formats=_DAY, help="Last session.")] = None,
    portfolio: Annotated[
        list[int] | None, typer.Option(help="Limit to this portfolio id; repeatable.")
    ] = None,
    stale: Annotated[
        bool, typer.Option("--stale", help="Recompute what is stale instead of a range: that and no more.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Compute everything and store nothing: show what would change.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write every difference a dry run finds to this file, as JSON.")
    ] = None,
    expect: Annotated[
        str | None, typer.Option(help="Refuse unless the inputs have this hash, which a dry run shows.")
    ] = None,
    no_cascade: Annotated[
        bool, typer.Option("--no-cascade", help="Leave the later sessions as they are: they become stale.")
    ] = False,
    compare_rows: Annotated[
        bool,
        typer.Option("--compare-rows", help="Compare stored rows, not digests: puts altered rows right."),
    ] = False,
) -> None:
    """Materialize a range of sessions, fetching its prices anew, and everything after it that is stored."""
    from pipelines.postgres import Role, connect, running_database
    from pipelines.progress import show_progress
    from sql import migrate

    if report is not None and not dry_run:
        raise SigmaSightError("--report is of a --dry-run")
    _check_range(start, end, stale=stale)
    portfolios = tuple(portfolio) if portfolio else None
    with running_database() as urls, show_progress():
        _bring_up_to_date(migrate, urls.owner, dry_run=dry_run)
        with connect(Role.PIPELINE, autocommit=True) as connection:
            launch = (
                _stale(connection, portfolios)
                if stale
                else _range(start, end, portfolios, cascade=not no_cascade, compare_rows=compare_rows)
            )
            if launch is None:
                typer.echo("nothing is stale")
            elif dry_run:
                _rehearse(launch, expect, report)
            else:
                _run(connection, launch, expect)


def _check_range(start: datetime | None, end: datetime | None, *, stale: bool) -> None:
    if stale and (start or end):
        raise SigmaSightError("--stale finds its sessions itself: leave --start and --end out")
    missing = [name for name, day in (("--start", start), ("--end", end)) if day is None and not stale]
    if missing:
        raise typer.BadParameter("give it, or --stale", param_hint=" and ".join(missing))


def _bring_up_to_date(migrate: Any, owner: str, *, dry_run: bool) -> None:
    """Migrate; a dry run changes nothing, so it needs current tables."""
    if not dry_run:
        migrate.upgrade(owner)
    elif not migrate.is_current(owner):
        raise SigmaSightError("the database's tables are not current: run `sigmasight db migrate`")


def _range(
    start: datetime | None,
    end: datetime | None,
    portfolios: tuple[int, ...] | None,
    *,
    cascade: bool,
    compare_rows: bool,
) -> "Launch":
    from pipelines.launch import Launch
    from pipelines.sessions import latest_session, session_range, utc_now

    if start is None or end is None:
        raise typer.BadParameter("a range has two ends")
    sessions = session_range(start.date(), end.date())
    if not len(sessions):
        raise SigmaSightError(f"there is no session from {start.date()} to {end.date()}")
    first, last = sessions[0].item(), sessions[-1].item()
    latest = latest_session(utc_now())
    if last > latest:
        raise SigmaSightError(f"session {last} has not closed yet; the latest is {latest}")
    return Launch(first, last, "backfill", portfolios, cascade=cascade, compare_rows=compare_rows)


def _stale(connection: Any, portfolios: tuple[int, ...] | None) -> "Launch | None":
    from pipelines.automation.stale import read_waiting, recomputation
    from pipelines.sessions import utc_now

    chosen = [
        slices
        for slices in read_waiting(connection)
        if portfolios is None or slices.portfolio_id in (0, *portfolios)
    ]
    return recomputation(chosen, utc_now())


def _run(connection: Any, launch: "Launch", expect: str | None) -> None:
    from dataclasses import replace

    from pipelines.backfill import backfill, left_out
    from pipelines.sessions import session_range

    runs = backfill(connection, replace(launch, expect=expect), lambda line: typer.echo(line, err=True))
    count = len(session_range(launch.start, launch.end))
    named = f"run {runs[0]}" if len(runs) == 1 else f"{len(runs)} runs, the last {runs[-1]}"
    typer.echo(f"materialized {count} sessions, {launch.start} to {launch.end} ({named})")
    without = left_out(connection, runs)
    if without:
        reasons = "; ".join(
            f"portfolio {portfolio}: {reason}" for portfolio, reason in sorted(without.items())
        )
        raise SigmaSightError(f"not everything was computed: {reasons}")


def _rehearse(launch: "Launch", expect: str | None, report: Path | None) -> None:
    from pipelines.launch import rehearse

    with tempfile.TemporaryDirectory(prefix="sigmasight-") as folder:
        found = rehearse(launch, report or Path(folder) / "report.json")
    for line in lines(found, launch.start, launch.end):
        typer.echo(line)
    if found["failed_checks"]:
        raise SigmaSightError(f"what would be stored breaks {', '.join(found['failed_checks'])}")
    if expect is not None and expect != found["input_hash"]:
        raise SigmaSightError(f"the inputs hash to {found['input_hash']}, not to {expect}")


def lines(found: dict[str, Any], start: date, end: date) -> Iterator[str]:
    """A dry run's summary as a readable table."""
    yield f"dry run of {start} to {end}: nothing was stored"
    yield f"{'table':<18} {'changed':>9} {'unchanged':>9} {'new':>9}"
    for table, counts in found["slices"].items():
        yield f"{table:<18} {counts['changed']:>9,} {counts['unchanged']:>9,} {counts['new']:>9,}"
    if found["first"]:
        yield f"{'session':<10} {'portfolio':>9} {'figure':<38} {'old':>22} {'new':>22} {'Δ':>22}"
    for row in found["first"]:
        values = " ".join(
            f"{row[name] if row[name] is not None else '—':>22}" for name in ("old", "new", "delta")
        )
        yield f"{row['session']:<10} {row['portfolio_id']:>9} {row['metric']:<38} {values}"
    if found["differences"] > len(found["first"]):
        yield f"… and {found['differences'] - len(found['first']):,} more; --report FILE has all"
    for portfolio, total in found["portfolios"].items():
        yield (
            f"portfolio {portfolio}: {total['sessions']:,} sessions differ, daily P&L by {total['daily_pnl_delta']} "
            f"USD in all, the last net asset value that differs by {total['last_net_asset_value_delta']} USD"
        )
    for metric, delta in found["max_abs_delta"].items():
        yield f"max |Δ| {metric}: {delta}"
    missing = [f"{symbol} ({count})" for symbol, count in found["missing_prices"].items()]
    if missing:
        more = f" and {len(missing) - MISSING_SHOWN} more" if len(missing) > MISSING_SHOWN else ""
        yield f"missing prices: {', '.join(missing[:MISSING_SHOWN])}{more}"
    yield f"{found['differences']:,} figures differ; input hash {found['input_hash']}"
