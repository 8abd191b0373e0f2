"""The last acts: why the figures changed, what was known before, and that a rebuild from nothing gives the same."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.cli.demonstration.cells import Content, read_contents
from pipelines.cli.demonstration.opening import SYMBOL, Opening, deliver
from pipelines.cli.demonstration.reports import fingerprint, questions, read_report
from pipelines.cli.demonstration.stage import at_home
from pipelines.cli.demonstration.story import Story
from pipelines.sessions import offset
from sql import query


def explain(story: Story, opening: Opening) -> None:
    """Take the change apart, and hold the parts to what the lots and the two closes come to."""
    story.step("Why the figures changed: parts that sum to the change exactly")
    following = offset(opening.day, 1)
    for portfolio, move in opening.moves.items():
        _waterfall(story, opening, portfolio, opening.day, "net_asset_value", move)
        _waterfall(story, opening, portfolio, following, "daily_pnl", -move)
        _ledger(story, opening, portfolio, {opening.day: move, following: Decimal(0)})


def _waterfall(story: Story, opening: Opening, portfolio: int, day: date, metric: str, move: Decimal) -> None:
    """Claim a residual of 0 and the restated close as the one cause."""
    from pipelines.lineage.explain import Question, read_parts
    from pipelines.postgres import Role, connect
    from pipelines.sessions import utc_now

    then = opening.known_at.isoformat()
    asked = ("--portfolio", str(portfolio), "--session", day.isoformat(), "--from", then, "--metric", metric)
    story.command("why", *asked)
    with connect(Role.READER) as connection:
        told = read_parts(connection, Question(portfolio, day, opening.known_at, utc_now()), metric)
    residual = None if told is None else told.residual
    story.claim(f"the residual of {metric} on {day} is 0", residual == 0, residual)
    old, new = opening.old_close, opening.new_close
    story.claim(
        f"its one cause is the close: {move / (new - old):,.0f} × ({new} − {old}) = {move:,.2f} USD",
        told is not None and told.parts == (("restated", SYMBOL, move),),
        None if told is None else told.parts,
    )


def _ledger(story: Story, opening: Opening, portfolio: int, moves: dict[date, Decimal]) -> None:
    """Claim that the ledger has the sessions whose snapshot was replaced, what by, and prices as the cause."""
    since = ("--since", opening.known_at.isoformat())
    story.command("ledger", *since)
    rows = json.loads(story.command("ledger", *since, "--portfolio", str(portfolio), "--json", shown=0))
    entered = {date.fromisoformat(row["session"]): Decimal(row["net_asset_value_change"]) for row in rows}
    story.claim(
        "the ledger names these sessions with these amounts, and prices as the cause",
        entered == moves and all(row["causes"] == ["prices"] for row in rows),
        rows,
    )


def look_back(story: Story, opening: Opening) -> None:
    """Ask the old questions again, and whether the old inputs still give the old figures."""
    story.step(f"What was known at {opening.known_at.isoformat()}")
    again = read_report(list(opening.report))
    story.say(f"before  sha256 {fingerprint(opening.report)}")
    story.say(f"now     sha256 {fingerprint(again)}")
    other = [question for question, body in again.items() if body != opening.report[question]]
    story.claim(
        f"all {len(again)} answers of the old report are the same bytes", not other, ", ".join(other[:3])
    )
    for portfolio, move in opening.moves.items():
        old, new = (
            _value(read_report(questions([portfolio], [opening.day], known_at)))
            for known_at in (opening.known_at, None)
        )
        story.claim(
            f"while the report of now is another: {old:,.2f} is {new:,.2f} USD, by {move:+,.2f}",
            Decimal(str(new)) - Decimal(str(old)) == move,
        )
        which = ("--asset", "snapshots", "--session", opening.day.isoformat(), "--portfolio", str(portfolio))
        for known_at in ((), ("--known-at", opening.known_at.isoformat())):
            printed = story.command("replay", *which, *known_at)
            story.claim("replayed from the inputs its run read it is equal", "equal, bit for bit" in printed)


def _value(report: dict[str, bytes]) -> float:
    (body,) = [body for question, body in report.items() if question.startswith("/portfolio?")]
    found: float = json.loads(body)["net_asset_value"]
    return found


def verify(story: Story) -> None:
    """Prove everything that is stored."""
    story.step("Every stored number, proven")
    printed = story.command("verify")
    story.claim("nothing is broken or stale", "proven: nothing is broken or stale" in printed)


def rebuild(story: Story, opening: Opening, home: Path) -> None:
    """Compute everything from nothing in a fresh database that has known the restated close alone."""
    from pipelines.postgres import Role, connect, running_database

    story.step("The same from nothing: a fresh database that never knew the old close")
    with connect(Role.READER) as connection:
        incremental = read_contents(connection)
    with at_home(home), running_database() as urls:
        _compute_from_nothing(opening, home, urls)
        with connect(Role.READER) as connection:
            whole = read_contents(connection)
            replaced = connection.execute(query("demonstration/replaced_prices")).fetchall()[0][0]
    story.claim("no close was ever replaced in it", replaced == 0, f"{replaced} were")
    equal(story, incremental, whole)


def equal(story: Story, one: dict[str, Content], other: dict[str, Content]) -> None:
    """Claim that two databases hold the same, table by table."""
    story.quote(comparison(one, other))
    differing = [table for table in one if one[table] != other[table]]
    story.claim(
        f"{len(one)} tables, {sum(content.rows for content in one.values()):,} rows: the restated database equals "
        "the rebuilt one, bit for bit",
        not differing,
        f"these differ: {', '.join(differing)}",
    )


def _compute_from_nothing(opening: Opening, home: Path, urls: Any) -> None:
    """The books, then the restated close, then those that are missing, then what is computed from them."""
    import psycopg

    from pipelines.launch import Launch, run
    from pipelines.samples.seed import seed
    from pipelines.steps.chain import STEPS
    from sql import migrate

    migrate.upgrade(urls.owner)
    with psycopg.connect(urls.intake) as intake:
        seed(intake, opening.latest)
    deliver(opening, home)
    # Later sessions are fetched anew, and of the others what nobody has fetched yet: not the restated close.
    run(Launch(offset(opening.day, 1), opening.latest, "backfill", strict=False), ["prices"])
    run(Launch(opening.first, opening.latest, "backfill"), ["securities", "short_interest", *STEPS])


def comparison(one: dict[str, Content], other: dict[str, Content]) -> Iterator[str]:
    """Rows and hash of every table in both."""
    yield f"{'':<28} {'rows':>8} {'sha256, restated':<18} {'rows':>8} {'sha256, rebuilt':<18}"
    for table, left in one.items():
        right = other[table]
        same = "equal" if left == right else "DIFFERENT"
        yield f"{table:<28} {left.rows:>8,} {left.sha256[:16]:<18} {right.rows:>8,} {right.sha256[:16]:<18} {same}"
