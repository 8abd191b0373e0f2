"""`sigmasight verify`: prove every stored number."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Final

import typer

MAX_SHOWN: Final = 200
"""Findings listed on a terminal; `--json` gives all."""


def mount(app: typer.Typer) -> None:
    """Add the command to the main application."""
    app.command("verify")(verify)


def verify(
    start: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First session. Default: the first stored.")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last session. Default: the last stored.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the proof as JSON.")] = False,
) -> None:
    """Prove what is stored: identities, digests, recomputation. Exit 0 clean, 1 broken, 2 merely stale."""
    from pipelines.errors import SigmaSightError
    from pipelines.postgres import Role, connect, running_database
    from pipelines.settings import settings
    from pipelines.verify import Scope
    from pipelines.verify import verify as prove

    first, last = (None if day is None else day.date() for day in (start, end))
    if first is not None and last is not None and first > last:
        raise SigmaSightError(f"the range ends ({last}) before it starts ({first})")
    with running_database(), connect(Role.READER) as connection:
        proof = prove(connection, Scope(first, last), settings().risk_free_rate, _progress(as_json))
    if as_json:
        typer.echo(json.dumps(_as_json(proof), default=_plain))
    else:
        for line in report(proof):
            typer.echo(line)
    raise typer.Exit(proof.exit_code)


def _progress(as_json: bool) -> Any:
    shown = not as_json and sys.stderr.isatty()
    return lambda line: typer.echo(f"{line} …", err=True) if shown else None


def report(proof: Any) -> Iterable[str]:
    """Lines of a proof: what is wrong, then what was proven."""
    ordered = [*proof.broken, *proof.stale]
    for finding in ordered[:MAX_SHOWN]:
        yield f"{finding.kind.upper():<6}  {finding.where}: {finding.detail} [{finding.check}]"
    if len(ordered) > MAX_SHOWN:
        yield f"… and {len(ordered) - MAX_SHOWN} more; --json lists all"
    yield (
        f"read back {proof.rows:,} rows of {proof.tables} tables against the digests of {proof.slices:,} slices, "
        f"recomputed {proof.recomputed:,} slices, checked {proof.identities} identities"
    )
    verdict = {0: "proven: nothing is broken or stale", 1: "BROKEN", 2: "stale: recompute what is listed"}
    counts = f" ({len(proof.broken):,} broken, {len(proof.stale):,} stale)" if ordered else ""
    yield verdict[proof.exit_code] + counts


def _as_json(proof: Any) -> dict[str, Any]:
    counts = ("tables", "rows", "slices", "recomputed", "identities")
    return {
        "result": {0: "clean", 1: "broken", 2: "stale"}[proof.exit_code],
        "findings": [asdict(finding) for finding in [*proof.broken, *proof.stale]],
        "proven": {name: getattr(proof, name) for name in counts},
    }


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value))
