"""The two kernels of a firm's run beside what others would do, the fastest kernel known, and the limit.

Rolling betas of 500, 2,000 and 5,000 symbols on 8 factors over 1,260 sessions, with gaps; P&L of 12.6 M positions.
Every rival runs in a process of its own, is compiled before it is timed, and is refused unless its numbers are ours.
Rounds go through all of them.     `uv run --group benchmarks python -m benchmarks.kernels`
"""

import argparse
import os
import platform
import time
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version

from benchmarks.rivals import bandwidth, betas, pnl
from benchmarks.rivals.process import OURS, SLOW_SECONDS, Racer, Task, racing
from pipelines.calc.betas import factor_betas
from pipelines.calc.rolling import WINDOW

BETAS = Task(betas.returns, betas.ours, betas.RIVALS, rtol=1e-8, atol=1e-11)
PNL = Task(pnl.given, pnl.reference, pnl.RIVALS, rtol=1e-9, atol=1.01e-4)
"""Others' money is a float: a tenth of a thousandth, rounded, more or less."""

SLOW_RUNS = 3
LIBRARIES = ("numpy", "numba", "numbagg", "pandas", "polars", "statsmodels")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--symbols", type=int, nargs="*", default=[500, 2_000, 5_000])
    options.add_argument(
        "--portfolios", type=int, default=1_000, help="Of 50 positions × 252 sessions; 0: none."
    )
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--without", nargs="*", default=[], help="Parts of names of rivals to leave out.")
    asked = options.parse_args()
    # Modules compiled once are kept, as on any user's machine.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for symbols in asked.symbols:
        values = symbols * betas.FACTORS * betas.SESSIONS
        read = (symbols + betas.FACTORS) * (betas.SESSIONS + WINDOW - 1)
        limits = {
            "limit: returns read, beta written": (read + values) * 8,
            "limit: returns read, 4 results written": (read + 4 * values) * 8,
        }
        title = f"betas: {symbols:,} symbols × {betas.FACTORS} factors × {betas.SESSIONS:,} sessions"
        race(title, BETAS, symbols, limits, asked.runs, asked.without)
        print(f"\n{_one_session(symbols)}")
    if asked.portfolios:
        cells = asked.portfolios * pnl.LOTS_EACH * pnl.SESSIONS
        read = (pnl.SESSIONS + 1) * pnl.SYMBOLS * 8
        limits = {
            "limit: closes read, 3 columns written": read + cells * 3 * 8,
            "limit: closes read, our 12 columns written": read + cells * (9 * 8 + 3),
        }
        race(f"position P&L: {cells:,} cells", PNL, asked.portfolios, limits, asked.runs, asked.without)
    print(f"\n{environment()}")


def race(title: str, task: Task, size: int, limits: dict[str, int], runs: int, without: list[str]) -> None:
    """Measure all rivals in turns, and print the table."""
    with ExitStack() as stack:
        racers = [
            stack.enter_context(racing(task, size, name))
            for name in task.rivals
            if name == OURS or not any(part in name for part in without)
        ]
        agreeing = [racer for racer in racers if racer.first.agrees]
        speed = bandwidth.bytes_per_second()
        for turn in range(runs):
            for racer in agreeing:
                if turn < SLOW_RUNS or racer.first.seconds < SLOW_SECONDS:
                    racer.run()
        speed = max(speed, bandwidth.bytes_per_second())
        ours = next(racer for racer in agreeing if racer.name == OURS)
        print(f"\n### {title}\n")
        print("| | ms: median (min–max) | ÷ ours | ours ÷ it | first call | memory | furthest from ours | |")
        print("|---|---|---|---|---|---|---|---|")
        for racer in racers:
            print(_row(racer, ours))
        for name, size_of_it in limits.items():
            best = size_of_it / speed
            print(
                f"| {name} | {best * 1e3:.1f} | {best / ours.median:.2f} | {ours.median / best:.1f} | | "
                f"{size_of_it / 1e9:.2f} GB | | at {speed / 1e9:.1f} GB/s |"
            )


def _row(racer: Racer, ours: Racer) -> str:
    if not racer.first.agrees:
        return f"| {racer.name} | refused | | | | | {racer.first.difference} | |"
    spread = f"{racer.median * 1e3:,.0f} ({min(racer.seconds) * 1e3:,.0f}–{max(racer.seconds) * 1e3:,.0f})"
    # A sample's memory says nothing of the whole.
    memory = f"{racer.first.peak_bytes / 1e9:.2f} GB" if racer.first.scale == 1 else ""
    ratios = f"{racer.median / ours.median:.2f} | {ours.median / racer.median:.2f}"
    return (
        f"| {racer.name} | {spread} | {ratios} | {racer.first.seconds:.1f} s | {memory} | "
        f"{racer.first.difference} | {racer.first.note} |"
    )


def _one_session(symbols: int) -> str:
    """The last session by itself: its time, and whether its bits are those of the whole range."""
    assets, factors = betas.returns(symbols)
    last = betas.FIRST_IX + betas.SESSIONS - 1
    whole = factor_betas(assets, factors, betas.FIRST_IX, betas.SESSIONS)
    taken = []
    for _ in range(7):
        started = time.perf_counter()
        alone = factor_betas(assets[-WINDOW:], factors[-WINDOW:], last, 1)
        taken.append(time.perf_counter() - started)
    if any(one.tobytes() != every[-1:].tobytes() for one, every in zip(alone, whole, strict=True)):
        raise SystemExit("one session by itself has other bits than in its range")
    return (
        f"The last session by itself: {sorted(taken)[3] * 1e3:.1f} ms, the same bits as in the whole range."
    )


def environment() -> str:
    """Machine and versions in one line."""
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return (
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, {', '.join(found)}"
    )


if __name__ == "__main__":
    main()
