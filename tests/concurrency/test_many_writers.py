"""Daily runs, backfills, recalculations and edits at once, from several processes, one of them killed now and then.

Nothing is lost, nothing is doubled: at every instant each portfolio's balance is its latest closing equity, and in
the end every number is proven.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

import psycopg
import pytest

from pipelines.postgres.credentials import DatabaseUrls
from tests.verify.world import START, fill_book, prove, run

PROCESSES, OPERATIONS = 4, 50
SEED = int(os.environ.get("CONCURRENCY_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)

_DIFFERS = """
select p.id, p.equity_balance, p.equity_as_of, latest.session, latest.closing_equity from book.portfolios p
join lateral (
    select r.session, r.closing_equity from analytics.rolled_equity r where r.portfolio_id = p.id
    order by r.session desc limit 1
) latest on (p.equity_balance, p.equity_as_of) is distinct from (latest.closing_equity, latest.session)
"""


@dataclass
class Reader(threading.Thread):
    """Looks at the balances all the time, in single statements."""

    url: str
    looks: int = 0
    wrong: list[tuple[object, ...]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__()

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self.stop.is_set():
                self.wrong += connection.execute(_DIFFERS).fetchall()
                self.looks += 1
                time.sleep(0.002)


@dataclass
class Process:
    """A worker, started again with what is left to do when it was killed."""

    urls: DatabaseUrls
    number: int
    done: int = 0
    lives: int = 0
    child: "subprocess.Popen[str] | None" = None

    def start(self) -> None:
        self.lives += 1
        seed = SEED * 1000 + self.number * 100 + self.lives
        given = (
            self.urls.owner,
            self.urls.intake,
            self.urls.pipeline,
            str(seed),
            str(OPERATIONS - self.done),
        )
        command = [sys.executable, "-m", "tests.concurrency.worker", *given]
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait(self) -> int:
        """Wait until it ends; its exit code."""
        assert self.child
        output, errors = self.child.communicate(timeout=600)
        self.done += len(output.splitlines())
        assert self.child.returncode in (0, -signal.SIGKILL), errors
        return self.child.returncode


@pytest.mark.long
def test_four_processes_two_hundred_operations_one_killed(database: DatabaseUrls) -> None:
    fill_book(database)
    run(database)
    print(f"CONCURRENCY_SEED={SEED}")
    chance = random.Random(SEED)  # noqa: S311
    processes = [Process(database, number) for number in range(PROCESSES)]
    reader = Reader(database.reader)
    reader.start()
    for process in processes:
        process.start()
    kills = 0
    victim = processes[0]
    while victim.done < OPERATIONS:
        time.sleep(chance.uniform(1.0, 4.0))
        assert victim.child
        if kills < 8 and victim.child.poll() is None:
            victim.child.kill()
        if victim.wait() == -signal.SIGKILL:
            kills += 1
            victim.start()
    for process in processes[1:]:
        assert process.wait() == 0
    reader.stop.set()
    reader.join()
    assert kills >= 4
    assert [process.done for process in processes] == [OPERATIONS] * PROCESSES
    assert reader.looks > 100
    assert reader.wrong == []
    assert prove(database).broken == [], "at most stale: edits that nobody has computed yet"
    run(database, start=START, fetch=False)
    assert prove(database).findings == []
