"""What a proof finds, and what it comes to."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pipelines.calc.types import BoolArray, IntArray
from pipelines.sessions import HORIZON, index_on_or_after, index_on_or_before, session_at, sessions

Kind = Literal["broken", "stale"]

LIMIT = 1000
"""Offenders listed per check and table; more are counted."""


@dataclass(frozen=True)
class Finding:
    """One offender. broken: stored and wrong. stale: right for inputs that have changed since, or not computed yet.

    session to last_session: where it holds (None: of no session); item: the position, symbol or factor, if known.
    """

    kind: Kind
    check: str
    table: str
    session: date | None
    portfolio_id: int | None
    item: str | None
    detail: str
    last_session: date | None = None

    @property
    def where(self) -> str:
        """Return table, session, portfolio and item in words."""
        parts = [self.table]
        if self.session is not None:
            until = self.last_session
            parts.append(f"{self.session}{f' to {until}' if until not in (None, self.session) else ''}")
        if self.portfolio_id is not None:
            parts.append(f"portfolio {self.portfolio_id}")
        return " · ".join([*parts, *([self.item] if self.item else [])])


@dataclass(frozen=True)
class Scope:
    """What is to be proven: sessions from start to end (None: all there are), portfolios (None: all)."""

    start: date | None = None
    end: date | None = None
    portfolios: tuple[int, ...] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether no session is left out."""
        return self.start is None and self.end is None

    @property
    def start_ix(self) -> int:
        """Index of the first session."""
        return int(index_on_or_after(max(self.start or HORIZON[0], HORIZON[0])))

    @property
    def end_ix(self) -> int:
        """Index of the last session."""
        return int(index_on_or_before(self.end or HORIZON[1]))

    def params(self) -> dict[str, Any]:
        """Query parameters: dates no row lies beyond where a bound is open."""
        return {
            "start": self.start or date.min,
            "end": self.end or date.max,
            "portfolios": None if self.portfolios is None else list(self.portfolios),
            "whole": self.is_whole,
            "limit": LIMIT,
        }


@dataclass
class Proof:
    """What was proven, and what was found wrong."""

    findings: list[Finding] = field(default_factory=list)
    tables: int = 0
    rows: int = 0
    slices: int = 0
    recomputed: int = 0
    identities: int = 0

    def add(self, findings: Iterable[Finding]) -> None:
        """Add what was found."""
        self.findings.extend(findings)

    @property
    def broken(self) -> list[Finding]:
        """What is stored and wrong."""
        return [finding for finding in self.findings if finding.kind == "broken"]

    @property
    def stale(self) -> list[Finding]:
        """What is no longer, or not yet, up to date."""
        return [finding for finding in self.findings if finding.kind == "stale"]

    @property
    def exit_code(self) -> int:
        """0 clean, 1 something is broken, 2 merely stale."""
        return 1 if self.broken else 2 if self.stale else 0


def islands(ix: IntArray, portfolio_id: IntArray) -> list[tuple[int, date, date]]:
    """Portfolio, first and last session of each run of consecutive sessions; shape (n,) each, any order."""
    order = np.lexsort((ix, portfolio_id))
    ix, portfolio_id = ix[order], portfolio_id[order]
    breaks: BoolArray = (np.diff(ix) > 1) | (np.diff(portfolio_id) != 0)
    starts = np.flatnonzero(np.append(len(ix) > 0, breaks))
    ends = np.append(starts, len(ix))[1:] - 1
    return [
        (int(portfolio_id[s]), session_at(int(ix[s])), session_at(int(ix[e])))
        for s, e in zip(starts.tolist(), ends.tolist(), strict=True)
    ]


def group(
    kind: Kind, check: str, table: str, session: npt.NDArray[Any], portfolio_id: IntArray, detail: str
) -> list[Finding]:
    """One finding for each run of consecutive sessions of a portfolio (0: the whole firm)."""
    ix = np.searchsorted(sessions(), session)
    return [
        Finding(kind, check, table, first, portfolio or None, None, detail, last)
        for portfolio, first, last in islands(ix, portfolio_id)
    ]
