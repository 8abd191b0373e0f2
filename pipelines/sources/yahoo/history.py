"""Yahoo's closes are split-adjusted to this day: turned back into what was paid on each session."""

from typing import Any

import numpy as np

from pipelines.calc.types import BoolArray, Columns, FloatArray
from pipelines.sources.protocol import PRICE_FIELDS
from pipelines.sources.vendor import UNSPLIT

DECIMALS = 4
"""Yahoo's closes are single-precision; prices have no more decimals than these."""


def splits_after(ratio: FloatArray) -> FloatArray:
    """Product of the split ratios after each row, (n,): `ratio` is 0 or 1 where there is none."""
    step = np.where(ratio > 0.0, ratio, 1.0)
    following = np.append(step[1:], 1.0)[::-1]
    product: FloatArray = np.multiply.accumulate(following)[::-1]
    return product


def raw_bars(symbol: str, frame: Any, source: str) -> Columns:
    """Raw bars of yfinance's frame of daily prices (not dividend-adjusted), ascending by date.

    Raw price = adjusted price × the splits after it; volume the other way round. Rows without a close stay, as NaN.
    """
    factor = splits_after(frame["Stock Splits"].to_numpy(dtype=np.float64))
    prices = {
        name: np.round(frame[name.capitalize()].to_numpy(dtype=np.float64) * factor, DECIMALS)
        for name in PRICE_FIELDS
        if name != "volume"
    }
    days = np.array([day.date() for day in frame.index], dtype="datetime64[D]")
    return {
        "symbol": np.full(len(days), symbol),
        "session": days,
        **prices,
        "volume": np.rint(frame["Volume"].to_numpy(dtype=np.float64) / factor),
        "source": np.full(len(days), source),
        "adjustment": np.full(len(days), UNSPLIT),
    }


def take(bars: Columns, mask: BoolArray) -> Columns:
    """The masked rows."""
    return {name: values[mask] for name, values in bars.items()}
