"""The lots of a book as parallel arrays, and the sessions on which each of them has a row."""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.calc.types import BoolArray, DateArray, FloatArray, IntArray

POSITION_TYPES: Final = ("LONG", "SHORT", "LC", "SC", "LP", "SP")
"""Position types by type code. [PRD 3.2]"""

LONG, SHORT, LC, SC, LP, SP = range(len(POSITION_TYPES))

NEVER: Final = int(np.iinfo(np.int64).max)
"""The session index of what does not happen: no exit, no expiry."""


def type_codes(position_types: npt.NDArray[np.str_]) -> npt.NDArray[np.int8]:
    """Type code of each position type; raises KeyError for an unknown one."""
    code_of = {name: code for code, name in enumerate(POSITION_TYPES)}
    return np.array([code_of[name] for name in position_types.tolist()], dtype=np.int8)


def is_option(type_code: npt.NDArray[np.int8]) -> BoolArray:
    """Say which type codes are options."""
    return type_code >= LC


@dataclass(frozen=True)
class Lots:
    """Lots sorted by (portfolio_id, position_id), all arrays of one length.

    price_column, underlying_column: columns of the price matrix; −1 = no such price.
    quantity: signed units (contracts for options).   multiplier: units of the underlying per unit.
    entry_price, exit_price, strike: USD per unit of the underlying; NaN = none (entry_price is never NaN).
    first_ix, last_ix: first and last session index with a row; last_ix < first_ix = never.
    entry_ix, exit_ix, expiry_ix: session indexes; NEVER = none.
    Raises ValueError when lengths differ or the order is another.
    """

    position_id: IntArray
    portfolio_id: IntArray
    price_column: IntArray
    underlying_column: IntArray
    type_code: npt.NDArray[np.int8]
    is_private: BoolArray
    quantity: FloatArray
    multiplier: FloatArray
    entry_price: FloatArray
    exit_price: FloatArray
    strike: FloatArray
    entry_date: DateArray
    first_ix: IntArray
    last_ix: IntArray
    entry_ix: IntArray
    exit_ix: IntArray
    expiry_ix: IntArray
    inherited: BoolArray

    def __post_init__(self) -> None:
        """Refuse arrays of different lengths or in another order."""
        lengths = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"lots of different lengths: {lengths}")
        portfolio_step, position_step = np.diff(self.portfolio_id), np.diff(self.position_id)
        if not ((portfolio_step > 0) | ((portfolio_step == 0) & (position_step > 0))).all():
            raise ValueError("lots are not sorted by (portfolio_id, position_id)")

    def __len__(self) -> int:
        """Return the number of lots."""
        return len(self.position_id)

    def take(self, which: BoolArray | IntArray) -> "Lots":
        """Return the lots of a mask, or at ascending indexes."""
        return Lots(**{field.name: getattr(self, field.name)[which] for field in fields(self)})


@dataclass(frozen=True)
class Timeline:
    """Session indexes of lots, as in `Lots`; shape (L,) each."""

    first_ix: IntArray
    last_ix: IntArray
    entry_ix: IntArray
    exit_ix: IntArray
    expiry_ix: IntArray
    inherited: BoolArray


def timeline(
    sessions: DateArray,
    entry_date: DateArray,
    exit_date: DateArray,
    expiry: DateArray,
    inception_date: DateArray,
) -> Timeline:
    """Place lots on the calendar [DESIGN §3, dates].

    Entry and exit take effect on the first session ≥ their date, expiry on the last session ≤ it; an exit
    never later than the expiry. A lot is inherited iff entry_date ≤ inception_date; its rows start on the
    session after inception.

    sessions: all sessions, ascending, datetime64[D].   entry_date, exit_date, expiry, inception_date: (L,),
    NaT = none (exit_date and expiry only); inception_date is a session, by lot.
    """
    entry_ix = np.searchsorted(sessions, entry_date, side="left").astype(np.int64)
    on_or_after_exit = np.searchsorted(sessions, exit_date, side="left")
    on_or_before_expiry = np.searchsorted(sessions, expiry, side="right") - 1
    expiry_ix = np.where(np.isnat(expiry), NEVER, on_or_before_expiry).astype(np.int64)
    exit_ix = np.where(np.isnat(exit_date), NEVER, np.minimum(on_or_after_exit, expiry_ix)).astype(np.int64)
    inception_ix = np.searchsorted(sessions, inception_date, side="left").astype(np.int64)
    return Timeline(
        first_ix=np.maximum(entry_ix, inception_ix + 1),
        last_ix=np.minimum(exit_ix, expiry_ix),
        entry_ix=entry_ix,
        exit_ix=exit_ix,
        expiry_ix=expiry_ix,
        inherited=entry_date <= inception_date,
    )
