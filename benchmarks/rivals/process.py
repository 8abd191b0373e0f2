"""A rival in a process of its own, which runs when told to: rounds go through all, so that noise meets all.

The process imports nothing but what its rival needs, and what it holds is the rival's alone.
"""

import gc
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from statistics import median
from typing import Any

import psutil

from benchmarks.rivals.rival import Answer, Prepared, WrongAnswerError, compare

OURS = "ours"
SLOW_SECONDS = 10.0
"""A faster rival's timed call comes after one that is not: the memory that another process has just given back is put
together into large pages by the operating system first, which takes longer than some kernels."""


@dataclass(frozen=True)
class Task:
    """What is computed by all: importable functions, as the process calls them.

    inputs: of a size.   reference: ours, with an answer to compare the others with.   rivals: by name, OURS among them.
    """

    inputs: Callable[[int], Any]
    reference: Callable[[Any], Prepared]
    rivals: dict[str, Callable[[Any], Prepared]]
    rtol: float
    atol: float


@dataclass(frozen=True)
class First:
    """What a rival's first call took and came to.

    peak_bytes: the most memory held meanwhile beyond what was held before it.   scale: what its times are multiplied
    by, if it does but a sample.
    """

    seconds: float
    peak_bytes: int
    scale: float
    note: str
    agrees: bool
    difference: str


@dataclass
class Racer:
    """A rival's process, and what it has measured."""

    name: str
    connection: Connection
    first: First
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Seconds of the whole task, the middle one of the runs."""
        return median(self.seconds)

    def run(self) -> None:
        """One timed run; EOFError when the process has died."""
        self.connection.send("run")
        self.seconds.append(float(self.connection.recv()) * self.first.scale)


@contextmanager
def racing(task: Task, size: int, name: str) -> Iterator[Racer]:
    """Start a rival's process; its first call has been made when it comes back: whatever compiles is compiled."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, task, size, name), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Racer(name, ours, ours.recv())
    finally:
        ours.close()
        process.join()


def _serve(connection: Connection, task: Task, size: int, name: str) -> None:
    given = task.inputs(size)
    try:
        prepared = task.rivals[name](given)
    except ImportError as missing:
        connection.send(First(0.0, 0, 1.0, "", agrees=False, difference=str(missing)))
        return
    with _watched() as peak:
        started = time.perf_counter()
        found = prepared.run()
        seconds = time.perf_counter() - started
    scale = 1.0 if prepared.columns is None else size / len(prepared.columns)
    is_ours = task.rivals[name] is task.rivals[OURS]
    agreed, difference = (True, "") if is_ours else _check(task, given, prepared, found)
    del found
    connection.send(First(seconds, peak[0], scale, prepared.note, agreed, difference))
    while True:
        try:
            connection.recv()
        except EOFError:
            return
        if seconds < SLOW_SECONDS:
            prepared.run()  # not timed: see SLOW_SECONDS
        connection.send(_timed(prepared))


def _timed(prepared: Prepared) -> float:
    gc.collect()  # memory of the answer before has been given back, as between any two uses
    started = time.perf_counter()
    found = prepared.run()
    seconds = time.perf_counter() - started
    del found
    return seconds


def _check(task: Task, given: Any, prepared: Prepared, found: Any) -> tuple[bool, str]:
    """Compare with ours: whether it is the same, and how far apart."""
    mine = task.reference(given)
    expected: Answer = mine.answer(mine.run())
    if prepared.columns is not None:
        expected = {name: values[:, prepared.columns] for name, values in expected.items()}
    try:
        return True, compare(expected, prepared.answer(found), task.rtol, task.atol)
    except WrongAnswerError as wrong:
        return False, str(wrong)


@contextmanager
def _watched() -> Iterator[list[int]]:
    """The most memory held meanwhile beyond what was held before, looked at every few milliseconds."""
    process, done = psutil.Process(), threading.Event()
    before = process.memory_info().rss
    peak = [0]

    def look() -> None:
        while True:
            peak[0] = max(peak[0], process.memory_info().rss - before)
            if done.wait(0.002):
                return

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()
        peak[0] = max(peak[0], process.memory_info().rss - before)
