"""A history in the making: how it is edited, run, looked at and, in the end, proven."""

import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Literal

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.restatement import choices as any_of
from tests.restatement import proofs
from tests.restatement.desk import Desk
from tests.restatement.runs import Cells, Disturbance, Order, compute, disturbed, recorded
from tests.restatement.vendor import SESSIONS, Vendor
from tests.steps.memory_prices import MemoryPrices
from tests.steps.test_equalities import check_mirror
from tests.steps.test_stale import predicted, stale_by_recomputation
from tests.steps.world import World

FIRST = SESSIONS[0]
Kill = Literal["error", "lost connection", "kill"]


class History(RuleBasedStateMachine):
    """One history. kills: what a run may be ended by. Databases: of the history, and of its clean rebuilds."""

    def __init__(self, world: World, clean: World, kills: tuple[Kill, ...]) -> None:
        super().__init__()
        self.world, self.clean, self.kills = world, clean, kills
        self.vendor = Vendor()
        self.changes = 0

    @initialize(closed=st.sampled_from([14, 66, 100]))
    def begin(self, closed: int) -> None:
        """Two books, computed through a session: before, or after, the windows are full."""
        self.world.start(proofs.NOBODY, MemoryPrices({}))
        self.world.intake.execute("set lock_timeout = '20ms'")
        self.closed = closed
        self.memory = proofs.Memory(self.world)
        for number in (0, 1):
            assert self.edited(lambda desk, n=number: desk.upload_book(n)) == "done"
        for desk_act in (
            lambda desk: desk.put_mark(1, date(2023, 12, 29), Decimal("5.5")),
            lambda desk: desk.put_mark(2, date(2024, 1, 3), Decimal("6.6")),
            lambda desk: desk.put_flow(1, date(2023, 12, 30), Decimal("1000.0001")),
            lambda desk: desk.put_flow(2, date(2024, 1, 5), Decimal(-20)),
        ):
            assert self.edited(desk_act) == "done"
        self.run(Order(FIRST, self.latest))

    @rule(cells=any_of.CELLS)
    def recomputes_what_is_stale(self, cells: int) -> None:
        """Changed is in recomputed is in predicted, and nothing is stale then."""
        before = proofs.stored(self.world)
        self.look()
        with recorded(lambda: predicted(self.world)) as looked_at:
            self.run(self.stale(cells))
        after = proofs.stored(self.world)
        changed: Cells = {cell for cell in after if after[cell] != before.get(cell)}
        assert changed <= looked_at.recomputed, sorted(changed - looked_at.recomputed)[:9]
        unsaid = looked_at.recomputed - looked_at.predicted
        assert not unsaid, sorted(unsaid)[:9]
        assert after.keys() == before.keys(), "only what was stored"

    def look(self) -> None:
        """What recomputing finds to be stale is known to be."""
        unforeseen = stale_by_recomputation(self.world) - predicted(self.world)
        assert not unforeseen, sorted(unforeseen)[:9]

    def proves_it_all(self) -> None:
        """Brought up to date, by what is stale and what is missing alone, it is what a clean rebuild gives."""
        self.recomputes_what_is_stale(0)
        self.run(Order(self.first_missing(), self.latest))
        if predicted(self.world):
            # Closes told late were fetched for the windows of what was missing.
            self.recomputes_what_is_stale(0)
        assert not (left := predicted(self.world)), sorted(left)[:9]
        assert not (found := proofs.prove(self.world).findings), found[:9]
        proofs.check_rebuild(self.world, self.clean, FIRST, self.latest)
        commits = self.world.rows("select count(*) from analytics.commits")
        compute(self.world, None, Order(FIRST, self.latest))
        assert self.world.rows("select count(*) from analytics.commits") == commits, "a rerun writes nothing"

    def teardown(self) -> None:
        if sys.exc_info()[0] is None and hasattr(self, "memory"):
            self.proves_it_all()
            self.memory.check()
            self.memory.check_present()

    # How it is done.

    @property
    def latest(self) -> date:
        return SESSIONS[self.closed]

    @property
    def portfolios(self) -> int:
        found: int = self.world.rows("select count(*) from book.portfolios")[0][0]
        return found

    def who(self, portfolio: int) -> int:
        return portfolio if portfolio <= self.portfolios else 1

    def past(self, day: date) -> date:
        return min(day, self.latest)

    def session(self, place: int) -> date:
        return SESSIONS[min(place, self.closed)]

    def backfill(
        self, places: tuple[int, int], who: set[int] | None, cascade: bool, strict: bool, cells: int
    ) -> Order:
        chosen = None if who is None else tuple(sorted({self.who(each) for each in who}))
        start, end = self.session(min(places)), self.session(max(places))
        return Order(start, end, chosen, cascade, strict, cells=cells)

    def stale(self, cells: int) -> Order:
        return Order(self.latest, self.latest, stale_only=True, cells=cells)

    def first_missing(self) -> date:
        """The earliest session that a table of a portfolio lacks, or the latest."""
        ((complete,),) = self.world.rows(
            "select min(coalesce((select max(s.session) from analytics.slices s"
            " where s.asset = a.asset and s.portfolio_id = p.id), p.inception_date))"
            " from book.portfolios p cross join analytics.assets a where a.by_portfolio"
        )
        return min(SESSIONS[SESSIONS.index(complete) + 1], self.latest)

    def edited(self, act: Callable[[Desk], object]) -> str:
        desk = Desk(self.world, self.latest)
        return desk.try_to(lambda: act(desk))

    def edits(self, act: Callable[[Desk], object]) -> None:
        outcome = self.edited(act)
        note(outcome)
        check_mirror(self.world)
        if outcome == "done":
            self.count()

    def ask(self, asked: bool, day: date) -> None:
        """Store what the vendor says of a session now, and compute nothing."""
        if asked:
            compute(self.world, self.vendor, Order(day, day, steps=()))
            self.count()

    def count(self) -> None:
        """Every other change is looked at at once: many together hide what is missed of one."""
        self.changes += 1
        if self.changes % 2 == 0:
            self.recomputes_what_is_stale(0)

    def run(self, order: Order, disturbance: Disturbance | None = None) -> bool:
        self.memory.keep()
        done = disturbed(self.world, self.vendor, order, disturbance)
        check_mirror(self.world)
        proofs.check_ledger(self.world)
        self.memory.keep()
        return done
