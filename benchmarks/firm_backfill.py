"""A firm's books from an empty analytics schema in one run, and the next session on top of them.

Measured beside it, on the same server: bare binary COPY of all rows the run wrote into identical tables.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from statistics import fmean, median

import psycopg

from benchmarks.bare_copy import Loaded, bare_copy
from benchmarks.firm_book import LAST_SESSION, LOTS, first_session, seed
from benchmarks.harness import (
    Child,
    Sample,
    free_space,
    gigabytes,
    last_commit,
    measured,
    own_home,
    report,
    stored_rows,
)
from pipelines.sessions import session_at, session_index

BYTES_PER_LOT_SESSION = 2_500
"""Disk: the stored rows, the same rows again in bare tables and as a file, and the log of both."""

_PROGRESS = re.compile(r"^\s*(\w+)\s+[\d,]+ rows written(?: in ([\d.]+) s)?")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--portfolios", type=int, default=1000)
    options.add_argument("--sessions", type=int, default=252)
    options.add_argument("--days", type=int, default=1, help="Sessions run one by one on top.")
    options.add_argument("--no-copy", action="store_true", help="Leave out the bare COPY.")
    options.add_argument(
        "--again", action="store_true", help="Also run the whole range once more, unchanged."
    )
    options.add_argument("--verify", action="store_true", help="Also prove every stored number at the end.")
    asked = options.parse_args()
    free_space(asked.portfolios * LOTS * asked.sessions * BYTES_PER_LOT_SESSION)
    backfill = ("backfill", "--start", str(first_session(asked.sessions)), "--end", str(LAST_SESSION))
    with own_home() as urls:
        seed(urls.intake, asked.portfolios, asked.sessions)
        run = measured(*backfill, echo=True)
        stored = stored_rows(urls.owner)
        prices = _count_prices(urls.owner)
        tables = [*stored, "market.prices"]
        bare = [] if asked.no_copy else [bare_copy(urls.owner, tables)]
        size = f"{asked.portfolios:,} portfolios × {LOTS} lots × {asked.sessions} sessions"
        if asked.again:
            before = last_commit(urls.owner)
            again = measured(*backfill, echo=True)
            wrote = "rows written!" if last_commit(urls.owner) != before else "no row written"
            report(
                f"again, nothing changed: {size}", [("wall", f"{again.seconds:.1f} s, {wrote}"), _peak(again)]
            )
        days = [session_at(session_index(LAST_SESSION) + n) for n in range(1, asked.days + 1)]
        runs = [measured("backfill", "--start", str(day), "--end", str(day), echo=True) for day in days]
        report(f"firm_day: one session on top of {size}", list(_day_rows(runs)))
        if bare:  # once more: the machine may have changed meanwhile
            bare.append(bare_copy(urls.owner, tables))
        report(f"firm_backfill: {size}", list(_backfill_rows(run, stored, prices, bare)))
        if asked.verify:
            proof = measured("verify", echo=True)
            said = proof.output.strip().splitlines()[-1]
            report(f"verify: {size}", [("wall", str(Sample([proof]))), _peak(proof), ("found", said)])


def _backfill_rows(
    run: Child, stored: dict[str, int], prices: int, bare: Sequence[Loaded]
) -> Iterator[tuple[str, str]]:
    yield "wall (processor), whole process", str(Sample([run]))
    if bare:
        mean, each = fmean(one.seconds for one in bare), ", ".join(f"{one.seconds:.1f} s" for one in bare)
        yield (
            "bare COPY of the same rows, right after and at the end",
            f"{each} ({bare[0].rows:,} rows, {gigabytes(bare[0].bytes)}): ours is {run.seconds / mean:.1f}×",
        )
    yield _peak(run)
    for name, seconds in stages(run):
        yield name, f"{seconds:.1f} s"
    yield "rows stored", f"{sum(stored.values()) + prices:,}"
    yield "of these", ", ".join(f"{name.split('.')[1]} {rows:,}" for name, rows in stored.items())


def _day_rows(runs: list[Child]) -> Iterator[tuple[str, str]]:
    yield "wall (processor), whole process", str(Sample(runs))
    yield "of it reading, calculating and writing", f"{median(own(run) for run in runs):.1f} s"
    yield _peak(max(runs, key=lambda run: run.peak_bytes))
    for name, seconds in stages(runs[-1]):
        yield name, f"{seconds:.2f} s"


def _peak(run: Child) -> tuple[str, str]:
    return "peak memory of the process", gigabytes(run.peak_bytes)


def stages(run: Child) -> list[tuple[str, float]]:
    """Seconds from one asset's line of progress to the next; the first one's include the process's start."""
    found: list[tuple[str, float]] = []
    last = 0.0
    for at, line in run.lines:
        if match := _PROGRESS.match(line):
            found.append((match[1] if found else f"start and {match[1]}", at - last))
            last = at
    return [*found, ("end", run.seconds - last)]


def own(run: Child) -> float:
    """Seconds that the derived assets say they took: without the vendor, the checks, Dagster and the start."""
    told = (_PROGRESS.match(line) for _, line in run.lines)
    return sum(float(match[2]) for match in told if match and match[2])


def _count_prices(url: str) -> int:
    with psycopg.connect(url) as connection:
        found: int = connection.execute("select count(*) from market.prices").fetchall()[0][0]
        return found


if __name__ == "__main__":
    main()
