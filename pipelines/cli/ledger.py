"""`sigmasight ledger`: what was restated, by how much, by which run, and why."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from pipelines.lineage.restatements import Restatement

MAX_SHOWN: Final = 200
"""Entries listed on a terminal, the newest; `--json` gives all."""


def ledger(
    portfolio: Annotated[
        list[int] | None, typer.Option(help="Limit to this portfolio id; repeatable.")
    ] = None,
    session: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Limit to this session.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="What was restated after this instant (ISO, with offset).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every entry as JSON.")] = False,
) -> None:
    """List the sessions that were restated: old, new and Δ of net asset value and P&L, the run, the causes."""
    from pipelines.cli.instants import instant
    from pipelines.lineage.restatements import read_restatements
    from pipelines.postgres import Role, connect, running_database

    after = None if since is None else instant("--since", since)
    with running_database(), connect(Role.READER) as connection:
        found = read_restatements(connection, portfolio, session.date() if session else None, after)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], default=_plain, indent=2))
    else:
        for line in lines(found):
            typer.echo(line)


def lines(found: Sequence["Restatement"]) -> Iterator[str]:
    """Entries as a table, a block for each run."""
    if not found:
        yield "nothing was restated"
        return
    shown = found[-MAX_SHOWN:]
    if len(shown) < len(found):
        yield f"{len(found) - len(shown):,} older entries; --json lists all"
    run_id = None
    for one in shown:
        if one.run_id != run_id:
            run_id = one.run_id
            yield f"run {run_id}, {one.committed_at.isoformat()}"
            yield f"  {'session':<10} {'portfolio':>9} {'figure':<15} {'old':>18} {'new':>18} {'Δ':>16}  because of"
        where = f"  {one.session} {one.portfolio_id:>9}"
        value = (one.old_net_asset_value, one.new_net_asset_value, one.net_asset_value_change)
        yield f"{where} {_figure('net asset value', *value)}  {', '.join(one.causes)}"
        pnl = (one.old_daily_pnl, one.new_daily_pnl, one.daily_pnl_change)
        yield f"{'':<{len(where)}} {_figure('daily P&L', *pnl)}"


def _figure(name: str, old: Decimal, new: Decimal, change: Decimal) -> str:
    return f"{name:<15} {old:>18,.4f} {new:>18,.4f} {change:>+16,.4f}"


def _plain(value: object) -> str:
    """Amounts to the last digit, as text: a float has not enough of them."""
    return value.isoformat() if isinstance(value, date) else str(value)
