"""Exposures of portfolios: long, short, gross, net, and to the factors."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.calc.segments import run_lengths, sum_floats, sum_money
from pipelines.calc.types import NULL_MONEY, BoolArray, FloatArray, IntArray
from pipelines.calc.valuation import to_money

NAV_NOT_POSITIVE: Final = "nav_not_positive"
FACTOR_UNAVAILABLE: Final = "factor_unavailable"
NO_BETA: Final = "no_beta"
NO_UNDERLYING_PRICE: Final = "no_underlying_price"


@dataclass(frozen=True)
class Exposures:
    """Int64 money by run, shape (R,): long ≥ 0, short ≤ 0, gross = long − short, net = long + short."""

    long: IntArray
    short: IntArray
    gross: IntArray
    net: IntArray


def exposures(amounts: IntArray, starts: IntArray) -> Exposures:
    """Exposures of runs of lots by the sign of each lot's value [PRD 3.1; DESIGN §3, exposures].

    amounts: market values, or delta-adjusted ones, int64 money (n,), NULL_MONEY left out.   starts: (R,).
    """
    known = np.where(amounts == NULL_MONEY, 0, amounts)
    long, short = sum_money(np.maximum(known, 0), starts), sum_money(np.minimum(known, 0), starts)
    return Exposures(long, short, long - short, long + short)


@dataclass(frozen=True)
class FactorExposures:
    """By run and factor, shape (R, F); exposures per unit of NAV, NaN = null; dollar_exposure int64 money.

    coverage: part of the gross value that has a beta, NaN when the gross value is 0.   reason: '' = complete.
    """

    exposure: FloatArray
    delta_adjusted_exposure: FloatArray
    dollar_exposure: IntArray
    coverage: FloatArray
    reason: npt.NDArray[np.str_]


def factor_exposures(
    market_value: IntArray,
    delta_adjusted: IntArray,
    betas: FloatArray,
    starts: IntArray,
    nav: IntArray,
    factor_available: BoolArray,
) -> FactorExposures:
    """Exposure of portfolios to the factors [PRD A.2; DESIGN §3, factor exposure].

    exposure = Σ (market_value_i / NAV) × beta_i, over the lots with a beta, in row order
    delta_adjusted_exposure: likewise with the delta-adjusted values;  dollar_exposure = it × NAV

    market_value, delta_adjusted: int64 money (n,) by lot, rows in runs; delta_adjusted NULL_MONEY = unknown.
    betas: (n, F), of the underlying for options, NaN = none.   starts, nav (int64 money): (R,).
    factor_available: (R, F), False where the factor itself is null on the run's session.
    Null with the first reason that holds: 'nav_not_positive', 'factor_unavailable', 'no_beta' (lots of value,
    none of them with a beta). 'no_underlying_price' comes with a number: a delta-adjusted value was missing
    in it (if every one was, delta_adjusted_exposure is null). Without any lot of value exposures are 0.0.
    """
    nav_of_row = np.repeat(nav, run_lengths(starts, len(market_value))).astype(np.float64)
    unknown = delta_adjusted == NULL_MONEY
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = market_value / nav_of_row
        delta_weight = np.where(unknown, np.nan, delta_adjusted / nav_of_row)
    runs = _Runs(
        starts,
        nav,
        weight,
        delta_weight,
        gross=np.abs(market_value),
        valued=(market_value != 0) | (delta_adjusted != 0),
        unknown=unknown,
    )
    columns = [_one_factor(runs, betas[:, f].copy(), factor_available[:, f]) for f in range(betas.shape[1])]
    return FactorExposures(*(np.stack(arrays, axis=1) for arrays in zip(*columns, strict=True)))


@dataclass(frozen=True)
class _Runs:
    """What all factors share: by row, but starts and nav by run."""

    starts: IntArray
    nav: IntArray
    weight: FloatArray
    delta_weight: FloatArray
    gross: IntArray
    valued: BoolArray
    unknown: BoolArray


def _one_factor(
    runs: _Runs, beta: FloatArray, available: BoolArray
) -> tuple[FloatArray, FloatArray, IntArray, FloatArray, npt.NDArray[np.str_]]:
    """Exposure, delta-adjusted and dollar exposure, coverage and reason to one factor, shape (R,) each."""

    def count(which: BoolArray) -> IntArray:
        return sum_money(which.astype(np.int64), runs.starts)

    has_beta = ~np.isnan(beta)
    gross, unknown = sum_money(runs.gross, runs.starts), count(runs.unknown)
    covered = sum_money(np.where(has_beta, runs.gross, 0), runs.starts)
    coverage = np.where(gross > 0, covered / np.maximum(gross, 1), np.nan)
    no_beta = (count(runs.valued) > 0) & (count(runs.valued & has_beta) == 0)
    reason = np.select(
        [runs.nav <= 0, ~available, no_beta, unknown > 0],
        [NAV_NOT_POSITIVE, FACTOR_UNAVAILABLE, NO_BETA, NO_UNDERLYING_PRICE],
        "",
    )
    null = (runs.nav <= 0) | ~available | no_beta
    exposure = np.where(null, np.nan, sum_floats(runs.weight * beta, runs.starts))
    no_delta = (unknown > 0) & (count(runs.valued & has_beta & ~runs.unknown) == 0)
    delta_adjusted = np.where(null | no_delta, np.nan, sum_floats(runs.delta_weight * beta, runs.starts))
    return exposure, delta_adjusted, to_money(delta_adjusted * runs.nav), coverage, reason
