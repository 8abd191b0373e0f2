"""An edited book and a restated price are recomputed by themselves: once, and nobody else's."""

import json
from datetime import date
from typing import Any

import dagster as dg
import psycopg
import pytest

from pipelines.automation.stale import recomputation
from pipelines.catch_up import BY_PORTFOLIO
from pipelines.checks.stale import STALE_CHECK
from pipelines.launch import Launch
from pipelines.sessions import offset
from pipelines.steps import chain
from pipelines.tables.run import RunRecord, open_run
from tests.automation.desk import Desk, new_york

DAY = date(2024, 7, 2)
NOW = new_york(DAY, 18)
INCEPTION = offset(DAY, -6)
EDITED = offset(DAY, -3)


def prepare(desk: Desk) -> None:
    """Two books complete through DAY: the first holds AAPL and XOM, the second MSFT and KO."""
    desk.vendor.publish(DAY)
    for name in ("one", "two"):
        desk.upload(name, INCEPTION, DAY)
    edit(desk, "update book.positions set symbol = case symbol when 'AAPL' then 'MSFT' else 'KO' end"
         " where portfolio_id = 2")  # fmt: skip
    desk.sensors(NOW)
    assert desk.recompute(NOW).skip_reason.skip_message == "nothing is stale"  # type: ignore[union-attr]


@pytest.fixture
def books(prepared_desk: Desk) -> Desk:
    """Those books."""
    prepared_desk.vendor.publish(DAY)
    return prepared_desk


def edit(desk: Desk, statement: Any, *params: object) -> None:
    with desk.intake.transaction():
        desk.intake.execute("select analytics.begin_commit(null, 'edit')")
        desk.intake.execute(statement, params or None)


def commits(desk: Desk, portfolio: int) -> list[tuple[Any, ...]]:
    """Which commit every slice of a portfolio is of."""
    return desk.rows(
        "select asset, session, commit_id from analytics.slices where portfolio_id = %s order by 1, 2",
        portfolio,
    )


def test_an_edited_book_is_recomputed_once_and_alone(books: Desk) -> None:
    before, runs = {p: commits(books, p) for p in (1, 2)}, len(books.ran)
    edit(books, "insert into book.cash_flows values (1, %s, 5)", EDITED)
    books.recompute(NOW)
    assert books.rows(
        "select portfolio_ids, start_session, end_session from analytics.runs where kind = 'stale'"
    ) == [([1], EDITED, DAY)]
    assert commits(books, 2) == before[2]
    changed = {(asset, day) for asset, day, _ in set(commits(books, 1)) - set(before[1])}
    assert {day for _, day in changed} == {offset(EDITED, n) for n in range(4)}
    assert {asset for asset, _ in changed} == set(BY_PORTFOLIO) - {"position_pnl", "position_greeks"}
    for _ in range(3):
        assert books.recompute(NOW).run_requests == []
    assert len(books.ran) == runs + 1


def test_a_restated_price_is_recomputed_for_its_holders(books: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = commits(books, 2)
    close = books.vendor.close
    monkeypatch.setattr(
        books.vendor,
        "close",
        lambda symbol, day: 1.0 if (symbol, day) == ("XOM", EDITED) else close(symbol, day),
    )
    books.vendor.publish(DAY)
    fetch = Launch(EDITED, EDITED, "backfill", cascade=False)
    with monkeypatch.context() as patch:
        patch.setattr(chain, "STEPS", dict.fromkeys(chain.STEPS, lambda work: iter(())))
        patch.setattr(chain, "settle", lambda *asked: None)
        books.execute(dg.RunRequest(run_key="fetch", run_config=fetch.run_config(), tags=fetch.tags()))
    reached = books.rows("select asset from analytics.stale_ranges where portfolio_id = 2 order by 1")
    (request,) = books.recompute(NOW).run_requests or []
    assert request.tags["sigmasight/stale"] == "true"
    # XOM is of the short-interest universe: the second book's risk may be another, and comes out as it was.
    assert reached == [("factor_exposures",), ("risk_metrics",)]
    assert commits(books, 2) == before
    assert books.rows("select price from analytics.position_pnl where session = %s and price = 1", EDITED)
    assert books.recompute(NOW).run_requests == []


def test_requests_and_runs_go_first(books: Desk) -> None:
    edit(books, "insert into book.cash_flows values (1, %s, 5)", EDITED)
    books.request("recalculate", [1], EDITED)
    assert books.recompute(NOW).skip_reason.skip_message == "a request waits for its run"  # type: ignore[union-attr]
    books.sensors(NOW)
    assert books.rows("select kind from analytics.runs where kind = 'stale'") == []
    assert books.recompute(NOW).skip_reason.skip_message == "nothing is stale"  # type: ignore[union-attr]


def test_a_run_under_way_goes_first(books: Desk) -> None:
    edit(books, "insert into book.cash_flows values (1, %s, 5)", EDITED)
    with (
        psycopg.connect(books.urls.pipeline, autocommit=True) as other,
        open_run(other, RunRecord("other", "backfill", DAY, DAY)),
    ):
        assert books.recompute(NOW).skip_reason.skip_message == "a run is under way"  # type: ignore[union-attr]
    assert len(books.recompute(NOW).run_requests or []) == 1


def test_what_stays_stale_after_its_run_is_shown_and_not_run_again(
    books: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(books, "insert into book.cash_flows values (1, %s, 5)", EDITED)
    with monkeypatch.context() as patch:
        patch.setattr(chain, "settle", lambda *asked: None)
        books.recompute(NOW)
    runs = len(books.ran)
    shown = books.recompute(NOW)
    assert {(e.asset_key.to_user_string(), e.check_name, e.passed) for e in shown.asset_events} == {  # type: ignore[union-attr]
        (asset, STALE_CHECK, False)
        for asset in ("rolled_equity", "factor_exposures", "risk_metrics", "snapshots")
    }
    again = books.recompute(NOW)
    assert (again.run_requests, again.asset_events, len(books.ran)) == ([], [], runs)
    edit(books, "insert into book.cash_flows values (1, %s, 7)", offset(EDITED, 1))
    books.recompute(NOW)
    better = books.recompute(NOW)
    assert len(better.asset_events) == 4
    assert all(event.passed for event in better.asset_events)  # type: ignore[union-attr]
    assert json.loads(better.cursor or "")["shown"] == {}


def test_nothing_stale_is_no_run() -> None:
    assert recomputation([], NOW) is None
