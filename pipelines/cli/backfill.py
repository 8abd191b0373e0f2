"""`sigmasight backfill`: materialize a range of sessions."""

from datetime import datetime
from typing import Annotated

import typer

from pipelines.errors import SigmaSightError


def backfill(
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First session.")],
    end: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last session.")],
    portfolio: Annotated[
        list[int] | None, typer.Option(help="Limit to this portfolio id; repeatable.")
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
    from pipelines.launch import Launch, run
    from pipelines.postgres import running_database
    from pipelines.progress import show_progress
    from pipelines.sessions import latest_session, session_range, utc_now
    from sql import migrate

    sessions = session_range(start.date(), end.date())
    if not len(sessions):
        raise SigmaSightError(f"there is no session from {start.date()} to {end.date()}")
    first, last = sessions[0].item(), sessions[-1].item()
    latest = latest_session(utc_now())
    if last > latest:
        raise SigmaSightError(f"session {last} has not closed yet; the latest is {latest}")
    with running_database() as urls, show_progress():
        migrate.upgrade(urls.owner)
        portfolios = tuple(portfolio) if portfolio else None
        run_id = run(
            Launch(first, last, "backfill", portfolios, cascade=not no_cascade, compare_rows=compare_rows)
        )
    typer.echo(f"materialized {len(sessions)} sessions, {first} to {last} (run {run_id})")
