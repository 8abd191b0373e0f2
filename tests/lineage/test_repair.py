"""A history of options at multiplier 1: every deviation is the missing 99×, it is repaired, and nothing is lost."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from pipelines.calc.lots import is_option
from pipelines.lineage.deviation import TOLERANCE
from pipelines.lineage.repair import examine
from pipelines.postgres.credentials import Role
from pipelines.steps import work
from pipelines.steps.book import Book, read_book
from tests.lineage.test_ledger import now
from tests.steps.book_case import FIRST, LAST, BookCase, Lot, Portfolio
from tests.steps.memory_prices import random_walks
from tests.steps.world import World

pytestmark = pytest.mark.long

CALL = Lot(
    "AAA", Decimal(10), Decimal("5.5"), option_type="call", strike=Decimal(50), expiry=date(2024, 3, 15)
)
PUT = replace(
    CALL, quantity=Decimal(-3), option_type="put", entry=date(2023, 12, 28), expiry=date(2024, 1, 5)
)
SOLD = replace(CALL, entry=date(2023, 12, 21), exit=date(2024, 1, 9), exit_price=Decimal("7.25"))
CASE = BookCase(
    (Portfolio(), Portfolio(), Portfolio()),
    (Lot(), CALL, PUT, SOLD, Lot("BBB", portfolio=2), replace(CALL, multiplier=Decimal(100), portfolio=3)),
)
"""Portfolio 1 has a stock and three options at multiplier 1, 2 no options, 3 an option as it should be."""


WRONG_IN_BOOK = "select count(*) from book.positions where asset_class = 'OPTION' and multiplier = 1"


def in_the_book(world: World, case: BookCase = CASE, **restated: Any) -> World:
    """The multiplier is wrong in the book, and the history consistent with it."""
    source = random_walks(case.instruments).restated(restated.get("closes", {}))
    world.start(case, source).run(FIRST, LAST)
    return world


def in_the_code(world: World, patch: pytest.MonkeyPatch) -> World:
    """The book is right, and the history of code that ignored the multiplier."""

    def ignoring(*given: Any) -> Book:
        book = read_book(*given)
        of_one = np.where(is_option(book.lots.type_code), 1.0, book.lots.multiplier)
        return replace(book, lots=replace(book.lots, multiplier=of_one))

    lots = tuple(replace(lot, multiplier=Decimal(100 if lot.is_option else 1)) for lot in CASE.lots)
    with patch.context() as old_code:
        old_code.setattr(work, "read_book", ignoring)
        return in_the_book(world, replace(CASE, lots=lots))


@pytest.fixture(params=["book", "code"])
def suppressed(world: World, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> World:
    """A database whose option rows were computed with multiplier 1, equity and net asset value with them."""
    for role in Role:
        monkeypatch.setenv(role.variable, world.urls.of(role))
    return in_the_book(world) if request.param == "book" else in_the_code(world, monkeypatch)


def option_pnl(world: World, portfolio: int) -> Decimal:
    found: Decimal = world.rows(
        "select coalesce(sum(q.daily_pnl), 0) from analytics.position_pnl q"
        " join book.positions p on p.id = q.position_id where p.asset_class = 'OPTION' and q.portfolio_id = %s",
        [portfolio],
    )[0][0]
    return found


def test_every_deviation_is_the_missing_multiple(suppressed: World) -> None:
    before, stored = suppressed.tables(), option_pnl(suppressed, 1)
    _, found = examine(suppressed.pipeline)
    wrong = [one for one in found if one.needs_repair]
    (one,) = [one for one in wrong if one.portfolio_id == 1]
    assert one.is_explained
    assert one.deviation.missing == int(99 * stored * 10_000)
    assert one.deviation.exact == one.deviation.deviating > 20
    assert one.deviation.largest_gap == 0
    assert one.new_value - one.old_value == one.deviation.missing
    assert one.deviation.lots == (2, 3, 4)
    # It wrote nothing.
    assert suppressed.tables() == before
    assert suppressed.rows("select count(*) from analytics.restatements") == [(0,)]


def test_dry_run_apply_reconcile(suppressed: World, typed: Any) -> None:
    stored, old = {p: option_pnl(suppressed, p) for p in (1, 2, 3)}, suppressed.tables()
    wrong_in_book = suppressed.rows(WRONG_IN_BOOK)
    instant = now(suppressed)
    navs = dict(suppressed.rows("select id, equity_balance from book.portfolios"))
    dry = typed("repair")
    assert dry.returncode == 0, dry.stdout + dry.stderr
    assert dry.stdout.endswith("dry run: nothing was written; --apply repairs\n")
    assert suppressed.tables() == old
    done = typed("repair", "--apply")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert f"corrected {wrong_in_book[0][0]} multipliers" in lines
    assert "verified: 0 broken, 0 stale" in lines
    assert lines[-1].endswith("reconciled")
    after = dict(suppressed.rows("select id, equity_balance from book.portfolios"))
    repaired = {1, 3} if wrong_in_book == [(0,)] else {1}
    for portfolio in (1, 2, 3):
        missing = 99 * stored[portfolio] if portfolio in repaired else 0
        assert after[portfolio] - navs[portfolio] == missing
    # The multiple of what was, and what was is still there.
    assert option_pnl(suppressed, 1) == 100 * stored[1]
    then = suppressed.rows("select count(*), sum(net_asset_value) from analytics.snapshots_at(%s)", [instant])
    assert then == [(len(old["snapshots"]), sum(Decimal(row.split("\t")[2]) for row in old["snapshots"]))]
    assert typed("repair").stdout == "nothing to repair: every option row is of its lot's right multiplier\n"


def test_rounded_rows_are_within_a_cent(world: World) -> None:
    option = CALL.instrument
    closes = {(option, date(2024, 1, day)): 3.123456 + day / 7 for day in (2, 3, 4, 5)}
    in_the_book(world, closes=closes)
    _, (one, *_) = examine(world.pipeline, [1])
    assert one.is_explained
    assert 0 < one.deviation.largest_gap <= TOLERANCE
    assert one.deviation.exact < one.deviation.deviating
    assert one.values_agree


def test_what_the_multiplier_does_not_explain_stops_it(
    world: World, typed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for role in Role:
        monkeypatch.setenv(role.variable, world.urls.of(role))
    in_the_book(world)
    world.edit_book("update book.positions set quantity = quantity * 2 where id = 1")  # and never recomputed
    before = world.tables()
    done = typed("repair", "--apply")
    assert done.returncode == 1
    assert "UNEXPLAINED 2023-12-20 position 1" in done.stdout
    assert "NOT applied" in done.stdout
    assert world.tables() == before
    assert world.rows(WRONG_IN_BOOK) == [(3,)]
