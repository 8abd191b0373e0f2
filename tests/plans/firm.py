"""Rows shaped like a firm's, made by the server: enough that the planner treats the tables as it would a firm's.

Books of some portfolios are stored for some sessions. Far more lots, commits, stale ranges and superseded rows are
there that no question is about. Values are of no meaning.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from pipelines.calc.factors import FACTOR_CODES
from pipelines.sessions import session_at, session_index
from pipelines.steps.reach import FACTOR_SYMBOLS
from pipelines.tables.specs import DERIVED, MANIFESTED

LATEST = date(2024, 5, 14)
LOTS = 10
LOOKBACK = 160
"""Sessions of prices before the first stored one."""
OTHER_BOOKS = 2_000
"""Portfolios of which nothing is stored yet."""
COMMITS = 6_000
KNOWN_AT = "2024-02-20T12:00:00+00:00"
"""An instant between commits: after those that wrote the rows, before those that replaced every fourth session's."""
LATE = 5_000
"""Commits from here on came after KNOWN_AT."""

BIG = 5_000
"""Rows from which a table is one that no question may read from end to end."""


@dataclass(frozen=True)
class Size:
    """Portfolios whose books are stored, and for how many sessions up to LATEST."""

    portfolios: int
    sessions: int

    @property
    def start(self) -> date:
        return session_at(session_index(LATEST) - self.sessions + 1)


SMALL, LARGE = Size(30, 260), Size(60, 400)

REPLACED = session_at(session_index(SMALL.start) + 188)
"""A session whose rows have been replaced since KNOWN_AT."""

_TABLES = {
    # table: columns, their values, and what these are of
    "analytics.position_pnl": (
        "session, position_id, portfolio_id, price, price_date, is_stale, is_unpriced, is_open,"
        " market_value, daily_pnl, unrealized_pnl",
        "d.session, l.id, l.portfolio_id, 100, d.session, false, false, true, 1000, 1, 1",
        "days d cross join lots l",
    ),
    "analytics.position_greeks": (
        "session, position_id, portfolio_id, model, delta, gamma, theta, vega, delta_adjusted_value",
        "d.session, l.id, l.portfolio_id, 'mock', 1, 0, 0, 0, 1000",
        "days d cross join lots l",
    ),
    "analytics.rolled_equity": (
        "session, portfolio_id, opening_equity, daily_pnl, capital_flow, closing_equity",
        "d.session, p.id, 1000000, 0, 0, 1000000",
        "days d cross join books p",
    ),
    "analytics.risk_metrics": (
        "session, portfolio_id, n_obs_60, n_obs_90, n_obs_ex_ante",
        "d.session, p.id, 60, 90, 60",
        "days d cross join books p",
    ),
    "analytics.snapshots": (
        "session, portfolio_id, net_asset_value, cash, long_exposure, short_exposure, gross_exposure, net_exposure,"
        " daily_pnl, mtd_pnl, ytd_pnl, cumulative_pnl, daily_return, position_count, stale_positions,"
        " unpriced_positions, delta, gamma, theta, vega",
        "d.session, p.id, 1000000, 990000, 10000, 0, 10000, 10000, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0",
        "days d cross join books p",
    ),
    "analytics.factor_exposures": (
        "session, portfolio_id, factor, exposure, delta_adjusted_exposure, dollar_exposure, coverage",
        "d.session, p.id, f.factor, 1, 1, 1000, 1",
        "days d cross join books p cross join factors f",
    ),
    "analytics.factor_returns": (
        "session, factor, factor_return, n_members",
        "d.session, f.factor, 0.001, 1",
        "days d cross join factors f",
    ),
    "analytics.factor_covariance": (
        "session, factor_a, factor_b, covariance",
        "d.session, f.factor, g.factor, 0.01",
        "days d cross join factors f join factors g on f.factor <= g.factor",
    ),
    "analytics.factor_betas": (
        "session, symbol, factor, beta, n_obs, r_squared, std_error",
        "d.session, y.symbol, f.factor, 1, 60, 0.5, 0.1",
        "days d cross join held y cross join factors f",
    ),
    "analytics.slices": (
        "asset, session, portfolio_id, run_id, input_hash, code_version, output_digest, row_count, checked_at",
        "a.name, d.session, p.id, 'old run', decode(md5('in'), 'hex'), '1', decode(md5('out'), 'hex'), 10, now()",
        "days d cross join assets a left join books p on a.by_portfolio",
    ),
}
_OF = """
with books as (
    select id from book.portfolios where name like 'stored %%' order by id offset {after} limit {portfolios}
),
lots as (select q.id, q.portfolio_id, q.symbol from book.positions q join books on books.id = q.portfolio_id),
held as (select unnest(%(symbols)s::text[]) as symbol),
factors as (select unnest(%(factors)s::text[]) as factor),
assets as (select * from unnest(%(assets)s::text[], %(by_portfolio)s::boolean[]) as a(name, by_portfolio)),
days as (
    select session, session_index - {first_index} as n from market.sessions where session between '{start}' and '{end}'
)
"""


def create(owner: psycopg.Connection[Any]) -> None:
    """The book, prices, commits and everything else that no size changes."""
    owner.execute("alter table analytics.commits disable trigger user")
    owner.execute("alter table book.positions disable trigger user")
    owner.execute("alter table book.portfolios disable trigger user")
    owner.execute(
        "insert into analytics.commits (commit_id, committed_at, actor, action) overriding system value"
        " select n, '2024-01-01'::timestamptz + n * interval '20 minutes', 'test', 'test'"
        " from generate_series(1, %s) n",
        [COMMITS],
    )
    owner.execute("alter table analytics.commits alter commit_id restart with 10000")
    for kind, count, inception in (
        ("stored", LARGE.portfolios, session_at(session_index(LARGE.start) - 1)),
        ("other", OTHER_BOOKS, date(2025, 6, 2)),
    ):
        owner.execute(
            "insert into book.portfolios (owner_id, name, initial_equity, inception_date, equity_balance, equity_as_of,"
            " commit_id) select 1, %(kind)s || ' ' || n, 1000000, %(day)s, 1000000, %(day)s, 1 + n"
            " from generate_series(1, %(n)s) n",
            {"kind": kind, "n": count, "day": inception},
        )
        owner.execute(
            "insert into book.positions (portfolio_id, symbol, asset_class, position_type, quantity, entry_price,"
            " entry_date, multiplier, commit_id)"
            " select p.id, (%(symbols)s::text[])[1 + (p.id + l) %% 20], 'PUBLIC', 'LONG', 10, 100,"
            " p.inception_date, 1, p.commit_id"
            " from book.portfolios p cross join generate_series(1, %(lots)s) l"
            " where p.name like %(kind)s || ' %%' order by p.id, l",
            {"kind": kind, "lots": LOTS, "symbols": list(FACTOR_SYMBOLS)},
        )
    owner.execute(
        "insert into market.prices (session, symbol, close, source, commit_id)"
        " select s.session, y.symbol, 100 + s.session_index %% 7, 'simulated', 1 + s.session_index %% 3600"
        " from market.sessions s cross join ("
        " select unnest(%s::text[]) as symbol union all select 'Z' || n from generate_series(1, 140) n) y"
        " where s.session between %s and %s",
        [
            list(FACTOR_SYMBOLS),
            session_at(session_index(LARGE.start) - LOOKBACK),
            LATEST,
        ],
    )
    owner.execute(
        "insert into analytics.stale_ranges (asset, portfolio_id, first_session, last_session, commit_id, cause)"
        " select a.name, p.id, '2030-01-02', null, 5, 'test' from book.portfolios p"
        " cross join unnest(%s::text[]) as a(name) where p.name like 'other %%'",
        [[spec.name for spec in DERIVED]],
    )
    for table in ("analytics.commits", "book.positions", "book.portfolios"):
        owner.execute(f"alter table {table} enable trigger user")


_RECORDED = {
    # table: columns and their values, of each portfolio and 20 days
    "book.cash_flows": ("portfolio_id, flow_date, amount", "p.id, d.day, 5"),
    "book.private_marks": (
        "portfolio_id, symbol, mark_date, price",
        "p.id, (array['ACME', 'ZETA'])[1 + d.n % 2], d.day, 5",
    ),
    "book.price_overrides": (
        "portfolio_id, symbol, session, price",
        "p.id, (array['AAPL', 'MSFT'])[1 + d.n % 2], d.day, 5",
    ),
}


def record(owner: psycopg.Connection[Any]) -> None:
    """Entries of all portfolios, those that have nothing stored too; every fourth was corrected after KNOWN_AT."""
    source = "book.portfolios p cross join (select n, date '2024-01-02' + n as day from generate_series(1, 20) n) d"
    commit, correction = f"1 + (p.id * 7 + d.n * 131) % {LATE - 1500}", f"{LATE} + (p.id + d.n) % 1000"
    for table, (columns, values) in _RECORDED.items():
        owner.execute(f"alter table {table} disable trigger user")
        owner.execute(
            f"insert into {table} ({columns}, commit_id)"
            f" select {values}, case when d.n % 4 = 0 then {correction} else {commit} end from {source}"
        )
        owner.execute(
            f"insert into {table}_history ({columns}, commit_id, superseded_by)"
            f" select {values}, {commit}, {correction} from {source} where d.n % 4 = 0"
        )
        owner.execute(f"alter table {table} enable trigger user")


def store(owner: psycopg.Connection[Any], size: Size, but: Size | None = None) -> None:
    """Results of so many portfolios and sessions; `but`: these are stored already."""
    parts = [(0, size.portfolios, size.start, LATEST)]
    if but is not None:
        before = session_at(session_index(but.start) - 1)
        parts = [
            (0, but.portfolios, size.start, before),
            (but.portfolios, size.portfolios - but.portfolios, size.start, LATEST),
        ]
    for after, portfolios, start, end in parts:
        _store(owner, after, portfolios, start, end, of_all=after == 0)
    owner.execute("vacuum (analyze)")


def _store(
    owner: psycopg.Connection[Any], after: int, portfolios: int, start: date, end: date, *, of_all: bool
) -> None:
    params = {
        "symbols": list(FACTOR_SYMBOLS),
        "factors": sorted(FACTOR_CODES),
        "assets": [spec.name for spec in MANIFESTED if of_all or spec.by_portfolio],
        "by_portfolio": [spec.by_portfolio for spec in MANIFESTED if of_all or spec.by_portfolio],
    }
    given = _OF.format(
        after=after, portfolios=portfolios, first_index=session_index(start), start=start, end=end
    )
    for table, (columns, values, source) in _TABLES.items():
        if not of_all and " books " not in f"{source} " and "lots" not in source:
            continue  # the market's own rows are the same for any number of portfolios
        replaced, late = "d.n %% 4 = 0", f"{LATE} + d.n"
        owner.execute(
            f"{given} insert into {table} ({columns}, commit_id)"
            f" select {values}, case when {replaced} then {late} else 1 + d.n * 9 end from {source}",
            params,
        )
        owner.execute(
            f"{given} insert into {table}_history ({columns}, commit_id, superseded_by)"
            f" select {values}, 1 + d.n * 9, {late} from {source} where {replaced}",
            params,
        )
