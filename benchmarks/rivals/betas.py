"""Rolling betas as others compute them: Cov/Var over the common observations of 60 sessions, at least 20.

Ours gives beta, r_squared, std_error and n_obs; most of these give the beta alone.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.rivals.rival import Answer, Prepared
from pipelines.calc.betas import factor_betas
from pipelines.calc.rolling import MIN_OBSERVATIONS, WINDOW
from pipelines.calc.types import FloatArray

FACTORS, SESSIONS, FIRST_IX = 8, 1_260, 3_000
GAPS = 0.02
SAMPLE = 4
"""Symbols that an estimator which takes one at a time is given."""

Returns = tuple[FloatArray, FloatArray]
"""Assets (W, S) and factors (W, F): simple daily returns, NaN = missing; W = SESSIONS + WINDOW − 1."""


def returns(symbols: int) -> Returns:
    """Returns with gaps, always the same; the last factor has gaps, too."""
    random = np.random.default_rng(symbols)
    rows = SESSIONS + WINDOW - 1
    factors = random.normal(0.0003, 0.01, (rows, FACTORS))
    assets = random.normal(0.0, 0.02, (rows, symbols)) + factors @ random.uniform(-0.5, 1, (FACTORS, symbols))
    assets[random.random(assets.shape) < GAPS] = np.nan
    assets[: rows // 2, ::10] = np.nan  # every tenth was listed later
    factors[random.random(rows) < GAPS, -1] = np.nan
    return assets, factors


def ours(given: Returns) -> Prepared:
    """The kernel of this project."""
    assets, factors = given
    names = ("beta", "r_squared", "std_error", "n_obs")

    def answer(found: Any) -> Answer:
        return dict(zip(names, found, strict=True))

    return Prepared(lambda: factor_betas(assets, factors, FIRST_IX, SESSIONS), answer, note="4 results")


def best(given: Returns) -> Prepared:
    """The best kernel known, for the same four results."""
    from benchmarks.rivals.beta_streaming import estimates

    assets, factors = given
    by_asset, by_factor = np.ascontiguousarray(assets.T), np.ascontiguousarray(factors.T)

    def answer(found: Any) -> Answer:
        return {
            name: values.transpose(2, 0, 1)
            for name, values in zip(("beta", "r_squared", "std_error", "n_obs"), found, strict=True)
        }

    def run() -> Any:
        return estimates(by_asset, by_factor, WINDOW, MIN_OBSERVATIONS, SESSIONS)

    return Prepared(run, answer, note="4 results; bits depend on the range")


def best_beta_alone(given: Returns) -> Prepared:
    """The best kernel known, for the beta alone."""
    from benchmarks.rivals.beta_streaming import betas

    assets, factors = given
    by_asset, by_factor = np.ascontiguousarray(assets.T), np.ascontiguousarray(factors.T)

    def run() -> Any:
        return betas(by_asset, by_factor, WINDOW, MIN_OBSERVATIONS, SESSIONS)

    return Prepared(
        run, lambda found: {"beta": found.transpose(2, 0, 1)}, note="beta; bits depend on the range"
    )


def numbagg(given: Returns) -> Prepared:
    """`numbagg.move_cov` and `move_var`, a factor at a time."""
    from numbagg import move_cov, move_var

    assets, factors = given
    by_asset, by_factor = np.ascontiguousarray(assets.T), np.ascontiguousarray(factors.T)
    window = {"window": WINDOW, "min_count": MIN_OBSERVATIONS}

    def run() -> FloatArray:
        missing = np.isnan(by_asset)
        beta = np.empty((len(by_factor), *by_asset.shape))
        for row, factor in enumerate(by_factor):
            same = np.broadcast_to(factor, by_asset.shape)
            common = np.where(missing, np.nan, factor)
            np.divide(move_cov(by_asset, same, **window), move_var(common, **window), out=beta[row])
        return beta

    return Prepared(run, lambda found: {"beta": found[:, :, WINDOW - 1 :].transpose(2, 1, 0)}, note="beta")


def pandas(given: Returns) -> Prepared:
    """`DataFrame.rolling`, a factor at a time, all symbols at once."""
    import pandas as pd

    assets, factors = pd.DataFrame(given[0]), pd.DataFrame(given[1])

    def run() -> list[Any]:
        present = assets.notna()
        betas = []
        for name in factors:
            factor = factors[name]
            common = present.mul(1.0).where(present).mul(factor, axis=0)
            covariance = assets.rolling(WINDOW, min_periods=MIN_OBSERVATIONS).cov(factor)
            betas.append(covariance / common.rolling(WINDOW, min_periods=MIN_OBSERVATIONS).var())
        return betas

    return Prepared(run, _of_frames, note="beta")


def pandas_sums(given: Returns) -> Prepared:
    """`DataFrame.rolling` means of products, a factor at a time, all symbols at once."""
    import pandas as pd

    assets, factors = pd.DataFrame(given[0]), pd.DataFrame(given[1])

    def mean(frame: Any) -> Any:
        return frame.rolling(WINDOW, min_periods=MIN_OBSERVATIONS).mean()

    def run() -> list[Any]:
        present = assets.notna()
        betas = []
        for name in factors:
            x = present.mul(1.0).where(present).mul(factors[name], axis=0)
            y = assets.where(x.notna())
            mean_x = mean(x)
            betas.append((mean(x * y) - mean_x * mean(y)) / (mean(x * x) - mean_x * mean_x))
        return betas

    return Prepared(run, _of_frames, note="beta")


def _of_frames(found: list[Any]) -> Answer:
    beta = np.stack([frame.to_numpy() for frame in found], axis=2)
    return {"beta": beta[WINDOW - 1 :]}


def statsmodels(given: Returns) -> Prepared:
    """`statsmodels` RollingOLS, one symbol and factor at a time: a sample, scaled."""
    from statsmodels.regression.rolling import RollingOLS
    from statsmodels.tools import add_constant

    assets, factors = given
    count = min(SAMPLE, assets.shape[1])
    chosen = np.linspace(0, assets.shape[1] - 1, count).astype(int)

    def run() -> FloatArray:
        beta = np.empty((len(assets), count, FACTORS))
        for place, column in enumerate(chosen):
            for number in range(FACTORS):
                exogenous = add_constant(factors[:, number])
                model = RollingOLS(
                    assets[:, column],
                    exogenous,
                    window=WINDOW,
                    min_nobs=MIN_OBSERVATIONS,
                    missing="drop",
                    expanding=False,
                )
                beta[:, place, number] = model.fit(params_only=True).params[:, 1]
        return beta

    note = f"beta; {count} symbols timed, scaled"
    return Prepared(run, lambda found: {"beta": found[WINDOW - 1 :]}, chosen, note)


RIVALS: dict[str, Callable[[Returns], Prepared]] = {
    "ours": ours,
    "best kernel known (numba, streaming sums)": best,
    "the same, beta alone": best_beta_alone,
    "numbagg": numbagg,
    "pandas rolling cov / var": pandas,
    "pandas rolling means": pandas_sums,
    "statsmodels RollingOLS": statsmodels,
}
