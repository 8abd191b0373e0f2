"""Runs of the chain that are disturbed at a statement: an error, a lost connection, an edit, a SIGKILL."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

import psycopg
import pytest

from pipelines.sessions import session_index
from pipelines.steps import chain, work
from pipelines.steps.chain import STEPS, run_step
from pipelines.steps.plan import HoleError, Request
from pipelines.steps.stored import BookChangedError
from pipelines.tables.database import Database
from pipelines.tables.run import Run
from pipelines.tables.store import Prepared, Written
from tests.restatement.vendor import Vendor
from tests.steps.world import World, fetch, open_world

Cells = set[tuple[str, int, date]]
"""Slices: asset, portfolio (0: the whole firm) and session."""


class StoppedError(Exception):
    """Raised in the middle of a run."""


@dataclass(frozen=True)
class Disturbance:
    """What happens just before a run's statement number `at`; nothing if the run has fewer."""

    kind: Literal["error", "lost connection", "kill", "edit"]
    at: int
    edit: Callable[[], object] | None = None

    def __repr__(self) -> str:
        return f"<{self.kind} at {self.at}>"


@dataclass(frozen=True)
class Order:
    """What is run: a range of some portfolios (None: all), or what is stale; all assets, or some. cells: of a chunk."""

    start: date
    end: date
    portfolios: tuple[int, ...] | None = None
    cascade: bool = True
    strict: bool = False
    stale_only: bool = False
    cells: int = 0
    steps: tuple[str, ...] = tuple(STEPS)

    @property
    def request(self) -> Request:
        return Request(
            session_index(self.start),
            session_index(self.end),
            self.portfolios,
            self.cascade,
            self.strict,
            stale_only=self.stale_only,
        )


def compute(world: World, vendor: Vendor | None, order: Order) -> None:
    """One run of the chain, as the assets do it; without a vendor from what is stored."""
    request = order.request
    with pytest.MonkeyPatch.context() as patch, world.opened(order.start, order.end) as run:
        if order.cells:
            patch.setattr(work, "CELLS_PER_CHUNK", order.cells)
        if vendor is not None:
            if not order.stale_only:
                vendor.store_splits(run.database)
            fetch(run, vendor, request)  # type: ignore[arg-type]
        known_at = run.input_instant()
        for name in order.steps:
            run.leave_out(run_step(run.database, name, request, known_at).left_out)


def disturbed(world: World, vendor: Vendor, order: Order, disturbance: Disturbance | None) -> bool:
    """Run it with whatever happens meanwhile; returns whether it came to its end."""
    if disturbance is not None and disturbance.kind == "kill":
        return _killed(world, vendor, order, disturbance.at)
    try:
        with _at_statement(disturbance, world):
            compute(world, vendor, order)
    except HoleError:
        assert order.strict
        return False
    except BookChangedError:
        assert len(order.steps) < len(STEPS), "some assets of a book that has changed are refused"
        return False
    except StoppedError:
        return False
    except psycopg.OperationalError:
        assert disturbance is not None
        assert disturbance.kind == "lost connection"
        assert world.pipeline.closed
        return False
    finally:
        if world.pipeline.closed:
            world.pipeline = psycopg.connect(world.urls.pipeline, autocommit=True)
    return True


@contextmanager
def _at_statement(disturbance: Disturbance | None, world: World) -> Iterator[None]:
    """Let it happen once, just before a statement of the pipeline."""
    count = 0

    def counted(self: Database, name: str, value: object) -> None:
        nonlocal count
        object.__setattr__(self, name, value)
        # A run reads ahead on another thread, at no certain moment: only its own statements are counted.
        own = threading.current_thread() is threading.main_thread()
        if name == "statements" and value and own and disturbance is not None:
            count += 1
            if count == disturbance.at:
                _happen(disturbance, world)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "__setattr__", counted)
        yield


def _happen(disturbance: Disturbance, world: World) -> None:
    if disturbance.kind == "error":
        raise StoppedError
    if disturbance.kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if disturbance.kind == "lost connection":
        with psycopg.connect(world.urls.pipeline, autocommit=True) as other:
            other.execute("select pg_terminate_backend(%s, 5000)", [world.pipeline.info.backend_pid])
    if disturbance.edit is not None:
        disturbance.edit()


def _killed(world: World, vendor: Vendor, order: Order, at: int) -> bool:
    """Run it in a process of its own that is killed before a statement."""
    process = multiprocessing.get_context("fork").Process(target=_die, args=(world, vendor, order, at))
    process.start()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode == 0


def _die(world: World, vendor: Vendor, order: Order, at: int) -> None:
    try:
        with open_world(world.urls) as own, _at_statement(Disturbance("kill", at), own):
            compute(own, vendor, order)
    except HoleError:
        assert order.strict


@dataclass
class Looked:
    """Slices that were predicted once a run knew its inputs, and those it recomputed."""

    predicted: Cells = field(default_factory=set)
    recomputed: Cells = field(default_factory=set)


@contextmanager
def recorded(predict: Callable[[], Cells]) -> Iterator[Looked]:
    """Record what runs look at meanwhile. What a run fetches itself it may predict, too."""
    found = Looked()
    replace: Any = chain.replace  # type: ignore[attr-defined]
    input_instant = Run.input_instant

    def predicted(self: Run) -> datetime:
        found.predicted |= predict()
        return input_instant(self)

    def replaced(database: Database, prepared: Prepared, **how: bool) -> Written:
        batch = prepared.batch
        portfolios, days = batch.slices.portfolio_id.tolist(), batch.slices.session.tolist()
        found.recomputed |= {(batch.spec.name, *each) for each in zip(portfolios, days, strict=True)}
        written: Written = replace(database, prepared, **how)
        return written

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chain, "replace", replaced)
        patch.setattr(Run, "input_instant", predicted)
        yield found
