"""How a backfill grows: whole processes for ever more portfolios, and for ever more sessions, with the exponent.

All sizes run in turn, as often as `--runs` says, from empty tables. An exponent of 1 is time in proportion to size:
the slope of a line through the logarithms by least squares. Starting a process takes the same for any size and would
make it look smaller. So a run without a book over the same sessions is measured, too, and the exponent is given of
the whole and of what is left when that has been taken away.     `uv run python -m benchmarks.growth`
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from statistics import linear_regression, median

import psycopg

from benchmarks.firm_backfill import BYTES_PER_LOT_SESSION
from benchmarks.firm_book import LAST_SESSION, LOTS, first_session, seed
from benchmarks.harness import Child, Sample, free_space, gigabytes, measured, own_home, report

PORTFOLIOS, SESSIONS = (50, 200, 800), (63, 252, 1_008)
SESSIONS_OF_PORTFOLIOS, PORTFOLIOS_OF_SESSIONS = 63, 50
FULL_PORTFOLIOS, FULL_SESSIONS = (100, 1_000, 4_000), (63, 252, 1_008)
FULL_SESSIONS_OF_PORTFOLIOS, FULL_PORTFOLIOS_OF_SESSIONS = 252, 1_000

LEAST_SESSIONS = 40


@dataclass
class Size:
    """Runs of one size, and of no book over the same sessions."""

    portfolios: int
    sessions: int
    runs: list[Child]
    empty: list[Child]

    @property
    def seconds(self) -> float:
        """Wall seconds of the whole process."""
        return Sample(self.runs).median

    @property
    def net_seconds(self) -> float:
        """Wall seconds beyond those of a run without a book."""
        return self.seconds - Sample(self.empty).median

    @property
    def cpu_seconds(self) -> float:
        """Processor seconds of the process beyond those of a run without a book."""
        return median(run.cpu_seconds for run in self.runs) - median(run.cpu_seconds for run in self.empty)

    @property
    def peak_bytes(self) -> int:
        """The most memory that any run held."""
        return Sample(self.runs).peak_bytes


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--portfolios", type=int, nargs="*", help="Numbers of portfolios to compare.")
    options.add_argument("--sessions", type=int, nargs="*", help="Numbers of sessions to compare.")
    options.add_argument("--sessions-of-portfolios", type=int, help="Sessions while portfolios grow.")
    options.add_argument("--portfolios-of-sessions", type=int, help="Portfolios while sessions grow.")
    options.add_argument("--full", action="store_true", help="A firm's sizes: about 130 GB of disk, hours.")
    options.add_argument("--runs", type=int, default=1)
    asked = options.parse_args()
    full = asked.full
    portfolios = _given(asked.portfolios, FULL_PORTFOLIOS if full else PORTFOLIOS)
    sessions = _given(asked.sessions, FULL_SESSIONS if full else SESSIONS)
    width = asked.sessions_of_portfolios or (FULL_SESSIONS_OF_PORTFOLIOS if full else SESSIONS_OF_PORTFOLIOS)
    books = asked.portfolios_of_sessions or (FULL_PORTFOLIOS_OF_SESSIONS if full else PORTFOLIOS_OF_SESSIONS)
    if min(width, *sessions, LEAST_SESSIONS) < LEAST_SESSIONS:
        options.error(f"some options of the book expire before its last {LEAST_SESSIONS} sessions")
    by_portfolios = [Size(number, width, [], []) for number in portfolios]
    by_sessions = [Size(books, number, [], []) for number in sessions]
    largest = max((size.portfolios * size.sessions for size in (*by_portfolios, *by_sessions)), default=0)
    free_space(largest * LOTS * BYTES_PER_LOT_SESSION)
    for _ in range(asked.runs):
        for size in (*by_portfolios, *by_sessions):
            measure(size)
    with own_home():  # whose server's version is part of the report
        if by_portfolios:
            _report(f"growth in portfolios, of {width} sessions", "portfolios", by_portfolios, portfolios)
        if by_sessions:
            _report(f"growth in sessions, of {books} portfolios", "sessions", by_sessions, sessions)


def _given(asked: list[int] | None, default: Sequence[int]) -> list[int]:
    return list(default) if asked is None else sorted(asked)


def measure(size: Size) -> None:
    """One run of a size in a home of its own, and before it one without a book that finds its prices stored."""
    backfill = ("backfill", "--start", str(first_session(size.sessions)), "--end", str(LAST_SESSION))
    with own_home() as urls:
        measured(*backfill)
        size.empty.append(measured(*backfill))
        seed(urls.intake, size.portfolios, size.sessions)
        with psycopg.connect(urls.owner, autocommit=True) as connection:
            connection.execute("vacuum analyze")
        size.runs.append(measured(*backfill, echo=True))


def _report(title: str, unit: str, sizes: list[Size], grown: list[int]) -> None:
    rows = [
        (
            f"{count:,} {unit}",
            f"{Sample(size.runs)}; {size.net_seconds:.1f} s ({size.cpu_seconds:.1f} s of processor) beyond a run "
            f"without a book; {gigabytes(size.peak_bytes)}",
        )
        for count, size in zip(grown, sizes, strict=True)
    ]
    if len(set(grown)) > 1:
        rows += [
            ("exponent, whole process", exponent(grown, [size.seconds for size in sizes])),
            ("exponent, beyond a run without a book", exponent(grown, [size.net_seconds for size in sizes])),
            ("exponent, processor, beyond the same", exponent(grown, [size.cpu_seconds for size in sizes])),
            ("exponent of memory", exponent(grown, [float(size.peak_bytes) for size in sizes])),
        ]
    report(title, rows)


def exponent(sizes: Sequence[int], measures: Sequence[float]) -> str:
    """The slope of log measure over log size by least squares, and the slope of each step from one size to the next."""
    if min(measures) <= 0:
        return "not to be told: too small a size"
    x, y = [log(size) for size in sizes], [log(measure) for measure in measures]
    steps = [(y[n + 1] - y[n]) / (x[n + 1] - x[n]) for n in range(len(x) - 1)]
    said = ", ".join(f"{step:.2f}" for step in steps)
    return f"{linear_regression(x, y).slope:.2f} (from one size to the next {said})"


if __name__ == "__main__":
    main()
