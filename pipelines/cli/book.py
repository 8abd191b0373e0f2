"""Commands that bring a book in: users, positions, marks, overrides, cash flows. The same code as the API's intake."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from pipelines.errors import SigmaSightError
from pipelines.sources.csv_errors import CsvFileError, RowError
from pipelines.sources.csv_file import MAX_BYTES

MAX_SHOWN: Final = 200
"""Errors listed on a terminal; `--json` gives all."""

CsvFile = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="CSV file.")]
Owner = Annotated[str | None, typer.Option(help="Look for portfolios of this user only.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result, or every error, as JSON.")]

users = typer.Typer(no_args_is_help=True, help="Who may log in.")


def mount(app: typer.Typer) -> None:
    """Add the commands to the main application."""
    app.add_typer(users, name="users")
    app.command("import")(import_positions)
    app.command("marks")(marks)
    app.command("overrides")(overrides)
    app.command("flows")(flows)


@users.command("add")
def add_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Login name.")],
    admin: Annotated[bool, typer.Option("--admin", help="Sees all portfolios and may trigger runs.")] = False,
) -> None:
    """Add a user. The password comes from a prompt, or is one line of standard input."""
    from api.intake.users import add_user as insert_user

    password = _read_password()
    with _connection() as connection:
        new_id = insert_user(connection, name, password, role="admin" if admin else "user")
    typer.echo(f"added {'admin' if admin else 'user'} {name} (id {new_id})")


@contextmanager
def _connection() -> Iterator[Any]:
    """Log in as the intake role, on a database with current tables."""
    import psycopg

    from pipelines.postgres import running_database
    from pipelines.settings import settings
    from sql import migrate

    with running_database() as urls:
        if not migrate.is_current(urls.owner):
            if not settings().is_embedded:
                raise SigmaSightError("the database's tables are not current: run `sigmasight db migrate`")
            migrate.upgrade(urls.owner)
        with psycopg.connect(urls.intake) as connection:
            yield connection


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _read_password() -> str:
    if _is_terminal():
        answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return answer
    return sys.stdin.readline().rstrip("\r\n")


def import_positions(
    file: CsvFile,
    owner: Annotated[str, typer.Option(help="User the portfolio belongs to.")],
    name: Annotated[str, typer.Option(help="Name of the portfolio, unique per owner.")],
    equity: Annotated[
        str | None, typer.Option(help="Net asset value at inception, USD. Default: the gross entry cost.")
    ] = None,
    inception: Annotated[
        str | None, typer.Option(help="YYYY-MM-DD. Default: the session before the earliest entry.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a portfolio of a position CSV: all of it, or nothing and every error."""
    from api.intake.import_positions import import_portfolio
    from api.intake.terms import read_equity, read_inception

    with _reporting(file, as_json):
        given_equity = None if equity is None else read_equity(equity)
        given_inception = None if inception is None else read_inception(inception)
        with _connection() as connection:
            result = import_portfolio(
                connection, owner, name, file.name, _read(file), _today(), given_equity, given_inception
            )
    _say(
        f"{'created' if result.created else 'unchanged:'} portfolio {name!r} (id {result.portfolio_id}), "
        f"{result.positions} positions, initial equity {result.initial_equity:,.2f} USD "
        f"at the close of {result.inception_date}",
        asdict(result),
        as_json,
    )


def marks(file: CsvFile, owner: Owner = None, as_json: Json = False) -> None:
    """Record marks of private positions: `portfolio,symbol,date,price`."""
    from api.intake.marks import record_marks

    with _reporting(file, as_json), _connection() as connection:
        result = record_marks(connection, _read(file), _today(), owner)
    _say(f"marks: {result}", asdict(result), as_json)


def overrides(file: CsvFile, owner: Owner = None, as_json: Json = False) -> None:
    """Override closes of stocks and options: `portfolio,symbol,date,price`."""
    from api.intake.overrides import record_overrides

    with _reporting(file, as_json), _connection() as connection:
        result = record_overrides(connection, _read(file), _today(), owner)
    _say(f"overrides: {result}", asdict(result), as_json)


def flows(file: CsvFile, owner: Owner = None, as_json: Json = False) -> None:
    """Record deposits and withdrawals: `portfolio,date,amount`."""
    from api.intake.flows import record_flows

    with _reporting(file, as_json), _connection() as connection:
        result = record_flows(connection, _read(file), _today(), owner)
    _say(f"flows: {result}", asdict(result), as_json)


def _today() -> date:
    from pipelines.sessions import utc_now

    return utc_now().astimezone(ZoneInfo("America/New_York")).date()


def _read(file: Path) -> bytes:
    """Read no more than is needed to see that a file is too large."""
    with file.open("rb") as handle:
        return handle.read(MAX_BYTES + 1)


def _say(text: str, result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result, default=_as_json))
        return
    typer.echo(text)
    for warning in result["warnings"]:
        typer.echo(f"warning: {warning}", err=True)


def _as_json(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else float(str(value))


@contextmanager
def _reporting(file: Path, as_json: bool) -> Iterator[None]:
    """Print what is wrong with a file or an option, and exit 1."""
    try:
        yield
    except CsvFileError as error:
        if as_json:
            _print_errors([asdict(one) for one in error.errors])
        else:
            typer.echo(f"{file.name} was refused, nothing was written:", err=True)
            typer.echo(error_table(error.errors), err=True)
        raise typer.Exit(1) from None
    except SigmaSightError as error:
        if not as_json:
            raise
        stable = {"field": getattr(error, "field", None), "code": getattr(error, "code", "failed")}
        _print_errors([{"row": 0, **stable, "message": str(error)}])
        raise typer.Exit(1) from None


def _print_errors(errors: list[dict[str, Any]]) -> None:
    typer.echo(json.dumps({"errors": errors}))


def error_table(errors: Sequence[RowError]) -> str:
    """Return the errors as aligned lines: row, field, code, message."""
    shown = errors[:MAX_SHOWN]
    cells = [("row", "field", "code", "message")]
    cells += [(str(e.row) if e.row else "file", e.field or "", e.code, e.message) for e in shown]
    widths = [max(len(row[column]) for row in cells) for column in range(3)]
    lines = [
        f"  {row:>{widths[0]}}  {field:<{widths[1]}}  {code:<{widths[2]}}  {message}"
        for row, field, code, message in cells
    ]
    if len(errors) > len(shown):
        lines.append(f"  … and {len(errors) - len(shown)} more; --json lists all")
    return "\n".join(lines)
