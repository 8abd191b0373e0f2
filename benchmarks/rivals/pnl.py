"""Daily P&L of positions as others compute it: the value at a carried price, and its change since the session before.

Every lot is held throughout, so that there is no first day, exit or expiry to get right. Others give float dollars and
no flags; ours gives exact money and all columns of the table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.rivals.rival import Answer, Prepared
from pipelines.calc.lots import NEVER, Lots
from pipelines.calc.pnl import position_pnl
from pipelines.calc.prices import carry
from pipelines.calc.types import MONEY_SCALE, DateArray, FloatArray
from pipelines.sessions import sessions
from pipelines.steps.work import split

LOTS_EACH, SESSIONS, SYMBOLS, FIRST_IX, GAPS = 50, 252, 2_000, 3_000, 0.02


@dataclass(frozen=True)
class Given:
    """Lots and raw closes; row 0 of the closes is the session before the first."""

    lots: Lots
    raw: FloatArray
    days: DateArray


def given(portfolios: int) -> Given:
    """A book of 50 stocks for each portfolio, a third of them short, over 2,000 symbols with gaps in their closes."""
    random = np.random.default_rng(portfolios)
    steps = random.normal(0, 0.015, (SESSIONS + 1, SYMBOLS))
    raw = np.round(100.0 * np.exp(np.cumsum(steps, axis=0)), 2)
    gaps = random.random(raw.shape) < GAPS
    gaps[0] = False
    raw[gaps] = np.nan
    return Given(_lots(portfolios, random), raw, sessions()[FIRST_IX - 1 : FIRST_IX + SESSIONS])


def _lots(portfolios: int, random: np.random.Generator) -> Lots:
    n = portfolios * LOTS_EACH
    units = random.integers(1, 2_000, n) * np.where(random.random(n) < 0.33, -1, 1)
    never, none, entry = np.full(n, NEVER), np.full(n, np.nan), FIRST_IX - 100
    return Lots(
        position_id=np.arange(1, n + 1),
        portfolio_id=np.repeat(np.arange(1, portfolios + 1), LOTS_EACH),
        price_column=random.integers(0, SYMBOLS, n),
        underlying_column=np.full(n, -1),
        type_code=(units < 0).astype(np.int8),
        is_private=np.zeros(n, dtype=bool),
        quantity=units.astype(np.float64),
        multiplier=np.ones(n),
        entry_price=np.full(n, 100.0),
        exit_price=none,
        strike=none,
        entry_date=np.full(n, sessions()[entry]),
        first_ix=np.full(n, FIRST_IX),
        last_ix=never,
        entry_ix=np.full(n, entry),
        exit_ix=never,
        expiry_ix=never,
        inherited=np.ones(n, dtype=bool),
    )


def _in_order(market_value: FloatArray, daily_pnl: FloatArray, unrealized_pnl: FloatArray) -> Answer:
    return {"market_value": market_value, "daily_pnl": daily_pnl, "unrealized_pnl": unrealized_pnl}


def ours(book: Given) -> Prepared:
    """This project's, in chunks of sessions as a run takes them; a chunk's rows are let go when the next is there."""
    return _of_ours(book, keep=False)


def reference(book: Given) -> Prepared:
    """This project's, with all rows kept: what the others are compared with."""
    return _of_ours(book, keep=True)


def _of_ours(book: Given, *, keep: bool) -> Prepared:
    def run() -> list[dict[str, Any]]:
        no_date = np.datetime64("NaT", "D")
        date = np.where(np.isnan(book.raw), no_date, book.days[:, np.newaxis])
        nothing, never = np.full(SYMBOLS, np.nan), np.full(SYMBOLS, no_date)
        close, close_date = carry(book.raw, date, nothing, never)
        found: list[dict[str, Any]] = []
        for start, end in split(0, SESSIONS - 1, len(book.lots)):
            rows, ix = slice(start, end + 2), FIRST_IX + np.arange(start, end + 1)
            chunk = position_pnl(book.lots, ix, close[rows], close_date[rows], sessions())
            found = [*(found if keep else ()), chunk]
        return found

    def answer(found: list[dict[str, Any]]) -> Answer:
        names = ("market_value", "daily_pnl", "unrealized_pnl")
        return _in_order(*(np.concatenate([chunk[name] for chunk in found]) / MONEY_SCALE for name in names))

    return Prepared(run, answer, note="exact money, 12 columns, in chunks")


def best(book: Given) -> Prepared:
    """The best kernel known: one compiled pass, three float columns, nothing else."""
    from benchmarks.rivals.pnl_fused import fused

    lots = book.lots

    def run() -> tuple[FloatArray, FloatArray, FloatArray]:
        found: tuple[FloatArray, FloatArray, FloatArray] = fused(
            book.raw, lots.price_column, lots.quantity * lots.multiplier, lots.entry_price
        )
        return found

    return Prepared(run, lambda found: _in_order(*found), note="float money, 3 columns, no keys")


def numpy(book: Given) -> Prepared:
    """Fill and lag the price matrix, then pick columns."""
    lots = book.lots

    def run() -> tuple[FloatArray, ...]:
        row = np.where(np.isnan(book.raw), 0, np.arange(SESSIONS + 1)[:, np.newaxis])
        close = np.take_along_axis(book.raw, np.maximum.accumulate(row, axis=0), axis=0)
        units = lots.quantity * lots.multiplier
        value = close[:, lots.price_column] * units
        return value[1:], value[1:] - value[:-1], value[1:] - units * lots.entry_price

    return Prepared(
        run,
        lambda found: _in_order(*(values.reshape(-1) for values in found)),
        note="float money, 3 columns, no keys",
    )


def _frames(book: Given) -> tuple[Any, Any]:
    """The lots, and the closes by day and symbol, as frames of pandas."""
    import pandas as pd

    lots = pd.DataFrame(
        {
            "portfolio_id": book.lots.portfolio_id,
            "position_id": book.lots.position_id,
            "symbol": book.lots.price_column,
            "quantity": book.lots.quantity,
            "multiplier": book.lots.multiplier,
            "entry_price": book.lots.entry_price,
        }
    )
    closes = pd.DataFrame(book.raw, index=pd.Index(book.days.astype("datetime64[s]"), name="session"))
    return lots, closes


def pandas_join(book: Given) -> Prepared:
    """Fill and lag the closes, one row for each day and symbol, and join the lots to them."""
    lots, closes = _frames(book)

    def run() -> Any:
        import pandas as pd

        filled = closes.ffill()
        price = filled.iloc[1:].melt(var_name="symbol", value_name="price", ignore_index=False).reset_index()
        price["before"] = filled.shift().iloc[1:].melt()["value"].to_numpy()
        price["symbol"] = price["symbol"].astype("int64")
        rows = pd.merge(price, lots, on="symbol")
        units = rows["quantity"] * rows["multiplier"]
        rows["market_value"] = units * rows["price"]
        rows["daily_pnl"] = rows["market_value"] - units * rows["before"]
        rows["unrealized_pnl"] = units * (rows["price"] - rows["entry_price"])
        return rows

    def answer(rows: Any) -> Answer:
        rows = rows.sort_values(["session", "portfolio_id", "position_id"])
        return _in_order(*(rows[name].to_numpy() for name in ("market_value", "daily_pnl", "unrealized_pnl")))

    return Prepared(run, answer, note="float money, rows in no order")


def pandas_groupby(book: Given) -> Prepared:
    """One row for each day and lot, and the difference to the row before of the same lot."""
    lots, closes = _frames(book)

    def run() -> Any:
        import pandas as pd

        filled = closes.ffill()
        price = filled.melt(var_name="symbol", value_name="price", ignore_index=False).reset_index()
        price["symbol"] = price["symbol"].astype("int64")
        rows = pd.merge(lots, price, on="symbol")
        rows["market_value"] = rows["quantity"] * rows["multiplier"] * rows["price"]
        rows["daily_pnl"] = rows.groupby("position_id", sort=False)["market_value"].diff()
        cost = rows["quantity"] * rows["multiplier"] * rows["entry_price"]
        rows["unrealized_pnl"] = rows["market_value"] - cost
        return rows[rows["session"] > filled.index[0]]

    return Prepared(run, pandas_join(book).answer, note="float money, rows in no order")


def polars(book: Given) -> Prepared:
    """The same join, lazily, in polars."""
    import polars as pl

    lots, _ = _frames(book)
    held = pl.DataFrame({name: lots[name].to_numpy() for name in lots})
    n_days, n_symbols = book.raw.shape
    told = pl.DataFrame(
        {
            "session": np.repeat(book.days.astype("datetime64[ms]"), n_symbols),
            "symbol": np.tile(np.arange(n_symbols), n_days),
            "price": book.raw.reshape(-1),
        }
    ).with_columns(pl.col("price").fill_nan(None))

    def run() -> Any:
        units, price = pl.col("quantity") * pl.col("multiplier"), pl.col("price")
        filled = (
            told.lazy()
            .with_columns(price.forward_fill().over("symbol"))
            .with_columns(before=price.shift().over("symbol"))
        )
        return (
            held.lazy()
            .join(filled.filter(pl.col("before").is_not_null()), on="symbol")
            .with_columns(
                market_value=units * price,
                daily_pnl=units * price - units * pl.col("before"),
                unrealized_pnl=units * (price - pl.col("entry_price")),
            )
            .collect()
        )

    def answer(rows: Any) -> Answer:
        rows = rows.sort(["session", "portfolio_id", "position_id"])
        return _in_order(*(rows[name].to_numpy() for name in ("market_value", "daily_pnl", "unrealized_pnl")))

    return Prepared(run, answer, note="float money, rows in no order")


RIVALS: dict[str, Callable[[Given], Prepared]] = {
    "ours": ours,
    "best kernel known (numba, one pass)": best,
    "numpy, prices lagged": numpy,
    "polars, prices lagged and joined": polars,
    "pandas, prices lagged and joined": pandas_join,
    "pandas, difference by lot": pandas_groupby,
}
