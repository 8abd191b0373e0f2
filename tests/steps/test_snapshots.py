"""What a snapshot is a function of: its input hash holds it, and nothing else."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np

from pipelines.sessions import session_index
from pipelines.steps.book import Book, read_book
from pipelines.steps.known_at import NOW
from pipelines.steps.plan import plan_all
from pipelines.steps.snapshots import snapshots
from pipelines.steps.work import Work
from pipelines.tables.database import Database
from pipelines.tables.store import Batch
from tests.steps.book_case import FIRST, LAST, SESSIONS, BookCase, Lot, Portfolio
from tests.steps.memory_prices import random_walks
from tests.steps.world import World

CASE = BookCase(
    portfolios=(Portfolio(), Portfolio()),
    lots=(
        Lot("AAA", Decimal(100)),
        Lot("BBB", Decimal(-200)),
        Lot("CCC", Decimal(300)),
        Lot("AAA", Decimal(-50), portfolio=2),
    ),
)
LATER = slice(2 * SESSIONS.index(date(2023, 12, 20)) - 2, None)
"""Slices of sessions on which the lots are held; those before are of empty books. Two portfolios a session."""


def of(world: World, book: Book | None = None) -> Batch:
    """The snapshots of both portfolios as they would be computed of a book."""
    database = Database(world.pipeline, "look")
    plan = replace(plan_all(database, [1, 2], None), start_ix=0, end_ix=session_index(LAST))
    ends = np.full(2, session_index(LAST))
    plan = replace(plan, first_ix=plan.inception_ix + 1, last_ix=ends)
    (batch,) = snapshots(Work(database, plan, NOW, given_book=book))
    return batch


def test_issuers_and_types_are_inputs_and_how_they_are_numbered_is_none(world: World) -> None:
    world.start(CASE, random_walks(CASE.instruments)).run(FIRST, LAST)
    stored = world.rows(
        "select input_hash from analytics.slices where asset = 'snapshots' order by session, portfolio_id"
    )
    found = of(world)
    assert [one.tobytes() for one in found.slices.input_hash] == [one for (one,) in stored]
    book = read_book(Database(world.pipeline, "look"), NOW, [1, 2])

    renumbered = of(world, replace(book, factor_column=10 - book.factor_column))
    assert (renumbered.slices.input_hash == found.slices.input_hash).all()

    netting = book.factor_column.copy()
    netting[1] = netting[0]  # BBB is on AAA's issuer
    netted = of(world, replace(book, factor_column=netting))
    first = found.slices.portfolio_id[LATER] == 1
    assert ((netted.slices.input_hash != found.slices.input_hash)[LATER] == first).all()
    assert (
        (netted.data["issuer_gross_exposure"] < found.data["issuer_gross_exposure"])[LATER] == first
    ).all()
    assert (netted.data["gross_exposure"] == found.data["gross_exposure"]).all()

    types = book.lots.type_code.copy()
    types[2] = 1
    retyped = of(world, replace(book, lots=replace(book.lots, type_code=types)))
    assert ((retyped.slices.input_hash != found.slices.input_hash)[LATER] == first).all()
    assert (retyped.data["short_positions"] - found.data["short_positions"])[LATER].tolist() == first.tolist()
