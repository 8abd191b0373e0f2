"""One book from the shell: 254 sessions of 27 symbols, the whole process; then once more; then with no book."""

import argparse
import datetime as dt
import io

import numpy as np
import psycopg

from api.intake.import_positions import import_portfolio
from api.intake.users import add_user
from benchmarks.harness import (
    Sample,
    forget_results,
    gigabytes,
    last_commit,
    measured,
    own_home,
    report,
    stored_rows,
)
from pipelines.sessions import session_at, session_index
from pipelines.sources.simulation.stocks import close_path
from pipelines.sources.simulation.streams import grid

LAST_SESSION = dt.date(2024, 12, 31)
PREDECESSOR = (686, 894)
"""Seconds the system before this one took for the same."""

STOCKS = ("AAPL", "MSFT", "XOM", "JPM", "KO", "PEP", "NVDA", "AMD", "COST", "WMT", "HD", "DIS", "CAT", "DE")
SHORTS = ("TSLA", "F", "GM", "BA", "NFLX", "INTC")
OPTIONS = ("AAPL", "MSFT", "XOM", "JPM", "NVDA", "TSLA", "KO")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sessions", type=int, default=254)
    options.add_argument("--runs", type=int, default=3)
    asked = options.parse_args()
    start = session_at(session_index(LAST_SESSION) - asked.sessions + 1)
    backfill = ("backfill", "--start", str(start), "--end", str(LAST_SESSION))
    with own_home() as urls:
        measured(*backfill)  # the market's own rows: the empty run finds them stored
        empty = Sample([measured(*backfill) for _ in range(asked.runs)])
        with psycopg.connect(urls.intake) as connection:
            add_user(connection, "benchmark", "no secret", rounds=4)
            inception = session_at(session_index(start) - 1)
            import_portfolio(
                connection, "benchmark", "one", "one.csv", positions(inception), LAST_SESSION, None, inception
            )
        first, again = [], []
        for _ in range(asked.runs):
            forget_results(urls.owner)
            first.append(measured(*backfill))
            before = last_commit(urls.owner)
            again.append(measured(*backfill))
            if last_commit(urls.owner) != before:
                raise SystemExit("the identical run wrote rows")
        full, identical = Sample(first), Sample(again)
        rows = stored_rows(urls.owner)
        report(
            f"one_book: {asked.sessions} sessions × 27 symbols, whole process",
            [
                ("from nothing stored", str(full)),
                (
                    "the predecessor",
                    f"{PREDECESSOR[0]}–{PREDECESSOR[1]} s: {PREDECESSOR[0] / full.median:.0f}× ours",
                ),
                (
                    "again (no row written)",
                    f"{identical}: {identical.median / empty.median:.2f}× empty",
                ),
                ("empty run (no book)", str(empty)),
                ("peak memory of the process", gigabytes(full.peak_bytes)),
                ("rows stored", f"{sum(rows.values()):,}"),
            ],
        )


def positions(inception: dt.date) -> bytes:
    """The book as a user's CSV: 14 stocks, 6 shorts, 7 options, all held at inception."""
    text = io.StringIO("ticker,quantity,entry_price,entry_date,tags\n")
    text.seek(0, io.SEEK_END)
    at = int(np.searchsorted(grid(), np.datetime64(inception)))
    for symbol in (*STOCKS, *SHORTS):
        sign = -1 if symbol in SHORTS else 1
        text.write(f"{symbol},{sign * 500},{close_path(symbol)[at]:.2f},{inception},\n")
    for number, symbol in enumerate(OPTIONS):
        strike = round(float(close_path(symbol)[at])) * 1000
        expiry, right = ("241115", "C") if number % 2 else ("260116", "P")
        text.write(f"{symbol}{expiry}{right}{strike:08d},{5 if number % 3 else -5},4.50,{inception},\n")
    return text.getvalue().encode()


if __name__ == "__main__":
    main()
