"""Each process is killed at random moments while a history is recomputed: the work is completed all the same.

`KILL_ROUNDS` says how often (default 4, one for each process); `KILL_SEED` repeats a sequence.
"""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from pipelines.catch_up import catch_up
from pipelines.dagster_storage import dagster_environment
from pipelines.postgres import server, start, stop
from pipelines.samples.seed import seed
from pipelines.serve import ROOT, Service, services
from pipelines.sessions import latest_session, offset, utc_now
from pipelines.settings import settings
from sql import migrate

PATIENCE_SECONDS = 420.0
VICTIMS = ("daemon", "code server", "webserver", "PostgreSQL")

pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Stack:
    """The daemon and the web server, kept running: whatever is found dead is started again."""

    logs: Path
    wanted: dict[str, Service]
    environment: dict[str, str]
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def keep_running(self) -> None:
        if not server.is_running(settings().home):
            start()
        for name, service in self.wanted.items():
            if name not in self.running or self.running[name].poll() is not None:
                with (self.logs / service.log_name).open("ab") as log:
                    self.running[name] = subprocess.Popen(
                        service.command,
                        cwd=ROOT,
                        env=self.environment,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )

    def kill(self, victim: str) -> None:
        """Kill -9 one process alone; its children are left as they are."""
        if victim == "PostgreSQL":
            pid = int((settings().home / "postgres" / "postmaster.pid").read_text().split()[0])
        elif victim == "code server":
            pid = self.code_server()
        else:
            pid = self.running[victim].pid
        os.kill(pid, signal.SIGKILL)

    def code_server(self) -> int:
        children = psutil.Process(self.running["daemon"].pid).children(recursive=True)
        return next((c.pid for c in children if "grpc" in c.cmdline()), self.running["daemon"].pid)

    def stop(self) -> None:
        for process in self.running.values():
            family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            for member in family:
                with_suppressed(member.kill)
            process.kill()
            process.wait()


def with_suppressed(act: Callable[[], None]) -> None:
    try:
        act()
    except psutil.NoSuchProcess:
        return


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """The demo books with their history, and the services, on ports of their own."""
    start()
    urls = settings().urls()
    migrate.upgrade(urls.owner)
    latest = latest_session(utc_now())
    with psycopg.connect(urls.intake) as intake:
        seed(intake, latest)
    with psycopg.connect(urls.pipeline) as pipeline:
        catch_up(pipeline, latest)
    _, ui, daemon = services(free_port(), free_port())
    made = Stack(tmp_path, {"webserver": ui, "daemon": daemon}, dagster_environment())
    try:
        made.keep_running()
        yield made
    finally:
        made.stop()
        stop()


@contextmanager
def connection(url: Callable[[], str]) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(url(), autocommit=True, connect_timeout=5) as opened:
        yield opened


def request_after_a_flow(first: date, amount: int) -> int:
    """Change the past (a deposit), and ask for everything after it anew."""
    with connection(lambda: settings().urls().intake) as intake, intake.transaction():
        intake.execute("select analytics.begin_commit(null, 'deposit')")
        intake.execute("insert into book.cash_flows values (1, %s, %s)", [first, amount])
        row = intake.execute(
            "insert into book.run_requests (kind, start_session) values ('recalculate', %s) returning id",
            [first],
        ).fetchone()
        assert row is not None
        return int(row[0])


def succeeded(request: int) -> bool:
    try:
        with connection(lambda: settings().urls().reader) as reader:
            found = reader.execute(
                "select count(*) from analytics.runs where request_id = %s and status = 'succeeded'",
                [request],
            ).fetchone()
    except psycopg.OperationalError:
        return False
    assert found is not None
    return bool(found[0])


def test_killed_processes_lose_and_double_nothing(stack: Stack) -> None:
    rounds = int(os.environ.get("KILL_ROUNDS", "4"))
    seed_of_test = int(os.environ.get("KILL_SEED", str(random.randrange(10**6))))  # noqa: S311
    chance = random.Random(seed_of_test)  # noqa: S311
    print(f"KILL_SEED={seed_of_test}")
    first = offset(latest_session(utc_now()), -100)
    for number in range(rounds):
        victim = VICTIMS[number % len(VICTIMS)]
        request = request_after_a_flow(offset(first, number), 1000 + number)
        delay = chance.uniform(0.0, 15.0)
        time.sleep(delay)
        stack.kill(victim)
        began = time.monotonic()
        while not succeeded(request):
            assert time.monotonic() < began + PATIENCE_SECONDS, (
                f"{victim} killed after {delay:.1f} s: not recovered"
            )
            time.sleep(1.0)
            stack.keep_running()
        print(f"{victim} killed after {delay:.1f} s: done {time.monotonic() - began:.0f} s later")
    with connection(lambda: settings().urls().owner) as owner:
        running = owner.execute("select count(*) from analytics.runs where status = 'running'").fetchone()
        twice = owner.execute(
            "select request_id from analytics.runs where status = 'succeeded' and request_id is not null"
            " group by 1 having count(*) > 1"
        ).fetchall()
    assert running == (0,)
    assert twice == []
    proof = subprocess.run(
        [str(Path(services(1, 2)[1].command[0]).parent / "sigmasight"), "verify"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert proof.returncode == 0, proof.stdout
