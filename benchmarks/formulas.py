"""Time of the formulas alone, without database: `uv run python benchmarks/formulas.py`.

1,000 portfolios × 50 lots × 252 sessions in chunks of 20 sessions, as a run does it; betas of 500 symbols.
"""

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from pipelines.calc.betas import factor_betas
from pipelines.calc.ex_ante import ex_ante
from pipelines.calc.exposures import exposures, factor_exposures
from pipelines.calc.greeks import position_greeks
from pipelines.calc.lots import NEVER, Lots
from pipelines.calc.pnl import position_pnl
from pipelines.calc.prices import carry
from pipelines.calc.risk import realized
from pipelines.calc.segments import run_starts
from pipelines.sessions import sessions

PORTFOLIOS, LOTS_EACH, SESSIONS, SYMBOLS, CHUNK = 1_000, 50, 252, 500, 20
FIRST_IX = 3_000
RANDOM = np.random.default_rng(0)
SECONDS: dict[str, float] = {}


@contextmanager
def timed(name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    SECONDS[name] = SECONDS.get(name, 0.0) + time.perf_counter() - start


def median_ms(call: Callable[[], object], times: int = 7) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return sorted(taken)[times // 2] * 1e3


def with_gaps(values: np.ndarray, gaps: float) -> np.ndarray:
    values[RANDOM.random(values.shape) < gaps] = np.nan
    return values


def book() -> Lots:
    n = PORTFOLIOS * LOTS_EACH
    never, none = np.full(n, NEVER), np.full(n, np.nan)
    lots = Lots(
        position_id=np.arange(1, n + 1),
        portfolio_id=np.repeat(np.arange(1, PORTFOLIOS + 1), LOTS_EACH),
        price_column=RANDOM.integers(0, SYMBOLS, n),
        underlying_column=np.full(n, -1),
        type_code=np.zeros(n, dtype=np.int8),
        is_private=np.zeros(n, dtype=bool),
        quantity=RANDOM.integers(-1_000, 1_000, n).astype(np.float64) + 0.5,
        multiplier=np.ones(n),
        entry_price=np.full(n, 100.0),
        exit_price=none,
        strike=none,
        entry_date=np.full(n, sessions()[FIRST_IX - 100]),
        first_ix=np.full(n, FIRST_IX),
        last_ix=never,
        entry_ix=np.full(n, FIRST_IX - 100),
        exit_ix=never,
        expiry_ix=never,
        inherited=np.ones(n, dtype=bool),
    )
    return replace(lots, type_code=(lots.quantity < 0).astype(np.int8))


def portfolios() -> None:
    lots, days = book(), sessions()
    steps = RANDOM.normal(0, 0.01, (SESSIONS + 1, SYMBOLS))
    raw = with_gaps(100.0 * np.exp(np.cumsum(steps, axis=0)), 0.02)
    row_days = days[FIRST_IX - 1 : FIRST_IX + SESSIONS, np.newaxis]
    raw_date = np.where(np.isnan(raw), np.datetime64("NaT", "D"), row_days)
    close, date = carry(raw, raw_date, np.full(SYMBOLS, 100.0), np.full(SYMBOLS, days[FIRST_IX - 2]))
    returns = with_gaps(RANDOM.normal(0, 0.01, (SESSIONS + 59, SYMBOLS)), 0.0005)
    betas = RANDOM.normal(1, 0.2, (PORTFOLIOS * LOTS_EACH * CHUNK, 8))
    for start in range(0, SESSIONS, CHUNK):
        n = min(CHUNK, SESSIONS - start)
        with timed("position_pnl"):
            ix = FIRST_IX + start + np.arange(n)
            rows = position_pnl(lots, ix, close[start : start + n + 1], date[start : start + n + 1], days)
        lot, value = rows["lot_row"], rows["market_value"]
        with timed("position_greeks"):
            terms = lots.type_code[lot], lots.quantity[lot], lots.multiplier[lot]
            greeks = position_greeks(*terms, ~rows["is_open"], rows["price"], value)
        starts = run_starts(rows["session"], rows["portfolio_id"])
        nav = np.full(len(starts), 50_000_000 * 10_000)
        with timed("exposures"):
            exposures(value, starts)
            exposures(greeks.delta_adjusted_value, starts)
        with timed("factor_exposures"):
            available = np.ones((len(starts), 8), dtype=bool)
            factor_exposures(value, greeks.delta_adjusted_value, betas[: len(lot)], starts, nav, available)
        with timed("ex_ante"):
            session, column = np.repeat(np.arange(n), PORTFOLIOS), lots.price_column[lot]
            ex_ante(
                returns[start : start + 59 + n], n, greeks.delta_adjusted_value, column, starts, session, nav
            )
    with timed("realized"):
        daily = RANDOM.normal(0, 0.01, (PORTFOLIOS, SESSIONS + 89))
        realized(daily, np.full((PORTFOLIOS, SESSIONS), 10**12))


def main() -> None:
    portfolios()
    for name, seconds in SECONDS.items():
        print(f"{name:18} {seconds:6.2f} s")
    factors = RANDOM.normal(0, 0.01, (1_319, 8))
    assets = with_gaps(RANDOM.normal(0, 0.01, (1_319, SYMBOLS)), 0.02)
    print(f"factor_betas       {median_ms(lambda: factor_betas(assets, factors, FIRST_IX, 1_260)):6.0f} ms")
    one = median_ms(lambda: factor_betas(assets[-60:], factors[-60:], FIRST_IX, 1))
    print(f"  of one session   {one:6.1f} ms")
    print(f"peak memory        {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:6.0f} MB")


if __name__ == "__main__":
    main()
