"""`sigmasight db …`: the database server, its schema and its backups."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The database: server, schema, backups.", no_args_is_help=True)


@app.command()
def start() -> None:
    """Start the embedded server unless it runs, and leave it running."""
    from pipelines import postgres
    from pipelines.settings import settings

    started = postgres.start()
    if not settings().is_embedded:
        typer.echo("The external PostgreSQL is ready.")
    else:
        typer.echo("PostgreSQL started." if started else "PostgreSQL is already running.")


@app.command()
def stop() -> None:
    """Stop the embedded server, whoever started it."""
    from pipelines import postgres
    from pipelines.settings import settings

    if not settings().is_embedded:
        typer.echo("The database is an external one: it is not stopped from here.")
    else:
        typer.echo("PostgreSQL stopped." if postgres.stop() else "PostgreSQL was not running.")


@app.command()
def url() -> None:
    """Print the owner's libpq URL, and nothing else."""
    from pipelines import postgres
    from pipelines.errors import DatabaseError
    from pipelines.settings import settings

    try:
        owner = settings().urls().owner
    except DatabaseError:  # not set up yet
        with postgres.running_database() as urls:
            owner = urls.owner
    typer.echo(owner)


@app.command()
def migrate() -> None:
    """Bring the schema to what this version needs."""
    from pipelines import postgres
    from sql import migrate as migrations

    with postgres.running_database() as urls:
        before = migrations.current(urls.owner)
        after = migrations.upgrade(urls.owner)
    typer.echo(
        f"The schema is at {after}." if before == after else f"The schema went from {before} to {after}."
    )


@app.command()
def reset(*, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Throw away all data: books, prices, results, the record of runs."""
    from pipelines import postgres
    from pipelines.postgres.reset import reset as throw_away

    if not yes:
        typer.confirm("Throw away all books, prices and results?", abort=True)
    with postgres.running_database() as urls:
        throw_away(urls)
    typer.echo("The database is empty and migrated.")


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """Write books, prices and results to a file."""
    from pipelines import postgres
    from pipelines.postgres.backup import backup as write

    with postgres.running_database() as urls:
        write(urls.owner, file)
    typer.echo(f"Backup written to {file}.")


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A file written by `db backup`.")]) -> None:
    """Replace books, prices and results by a backup's."""
    from pipelines import postgres
    from pipelines.postgres.backup import restore as replace

    with postgres.running_database() as urls:
        replace(urls.owner, file, superuser_url=postgres.superuser_url())
    typer.echo(f"Restored from {file}.")
