"""Cash flows: deposits and withdrawals, one net amount a day and portfolio."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from psycopg import Connection

from api.intake.ledger import LedgerResult, Portfolio, record, write_changes
from pipelines.sessions import session_on_or_after
from pipelines.sources.csv_errors import ErrorList
from pipelines.sources.csv_file import MAX_BYTES
from pipelines.sources.ledger_csv import FlowRow, LedgerFileError, read_flows


def record_flows(
    connection: Connection[Any],
    data: bytes,
    today: date,
    owner: str | None = None,
    *,
    max_bytes: int = MAX_BYTES,
) -> LedgerResult:
    """Record a flow file `portfolio,date,amount` in one transaction; a changed amount is a correction.

    Raises LedgerFileError with every error: those of the cells, unknown_portfolio, ambiguous_portfolio,
    before_inception, duplicate_row; NotFoundError (unknown_user).
    """
    errors = ErrorList(LedgerFileError)
    read = read_flows(data, today, errors, max_bytes=max_bytes)
    return record(
        connection, read, owner, errors, "portfolio and date", lambda row: (row.flow_date,), write_flows
    )


def write_flows(
    connection: Connection[Any], flows: Sequence[tuple[Portfolio, FlowRow]], errors: ErrorList
) -> tuple[int, int]:
    """Write flows of portfolios and return how many were added and corrected.

    Raises the list's exception with what is in it and before_inception; then nothing is written.
    """
    _check_inception(flows, errors)
    errors.raise_if_any()
    columns: dict[str, list[Any]] = {
        "portfolio_ids": [p.id for p, _ in flows],
        "dates": [row.flow_date for _, row in flows],
        "amounts": [row.amount for _, row in flows],
    }
    return write_changes(connection, "flows", columns, "flows")


def _check_inception(flows: Sequence[tuple[Portfolio, FlowRow]], errors: ErrorList) -> None:
    """Refuse flows at or before inception: they are part of the initial equity already."""
    for portfolio, row in flows:
        if session_on_or_after(row.flow_date) <= portfolio.inception_date:
            message = (
                f"{row.flow_date} is not after the inception of {portfolio.name!r} on "
                f"{portfolio.inception_date}: the initial equity holds it already"
            )
            errors.add(row.row, "date", "before_inception", message)
