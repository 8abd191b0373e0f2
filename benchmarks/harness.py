"""What all benchmarks share: a home of their own, whole processes measured from outside, results as a table."""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from threading import Thread
from typing import IO, Any

import psutil
import psycopg

from pipelines import postgres
from pipelines.postgres.credentials import DatabaseUrls
from pipelines.tables.specs import DERIVED
from sql import migrate

COMMAND = str(Path(sys.executable).with_name("sigmasight"))
_AT_START = psutil.cpu_times()
LIBRARIES = ("numpy", "psycopg", "dagster")


@dataclass(frozen=True)
class Child:
    """A finished process: wall and processor time, the most memory it held, when it printed each line to stderr.

    The database server is another process: its time is in the wall time only.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    output: str
    lines: tuple[tuple[float, str], ...]


class ChildFailedError(RuntimeError):
    """A measured process failed."""


@contextmanager
def own_home() -> Iterator[DatabaseUrls]:
    """A fresh embedded server in a temporary home; every setting but ours is forgotten for the process."""
    for name in [name for name in os.environ if name.startswith(("SIGMASIGHT_", "DAGSTER_", "PG"))]:
        del os.environ[name]
    # Modules compiled once are kept, as on any user's machine.
    for name in ("POLYGON_API_KEY", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="sigmasight-benchmark-", ignore_cleanup_errors=True) as folder:
        os.environ["SIGMASIGHT_HOME"] = folder
        os.environ["SIGMASIGHT_PRICE_SOURCE"] = "simulated"
        urls = postgres.database()
        try:
            migrate.upgrade(urls.owner)
            yield urls
        finally:
            postgres.stop()


def measured(*arguments: str, echo: bool = False) -> Child:
    """Run `sigmasight …` as a user does and wait for it; ChildFailedError if it fails."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        child = subprocess.Popen([COMMAND, *arguments], stdout=output, stderr=subprocess.PIPE, text=True)
        lines: list[tuple[float, str]] = []
        reader = Thread(target=_collect, args=(child.stderr, started, lines, echo))
        reader.start()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
        reader.join()
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        printed = output.read()
    if child.returncode:
        raise ChildFailedError("\n".join(line for _, line in lines[-20:]))
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Child(seconds, usage.ru_utime + usage.ru_stime, peak, printed, tuple(lines))


def _collect(stream: IO[str] | None, started: float, lines: list[tuple[float, str]], echo: bool) -> None:
    for line in stream or ():
        lines.append((time.perf_counter() - started, line.rstrip()))
        if echo:
            print(f"  {lines[-1][0]:7.1f} s {line.rstrip()}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Sample:
    """Several runs of one thing."""

    runs: Sequence[Child]

    @property
    def median(self) -> float:
        """Wall seconds of the middle run."""
        return median(run.seconds for run in self.runs)

    @property
    def peak_bytes(self) -> int:
        """The most memory that any run held."""
        return max(run.peak_bytes for run in self.runs)

    def __str__(self) -> str:
        """Median wall time, its range when there is one, and the median time on the processor."""
        spent = f"{median(run.cpu_seconds for run in self.runs):.1f} s of processor"
        if len(self.runs) == 1:
            return f"{self.median:.1f} s, {spent}"
        seconds = [run.seconds for run in self.runs]
        return f"{self.median:.1f} s ({min(seconds):.1f}–{max(seconds):.1f}), {spent}"


def stored_rows(url: str) -> dict[str, int]:
    """Rows of each derived table and of the manifest."""
    with psycopg.connect(url) as connection:
        return {
            name: count(connection, name) for name in (*[s.qualified for s in DERIVED], "analytics.slices")
        }


def count(connection: psycopg.Connection[Any], table: str) -> int:
    """Rows of a table, exactly."""
    found: int = connection.execute(f"select count(*) from {table}").fetchall()[0][0]  # noqa: S608 - our names
    return found


def last_commit(url: str) -> int:
    """The newest commit: the same before and after a run that wrote no row."""
    with psycopg.connect(url) as connection:
        found: int = connection.execute(
            "select coalesce(max(commit_id), 0) from analytics.commits"
        ).fetchall()[0][0]
        return found


def forget_results(url: str) -> None:
    """Empty everything the pipeline writes; the books stay."""
    with psycopg.connect(url, autocommit=True) as connection:
        named = connection.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables"
            " where schemaname in ('analytics', 'market') and"  # what the code declares stays, as the calendar does
            " tablename not in ('commits', 'sessions', 'assets', 'reaches', 'factor_symbols')"
        ).fetchall()
        connection.execute(f"truncate {', '.join(name for (name,) in named)}")
        connection.execute("vacuum")


def report(title: str, rows: Sequence[tuple[str, str]]) -> None:
    """Print a result as a Markdown table, with what it ran on."""
    print(f"\n### {title}\n\n| | |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")
    print(f"\n{environment()}")


def environment() -> str:
    """Machine and versions in one line; stolen: what other machines took of the processors since the start."""
    with psycopg.connect(postgres.database().owner) as connection:
        server = connection.info.server_version // 10000
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {_stolen():.0%} stolen, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"PostgreSQL {server}, {libraries}"
    )


def _stolen() -> float:
    now = psutil.cpu_times()
    if not hasattr(now, "steal"):
        return 0.0
    spent = sum(now) - sum(_AT_START)
    return float((now.steal - _AT_START.steal) / spent) if spent else 0.0


def gigabytes(size: int) -> str:
    """A size in GB (10⁹ bytes)."""
    return f"{size / 1e9:.2f} GB"


def free_space(needed: int) -> None:
    """Refuse to start what will not fit on the disk."""
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < needed:
        raise SystemExit(f"this needs {gigabytes(needed)} of disk below {tempfile.gettempdir()}")
