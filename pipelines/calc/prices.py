"""Closes by session: carried over gaps, and turned into simple returns."""

import numpy as np

from pipelines.calc.types import DateArray, FloatArray


def carry(
    raw_close: FloatArray, raw_date: DateArray, prior_close: FloatArray, prior_date: DateArray
) -> tuple[FloatArray, DateArray]:
    """Latest known close, and the date it is of, on each session [DESIGN §3, price on t].

    raw_close: USD, shape (T, S), NaN where missing.   raw_date: datetime64[D], (T, S), NaT where missing.
    prior_close, prior_date: shape (S,), the last known before row 0 (NaN, NaT when there is none).
    Returns close (T, S) and close_date (T, S); NaN and NaT where nothing is known yet.
    """
    closes = np.concatenate([prior_close[np.newaxis], raw_close])
    dates = np.concatenate([prior_date[np.newaxis], raw_date])
    rows = np.arange(len(closes))[:, np.newaxis]
    latest = np.maximum.accumulate(np.where(np.isnan(closes), 0, rows), axis=0)[1:]
    return np.take_along_axis(closes, latest, axis=0), np.take_along_axis(dates, latest, axis=0)


def simple_returns(
    raw_close: FloatArray, prior_raw: FloatArray, split_ratio: FloatArray | None = None
) -> FloatArray:
    """Return simple daily returns as fractions: close_t × ratio_t / close_{t−1} − 1 [DESIGN §3, returns, splits].

    raw_close: USD, shape (T, S) by consecutive sessions, NaN where missing (not carried).
    prior_raw: shape (S,), the close of the very session before row 0, NaN where missing.
    split_ratio: shape (T, S), new shares for one old share from that session on, 1 elsewhere; None without splits.
    Returns shape (T, S); NaN unless both consecutive closes are present and the earlier one is positive.
    """
    previous = np.concatenate([prior_raw[np.newaxis], raw_close])[:-1]
    per_old_share = raw_close if split_ratio is None else raw_close * split_ratio
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        returns = per_old_share / previous - 1.0
    return np.where((previous > 0.0) & np.isfinite(returns), returns, np.nan)
