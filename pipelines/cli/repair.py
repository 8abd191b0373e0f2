"""`sigmasight repair`: histories of options that were computed with multiplier 1."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines.lineage.repair import Examined, Reconciled

MAX_SHOWN = 20
_UNITS = 10_000


def repair(
    portfolio: Annotated[
        list[int] | None, typer.Option(help="Limit to this portfolio id; repeatable.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Correct the book and compute anew what depends on it.")
    ] = False,
) -> None:
    """Show, and with --apply repair, option rows computed with multiplier 1 instead of 100.

    A dry run without --apply: every deviation must be the missing 99× of the option P&L that is stored. What was
    stored stays in history. Exit 1 if anything deviates for another reason; then nothing is applied.
    """
    from pipelines.lineage.repair import examine
    from pipelines.postgres import Role, connect, running_database

    with running_database():
        with connect(Role.PIPELINE, autocommit=True) as connection:
            since, found = examine(connection, portfolio)
        wrong = [one for one in found if one.needs_repair]
        for one in wrong:
            for line in describe(one):
                typer.echo(line)
        if not wrong:
            typer.echo("nothing to repair: every option row is of its lot's right multiplier")
            return
        if not all(one.is_explained for one in wrong):
            typer.echo("NOT applied: backfill what deviates for another reason first, then repair")
            raise typer.Exit(1)
        if not apply:
            typer.echo("dry run: nothing was written; --apply repairs")
            return
        for done in _apply(wrong, since):
            typer.echo(settle(done))
            if not done.agrees:
                raise typer.Exit(1)


def _apply(wrong: "list[Examined]", since: "datetime") -> "list[Reconciled]":
    """Correct the book, compute anew without fetching, prove all of it, reconcile."""
    from decimal import Decimal

    from api.intake.multipliers import correct_multipliers
    from pipelines.launch import Launch, run
    from pipelines.lineage.deviation import CONTRACT
    from pipelines.lineage.repair import ASSETS, reconcile
    from pipelines.postgres import Role, connect
    from pipelines.settings import settings
    from pipelines.verify import Scope, verify

    with connect(Role.INTAKE, autocommit=True) as intake:
        lots = [lot for one in wrong for lot in one.to_correct]
        typer.echo(f"corrected {correct_multipliers(intake, lots, Decimal(int(CONTRACT)))} multipliers")
    ids = tuple(one.portfolio_id for one in wrong)
    first, last = min(one.first for one in wrong), max(one.last for one in wrong)
    run_id = run(Launch(first, last, "repair", ids), ASSETS)
    typer.echo(f"computed {first} to {last} anew (run {run_id})")
    with connect(Role.READER) as reader:
        proof = verify(reader, Scope(portfolios=ids), settings().risk_free_rate)
    typer.echo(f"verified: {len(proof.broken)} broken, {len(proof.stale)} stale")
    with connect(Role.READER) as reader:
        done = [reconcile(reader, one, since) for one in wrong]
    if proof.broken:
        raise typer.Exit(1)
    return done


def describe(one: "Examined") -> Iterable[str]:
    """Lines of a dry run: what deviates, by how much, and whether the multiplier explains it."""
    found = one.deviation
    change = one.new_value - one.old_value
    yield f"portfolio {one.portfolio_id}, {one.first} to {one.last}: {len(found.lots)} option lots"
    yield f"  rows that deviate       {found.deviating:>20,} of {found.rows:,}"
    yield f"  exactly the missing 99x {found.exact:>20,}; the others within {found.largest_gap / _UNITS:.4f} USD a row"
    yield f"  missing option P&L      {found.missing / _UNITS:>+20,.4f}"
    yield f"  net asset value         {one.old_value / _UNITS:>20,.4f}, with it {one.new_value / _UNITS:,.4f}"
    yield f"  change                  {change / _UNITS:>+20,.4f}"
    if not one.values_agree:
        yield "  UNEXPLAINED net asset values deviate by more than the rows"
    for line in found.unexplained[:MAX_SHOWN]:
        yield f"  UNEXPLAINED {line}"
    if len(found.unexplained) > MAX_SHOWN:
        yield f"  … and {len(found.unexplained) - MAX_SHOWN} more"


def settle(done: "Reconciled") -> str:
    """One line of the reconciliation."""
    verdict = "reconciled" if done.agrees else "NOT reconciled"
    return (
        f"portfolio {done.examined.portfolio_id}: equity balance {done.balance:,.4f}, "
        f"ledger {done.entered:+,.4f} on {done.examined.last} in {done.restated:,} restated sessions: {verdict}"
    )
