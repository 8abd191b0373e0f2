"""`sigmasight up`: the whole system from nothing, or from where it was."""

from typing import Annotated, Any

import typer


def up(
    serve: Annotated[bool, typer.Option(help="Serve the API and the Dagster UI until Ctrl-C.")] = True,
    demo: Annotated[
        bool, typer.Option("--demo", help="Demo users and sample books on an external database, too.")
    ] = False,
) -> None:
    """Start the database, bring every portfolio's history up to the latest session, and serve it."""
    import psycopg
    from rich.console import Console

    from pipelines.catch_up import catch_up
    from pipelines.cli.summary import print_summary
    from pipelines.postgres import running_database
    from pipelines.progress import show_progress
    from pipelines.samples.seed import seed
    from pipelines.sessions import latest_session, utc_now
    from pipelines.settings import settings
    from sql import migrate

    console, now = Console(highlight=False), settings()
    latest = latest_session(utc_now())
    console.print("Starting PostgreSQL")
    with running_database() as urls:
        console.print("Bringing the tables up to date")
        migrate.upgrade(urls.owner)
        if now.is_embedded or demo:
            with psycopg.connect(urls.intake) as intake:
                if seed(intake, latest):
                    console.print("Added the demo users and their sample books")
        with psycopg.connect(urls.pipeline) as pipeline, show_progress():
            console.print(f"Materializing history up to {latest} (prices: {now.price_source})")
            done = catch_up(pipeline, latest)
            console.print(f"  {done[0]} to {done[1]}" if done else "  everything is up to date")
        with psycopg.connect(urls.reader) as reader:
            print_summary(reader, console)
        if serve:
            _serve(console, now)


def _serve(console: Any, now: Any) -> None:
    from pipelines.dagster_storage import dagster_environment
    from pipelines.serve import serve, services

    def announce() -> None:
        console.print(f"\nAPI        http://127.0.0.1:{now.api_port}/docs")
        console.print(f"Dagster UI http://127.0.0.1:{now.ui_port}")
        console.print(f"Logs       {logs}")
        console.print("Ctrl-C stops what was started.")

    logs = now.home / "logs"
    console.print("\nStarting the API and Dagster")
    environment = dagster_environment() | {"SIGMASIGHT_INTAKE": "1"}
    serve(services(now.api_port, now.ui_port), environment, logs, announce)
    console.print("Stopped.")
