"""What a market step needs, and what it did."""

from dataclasses import dataclass, field

import numpy as np

from pipelines.calc.types import BoolArray


@dataclass(frozen=True)
class Need:
    """Which closes a run needs: symbols (S,) ascending, and wanted (T, S) by session from start_ix on."""

    symbols: np.ndarray
    start_ix: int
    wanted: BoolArray

    def of(self, rows: BoolArray) -> "Need":
        """Return the need of some consecutive sessions, (T,); maybe of none."""
        return Need(self.symbols, self.start_ix + int(rows.argmax()), self.wanted[rows])

    @property
    def end_ix(self) -> int:
        """Index of the last session."""
        return self.start_ix + len(self.wanted) - 1


@dataclass(frozen=True)
class Fetched:
    """What a market step did.

    missing: symbol → how many of the closes asked for the source does not have. problems: symbol ('' for all) → why the
    source could not answer. restated: closes in use that changed. quarantined: what is held back for a decision.
    """

    asked: int
    written: int
    missing: dict[str, int] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    restated: int = 0
    quarantined: int = 0
