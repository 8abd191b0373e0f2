"""The API's reads on a firm's data: every one by its indexes, and none reads more for books it is not about."""

from dataclasses import dataclass

import pytest

from pipelines.postgres import DatabaseUrls
from tests.plans.conftest import Owner, big_tables
from tests.plans.firm import LARGE, SMALL, record, store
from tests.plans.plan import Plan
from tests.plans.reads import Sent, every_read, plan_of, planner


@dataclass(frozen=True)
class Reads:
    """Every statement of the reads, its plan when few books were stored, and with more of them and longer ones."""

    sent: list[Sent]
    small: list[Plan]
    large: list[Plan]


@pytest.fixture(scope="module")
def reads(firm: DatabaseUrls, owner: Owner) -> Reads:
    record(owner)
    store(owner, SMALL)
    sent = every_read(firm)
    with planner(firm.reader) as connection:
        small = [plan_of(connection, one, analyze=True) for one in sent]
    store(owner, LARGE, but=SMALL)
    with planner(firm.reader) as connection:
        large = [plan_of(connection, one, analyze=True) for one in sent]
    return Reads(sent, small, large)


def test_no_read_goes_through_a_whole_table(reads: Reads, owner: Owner) -> None:
    big = big_tables(owner)
    assert {"position_pnl", "position_pnl_history", "prices", "factor_betas", "slices", "commits"} <= big
    recorded = {"cash_flows", "private_marks", "price_overrides"}
    assert recorded | {f"{table}_history" for table in recorded} <= big
    assert len(reads.large) > 70
    assert [wrong for plan in reads.large for wrong in plan.read_whole(big)] == []


def test_no_read_grows_with_other_books_or_older_sessions(reads: Reads) -> None:
    added = LARGE.sessions - SMALL.sessions
    grown = []
    for before, after in zip(reads.small, reads.large, strict=True):
        # The newest session known then is looked for among the portfolio's own, in up to four places.
        allowed = 4 * added if before.name.endswith("(past)") else 0
        # All portfolios' newest snapshots are what an administrator asks for.
        allowed += 100 * (LARGE.portfolios - SMALL.portfolios) if before.name == "/admin/status" else 0
        if after.rows_touched() > before.rows_touched() + allowed + 5:
            grown.append(f"{before.name}: {before.rows_touched()} rows, then {after.rows_touched()}")
    assert grown == []
    assert min(plan.rows_touched() for plan in reads.large if plan.name.startswith("/positions (")) >= 10


@pytest.mark.parametrize(
    ("table", "constraint"),
    [
        ("analytics.position_pnl", "position_pnl_pkey"),
        ("analytics.position_greeks", "position_greeks_pkey"),
        ("analytics.factor_exposures", "factor_exposures_pkey"),
        ("book.positions", "positions_pkey"),
        ("book.cash_flows", "cash_flows_pkey"),
        ("book.private_marks", "private_marks_pkey"),
        ("book.price_overrides", "price_overrides_pkey"),
    ],
)
def test_a_lost_index_is_noticed(
    reads: Reads, owner: Owner, firm: DatabaseUrls, table: str, constraint: str
) -> None:
    users = [sent for sent, plan in zip(reads.sent, reads.large, strict=True) if constraint in plan.indexes()]
    assert users, f"no read uses {constraint}"
    big = big_tables(owner)
    with planner(firm.owner) as connection, connection.transaction(force_rollback=True):
        connection.execute(f"alter table {table} drop constraint {constraint} cascade")
        wrong = [
            found for sent in users for found in plan_of(connection, sent, analyze=False).read_whole(big)
        ]
        assert any(table.split(".")[1] in found for found in wrong)
