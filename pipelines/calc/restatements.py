"""Whether a vendor's close is believed: compared with what is in use, and with how the symbol has moved so far.

What is not believed changes nothing; a person decides. Nothing here makes a number: it only holds some back.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.calc.types import BoolArray, FloatArray

BELIEVED, SPLIT_LIKE, BEYOND_HISTORY, CURRENCY_JUMP, STALE_REPEAT = range(5)
REASONS: Final = ("", "split_like", "beyond_history", "currency_jump", "stale_repeat")
"""Why a close is not believed, by code."""

SIGMAS: Final = 8.0
"""A restatement further than this many daily standard deviations from the close in use is beyond history."""
SAME: Final = 1e-9
"""Relative difference below which two closes are the same."""
MIN_SIGMA: Final = 0.0025
"""Of a symbol that hardly moves, or has too short a history."""
UNKNOWN_SIGMA: Final = 0.02
MIN_HISTORY: Final = 20
HISTORY: Final = 250
_RATIOS: Final = (1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0)
_LOG_RATIOS: Final = np.log(np.array([*_RATIOS, *(1.0 / ratio for ratio in _RATIOS)]))
_MINOR_UNIT: Final = np.log(100.0)
"""Pence for pounds, cents for dollars."""


@dataclass(frozen=True)
class Series:
    """One symbol's closes by consecutive session, (T,) each, NaN where there is none.

    stored: in use.   offered: what the vendor says now.   shares: new shares for one old share from that session on, 1
    elsewhere.   repeats: the offered bar is the very bar of the session before.   doubted: closes (T,) that wait for
    a decision already.
    """

    stored: FloatArray
    offered: FloatArray
    shares: FloatArray
    repeats: BoolArray
    doubted: FloatArray


def judge(series: Series, *, may_jump: bool = False) -> npt.NDArray[np.int8]:
    """Code of each offered close, (T,): BELIEVED, or why not; BELIEVED where nothing is offered.

    A close that differs from the one in use is not believed if it differs by a split's ratio, by a factor of 100, or by
    more than SIGMAS daily standard deviations of the symbol. A close for a session without one is not believed if it
    jumps by a split's ratio or a factor of 100 from the last one in use, or repeats the bar before. One that continues
    from a doubted close rather than from the one in use is doubted, too.
    may_jump: of options, whose price may well double in a day: only repeats, and restatements beyond history, count.
    """
    codes = np.zeros(len(series.offered), dtype=np.int8)
    sigma, levels = daily_sigma(series), _Levels()
    for row, offered in enumerate(series.offered.tolist()):
        levels.in_shares_of(float(series.shares[row]))
        if not np.isnan(offered):
            codes[row] = _code(series, row, sigma, levels, may_jump=may_jump)
        levels.move(row, offered, float(series.stored[row]), float(series.doubted[row]), int(codes[row]))
    return codes


@dataclass
class _Levels:
    """The last close in use, its row, and the last doubted one since (NaN: none) with its code."""

    level: float = np.nan
    row: int = -1
    doubt: float = np.nan
    doubt_code: int = BELIEVED

    def in_shares_of(self, shares: float) -> None:
        """Carry both on into shares of the next session."""
        self.level, self.doubt = self.level / shares, self.doubt / shares

    def move(self, row: int, offered: float, stored: float, doubted: float, code: int) -> None:
        """Go on past a row."""
        if code in (SPLIT_LIKE, CURRENCY_JUMP):
            self.doubt, self.doubt_code = offered, code
        elif np.isnan(offered) and not np.isnan(doubted):
            self.doubt, self.doubt_code = doubted, SPLIT_LIKE
        elif not np.isnan(offered) and code == BELIEVED:
            self.level, self.row, self.doubt = offered, row, np.nan
        if not np.isnan(stored) and (np.isnan(offered) or code != BELIEVED):
            self.level, self.row = stored, row


def _code(series: Series, row: int, sigma: float, levels: _Levels, *, may_jump: bool) -> int:
    offered, stored = float(series.offered[row]), float(series.stored[row])
    if not np.isnan(stored):
        return _restated(float(np.log(offered / stored)), sigma, may_jump)
    if series.repeats[row]:
        return STALE_REPEAT
    if np.isnan(levels.level) or may_jump:
        return BELIEVED
    move = float(np.log(offered / levels.level))
    code = _jump(move, sigma * float(np.sqrt(row - levels.row)))
    goes_on = not np.isnan(levels.doubt) and abs(np.log(offered / levels.doubt)) < abs(move)
    return code or (levels.doubt_code if goes_on else BELIEVED)


def _restated(move: float, sigma: float, may_jump: bool) -> int:
    if abs(move) <= SAME:
        return BELIEVED
    code = BELIEVED if may_jump else _jump(move, sigma)
    return code or (BEYOND_HISTORY if abs(move) > SIGMAS * sigma else BELIEVED)


def _jump(move: float, sigma: float) -> int:
    """Whether a log move is of a split's size, or of a factor of 100, give or take what a day may bring."""
    slack = min(max(0.01, 3.0 * sigma), 0.08)
    if abs(move) < SIGMAS * sigma:
        return BELIEVED
    if abs(abs(move) - _MINOR_UNIT) <= slack:
        return CURRENCY_JUMP
    return SPLIT_LIKE if np.abs(_LOG_RATIOS - move).min() <= slack else BELIEVED


def daily_sigma(series: Series) -> float:
    """Daily standard deviation of a symbol's log returns, from the median absolute one: a planted jump moves it little.

    Of the closes in use where there are enough of them, else of those offered.
    """
    for closes in (series.stored, series.offered):
        with np.errstate(invalid="ignore"):
            returns = np.log(closes[1:] * series.shares[1:] / closes[:-1])
        known = returns[~np.isnan(returns)][-HISTORY:]
        if len(known) >= MIN_HISTORY:
            return max(float(np.median(np.abs(known))) * 1.4826, MIN_SIGMA)
    return UNKNOWN_SIGMA


def prices_show_split(before: float, after: float, ratio: float) -> bool:
    """Whether two raw closes on either side of a split look as if it had happened: nearer to 1/ratio than to 1."""
    move = np.log(after / before)
    return bool(abs(move + np.log(ratio)) < abs(move))
