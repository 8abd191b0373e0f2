"""Instants as typed on the command line."""

from datetime import datetime

from pipelines.errors import SigmaSightError


def instant(option: str, text: str) -> datetime:
    """Read an ISO instant with its offset; SigmaSightError names the option that is not one."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise SigmaSightError(
            f"{option} {text}: write an instant like 2026-01-31T21:00:00Z, with a time zone"
        )
    return found
