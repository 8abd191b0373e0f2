"""The desk that a vendor's answers come in at: each close is believed and stored, or held back."""

from typing import Any, Final

import numpy as np

from pipelines.calc.restatements import BELIEVED, HISTORY, REASONS, STALE_REPEAT, Series, judge
from pipelines.calc.splits import step_ratios
from pipelines.calc.types import BoolArray, Columns, FloatArray, IntArray
from pipelines.sessions import index_on_or_before, session_at, sessions
from pipelines.sources.vendor import RAW, WRONG_DATE, Answer, Ask, empty_bars, is_option, joined
from pipelines.steps.bars import store_bars
from pipelines.steps.quarantine import QuarantineRows
from pipelines.steps.splits import read_splits
from pipelines.tables.database import Database
from pipelines.tables.spec import date, number, text
from pipelines.tables.specs import SYMBOL_WIDTH

_BARS: Final = (
    date("session"),
    text("symbol", SYMBOL_WIDTH),
    number("close"),
    number("volume", nullable=True),
)
_DOUBTED: Final = (date("session"), text("symbol", SYMBOL_WIDTH), number("close"))
_UNDATED: Final = (WRONG_DATE,)
"""Refusals after which nobody knows which sessions the vendor has: its silence about a session means nothing."""


class Desk:
    """Answers to one question, judged as they come and stored from time to time.

    asked: cells (T, S) that the vendor has answered for.
    """

    def __init__(self, database: Database, ask: Ask) -> None:
        self.asked: BoolArray = np.zeros(ask.wanted.shape, dtype=np.bool_)
        self.problems: dict[str, str] = {}
        self.written = self.restated = self.quarantined = 0
        self._database, self._ask = database, ask
        self._has_bar: BoolArray = np.zeros(ask.wanted.shape, dtype=np.bool_)
        self._new: BoolArray = np.zeros(ask.wanted.shape, dtype=np.bool_)
        self._held: BoolArray = np.zeros(ask.wanted.shape, dtype=np.bool_)
        self._parts: list[Columns] = []
        self._doubts = QuarantineRows()
        self._refused_by: list[tuple[Any, str]] = []
        if ask.wanted.any():
            self._read()

    def _read(self) -> None:
        ask, height = self._ask, len(self._ask.wanted)
        params: dict[str, Any] = {"symbols": ask.symbols.tolist()}
        params |= {"start": session_at(ask.start_ix), "end": session_at(ask.start_ix + height - 1)}
        bars = self._database.columns(_BARS, "market/vendor_bars", params)
        doubted = self._database.columns(_DOUBTED, "market/doubted", params)
        self._close, self._volume, self._doubted = (
            self._grid(rows, name) for rows, name in ((bars, "close"), (bars, "volume"), (doubted, "close"))
        )
        splits = read_splits(self._database, None, ask.symbols)
        steps = step_ratios(splits, ask.start_ix, height, len(ask.symbols))
        self._shares = np.ones(ask.wanted.shape) if steps is None else steps

    def _grid(self, rows: Columns, name: str) -> FloatArray:
        grid: FloatArray = np.full(self._ask.wanted.shape, np.nan)
        grid[self._cells(rows)] = rows[name]
        return grid

    def _cells(self, rows: Columns) -> tuple[IntArray, IntArray]:
        return index_on_or_before(rows["session"]) - self._ask.start_ix, np.searchsorted(
            self._ask.symbols, rows["symbol"]
        )

    def take(self, answer: Answer) -> None:
        """Judge an answer; nothing is stored yet."""
        self.problems |= answer.problems
        bars = answer.bars
        row, column = self._cells(bars)
        codes = np.zeros(len(row), dtype=np.int8)
        for one in np.unique(column).tolist():
            own = np.flatnonzero(column == one)
            codes[own] = self._judged(one, row[own], bars["close"][own], bars["volume"][own])
        believed = codes == BELIEVED
        for at in np.flatnonzero(~believed).tolist():
            bar = {name: values[at].item() for name, values in bars.items()}
            self._doubts.add_bar(bar, float(self._close[row[at], column[at]]), REASONS[codes[at]])
            self._doubted[row[at], column[at]] = bar["close"]
        stored = self._close[row, column]
        self.restated += int((believed & ~np.isnan(stored) & (stored != bars["close"])).sum())
        self._close[row[believed], column[believed]] = bars["close"][believed]
        self._volume[row[believed], column[believed]] = bars["volume"][believed]
        self._held[row[believed], column[believed]] = False
        self._parts.append({name: values[believed] for name, values in bars.items()})
        self._has_bar[row, column] = True
        # A repeated bar may be replaced by the true one any minute: it is asked for again like a missing one.
        held = ~believed & (codes != STALE_REPEAT)
        self._held[row[held], column[held]] = True
        answered = answer.asked | self._refuse(answer)
        undated = {refusal.symbol for refusal in answer.refused if refusal.reason in _UNDATED}
        answered[:, np.isin(self._ask.symbols, sorted(undated))] &= self._has_bar[
            :, np.isin(self._ask.symbols, sorted(undated))
        ]
        self.asked |= answered
        self._new |= answered

    def _judged(self, column: int, row: IntArray, close: FloatArray, volume: FloatArray) -> np.ndarray:
        """Codes of a symbol's bars."""
        span = slice(max(int(row.min()) - HISTORY - 1, 0), int(row.max()) + 1)
        offered, volumes = np.full(len(self._close), np.nan), self._volume[:, column].copy()
        offered[row], volumes[row] = close, volume
        stored, doubted = self._close[span, column], self._doubted[span, column]
        both = np.where(np.isnan(offered), self._close[:, column], offered)
        same = (both[1:] == both[:-1]) & (volumes[1:] == volumes[:-1]) & (volumes[1:] > 0.0)
        repeats = np.concatenate([[False], same])[span]
        series = Series(stored, offered[span], self._shares[span, column], repeats, doubted)
        return judge(series, may_jump=is_option(str(self._ask.symbols[column])))[row - span.start]

    def _refuse(self, answer: Answer) -> BoolArray:
        """Hold refused bars back; returns the cells they were for."""
        cells: BoolArray = np.zeros_like(self.asked)
        for refusal in answer.refused:
            self._refused_by.append(
                (refusal, str(answer.bars["source"][0]) if len(answer.bars["source"]) else "")
            )
            row = int(index_on_or_before(refusal.day)) - self._ask.start_ix
            column = int(np.searchsorted(self._ask.symbols, refusal.symbol))
            inside = 0 <= row < len(cells) and session_at(self._ask.start_ix + row) == refusal.day
            if inside and refusal.reason not in _UNDATED and self._ask.wanted[row, column]:
                cells[row, column] = True
        return cells

    def store(self, source: str) -> None:
        """Store what has been judged since the last time, in one transaction."""
        if not self._new.any() and not self._refused_by:
            return
        found = joined(self._parts, empty_bars())
        for refusal, told_by in self._refused_by:
            self._doubts.add_refusal(refusal, told_by or source)
        with self._database.transaction():
            written = store_bars(self._database, found)
            came = {name: found[name].tolist() for name in ("session", "symbol")}
            self._database.run("market/resolve_quarantine", came)
            self._doubts.put(self._database)
            self._put_fetches(found, source)
        self.written += len(written["session"])
        self.quarantined += len(self._doubts)
        self._parts, self._doubts, self._refused_by = [], QuarantineRows(), []
        self._new[:] = False

    def _put_fetches(self, found: Columns, source: str) -> None:
        # Where a close is in use and another is held back, the one in use stays what was fetched.
        row, column = np.nonzero(self._new & ~(self._held & ~np.isnan(self._close)))
        bar = {
            (s, d): (by, how)
            for s, d, by, how in zip(
                *(found[n].tolist() for n in ("symbol", "session", "source", "adjustment")), strict=True
            )
        }
        symbols, days = self._ask.symbols[column].tolist(), sessions()[self._ask.start_ix + row].tolist()
        told = [bar.get((symbol, day), (source, RAW)) for symbol, day in zip(symbols, days, strict=True)]
        outcome = [
            "quarantined" if held else "bar" if (symbol, day) in bar else "none"
            for symbol, day, held in zip(symbols, days, self._held[row, column].tolist(), strict=True)
        ]
        params = {"session": days, "symbol": symbols, "outcome": outcome}
        self._database.run(
            "market/put_fetches",
            params | {"source": [by for by, _ in told], "adjustment": [how for _, how in told]},
        )

    def missing(self) -> dict[str, int]:
        """Symbol → closes wanted that did not come."""
        counts = (self._ask.wanted & ~self._has_bar).sum(axis=0)
        return {str(self._ask.symbols[at]): int(counts[at]) for at in np.flatnonzero(counts).tolist()}
