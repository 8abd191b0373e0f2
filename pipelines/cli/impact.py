"""`sigmasight impact`: what a change reaches, before anything is recomputed."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.errors import SigmaSightError

if TYPE_CHECKING:
    from pipelines.impact import Impact

_DAY = ["%Y-%m-%d"]
PORTFOLIOS_SHOWN = 10


def impact(
    start: Annotated[datetime | None, typer.Option(formats=_DAY, help="First session shown.")] = None,
    end: Annotated[datetime | None, typer.Option(formats=_DAY, help="Last session shown.")] = None,
    portfolio: Annotated[
        list[int] | None, typer.Option(help="Show this portfolio id alone; repeatable.")
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="What if this symbol's close was restated …")] = None,
    session: Annotated[datetime | None, typer.Option(formats=_DAY, help="… of this session?")] = None,
    position: Annotated[int | None, typer.Option(help="What if this position was edited?")] = None,
    code: Annotated[str | None, typer.Option(help="What if this asset was computed by other code?")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON document.")] = False,
) -> None:
    """Name what is stale: every slice that changes not yet recomputed may reach; or those of a change thought of."""
    from pipelines.impact import Change, read_impact
    from pipelines.postgres import Role, connect, running_database

    if (symbol is None) != (session is None):
        raise SigmaSightError("a price is of a --symbol and a --session: give both")
    if sum(given is not None for given in (symbol, position, code)) > 1:
        raise SigmaSightError("one change at a time: a price, a --position, or the --code of an asset")
    asked = Change(symbol, session.date() if session else None, position, code)
    change = None if asked == Change() else asked
    first, last = start.date() if start else date.min, end.date() if end else date.max
    with running_database(), connect(Role.READER) as connection:
        found = read_impact(connection, change, first, last, portfolio)
    if as_json:
        typer.echo(json.dumps({**asdict(found), "cells": found.cells}, default=str, indent=2))
    else:
        for line in lines(found, real=change is None):
            typer.echo(line)


def lines(found: "Impact", *, real: bool) -> Iterator[str]:
    """A cone as a table."""
    if not found.assets:
        yield "nothing is stale" if real else "no stored slice would be reached"
        return
    yield f"{'asset':<18} {'first':<10} {'last':<10} {'portfolios':>10} {'cells':>9}"
    for reached in found.assets:
        count = f"{len(reached.portfolios):,}" if reached.portfolios else "firm"
        yield f"{reached.asset:<18} {reached.first} {reached.last} {count:>10} {reached.cells:>9,}"
    named = ", ".join(map(str, found.portfolios[:PORTFOLIOS_SHOWN])) or "none of its own"
    more = f" and {len(found.portfolios) - PORTFOLIOS_SHOWN} more"
    yield f"portfolios: {named}{more if len(found.portfolios) > PORTFOLIOS_SHOWN else ''}"
    verb = "are stale" if real else "may be another"
    yield f"{found.cells:,} slices {verb} at most"
