"""A run of one session on a firm's data: it reads its sessions and windows by their indexes, and nothing as a whole."""

from uuid import uuid4

import psycopg
import pytest

from pipelines.postgres import DatabaseUrls
from pipelines.sessions import session_at, session_index
from pipelines.sources.simulated import SimulatedPrices
from pipelines.steps.chain import STEPS, run_step
from pipelines.steps.plan import Request
from pipelines.steps.stale import declare
from pipelines.tables.run import RunRecord, open_run
from tests.plans.conftest import Owner, big_tables
from tests.plans.firm import LARGE, LATEST, LOTS, store
from tests.plans.plan import Plan
from tests.plans.steps import explained
from tests.steps.world import fetch

pytestmark = pytest.mark.long

BOOK = {"positions", "portfolios", "position_tags"}
"""A run of all books reads all lots: these it may."""


def run(urls: DatabaseUrls, first_ix: int, last_ix: int) -> list[Plan]:
    """The plans of a run of the whole chain over a range."""
    request = Request(first_ix, last_ix)
    record = RunRecord(str(uuid4()), "daily", session_at(first_ix), session_at(last_ix))
    with (
        psycopg.connect(urls.pipeline, autocommit=True) as connection,
        explained() as plans,
        open_run(connection, record) as opened,
    ):
        declare(opened.database)
        fetch(opened, SimulatedPrices(), request)
        known_at = opened.input_instant()
        for step in STEPS:
            run_step(opened.database, step, request, known_at)
    return plans


@pytest.fixture(scope="module")
def day(firm: DatabaseUrls, owner: Owner) -> list[Plan]:
    """A new session, and the one before it, whose rows all come out as others."""
    store(owner, LARGE)
    at = session_index(LATEST) + 1
    return run(firm, at - 1, at)


def test_a_run_of_a_day_reads_no_table_as_a_whole(day: list[Plan], owner: Owner) -> None:
    big = big_tables(owner) - BOOK
    assert {"position_pnl", "position_greeks", "factor_betas", "factor_exposures", "prices", "slices"} <= big
    assert [wrong for plan in day for wrong in plan.read_whole(big)] == []
    written = owner.execute(
        "select count(*), count(*) filter (where session > %s) from analytics.position_pnl p"
        " join analytics.commits c using (commit_id) where c.run_id is not null",
        [LATEST],
    ).fetchone()
    assert written == (2 * LARGE.portfolios * LOTS, LARGE.portfolios * LOTS), (
        "rows were replaced, and rows were new"
    )
