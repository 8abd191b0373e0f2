"""A portfolio's opening terms: when its history starts, and with how much."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from api.intake.errors import IntakeError
from pipelines.sessions import (
    FIRST_PARTITION,
    HORIZON,
    index_on_or_after,
    session_at,
    session_index,
    session_on_or_after,
    session_on_or_before,
)
from pipelines.sources.positions_csv import PositionRow, gross_entry_cost

LOOKBACK_SESSIONS: Final = 61
"""Sessions between the first partition and an inception: the window of returns before the first row."""
MAX_EQUITY: Final = Decimal("1e15")

_MONEY: Final = Decimal("0.0001")
_AMOUNT = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{0,20})?")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_equity(text: str) -> Decimal:
    """Read an amount given as an option; IntakeError (invalid_equity)."""
    if not _AMOUNT.fullmatch(text.strip()):
        message = f"equity {text[:40]!r}: write it plainly, as 3000000 or 1234.56"
        raise IntakeError("invalid_equity", message, "equity")
    return Decimal(text.strip())


def read_inception(text: str) -> date:
    """Read a date given as an option; IntakeError (invalid_inception)."""
    try:
        if _ISO_DATE.fullmatch(text.strip()):
            return date.fromisoformat(text.strip())
    except ValueError:
        pass
    message = f"inception {text[:40]!r} is not a day written YYYY-MM-DD"
    raise IntakeError("invalid_inception", message, "inception")


def opening_equity(rows: Sequence[PositionRow], given: Decimal | None) -> Decimal:
    """Return the initial equity in USD, four decimals: as given, else the gross entry cost of all lots.

    Gross entry cost = Σ |quantity × multiplier × entry price|, summed exactly and rounded once, half to even.
    Raises IntakeError: invalid_equity (not finite, five decimals or more, |equity| ≥ 1e15).
    """
    if given is None:
        equity = gross_entry_cost(rows).quantize(_MONEY, ROUND_HALF_EVEN)
    elif not given.is_finite() or abs(given) >= MAX_EQUITY or given != round(given, 4):
        message = f"equity {given} must be a finite number below 1e15 with at most four decimals"
        raise IntakeError("invalid_equity", message, "equity")
    else:
        equity = given.quantize(_MONEY)
    if equity >= MAX_EQUITY:
        message = "the gross entry cost is 1e15 USD or more; is a price or a quantity wrong?"
        raise IntakeError("invalid_equity", message, "equity")
    return equity


def inception_session(rows: Sequence[PositionRow], given: date | None, today: date) -> date:
    """Return the session at whose close the initial equity is the net asset value.

    As given, rolled back to a session; else the session before the earliest entry takes effect.
    Raises IntakeError: inception_in_future, inception_too_early (less than 61 sessions of history before it).
    """
    if given is not None and given > today:
        raise IntakeError("inception_in_future", f"inception {given} is in the future", "inception")
    if given is None:
        index = int(index_on_or_after(min(row.entry_date for row in rows))) - 1
    elif given < HORIZON[0]:
        index = -1
    else:
        index = session_index(session_on_or_before(given))
    first = session_index(FIRST_PARTITION) + LOOKBACK_SESSIONS
    if index < first:
        what = (
            f"inception {given}" if given else "the default inception, the session before the earliest entry,"
        )
        message = (
            f"{what} is too early: the first possible is {session_at(first)}. "
            "Lots entered before an inception are simply held at it"
        )
        raise IntakeError("inception_too_early", message, "inception")
    return session_at(index)


def opening_warnings(rows: Sequence[PositionRow], equity: Decimal, inception: date) -> tuple[str, ...]:
    """Say what is legal but probably not meant."""
    warnings = []
    if equity <= 0:
        warnings.append(f"initial equity {equity} is not positive: weights, returns and betas will be null")
    gone = [row.row for row in rows if is_gone(row, inception)]
    if gone:
        shown = ", ".join(map(str, gone[:10])) + (", …" if len(gone) > 10 else "")
        warnings.append(
            f"{len(gone)} lots were over by the inception {inception} and never show: rows {shown}"
        )
    return tuple(warnings)


def is_gone(row: PositionRow, inception: date) -> bool:
    """Say whether a lot was over by the inception: it never has a row."""
    contract = row.instrument.contract
    if contract is not None and session_on_or_before(contract.expiry) <= inception:
        return True
    return row.exit_date is not None and session_on_or_after(row.exit_date) <= inception
