"""Prices from a vendor: only what is missing or asked anew, stored call by call, compared with what is in use."""

from datetime import timedelta
from typing import Any, Final

import numpy as np

from pipelines.calc.types import BoolArray
from pipelines.sessions import close_of, index_on_or_before, session_at
from pipelines.sources.errors import SourceError
from pipelines.sources.vendor import Ask, OutageError, Vendor
from pipelines.steps.fetched import Fetched, Need
from pipelines.steps.plan import Request
from pipelines.steps.vendor_desk import Desk
from pipelines.steps.vendor_splits import fetch_splits
from pipelines.tables.database import Database
from pipelines.tables.spec import date, instant, text
from pipelines.tables.specs import SYMBOL_WIDTH

_FETCHED: Final = (date("session"), text("symbol", SYMBOL_WIDTH), text("outcome", 16), instant("fetched_at"))
LATE: Final = timedelta(hours=4)
"""A close that a vendor has not this long after the session is one it does not have."""
TOLD_LATE: Final = 30
"""Sessions before the first one asked for in which a split may have been told since."""
ANSWERS_A_COMMIT: Final = 16
"""Calls whose answers are stored together: what an interrupted run may lose."""


def fetch_from_vendor(database: Database, vendor: Vendor, need: Need, request: Request) -> Fetched:
    """Fetch the closes that are missing, provisional, or asked anew.

    Each few calls are a transaction: after an outage the next run goes on from there. Raises what the vendor raises,
    once what it answered has been stored.
    """
    problems: dict[str, str] = {}
    ask = _ask(database, need, request)
    if ask.wanted.any():
        asked = ask.symbols[ask.wanted.any(axis=0)]
        first = need.start_ix + int(ask.wanted.any(axis=1).argmax())
        problems = fetch_splits(database, vendor, asked, max(first - TOLD_LATE, 0), need.end_ix)
        ask = _ask(database, need, request)
    desk = Desk(database, ask)
    try:
        for count, answer in enumerate(vendor.answers(ask), start=1):
            desk.take(answer)
            if count % ANSWERS_A_COMMIT == 0:
                desk.store(vendor.name)
    except SourceError as error:
        desk.store(vendor.name)
        done, total = int((desk.asked & ask.wanted).sum()), int(ask.wanted.sum())
        if isinstance(error, OutageError):
            raise OutageError(
                f"{error} ({done:,} of {total:,} closes are answered for and stored)"
            ) from error
        raise
    desk.store(vendor.name)
    return Fetched(
        int(ask.wanted.sum()),
        desk.written,
        desk.missing(),
        {**problems, **desk.problems},
        restated=desk.restated,
        quarantined=desk.quarantined,
    )


def _ask(database: Database, need: Need, request: Request) -> Ask:
    """The cells wanted whose answer is not settled: never asked, asked too early, or to be asked anew."""
    rows = np.arange(need.start_ix, need.end_ix + 1)
    in_range = (rows >= request.start_ix) & (rows <= request.end_ix)
    settled = _settled(database, need, timedelta(minutes=request.settle_minutes))
    if request.anew:
        settled[in_range] = False
    return Ask(need.symbols, need.start_ix, need.wanted & ~settled)


def _settled(database: Database, need: Need, settle: timedelta) -> BoolArray:
    """Which cells have a final answer, (T, S)."""
    settled: BoolArray = np.zeros(need.wanted.shape, dtype=np.bool_)
    params: dict[str, Any] = {"symbols": need.symbols.tolist()}
    params |= {"start": session_at(need.start_ix), "end": session_at(need.end_ix)}
    found = database.columns(_FETCHED, "market/fetched", params)
    if not len(found["session"]):
        return settled
    row = index_on_or_before(found["session"]) - need.start_ix
    column = np.searchsorted(need.symbols, found["symbol"])
    days = np.unique(row)
    closes = np.zeros(len(need.wanted), dtype="datetime64[us]")
    closes[days] = [
        np.datetime64(close_of(session_at(need.start_ix + int(r))).replace(tzinfo=None), "us") for r in days
    ]
    wait = np.where(found["outcome"] == "none", np.timedelta64(LATE, "us"), np.timedelta64(settle, "us"))
    settled[row, column] = found["fetched_at"] >= closes[row] + wait
    return settled
