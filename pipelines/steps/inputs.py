"""One hash of all that a run computes from: what a dry run has seen, and a real one may be held to."""

import json
from hashlib import blake2b
from typing import Any

import numpy as np

from pipelines.calc.types import Columns
from pipelines.sessions import session_at
from pipelines.steps.book import OVERRIDES, read_book
from pipelines.steps.chain import STEPS
from pipelines.steps.closes import read_closes_once, read_prior
from pipelines.steps.factor_betas import active_symbols
from pipelines.steps.fetch import LOOKBACK
from pipelines.steps.known_at import Instant, KnownAt
from pipelines.steps.lot_hash import lot_hashes
from pipelines.steps.plan import TERMS, Request, read_plan
from pipelines.steps.reach import FACTOR_SYMBOLS, declaration
from pipelines.steps.splits import read_splits
from pipelines.steps.stale import read_stale_plan
from pipelines.tables.database import Database
from pipelines.tables.digest import DIGEST_SIZE
from pipelines.tables.spec import date, digest, integer, money, number, text
from pipelines.tables.specs import SYMBOL_WIDTH

_FLOWS = (integer("portfolio_id"), date("flow_date"), money("amount"))
_SHORT_INTEREST = (text("symbol", SYMBOL_WIDTH), date("published_on"), number("days_to_cover"))
_PRIOR = (text("asset", 24), date("session"), integer("portfolio_id"), digest("output_digest"))


def input_hash(database: Database, request: Request, known_at: Instant, risk_free_rate: float) -> str:
    """Hash (hex) of the book, the market, the code and the results before its range that a run is a function of.

    The same of a dry run and of the real one unless an input changes between them, such as a close fetched anew.
    """
    portfolios, start, end = _range(database, request, known_at)
    params: dict[str, Any] = {"known_at": known_at, "portfolios": portfolios}
    known = KnownAt.of(known_at)
    book, firm = read_book(database, known, portfolios), read_book(database, known, None)
    active = active_symbols(firm, start, end)
    symbols = np.unique(np.concatenate([firm.symbols[active.any(axis=0)], book.symbols, FACTOR_SYMBOLS]))
    first = start - LOOKBACK
    older, older_date = read_prior(database, known.prices, symbols, first)
    before = {"start": session_at(start), "before": session_at(start - 1), "portfolios": portfolios}
    parts: list[Columns] = [
        {"range": np.array([start, end]), "portfolios": np.array(portfolios, dtype=np.int64)},
        database.columns(TERMS, "book/portfolios", params),
        database.columns(_FLOWS, "book/cash_flows", params),
        {"lots": lot_hashes(book.lots), "active": active, "names": firm.symbols.astype("U40")},
        {"column": book.marks.column, "day": book.marks.mark_date, "price": book.marks.price},
        database.columns(OVERRIDES, "book/overrides", params),
        {
            "symbols": symbols.astype("U40"),
            "closes": read_closes_once(database, known.prices, symbols, first, end),
        },
        {"older": older, "older_date": older_date},
        vars(read_splits(database, known.prices.splits, symbols)),
        database.columns(
            _SHORT_INTEREST, "market/short_interest", params | {"symbols": list(FACTOR_SYMBOLS)}
        ),
        database.columns(_PRIOR, "rehearsal/prior_slices", before),
    ]
    found = blake2b(digest_size=DIGEST_SIZE)
    found.update(json.dumps(declaration(risk_free_rate), sort_keys=True).encode())
    for part in parts:
        for name, values in part.items():
            plain = np.where(np.isnan(values), np.nan, values + 0.0) if values.dtype.kind == "f" else values
            found.update(f"{name}{plain.shape}".encode() + np.ascontiguousarray(plain).tobytes())
    return found.hexdigest()


def _range(database: Database, request: Request, known_at: Instant) -> tuple[list[int], int, int]:
    """Portfolios, and index of the first and the last session, that a run computes."""
    if not request.stale_only:
        plan = read_plan(database, request, known_at)
        return plan.portfolio_id.tolist(), *plan.span
    plans = [read_stale_plan(database, step, request, known_at)[0] for step in STEPS]
    spans = [plan.span for plan in plans if not plan.is_empty]
    portfolios = sorted({portfolio for plan in plans for portfolio in plan.portfolio_id.tolist()})
    if not spans:
        return portfolios, request.start_ix, request.end_ix
    return portfolios, min(start for start, _ in spans), max(end for _, end in spans)
