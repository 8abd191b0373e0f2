"""The whole proof, in one transaction that sees one instant and writes nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import psycopg

from pipelines.calc.types import IntArray
from pipelines.sessions import index_on_or_before
from pipelines.steps.chain import STEPS
from pipelines.tables.database import Database
from pipelines.tables.digest import slice_code
from pipelines.tables.specs import MANIFESTED
from pipelines.verify import digests
from pipelines.verify.causes import read_changes
from pipelines.verify.digests import Digests
from pipelines.verify.entries import malformed, read_entries
from pipelines.verify.findings import LIMIT, Finding, Proof, Scope
from pipelines.verify.identities import Identity, Offender, identities, offenders
from pipelines.verify.judgement import judge
from pipelines.verify.recompute import recompute

Say = Callable[[str], None]


def _quiet(line: str) -> None:
    del line


def verify(
    connection: psycopg.Connection[Any], scope: Scope, risk_free_rate: float = 0.0, say: Say = _quiet
) -> Proof:
    """Prove what is stored of a scope. The connection must be idle; its role needs to read only.

    Takes no lock: runs may go on meanwhile, and what they commit is not seen.
    """
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    database = Database(connection, run_id="")
    with database.transaction():
        return prove_in(database, scope, risk_free_rate, say)


def prove_in(database: Database, scope: Scope, risk_free_rate: float = 0.0, say: Say = _quiet) -> Proof:
    """Prove what an open transaction sees."""
    proof, stale = Proof(), _StaleSlices()
    proof.add(malformed(database, scope))
    proofs: dict[str, Digests] = {}
    for spec in MANIFESTED:
        say(f"reading {spec.qualified}")
        found = proofs[spec.name] = digests.prove(database, read_entries(database, spec, scope), scope)
        proof.add(found.foreign)
        proof.tables += 1
        proof.rows += found.rows
        proof.slices += len(found.entries)
    changes = read_changes(database, proofs)
    named: dict[str, dict[int, tuple[str, str]]] = {}
    for step in STEPS:
        say(f"recomputing {step}")
        for result in recompute(database, step, proofs, scope, risk_free_rate):
            findings, is_stale = judge(result, proofs, changes)
            entries = result.entries
            stale.add(entries.spec.name, entries.session[is_stale], entries.portfolio_id[is_stale])
            named[entries.spec.name] = result.named
            proof.add(findings)
            proof.recomputed += int(result.seen.sum())
    for name, found in proofs.items():
        proof.add(digests.findings(found, named.get(name, {})))
    say("checking identities")
    for identity in identities():
        proof.add(_identity_findings(database, identity, scope, stale))
        proof.identities += 1
    return proof


def _identity_findings(
    database: Database, identity: Identity, scope: Scope, stale: "_StaleSlices"
) -> list[Finding]:
    found = offenders(database, identity, scope)
    findings = [row.finding(identity, is_stale=stale.excuse(identity, row)) for row in found.first]
    if found.total > len(findings):
        kind = "broken" if any(f.kind == "broken" for f in findings) else "stale"
        rest = f"… and {found.total - LIMIT} more offenders"
        findings.append(Finding(kind, identity.name, identity.asset, None, None, None, rest))  # type: ignore[arg-type]
    return findings


class _StaleSlices:
    """Which slices are stale, and from which session on each portfolio has one."""

    def __init__(self) -> None:
        self._codes: dict[str, IntArray] = {}
        self._first: dict[int, int] = {}

    def add(self, table: str, session: np.ndarray, portfolio_id: IntArray) -> None:
        self._codes[table] = slice_code(session, portfolio_id)
        for portfolio in np.unique(portfolio_id).tolist():
            ix = int(index_on_or_before(session[portfolio_id == portfolio].min()))
            self._first[portfolio] = min(ix, self._first.get(portfolio, ix))

    def excuse(self, identity: Identity, row: Offender) -> bool:
        """Whether an offender is what staleness of its slice, or of its portfolio's, explains."""
        if identity.excused_by == "always":
            return True
        if row.session is None or identity.excused_by == "nothing":
            return False
        ix, portfolio_id = int(index_on_or_before(row.session)), row.portfolio_id or 0
        if identity.excused_by == "portfolio":
            return self._first.get(portfolio_id, ix + 1) <= ix
        code = slice_code(np.array([row.session], dtype="datetime64[D]"), np.array([portfolio_id]))
        codes = self._codes.get(row.table)
        return codes is not None and bool(np.isin(code, codes)[0])
