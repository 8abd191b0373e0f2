"""One restated price that one of a firm's portfolios uses: what is stale is recomputed, beside recomputing everything.

Also counted: the slices the recomputation wrote, and that none of them is another portfolio's.
"""

import argparse
import datetime as dt
from uuid import uuid4

import psycopg

from benchmarks.firm_backfill import stages
from benchmarks.firm_book import LAST_SESSION, LOTS, first_session, seed
from benchmarks.harness import Child, Sample, gigabytes, measured, own_home, report
from pipelines.sessions import session_at, session_index
from pipelines.tables.database import Database
from pipelines.tables.specs import PRICES
from pipelines.tables.upsert import record_sessions, upsert

SYMBOL = "ONLYONE"
"""Held by the first portfolio alone."""
_CLOSE = 77.0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--portfolios", type=int, default=100)
    options.add_argument("--sessions", type=int, default=252)
    options.add_argument("--back", type=int, default=40, help="Sessions back from the last that is restated.")
    asked = options.parse_args()
    whole = ("backfill", "--start", str(first_session(asked.sessions)), "--end", str(LAST_SESSION))
    day = session_at(session_index(LAST_SESSION) - asked.back)
    with own_home() as urls:
        seed(urls.intake, asked.portfolios, asked.sessions)
        _hold(urls.intake, first_session(asked.sessions))
        first = measured(*whole, echo=True)
        _restate(urls.pipeline, day)
        said = measured("impact").output.strip().splitlines()[-1]
        one = measured("backfill", "--stale", echo=True)
        wrote = _written(urls.owner)
        if {portfolio for portfolio, _ in wrote} - {None, 1}:
            raise SystemExit(f"slices of other portfolios were written: {wrote}")
        full = measured(*whole, echo=True)
        report(
            f"restatement: one price, {asked.back} sessions back, of one of {asked.portfolios:,} portfolios "
            f"× {LOTS} lots × {asked.sessions} sessions",
            [
                ("first materialization", str(Sample([first]))),
                ("everything recomputed", str(Sample([full]))),
                ("what is stale recomputed", str(Sample([one]))),
                ("ratio, whole processes", f"{one.seconds / full.seconds:.3f}"),
                (
                    "ratio, in the assets",
                    f"{_in_assets(one) / _in_assets(full):.3f} ({_in_assets(one):.2f} s)",
                ),
                ("predicted", said),
                (
                    "slices written",
                    ", ".join(f"{_name(portfolio)}: {number:,}" for portfolio, number in wrote),
                ),
                ("peak memory of the process", gigabytes(one.peak_bytes)),
            ],
        )


def _hold(url: str, start: dt.date) -> None:
    """Give the first portfolio a lot of a symbol that nobody else holds."""
    with psycopg.connect(url) as connection:
        connection.execute("select analytics.begin_commit(null, 'benchmark')")
        connection.execute(
            "insert into book.positions (portfolio_id, symbol, asset_class, position_type, quantity, entry_price,"
            " entry_date, multiplier) values (1, %s, 'PUBLIC', 'LONG', 100, 50, %s, 1)",
            [SYMBOL, start],
        )


def _restate(url: str, day: dt.date) -> None:
    """Store another close, as a run that fetches it does."""
    with psycopg.connect(url, autocommit=True) as connection:
        database = Database(connection, str(uuid4()))
        with database.transaction():
            rows = database.columns(PRICES.columns, "market/sessions_rows", {"sessions": [day]})
            chosen = rows["symbol"] == SYMBOL
            row = {name: values[chosen].copy() for name, values in rows.items()}
            if len(row["close"]) != 1:
                raise SystemExit(f"{SYMBOL} has no close on {day}")
            row["close"][:] = _CLOSE
            upsert(database, PRICES, row)
            rows["close"][chosen] = _CLOSE
            record_sessions(database, PRICES, rows)


def _written(url: str) -> list[tuple[int | None, int]]:
    """Slices that the last run wrote, by portfolio."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select s.portfolio_id, count(*) from analytics.slices s where s.run_id ="
            " (select run_id from analytics.runs order by started_at desc limit 1) group by 1 order by 1 nulls first"
        )
        return [(row[0], row[1]) for row in found.fetchall()]


def _name(portfolio: int | None) -> str:
    return "the firm" if portfolio is None else f"portfolio {portfolio}"


def _in_assets(run: Child) -> float:
    """Seconds between the first asset's end and the last one's."""
    return sum(seconds for name, seconds in stages(run) if name != "end" and not name.startswith("start"))


if __name__ == "__main__":
    main()
