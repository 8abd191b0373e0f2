"""`sigmasight quarantine`: what a vendor told and is not believed, and somebody's decision on it."""

import json
from datetime import date, timedelta
from typing import Annotated, Any, Final

import typer

from pipelines.errors import SigmaSightError

app = typer.Typer(
    no_args_is_help=True, help="Prices and splits that a vendor told and that are not believed."
)

_COLUMNS: Final = (
    *(
        "id",
        "kind",
        "symbol",
        "day",
        "close",
        "stored_close",
        "split_from",
        "split_to",
        "reason",
        "source",
        "status",
    ),
    "found_at",
)
Ids = Annotated[list[int] | None, typer.Argument(help="Numbers, as `list` shows them.")]
Symbols = Annotated[list[str] | None, typer.Option("--symbol", help="Everything of this symbol; repeatable.")]


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Also what has been decided.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List what waits for a decision: the close told, the one in use, and why it is not believed."""
    from pipelines.postgres import Role, connect, running_database
    from sql import query

    with running_database(), connect(Role.READER) as connection:
        found = connection.execute(query("quarantine/list"), {"all": everything}).fetchall()
    rows = [dict(zip(_COLUMNS, row, strict=True)) for row in found]
    if as_json:
        typer.echo(json.dumps(rows, default=str, indent=2))
        return
    for row in rows:
        typer.echo(_line(row))
    if not rows:
        typer.echo("nothing is in quarantine")


def _line(row: dict[str, Any]) -> str:
    told = (
        f"split {row['split_to']:g}:{row['split_from']:g}"
        if row["kind"] == "split"
        else f"close {row['close']}"
    )
    used = f", in use {row['stored_close']}" if row["stored_close"] is not None else ""
    decided = "" if row["status"] == "pending" else f" [{row['status']}]"
    return f"{row['id']:>6}  {row['symbol']}  {row['day']}  {told}{used}: {row['reason']} ({row['source']}){decided}"


@app.command()
def accept(
    ids: Ids = None,
    symbol: Symbols = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Record a split beside it, new:old shares such as 4:1, from the first day accepted."
        ),
    ] = None,
    run: Annotated[bool, typer.Option(help="Recompute what follows.")] = True,
) -> None:
    """Put it to use, all of it in one recorded restatement, and recompute what follows."""
    from pipelines.steps.decide import OwnSplit, accept, first_day

    def decide(database: Any) -> Any:
        own = None
        if split is not None:
            new, old = _ratio(split)
            (one,) = _only(symbol)
            own = OwnSplit(one, first_day(database, one), old, new)
        return accept(database, ids or (), symbol or (), own)

    done = _decide(decide, ids, symbol)
    typer.echo(f"accepted: {done.closes} closes and {done.splits} splits; {done.written} stored rows changed")
    if done.first_day is not None and run:
        _recompute(done.first_day)


@app.command()
def reject(ids: Ids = None, symbol: Symbols = None) -> None:
    """Forget it. The same told again is passed over in silence."""
    from pipelines.steps.decide import reject

    done = _decide(lambda database: reject(database, ids or (), symbol or ()), ids, symbol)
    typer.echo(f"rejected: {done.closes} closes and {done.splits} splits")


def _decide(decide: Any, ids: list[int] | None, symbols: list[str] | None) -> Any:
    from uuid import uuid4

    from pipelines.postgres import Role, connect, running_database
    from pipelines.sessions import latest_session, utc_now
    from pipelines.tables.run import RunRecord, open_run
    from sql import migrate

    if not ids and not symbols:
        raise SigmaSightError("name what to decide on: numbers, or --symbol")
    latest = latest_session(utc_now())
    with running_database() as urls:
        migrate.upgrade(urls.owner)
        with (
            connect(Role.PIPELINE, autocommit=True) as connection,
            open_run(connection, RunRecord(str(uuid4()), "quarantine", latest, latest)) as run,
            run.database.transaction(),
        ):
            return decide(run.database)


def _recompute(first_day: date) -> None:
    """Recompute from a day on, as far as there are books."""
    from pipelines.launch import Launch, run
    from pipelines.postgres import Role, connect, running_database
    from pipelines.progress import show_progress
    from pipelines.sessions import FIRST_PARTITION, session_on_or_after
    from sql import query

    with running_database():
        with connect(Role.READER) as connection:
            row = connection.execute(query("quarantine/stored_sessions")).fetchone()
        if row is None or None in row or row[1] < first_day:
            return
        after_inception = row[0] + timedelta(days=1)
        start = session_on_or_after(max(first_day, after_inception, FIRST_PARTITION))
        with show_progress():
            run_id = run(Launch(start, row[1], "recalculate", strict=False))
    typer.echo(f"recomputed {start} to {row[1]} (run {run_id})")


def _ratio(text: str) -> tuple[float, float]:
    try:
        new, old = (float(part) for part in text.split(":"))
    except ValueError:
        new = old = 0.0
    if not (0 < new < float("inf") and 0 < old < float("inf")):
        raise SigmaSightError(f"{text!r} is no split such as 4:1 (new shares for old ones)")
    return new, old


def _only(symbols: list[str] | None) -> list[str]:
    if symbols is None or len(symbols) != 1:
        raise SigmaSightError("a split is of one symbol: name it with --symbol")
    return symbols
