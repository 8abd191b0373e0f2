"""The first acts: the sample books, the price that is going to be restated, what that would reach, and its arrival."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from psycopg import Connection

from pipelines.cli.demonstration.cells import Cells, read_cells
from pipelines.cli.demonstration.reports import Report, fingerprint, questions, read_report
from pipelines.cli.demonstration.stage import at_home
from pipelines.cli.demonstration.story import Story
from pipelines.sessions import offset
from sql import query

SYMBOL: Final = "META"
"""Held by the main book alone, and no part of a factor: so the other book must not be touched."""
SESSIONS_BACK: Final = 40
RESTATED_BY: Final = Decimal("1.02")
CORRECTIONS: Final = "corrections.csv"


@dataclass(frozen=True)
class Opening:
    """The books as they were first computed, at `known_at`, and the close that is going to be another.

    moves: portfolio → USD that the restatement adds to its net asset value at the close of `day`, as quantity ×
    multiplier × (new close − old close) of its open lots. report: what the API said of `day` and the latest session.
    """

    portfolios: Mapping[int, str]
    first: date
    latest: date
    day: date
    old_close: Decimal
    new_close: Decimal
    moves: Mapping[int, Decimal]
    known_at: datetime
    cells: Cells
    report: Report

    @property
    def days(self) -> tuple[date, date]:
        """The sessions that reports are about: the restated one and the latest."""
        return self.day, self.latest


def open_books(story: Story) -> Opening:
    """Bring the sample books up to the latest session, and note what is known of them."""
    from pipelines.postgres import Role, connect

    story.step("The sample books, on simulated prices, in a database of their own")
    story.command("up", "--no-serve", shown=5)
    with connect(Role.READER) as connection:
        books = connection.execute(query("demonstration/books")).fetchall()
        first, latest = min(book[2] for book in books), max(book[3] for book in books)
        day = offset(latest, -SESSIONS_BACK)
        found = connection.execute(query("demonstration/lots"), {"symbol": SYMBOL, "session": day}).fetchall()
        known_at = connection.execute(query("api/settle")).fetchall()[0][0]
        cells = read_cells(connection)
    lots = [(portfolio, units, Decimal(str(close))) for portfolio, units, close in found]
    old_close = lots[0][2]
    new_close = round(old_close * RESTATED_BY, 2)
    moves = dict.fromkeys((portfolio for portfolio, *_ in lots), Decimal(0))
    for portfolio, units, _ in lots:
        moves[portfolio] += units * (new_close - old_close)
    report = read_report(questions([book[0] for book in books], (day, latest), known_at))
    story.say(
        f"{len(cells):,} slices are computed, of {first} to {latest}, all of them known at {known_at.isoformat()}"
    )
    story.say(f"the report of that instant, of {day} and {latest}: {len(report)} answers of the API")
    story.say(f"sha256 {fingerprint(report)}")
    names = {book[0]: book[1] for book in books}
    return Opening(names, first, latest, day, old_close, new_close, moves, known_at, cells, report)


def predict(story: Story, opening: Opening) -> str:
    """Name what a restatement would reach, before there is one; returns the cone as JSON."""
    story.step(f"What if the close of {SYMBOL} on {opening.day}, {SESSIONS_BACK} sessions back, was another?")
    asked = ("impact", "--symbol", SYMBOL, "--session", opening.day.isoformat())
    story.command(*asked)
    cone = story.command(*asked, "--json", shown=0)
    portfolios = {portfolio for reached in json.loads(cone)["assets"] for portfolio in reached["portfolios"]}
    holders, others = set(opening.moves), opening.portfolios.keys() - opening.moves.keys()
    story.claim(
        f"of {len(opening.portfolios)} portfolios it reaches those that hold {SYMBOL}, and nobody else",
        portfolios == holders and bool(others),
        f"it reaches {sorted(portfolios)}, {SYMBOL} is held by {sorted(holders)}",
    )
    return cone


def restate(story: Story, opening: Opening, home: Path, predicted: str) -> None:
    """Let the restated close arrive the way a user's own prices do."""
    from pipelines.postgres import Role, connect

    story.step(f"It is: {opening.old_close} becomes {opening.new_close}")
    deliver(opening, home)
    story.say(f"{CORRECTIONS}, read by the asset `prices` of {opening.day} (SIGMASIGHT_PRICE_SOURCE=file):")
    story.quote((home / CORRECTIONS).read_text(encoding="utf-8").splitlines())
    with connect(Role.READER) as connection:
        stored = _close(connection, opening.day)
    story.claim(f"the close of {SYMBOL} is {opening.new_close} now", stored == opening.new_close, stored)
    stale = story.command("impact", "--json", shown=0)
    story.claim("what is stale now is what was predicted, slice for slice", stale == predicted, stale)


def deliver(opening: Opening, home: Path) -> None:
    """Write the restated close to a price file, and materialize `prices` of its session from it, and nothing else."""
    from pipelines.launch import Launch, run

    file = home / CORRECTIONS
    file.write_text(f"symbol,date,close\n{SYMBOL},{opening.day},{opening.new_close}\n", encoding="utf-8")
    with at_home(home, SIGMASIGHT_PRICE_SOURCE="file", SIGMASIGHT_PRICE_FILE=str(file)):
        # Not strict: where nothing is computed yet, prices may come first.
        run(Launch(opening.day, opening.day, "backfill", strict=False), ["prices"])


def _close(connection: Connection[Any], day: date) -> Decimal:
    found = connection.execute(query("demonstration/lots"), {"symbol": SYMBOL, "session": day}).fetchall()
    return Decimal(str(found[0][2]))
