"""Every slice recomputed from what is stored now: other inputs are stale, the same inputs and other rows broken."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import psycopg

from pipelines.calc.types import BoolArray, IntArray
from pipelines.errors import SigmaSightError
from pipelines.sessions import FIRST_PARTITION, index_on_or_before, session_index
from pipelines.steps.chain import STEPS
from pipelines.steps.known_at import NOW
from pipelines.steps.plan import TERMS, Plan
from pipelines.steps.stale import tables_of
from pipelines.steps.work import Work
from pipelines.tables.database import Database
from pipelines.tables.digest import row_codes, slice_digests, sort_by_key
from pipelines.tables.spec import integer
from pipelines.tables.specs import PRICES
from pipelines.tables.store import Batch
from pipelines.verify.differences import first_difference
from pipelines.verify.digests import Digests, read_rows
from pipelines.verify.entries import Entries, code_at
from pipelines.verify.findings import Scope

NAMED_SLICES: Final = 200
"""Altered slices of a table whose first differing row is looked for."""

_READ_LOTS: Final = ("position_greeks", "factor_exposures", "risk_metrics", "snapshots")
"""Steps that look the lot of each stored row up: one of no lot would end them for all portfolios."""

_IDS = (integer("portfolio_id"),)


@dataclass
class Recomputed:
    """What recomputing a table showed, by entry: shape (n,) each. named: slice code → (row, difference)."""

    entries: Entries
    seen: BoolArray
    other_inputs: BoolArray
    other_rows: BoolArray
    named: dict[int, tuple[str, str]] = field(default_factory=dict)
    unproven: dict[int, str] = field(default_factory=dict)
    failure: str | None = None

    @staticmethod
    def of(entries: Entries) -> "Recomputed":
        """Nothing recomputed yet."""
        nothing = np.zeros(len(entries), dtype=np.bool_)
        return Recomputed(entries, nothing, nothing.copy(), nothing.copy())


def recompute(
    database: Database, step: str, proofs: dict[str, Digests], scope: Scope, risk_free_rate: float
) -> list[Recomputed]:
    """Run a step over what is stored of its tables, storing nothing."""
    results = {spec.name: Recomputed.of(proofs[spec.name].entries) for spec in tables_of(step)}
    left_out: dict[int, str] = {}
    try:
        # A savepoint: what cannot be computed from altered rows must not end the proof of the others.
        with database.transaction(), np.errstate(all="ignore"):
            work = Work(
                database,
                _plan(database, step, proofs, scope, left_out),
                NOW,
                risk_free_rate,
                left_out=left_out,
            )
            for batch in STEPS[step](work):
                _compare(database, batch, results[batch.spec.name], proofs[batch.spec.name])
    except (SigmaSightError, ValueError, IndexError, KeyError, psycopg.DataError) as error:
        failure = f"{type(error).__name__}: {error}".splitlines()[0]
        for result in results.values():
            result.failure = failure
    for result in results.values():
        result.unproven = left_out
    return list(results.values())


def _plan(
    database: Database, step: str, proofs: dict[str, Digests], scope: Scope, left_out: dict[int, str]
) -> Plan:
    """Plan the sessions each portfolio, and each table by session, has stored."""
    prices = proofs[PRICES.name].entries.session
    cap = min(scope.end_ix, int(index_on_or_before(prices.max())) if len(prices) else scope.end_ix)
    start = max(scope.start_ix, session_index(FIRST_PARTITION))
    specs = {spec.by_portfolio: proofs[spec.name].entries for spec in tables_of(step)}
    by_session = index_on_or_before(specs[False].session) if False in specs else np.zeros(0, dtype=np.int64)
    by_session = by_session[(by_session >= start) & (by_session <= cap)]
    found = database.columns(TERMS, "book/portfolios", {"known_at": None, "portfolios": None})
    foreign = np.zeros(0, dtype=np.int64)
    if step in _READ_LOTS:
        foreign = database.columns(_IDS, "verify/foreign_positions", scope.params())["portfolio_id"]
    inception = index_on_or_before(found["inception_date"])
    first = np.maximum(inception + 1, start)
    last = _last_stored(specs.get(True), found["portfolio_id"], cap)
    keep = (first <= last) & ~np.isin(found["portfolio_id"], foreign)
    left_out.update({int(p): "it has rows of positions that are not in the book" for p in foreign})
    return Plan(
        found["portfolio_id"][keep],
        found["initial_equity"][keep],
        inception[keep],
        first[keep],
        last[keep],
        int(by_session.min(initial=cap + 1)),
        int(by_session.max(initial=cap)),
        {},
    )


def _last_stored(entries: Entries | None, portfolio_id: IntArray, cap: int) -> IntArray:
    """Index of the last session each portfolio has an entry of, no later than the cap; −1 if none."""
    last = np.full(len(portfolio_id), -1, dtype=np.int64)
    if entries is not None and len(portfolio_id):
        ix = index_on_or_before(entries.session)
        known = np.isin(entries.portfolio_id, portfolio_id) & (ix <= cap)
        np.maximum.at(last, np.searchsorted(portfolio_id, entries.portfolio_id[known]), ix[known])
    return last


def _compare(database: Database, batch: Batch, result: Recomputed, proof: Digests) -> None:
    """Compare a batch with the entries, and name a row of each slice whose stored rows are altered."""
    spec, slices = batch.spec, batch.slices
    data = sort_by_key(spec, batch.data)
    digests, _ = slice_digests(spec, data, slices.codes)
    at, known = result.entries.find(slices.codes)
    at, inputs, digests = at[known], slices.input_hash[known], digests[known]
    result.seen[at] = True
    result.other_inputs[at] = result.entries.input_hash[at] != inputs
    result.other_rows[at] = result.entries.output_digest[at] != digests
    codes = slices.codes
    suspect = np.isin(codes, proof.altered_codes)
    suspect[known] |= result.other_rows[at] & ~result.other_inputs[at]
    rows = row_codes(spec, data)
    for code in codes[suspect].tolist()[: max(NAMED_SLICES - len(result.named), 0)]:
        session, _ = code_at(code)
        stored = read_rows(database, spec, session, session)
        own, mine = row_codes(spec, stored) == code, rows == code
        difference = first_difference(
            spec,
            {name: stored[name][own] for name in spec.column_names},
            {name: data[name][mine] for name in spec.column_names},
        )
        if difference is not None:
            result.named[code] = difference
