"""A dry run is the real run, rolled back: its figures are what is stored then, and nothing of it is left."""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pipelines import launch
from pipelines.launch import Launch, RunFailedError
from pipelines.postgres import DatabaseUrls
from pipelines.rehearsal import METRICS
from pipelines.sessions import session_range
from pipelines.tables.database import Database
from tests.cli.conftest import Command
from tests.steps.book_case import BookCase, Lot, Portfolio, insert

pytestmark = pytest.mark.long

DAYS = session_range(date(2024, 1, 2), date(2024, 1, 12)).tolist()
CASE = BookCase(
    (Portfolio(inception=DAYS[0]), Portfolio(inception=DAYS[0])),
    (Lot("AAPL", entry=DAYS[1]), Lot("MSFT", entry=DAYS[1], portfolio=2), Lot("XOM", entry=DAYS[2])),
)
ALL_DAYS = Launch(DAYS[1], DAYS[-1], "backfill")
Connection = psycopg.Connection[Any]
Figures = dict[tuple[str, int, str], str | None]


@pytest.fixture
def owner(database: DatabaseUrls) -> Iterator[Connection]:
    """Two books, computed, of which the first has been edited since."""
    with (
        psycopg.connect(database.owner, autocommit=True) as connection,
        psycopg.connect(database.intake, autocommit=True) as intake,
    ):
        insert(intake, CASE)
        launch.run(ALL_DAYS)
        edit(intake, "update book.positions set quantity = -350, position_type = 'SHORT' where id = 3")
        yield connection


def edit(intake: Connection, statement: Any) -> None:
    with intake.transaction():
        intake.execute("select analytics.begin_commit(null, 'edit')")
        intake.execute(statement)


def everything(owner: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, the record of runs included."""
    names = owner.execute(
        "select format('%I.%I', schemaname, tablename) from pg_tables"
        " where schemaname in ('book', 'market', 'analytics')"
    ).fetchall()
    return {name: owner.execute(f"select t::text from {name} t order by 1").fetchall() for (name,) in names}


def figures(owner: Connection) -> Figures:
    """Every figure a report compares, as it is stored."""
    found: Figures = {}
    for table, suffix in (("snapshots", ""), ("risk_metrics", ""), ("factor_exposures", "' ' || t.factor")):
        rows = owner.execute(
            f"select t.session::text, t.portfolio_id, m || {suffix or chr(39) * 2}, to_jsonb(t) ->> m"
            f" from analytics.{table} t cross join unnest(%s::text[]) m where to_jsonb(t) ? m",
            [list(METRICS)],
        )
        found |= {(session, portfolio, metric): value for session, portfolio, metric, value in rows}
    return found


@pytest.mark.parametrize(
    "asked",
    [
        ALL_DAYS,
        Launch(DAYS[2], DAYS[4], "backfill"),
        Launch(DAYS[1], DAYS[-1], "stale", (1,), stale_only=True),
    ],
    ids=["all", "a range and what follows", "what is stale"],
)
def test_its_figures_are_what_the_real_run_then_stores_and_nothing_is_left(
    owner: Connection, tmp_path: Path, asked: Launch
) -> None:
    before, stored = everything(owner), figures(owner)
    summary = launch.rehearse(asked, tmp_path / "report.json")
    assert everything(owner) == before
    assert summary["failed_checks"] == []
    launch.run(replace(asked, expect=summary["input_hash"]))
    now = figures(owner)
    report = json.loads((tmp_path / "report.json").read_text())
    rows = {(row["session"], row["portfolio_id"], row["metric"]): row for row in report["rows"]}
    assert {key: row["new"] for key, row in rows.items()} == {k: v for k, v in now.items() if v != stored[k]}
    assert {key: row["old"] for key, row in rows.items()} == {key: stored[key] for key in rows}
    assert {portfolio for _, portfolio, _ in rows} == {1}
    pnl = [row for key, row in rows.items() if key[2] == "daily_pnl"]
    assert float(summary["portfolios"]["1"]["daily_pnl_delta"]) == pytest.approx(
        sum(float(row["new"]) - float(row["old"]) for row in pnl)
    )
    last = str(DAYS[-1])
    assert float(summary["portfolios"]["1"]["last_net_asset_value_delta"]) == pytest.approx(
        float(now[last, 1, "net_asset_value"] or 0) - float(stored[last, 1, "net_asset_value"] or 0)
    )


def test_it_counts_slices_as_the_run_does(owner: Connection, tmp_path: Path) -> None:
    found = launch.rehearse(
        Launch(DAYS[1], DAYS[-1], "stale", (1,), stale_only=True), tmp_path / "report.json"
    )
    sessions = len(DAYS) - 2  # the lot's entry is the third day
    assert found["slices"]["snapshots"] | {"rows_inserted": 0, "rows_superseded": 0} == {
        "new": 0, "changed": sessions, "unchanged": 0, "rows_inserted": 0, "rows_superseded": 0,
    }  # fmt: skip
    whole = launch.rehearse(ALL_DAYS, tmp_path / "whole.json")["slices"]["snapshots"]
    assert (whole["changed"], whole["unchanged"]) == (sessions, 2 * (len(DAYS) - 1) - sessions)


def test_it_fetches_nothing_and_names_the_prices_that_are_missing(
    owner: Connection, database: DatabaseUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(database.intake, autocommit=True) as intake:
        edit(intake, "update book.positions set symbol = 'ZZTOP' where id = 3")

    def refuse(*asked: object) -> None:
        raise AssertionError(asked)

    monkeypatch.setattr("pipelines.sources.simulated.SimulatedPrices.prices", refuse)
    found = launch.rehearse(ALL_DAYS, tmp_path / "report.json")
    lookback = 61  # sessions before inception
    assert found["missing_prices"] == {"ZZTOP": lookback + len(DAYS)}


@pytest.mark.parametrize(
    "change",
    [
        "insert into book.cash_flows values (2, '2024-01-05', 5)",
        "insert into book.price_overrides values (2, 'MSFT', '2024-01-05', 5)",
    ],
    ids=["flow", "override"],
)
def test_a_run_is_held_to_the_inputs_of_its_dry_run(
    owner: Connection, database: DatabaseUrls, tmp_path: Path, change: str
) -> None:
    expected = launch.rehearse(ALL_DAYS, tmp_path / "report.json")["input_hash"]
    with psycopg.connect(database.intake, autocommit=True) as intake:
        edit(intake, change)
    before = figures(owner)
    with pytest.raises(RunFailedError, match="changed since the dry run"):
        launch.run(replace(ALL_DAYS, expect=expected))
    assert figures(owner) == before
    other = launch.rehearse(ALL_DAYS, tmp_path / "report.json")["input_hash"]
    assert other != expected
    launch.run(replace(ALL_DAYS, expect=other))
    assert figures(owner) != before


def test_it_takes_no_lock_and_waits_for_none(
    owner: Connection, database: DatabaseUrls, tmp_path: Path
) -> None:
    """Neither a run that goes on meanwhile nor one that holds a portfolio is waited for; held rows end it at once."""
    with psycopg.connect(database.pipeline) as other:
        other.execute("select pg_advisory_lock(7426002)")
        other.execute("select from book.portfolios for update")
        assert launch.rehearse(ALL_DAYS, tmp_path / "report.json")["differences"] > 0
        other.execute("select from analytics.snapshots for update")
        began = time.monotonic()
        with pytest.raises(RunFailedError, match="lock timeout"):
            launch.rehearse(ALL_DAYS, tmp_path / "report.json")
        assert time.monotonic() - began < 30


def test_one_that_fails_leaves_nothing_either(owner: Connection, tmp_path: Path) -> None:
    before = everything(owner)
    with pytest.raises(RunFailedError, match="there is no portfolio 9"):
        launch.rehearse(replace(ALL_DAYS, portfolio_ids=(9,)), tmp_path / "report.json")
    assert everything(owner) == before
    assert not (tmp_path / "report.json").exists()


@pytest.mark.parametrize("after", [15, 60, 110])
def test_one_that_is_killed_leaves_nothing(owner: Connection, tmp_path: Path, after: int) -> None:
    before = everything(owner)
    process = multiprocessing.get_context("fork").Process(target=_die, args=(after, tmp_path / "report.json"))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert everything(owner) == before


def _die(after: int, report: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:

        def count(self: Database, name: str, value: object) -> None:
            object.__setattr__(self, name, value)
            if name == "statements" and value == after:
                os.kill(os.getpid(), signal.SIGKILL)

        patch.setattr(Database, "__setattr__", count)
        launch.rehearse(ALL_DAYS, report)


def test_the_command_shows_it_and_recomputes_what_is_stale(
    owner: Connection, typed: Command, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    before = everything(owner)
    shown = typed("backfill", "--stale", "--dry-run", "--report", str(report))
    assert shown.returncode == 0, shown.stderr
    assert everything(owner) == before
    assert "nothing was stored" in shown.stdout
    assert "net_asset_value" in shown.stdout
    summary = json.loads(report.read_text())["summary"]
    refused = typed("backfill", "--stale", "--expect", "0" * 32)
    assert refused.returncode == 1
    assert "the inputs hash to" in refused.stderr
    impact = typed("impact")
    assert "are stale at most" in impact.stdout, impact.stderr
    done = typed("backfill", "--stale", "--expect", summary["input_hash"])
    assert done.returncode == 0, done.stderr
    assert "nothing is stale" in typed("backfill", "--stale").stdout
    assert "nothing is stale" in typed("impact").stdout
