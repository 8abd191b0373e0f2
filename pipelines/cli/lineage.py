"""`sigmasight replay` and `sigmasight why`: where a number comes from, and why it changed."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipelines.lineage.replay import Replay


def mount(app: typer.Typer) -> None:
    """Add the commands to the main application."""
    app.command("replay")(replay)
    app.command("why")(why)


def replay(
    asset: Annotated[str, typer.Option(help="Table of the number, such as snapshots.")],
    session: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Session of the number.")],
    portfolio: Annotated[
        int | None, typer.Option(help="Portfolio id, where the table is by portfolio.")
    ] = None,
    known_at: Annotated[
        str | None, typer.Option(help="Replay what was stored at this instant (ISO, with offset).")
    ] = None,
) -> None:
    """Recompute a stored slice from precisely the inputs its run read. Exit 0 equal, 1 not."""
    from pipelines.cli.instants import instant
    from pipelines.lineage.replay import replay as run_again
    from pipelines.postgres import Role, connect, running_database
    from pipelines.settings import settings

    then = None if known_at is None else instant("--known-at", known_at)
    with running_database(), connect(Role.READER) as connection:
        done = run_again(
            connection, asset, session.date(), portfolio, settings().risk_free_rate, known_at=then
        )
    for line in describe(done):
        typer.echo(line)
    raise typer.Exit(1 if done.verdict == "different" else 0)


def describe(done: "Replay") -> Iterable[str]:
    """Lines of a replay: the slice and its inputs, then the verdict."""
    stored = done.stored
    whose = "" if stored.portfolio_id is None else f", portfolio {stored.portfolio_id}"
    yield f"{stored.spec.name} of {stored.session}{whose}: run {stored.run_id}"
    hashes = "the same input hash" if done.same_inputs else "another input hash"
    yield f"inputs as known at {stored.input_instant.isoformat()}: {hashes} ({stored.input_hash.hex()})"
    if not done.same_code:
        yield f"computed by code version {stored.code_version}, replayed by {stored.spec.code_version}"
    verdict = {"equal": f"equal, bit for bit: {done.rows:,} rows", "close": "equal but for the arithmetic"}
    yield verdict.get(done.verdict, "NOT equal") + (f": {done.detail}" if done.detail else "")


def why(
    portfolio: Annotated[int, typer.Option(help="Portfolio id.")],
    session: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Session of the figure.")],
    known_from: Annotated[
        str, typer.Option("--from", help="Instant (ISO, with offset) at which it was known as it was before.")
    ],
    known_to: Annotated[
        str | None, typer.Option("--to", help="Instant at which it is known as it is after. Default: now.")
    ] = None,
    metric: Annotated[str, typer.Option(help="Figure of the snapshot.")] = "net_asset_value",
) -> None:
    """Take the change of a figure apart into causes: the parts sum to it exactly."""
    from pipelines.cli.instants import instant
    from pipelines.errors import SigmaSightError
    from pipelines.launch import run_job
    from pipelines.lineage.explain import Question, read_parts
    from pipelines.lineage.waterfall import METRICS
    from pipelines.postgres import Role, connect, running_database
    from pipelines.sessions import utc_now

    if metric not in METRICS:
        raise SigmaSightError(f"{metric} cannot be taken apart; choose one of {', '.join(METRICS)}")
    ends = (instant("--from", known_from), utc_now() if known_to is None else instant("--to", known_to))
    if ends[0] > ends[1]:
        raise SigmaSightError(f"--from {known_from} is after --to")
    question = Question(portfolio, session.date(), *ends)
    with running_database():
        with connect(Role.READER) as connection:
            found = read_parts(connection, question, metric)
        if found is None:
            from pipelines.automation.explanations import run_config

            run_job("why", run_config(question), {})
            with connect(Role.READER) as connection:
                found = read_parts(connection, question, metric)
    if found is None:
        raise SigmaSightError("the run stored no parts")
    typer.echo(f"{metric} of {question.session}, portfolio {portfolio}, USD")
    for line in found.lines():
        typer.echo(line)
