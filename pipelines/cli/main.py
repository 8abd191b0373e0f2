"""The command `sigmasight`. Commands import what they need when they run, so that `--help` is instant."""

import gc
import sys

import typer

from pipelines.cli import (
    backfill,
    book,
    db,
    demonstrate,
    impact,
    ledger,
    lineage,
    quarantine,
    repair,
    status,
    up,
    verify,
)
from pipelines.errors import SigmaSightError

app = typer.Typer(
    name="sigmasight",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("up")(up.up)
book.mount(app)
app.command("backfill")(backfill.backfill)
app.command("impact")(impact.impact)
verify.mount(app)
lineage.mount(app)
app.command("ledger")(ledger.ledger)
app.command("repair")(repair.repair)
app.command("status")(status.status)
app.command("demonstrate")(demonstrate.demonstrate)
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(db.app, name="db")


@app.callback()
def _root() -> None:
    """Portfolio risk for long/short equity and options books."""


def main() -> None:
    """Run a command; an error the user can act on becomes one message and exit code 1."""
    # What is imported stays: looking through it for garbage again and again is a twentieth of a day's run.
    gc.set_threshold(100_000, 50, 50)
    try:
        app()
    except SigmaSightError as error:
        _fail(str(error))
    except Exception as error:
        if not _is_connection_error(error):
            raise
        _fail(f"the database: {' '.join(str(error).split())}")


def _fail(message: str) -> None:
    sys.stderr.write(f"sigmasight: {message}\n")
    raise SystemExit(1)


def _is_connection_error(error: Exception) -> bool:
    """Whether PostgreSQL could not be reached or was lost; asks psycopg only where it was in use."""
    psycopg = sys.modules.get("psycopg")
    return psycopg is not None and isinstance(error, psycopg.OperationalError)
