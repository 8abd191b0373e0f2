"""Each identity holds on what was computed, and each can fail: an edit by hand breaks exactly the rows it should."""

from datetime import date

import pytest

import sql
from pipelines.tables.database import Database
from pipelines.tables.specs import DERIVED
from pipelines.verify.findings import Scope
from pipelines.verify.identities import EXCUSES, Identity, identities, offenders

DAY, NEXT = "2021-06-01", "2021-06-02"
IDENTITIES = {identity.name: identity for identity in identities()}
FIRST = "session = '2021-04-01'"


def _edit(table: str, change: str, extra: str = "") -> str:
    return f"update analytics.{table} set {change} where session = '{DAY}' and portfolio_id = 1 {extra}"


def _drop(table: str, extra: str = "") -> str:
    return f"delete from analytics.{table} where session = '{DAY}' and portfolio_id = 1 {extra}"


def _snapshot_slice(change: str) -> str:
    return _edit("slices", change, "and asset = 'snapshots'")


# identity: the edits that break it, each with the sessions of portfolio 1 (0: of the firm) it must name
BROKEN: dict[str, list[tuple[str, list[str]]]] = {
    "closing_equity_rolls": [
        (_edit("rolled_equity", "closing_equity = closing_equity + 0.0001"), [DAY]),
        (_edit("rolled_equity", "capital_flow = 0.0001"), [DAY]),
    ],
    "opening_equity_continues": [
        (_edit("rolled_equity", "closing_equity = closing_equity - 0.0001"), [NEXT]),
        (_drop("rolled_equity"), [NEXT]),
        ("update analytics.rolled_equity set opening_equity = 1 where session = '2021-04-01'", ["2021-04-01"]),
    ],
    "portfolio_pnl_is_sum_of_positions": [
        (_edit("position_pnl", "daily_pnl = daily_pnl + 0.0001", "and position_id = 1"), [DAY]),
        (_edit("rolled_equity", "daily_pnl = daily_pnl + 0.0001"), [DAY]),
        (_drop("position_pnl"), [DAY]),
    ],
    "snapshot_is_rolled_equity": [
        (_edit("snapshots", "net_asset_value = net_asset_value + 0.0001"), [DAY]),
        (_edit("snapshots", "daily_pnl = daily_pnl + 0.0001"), [DAY]),
        (_drop("rolled_equity"), [DAY]),
    ],
    "nav_is_long_short_cash": [(_edit("snapshots", "cash = cash + 0.0001"), [DAY])],
    "cash_change_is_explained": [
        (_edit("snapshots", "cash = cash + 0.0001"), [DAY, NEXT]),
        (_edit("rolled_equity", "capital_flow = 1"), [DAY]),
        # the first session: cash was initial equity less the inherited lots
        (f"update analytics.snapshots set cash = cash + 0.0001 where {FIRST}", ["2021-04-01", "2021-04-05"]),
        ("update market.prices set close = close + 1 where symbol = 'AAPL' and session = '2021-03-31'", ["2021-04-01"]),
        ("update book.private_marks set price = 53 where mark_date = '2021-03-20'", ["2021-04-01"]),
        ("update book.price_overrides set price = 232 where session = '2021-03-31'", ["2021-04-01"]),
        ("delete from book.price_overrides where session = '2021-03-31'", ["2021-04-01"]),
        # the cost of a lot on the Monday after its Saturday
        ("update book.positions set entry_price = 55.01 where id = 3", ["2021-04-26"]),
        # an exit's value, an expiry's on the session after it
        (
            "update analytics.position_pnl set price = 1 where position_id = 11 and session = '2021-06-30'",
            ["2021-06-30"],
        ),
        (
            "update analytics.position_pnl set market_value = 1 where position_id = 9 and session = '2021-05-21'",
            ["2021-05-24"],
        ),
    ],
    "snapshots_are_sums_of_lots": [
        (_edit("snapshots", f"{column} = {column} + 0.0001"), [DAY])
        for column in (
            "long_exposure", "short_exposure", "gross_exposure", "net_exposure", "issuer_gross_exposure",
            "unrealized_pnl", "delta_long_exposure", "delta_short_exposure", "delta_gross_exposure",
            "delta_net_exposure", "delta_issuer_gross_exposure",
        )
    ]
    + [
        (_edit("snapshots", f"{column} = {column} + 1"), [DAY])
        for column in (
            "position_count", "stale_positions", "unpriced_positions", "long_positions", "short_positions",
            "lc_positions", "sc_positions", "lp_positions", "sp_positions",
        )
    ]
    + [
        (_edit("snapshots", "delta_issuer_gross_exposure = null"), [DAY]),
        # one call too many, one put too few: the sum is right
        (_edit("snapshots", "lc_positions = lc_positions + 1, lp_positions = lp_positions - 1"), [DAY]),
        (_edit("position_pnl", "market_value = -market_value", "and position_id = 1"), [DAY]),
        (_edit("position_pnl", "unrealized_pnl = unrealized_pnl + 0.0001", "and position_id = 1"), [DAY]),
        (_edit("position_pnl", "is_unpriced = false", "and position_id = 5"), [DAY]),
        (_edit("position_pnl", "is_open = false", "and position_id = 1"), [DAY]),
        (_drop("position_pnl"), [DAY]),
        (_edit("position_greeks", "delta_adjusted_value = null", "and position_id = 8"), [DAY]),
        (_edit("position_greeks", "delta_adjusted_value = 0.0001", "and position_id = 8"), [DAY]),
        (
            "update book.positions set position_type = 'LC', quantity = 5 where id = 9",
            [f"2021-04-{day}" for day in range(12, 31)] + [f"2021-05-{day:02}" for day in range(1, 22)],
        ),
        # a short call that nets with its underlying no more, until it is worth nothing on expiry
        (
            "update book.positions set underlying = 'OTHER' where id = 9",
            [f"2021-04-{day}" for day in range(12, 31)] + [f"2021-05-{day:02}" for day in range(1, 21)],
        ),
    ],
    "option_pnl_is_price_change": [
        (_edit("position_pnl", "daily_pnl = daily_pnl + 0.0002", "and position_id = 8"), [DAY]),
        (_edit("position_pnl", "price = price + 0.01", "and position_id = 8"), [DAY, NEXT]),
        # the first session, from the entry price
        ("update book.positions set entry_price = 2.26 where id = 9", ["2021-04-12"]),
    ],
    "equity_balance_is_latest_closing": [
        ("update book.portfolios set equity_balance = equity_balance + 0.0001 where id = 1", ["2021-07-27"]),
        ("update book.portfolios set equity_as_of = '2021-07-23' where id = 1", ["2021-07-23"]),
        ("delete from analytics.rolled_equity where session = '2021-07-27' and portfolio_id = 1", ["2021-07-27"]),
    ],
    "every_lot_is_priced_or_counted": [
        (_drop("position_pnl", "and position_id = 1"), [DAY]),
        (_edit("position_pnl", "position_id = 3000", "and position_id = 3"), [DAY, DAY]),
        (
            "update book.positions set entry_date = '2021-05-29' where id = 7",
            [f"2021-05-{day}" for day in range(10, 29)],
        ),
        (_edit("position_pnl", "price_date = '2021-05-28'", "and position_id = 1"), [DAY]),
        (_edit("position_pnl", "is_stale = true", "and position_id = 1"), [DAY]),
        (_edit("position_pnl", "is_unpriced = false", "and position_id = 5"), [DAY]),
        (_edit("position_pnl", "is_stale = true, price_date = '2021-05-14'", "and position_id = 1"), [DAY]),
    ],
    "sessions_have_no_holes": [
        ("delete from analytics.slices where asset = 'position_greeks' and portfolio_id = 1 and session between"
         " '2021-06-01' and '2021-06-04'", [DAY]),
        ("delete from analytics.slices where asset = 'risk_metrics' and portfolio_id = 1 and session in"
         " ('2021-06-01', '2021-06-10')", [DAY, "2021-06-10"]),
        ("delete from analytics.slices where asset = 'factor_returns' and session = '2021-07-27'", ["2021-07-27"]),
    ],
    "sessions_are_complete": [
        ("delete from analytics.slices where asset = 'snapshots' and portfolio_id = 1 and session > '2021-07-20'",
         ["2021-07-21"]),
    ],
    "exposures_to_eight_factors": [
        (_drop("factor_exposures", "and factor = 'size'"), [DAY]),
        (_drop("factor_exposures"), [DAY]),
        (_edit("factor_exposures", "factor = 'other'", "and factor = 'size'"), [DAY]),
        (_edit("factor_exposures", "exposure = null", "and factor = 'size'"), [DAY]),
        (_edit("factor_exposures", "reason = 'no_beta'", "and factor = 'size'"), [DAY]),
        (_edit("factor_exposures", "dollar_exposure = null", "and factor = 'size'"), [DAY]),
    ],
    "period_pnl_accumulates": [
        (_edit("snapshots", "mtd_pnl = mtd_pnl + 0.0001"), [DAY, NEXT]),
        (_edit("snapshots", "ytd_pnl = ytd_pnl + 0.0001"), [DAY, NEXT]),
        (_edit("snapshots", "cumulative_pnl = cumulative_pnl + 0.0001"), [DAY, NEXT]),
        # the last session of a month: the next one starts anew
        (
            "update analytics.snapshots set mtd_pnl = 0 where session = '2021-05-28' and portfolio_id = 1",
            ["2021-05-28"],
        ),
    ],
    "returns_chain": [
        (_edit("snapshots", "mtd_return = mtd_return + 1e-9"), [DAY, NEXT]),
        (_edit("snapshots", "ytd_return = ytd_return - 1e-9"), [DAY, NEXT]),
        (_edit("snapshots", "ytd_return = null"), [DAY, NEXT]),
        (_edit("snapshots", "daily_return = -1"), [DAY]),
        (_edit("snapshots", "daily_return = null"), [DAY]),
        # the last session of a month: the next one starts anew
        (
            "update analytics.snapshots set mtd_return = 0 where session = '2021-05-28' and portfolio_id = 1",
            ["2021-05-28"],
        ),
    ],
    "flows_land_on_their_session": [
        (_edit("rolled_equity", "capital_flow = 7"), [DAY]),
        (
            "update book.cash_flows set flow_date = '2021-05-04' where flow_date = '2021-05-01'",
            ["2021-05-03", "2021-05-04"],
        ),
    ],
    "every_lot_has_greeks": [
        (_drop("position_greeks", "and position_id = 1"), [DAY]),
        (_drop("position_pnl", "and position_id = 1"), [DAY]),
    ],
    "slices_are_committed": [
        (_snapshot_slice("run_id = 'nobody'"), [DAY]),
        (_snapshot_slice("commit_id = 987654"), [DAY]),
        (_snapshot_slice("checked_at = checked_at + interval '1 hour'"), [DAY]),
        (_snapshot_slice("checked_at = checked_at - interval '1 hour'"), [DAY]),
        (_snapshot_slice("commit_id = (select min(commit_id) from analytics.commits)"), [DAY]),
    ],
}  # fmt: skip


@pytest.mark.parametrize("identity", identities(), ids=lambda identity: identity.name)
def test_identity_holds_on_what_was_computed(owner: Database, identity: Identity) -> None:
    assert offenders(owner, identity, Scope()).first == ()


@pytest.mark.parametrize(
    ("name", "edit", "named"),
    [(name, edit, named) for name, edits in BROKEN.items() for edit, named in edits],
    ids=[f"{name}-{place}" for name, edits in BROKEN.items() for place in range(len(edits))],
)
def test_identity_names_what_breaks_it(owner: Database, name: str, edit: str, named: list[str]) -> None:
    owner.connection.execute("select analytics.begin_commit(null, 'edit')")
    assert owner.connection.execute(edit).rowcount > 0
    found = offenders(owner, IDENTITIES[name], Scope())
    of_portfolio = [row for row in found.first if row.portfolio_id in (1, None)]
    weekend_free = [day for day in named if date.fromisoformat(day).weekday() < 5]
    assert [str(row.session) for row in of_portfolio] == weekend_free
    assert found.total == len(found.first)
    assert all(row.detail for row in found.first)


def test_a_snapshot_names_the_figures_that_are_not_its_lots(owner: Database) -> None:
    owner.execute(_edit("snapshots", "stale_positions = stale_positions + 1, unrealized_pnl = 0"))
    ((detail, total),) = [
        (row.detail, found.total)
        for found in [offenders(owner, IDENTITIES["snapshots_are_sums_of_lots"], Scope())]
        for row in found.first
    ]
    figures = [figure.split(" is not the lots' ")[0] for figure in detail.split("; ")]
    assert (figures, total) == (["stale_positions 1", "unrealized_pnl 0.0000"], 1)


def test_every_identity_has_a_breaking_edit() -> None:
    assert set(BROKEN) == set(IDENTITIES)


def test_an_identity_says_what_it_is() -> None:
    assets = {spec.name for spec in DERIVED}
    for identity in identities():
        assert identity.statement.endswith("."), identity
        assert identity.asset in assets, identity
        assert identity.excused_by in EXCUSES, identity
        assert sql.check(identity.name).splitlines()[0] == f"-- {identity.statement}"


def test_only_the_scope_is_checked(owner: Database) -> None:
    owner.connection.execute("update analytics.snapshots set cash = cash + 1")
    identity = IDENTITIES["nav_is_long_short_cash"]
    day, until = date(2021, 6, 1), date(2021, 6, 3)
    both = offenders(owner, identity, Scope(day, until))
    assert {(row.session.day, row.portfolio_id) for row in both.first if row.session} == {
        (day, portfolio) for day in (1, 2, 3) for portfolio in (1, 2)
    }
    assert {row.portfolio_id for row in offenders(owner, identity, Scope(day, until, (2,))).first} == {2}


def test_the_offenders_beyond_the_limit_are_counted(owner: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.verify.findings.LIMIT", 5)
    changed = owner.execute("update analytics.snapshots set cash = cash + 1")
    found = offenders(owner, IDENTITIES["nav_is_long_short_cash"], Scope())
    assert (len(found.first), found.total) == (5, changed)
