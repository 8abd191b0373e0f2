"""`sigmasight status`: the morning page."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.errors import SigmaSightError
from sql import query

if TYPE_CHECKING:
    from psycopg import Connection

RUNS_SHOWN = 5


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON document.")] = False,
) -> None:
    """Show the latest session and its age, each portfolio, what is missing or was restated, and what runs next.

    The exit code is 1 if a portfolio lacks a session that was due.
    """
    import psycopg
    from rich.console import Console

    from pipelines.postgres import running_database
    from pipelines.sessions import utc_now
    from pipelines.settings import settings
    from sql import migrate

    with running_database() as urls:
        if not migrate.is_current(urls.owner):
            raise SigmaSightError("the database's tables are not current: run `sigmasight db migrate`")
        with psycopg.connect(urls.reader) as reader:
            page = read_status(reader, utc_now(), settings())
    if as_json:
        typer.echo(json.dumps(page, default=_as_json, indent=2))
    else:
        print_status(page, Console(highlight=False))
    if not page["is_complete"]:
        raise typer.Exit(1)


def read_status(connection: "Connection[Any]", now: datetime, chosen: Any) -> dict[str, Any]:
    """Everything on the page, as known at `now`.

    Restated: snapshots of sessions before the latest that changed since the latest session's day began.
    """
    from psycopg.rows import dict_row

    from pipelines.timetable import morning

    today = morning(now, chosen)
    params = {"latest": today.latest, "portfolios": None, "since": today.since, "limit": RUNS_SHOWN}
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        portfolios, prices, restated, runs = (
            cursor.execute(query(f"status/{name}"), params).fetchall()
            for name in ("portfolios", "prices", "restated", "runs")
        )
    for portfolio in portfolios:
        own = [row for row in prices if row["portfolio_id"] == portfolio["id"]]
        portfolio["stale"] = [row["symbol"] for row in own if not row["is_unpriced"]]
        portfolio["unpriced"] = [row["symbol"] for row in own if row["is_unpriced"]]
    return {
        "now": now,
        "latest_session": today.latest,
        "age_hours": today.age_hours,
        "due_session": today.due,
        "is_complete": all(portfolio["sessions_behind"] <= today.not_due for portfolio in portfolios),
        "portfolios": portfolios,
        "restated_since": params["since"],
        "restated": restated,
        "last_runs": runs,
        "next_runs": [{"job": job, "at": when} for job, when in today.next_runs],
    }


def print_status(page: dict[str, Any], console: Any) -> None:
    """Print the page for a terminal."""
    behind = [
        p for p in page["portfolios"] if p["sessions_behind"] > 0 and p["session"] != page["due_session"]
    ]
    count = len(page["portfolios"])
    console.print(f"Latest session {page['latest_session']}, closed {page['age_hours']:.1f} hours ago")
    console.print(f"{count - len(behind)} of {count} portfolios are complete through {page['due_session']}\n")
    console.print(_portfolio_table(page["portfolios"]))
    for portfolio in behind:
        reason = portfolio["left_out"] or "no run has covered it yet"
        console.print(
            f"[bold]{portfolio['name']}[/bold] is {portfolio['sessions_behind']} sessions behind: {reason}",
            soft_wrap=True,
        )
    _print_restated(page, console)
    failed = [run for run in page["last_runs"] if run["status"] == "failed"]
    for run in failed:
        console.print(
            f"Failed {_local(run['started_at'])}: {run['kind']} run, {run['error']}", soft_wrap=True
        )
    console.print("Next: " + ", ".join(f"{run['job']} {_local(run['at'])}" for run in page["next_runs"]))


def _portfolio_table(portfolios: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2))
    for heading in ("Portfolio", "Session", "NAV", "P&L day", "Stale", "Unpriced"):
        table.add_column(heading, justify="right" if heading in {"NAV", "P&L day"} else "left")
    for p in portfolios:
        table.add_row(
            f"{p['name']} ({p['id']}, {p['owner']})",
            "–" if p["session"] is None else str(p["session"]),
            _usd(p["net_asset_value"]),
            _usd(p["daily_pnl"]),
            _names(p["stale"]),
            _names(p["unpriced"]),
        )
    return table


def _print_restated(page: dict[str, Any], console: Any) -> None:
    names = {portfolio["id"]: portfolio["name"] for portfolio in page["portfolios"]}
    for row in page["restated"]:
        console.print(
            f"Restated since {_local(page['restated_since'])}: {names[row['portfolio_id']]}, {row['sessions']} sessions"
            f" {row['first_session']} to {row['last_session']}, NAV of the last {row['last_change']:+,.2f}",
            soft_wrap=True,
        )


def _names(symbols: list[str], most: int = 5) -> str:
    more = f" and {len(symbols) - most} more" if len(symbols) > most else ""
    return ", ".join(symbols[:most]) + more


def _usd(amount: Decimal | None) -> str:
    return "–" if amount is None else f"{amount:,.0f}"


def _local(instant: datetime) -> str:
    from pipelines.timetable import NEW_YORK

    return f"{instant.astimezone(NEW_YORK):%a %d %b %H:%M} New York"


def _as_json(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
