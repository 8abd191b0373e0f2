"""A long range as a sequence of runs: bounded memory, resumed where it was interrupted, with progress."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from time import monotonic
from typing import Any, Final

from psycopg import Connection

from pipelines.launch import Launch, run
from pipelines.sessions import session_range
from sql import query

CHUNK_SESSIONS: Final = 500
"""Sessions of one run: about two years."""

Range = tuple[date, date]


def chunks(start: date, end: date, size: int = CHUNK_SESSIONS) -> list[Range]:
    """Consecutive ranges of at most `size` sessions that make up a range."""
    days = session_range(start, end)
    return [(days[at].item(), days[min(at + size, len(days)) - 1].item()) for at in range(0, len(days), size)]


def resume_at(parts: Sequence[Range], last: tuple[date, date, str] | None) -> int:
    """Which part to begin with: after the last one that succeeded, if the same backfill ended before its end.

    last: range and status of the last backfill of the same portfolios.
    """
    if last is None or (last[0], last[1]) not in parts:
        return 0
    at = parts.index((last[0], last[1]))
    done = at + 1 if last[2] == "succeeded" else at
    return done if done < len(parts) else 0


def backfill(connection: Connection[Any], launch: Launch, say: Callable[[str], None]) -> list[str]:
    """Materialize a range chunk by chunk and return the run ids; what is stored later follows in the last one.

    A backfill that is held to an input hash is one run: the hash is of all of it.
    """
    whole = launch.expect is not None or launch.stale_only
    parts = [(launch.start, launch.end)] if whole else chunks(launch.start, launch.end)
    first = resume_at(parts, _last(connection, launch)) if len(parts) > 1 else 0
    if first:
        say(
            f"going on with part {first + 1} of {len(parts)}: a backfill that ended early has stored the others"
        )
    runs, began = [], monotonic()
    for number, (start, end) in enumerate(parts[first:], start=first + 1):
        if len(parts) > 1:
            left = _left(began, number - 1 - first, len(parts) - number + 1)
            say(f"part {number} of {len(parts)}: {start} to {end}{left}")
        is_last = number == len(parts)
        runs.append(run(replace(launch, start=start, end=end, cascade=launch.cascade and is_last)))
    return runs


def _last(connection: Connection[Any], launch: Launch) -> tuple[date, date, str] | None:
    portfolios = None if launch.portfolio_ids is None else list(launch.portfolio_ids)
    found = connection.execute(query("run/last_backfill"), {"portfolios": portfolios}).fetchall()
    return (found[0][0], found[0][1], found[0][2]) if found else None


def _left(began: float, done: int, parts: int) -> str:
    """How long the remaining parts will take, once one is done."""
    if not done:
        return ""
    seconds = (monotonic() - began) / done * parts
    return f", about {seconds / 60:.0f} min left" if seconds >= 90 else f", about {seconds:.0f} s left"


def left_out(connection: Connection[Any], runs: Sequence[str]) -> dict[int, str]:
    """Portfolios that runs could not compute, with the reason."""
    found: dict[int, str] = {}
    for run_id in runs:
        for (reasons,) in connection.execute(query("run/who_was_left_out"), {"run_id": run_id}).fetchall():
            found |= {int(portfolio): reason for portfolio, reason in reasons.items()}
    return found
