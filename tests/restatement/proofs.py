"""What holds after any sequence: the ledger, what was known, the balance, and the same tables as one clean rebuild."""

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import psycopg

from api.reads.statements import reading
from pipelines.calc.factors import FACTORS
from pipelines.verify import Proof, Scope, verify
from tests.restatement.desk import USER
from tests.restatement.runs import Order, compute
from tests.steps.book_case import BookCase
from tests.steps.memory_prices import MemoryPrices
from tests.steps.test_equalities import assert_same
from tests.steps.test_stale import cells
from tests.steps.world import World

_READERS = """
select n.nspname || '.' || p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname in ('book', 'market', 'analytics') and p.proname like '%\\_at' and p.proretset order by 1
"""
_DIGEST = "select md5(coalesce(string_agg(r, chr(10) order by r), '')) from (select {row} as r from {reader}(%s) t) q"
_UNVERSIONED = "(to_jsonb(t) - '{equity_balance,equity_as_of}'::text[])::text"
QUESTIONS = (
    "portfolio",
    "portfolio_history",
    "positions",
    "position_history",
    "metrics",
    "factors",
    "covariance",
)
_ANY_TIME = datetime(2024, 12, 31, 12).astimezone()

_VERSIONS = """
with versions as (
    select session, portfolio_id, commit_id, net_asset_value as nav, daily_pnl as pnl from analytics.snapshots
    union all
    select session, portfolio_id, commit_id, net_asset_value, daily_pnl from analytics.snapshots_history
), ordered as (
    select v.*, c.committed_at, lag(v.nav) over earlier as old_nav, lag(v.pnl) over earlier as old_pnl,
        row_number() over earlier as version
    from versions v join analytics.commits c using (commit_id)
    window earlier as (partition by v.session, v.portfolio_id order by c.committed_at)
)
"""
_NOT_ENTERED = (
    _VERSIONS
    + """
select * from (select * from ordered where version > 1) o
full join analytics.restatements r using (session, portfolio_id, commit_id)
where o.nav is null or r.run_id is null or (o.old_nav, o.nav, o.old_pnl, o.pnl)
    is distinct from (r.old_net_asset_value, r.new_net_asset_value, r.old_daily_pnl, r.new_daily_pnl)
   or cardinality(r.causes) = 0
"""
)
_WRONG_SUMS = (
    _VERSIONS
    + """
select s.session, s.portfolio_id, f.nav, d.nav as moved, s.net_asset_value
from analytics.snapshots s
join ordered f on f.session = s.session and f.portfolio_id = s.portfolio_id and f.version = 1
left join (
    select session, portfolio_id, sum(net_asset_value_change) as nav, sum(daily_pnl_change) as pnl
    from analytics.restatements group by 1, 2
) d on d.session = s.session and d.portfolio_id = s.portfolio_id
where (f.nav + coalesce(d.nav, 0), f.pnl + coalesce(d.pnl, 0)) <> (s.net_asset_value, s.daily_pnl)
"""
)


def check_ledger(world: World) -> None:
    """Every superseded snapshot is entered, from what it was to what it became, and the sums are what moved."""
    assert world.rows(_NOT_ENTERED) == []
    assert world.rows(_WRONG_SUMS) == []


@dataclass
class Memory:
    """What every table reader and some reads of the API said of each instant when it was the present."""

    world: World
    readers: tuple[str, ...] = ()
    said: dict[datetime, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.readers = tuple(name for (name,) in self.world.rows(_READERS))

    def keep(self) -> None:
        """Keep what is said of the present, if anything was committed since."""
        instant = self.world.rows("select max(committed_at) from analytics.commits")[0][0]
        if instant not in self.said:
            self.said[instant] = self._say(instant)

    def check(self) -> None:
        """Every instant is told as it was when it was the present."""
        for instant, said in self.said.items():
            assert self._say(instant) == said, instant

    def check_present(self) -> None:
        """What is said of the newest instant is what is said now."""
        newest = self.world.rows("select max(committed_at) from analytics.commits")[0][0]
        assert self._tables(newest) == self._tables(None)

    def _say(self, instant: datetime) -> dict[str, str]:
        return self._tables(instant) | self._answers(instant)

    def _tables(self, instant: datetime | None) -> dict[str, str]:
        found = {}
        for reader in self.readers:
            row = _UNVERSIONED if reader == "book.portfolios_at" else "t::text"
            found[reader] = self.world.rows(_DIGEST.format(row=row, reader=reader), [instant])[0][0]
        return found

    def _answers(self, instant: datetime) -> dict[str, str]:
        """Digests of the answers about each portfolio, as of the end of what was stored at the instant."""
        stored = self.world.rows(
            "select portfolio_id, max(session) from analytics.snapshots_at(%s) group by 1 order by 1",
            [instant],
        )
        return {
            f"{name} of {portfolio}": self._answer(name, portfolio, as_of, instant)
            for portfolio, as_of in stored
            for name in QUESTIONS
        }

    def _answer(self, name: str, portfolio: int, as_of: date, instant: datetime) -> str:
        asked = reading(f"api/{name}", past=True)
        lot = self.world.rows(
            "select min(id) from book.positions_at(%s) where portfolio_id = %s", [instant, portfolio]
        )
        params: dict[str, Any] = {
            "user_id": USER, "portfolio_id": portfolio, "as_of": as_of, "known_at": instant, "now": _ANY_TIME,
            "limit": 500, "position_id": lot[0][0] if name == "position_history" else None,
            "factors": [f.code for f in FACTORS], "names": [f.name for f in FACTORS],
            "proxies": [f.proxy for f in FACTORS],
        }  # fmt: skip
        with psycopg.RawCursor(self.world.owner) as cursor:
            row = cursor.execute(asked.text, [params.get(each) for each in asked.names]).fetchone()
        assert row is not None
        return hashlib.md5(str(row[-2]).encode()).hexdigest()  # noqa: S324


def stored(world: World) -> dict[tuple[str, int, date], tuple[object, ...]]:
    """Input hash and digest of every stored slice."""
    return cells(world)


def prove(world: World) -> Proof:
    with psycopg.connect(world.urls.reader) as connection:
        return verify(connection, Scope())


NOBODY = BookCase(portfolios=())
_INPUTS = (
    *(f"book.{name}" for name in ("portfolios", "positions", "private_marks", "cash_flows")),
    *(f"market.{name}" for name in ("prices", "securities", "short_interest", "splits")),
)


def check_rebuild(world: World, clean: World, start: date, end: date) -> None:
    """The same book and the same closes give the same tables, manifest included, in one run of another database."""
    clean.start(NOBODY, MemoryPrices({}))
    with clean.owner.transaction():
        clean.owner.execute("select analytics.begin_commit(null, 'copy')")
        for table in _INPUTS:
            _copy(world, clean, table)
    compute(clean, None, Order(start, end))
    assert_same(world.tables(), clean.tables())


def _copy(world: World, clean: World, table: str) -> None:
    """Copy the rows that are current, ids included, as rows of the commit that has begun."""
    ((names,),) = world.rows(
        "select string_agg(quote_ident(attname), ', ') from pg_attribute where attrelid = %s::regclass"
        " and attnum > 0 and not attisdropped and attname <> 'commit_id'",
        [table],
    )
    ((commit,),) = clean.rows("select analytics.current_commit()")
    with (
        world.owner.cursor() as cursor,
        cursor.copy(f"copy (select {names}, {commit} from {table}) to stdout") as rows,
    ):
        text = b"".join(bytes(part) for part in rows)
    with clean.owner.cursor() as cursor, cursor.copy(f"copy {table} ({names}, commit_id) from stdin") as rows:
        rows.write(text)
