"""Random past slices, computed again from nothing but their inputs and compared with what is stored, bit for bit."""

import random
from typing import Any, Final

import dagster as dg
import psycopg

from pipelines.checks.table import table
from pipelines.postgres import Role, connect
from pipelines.settings import settings
from pipelines.tables.specs import SNAPSHOTS
from pipelines.verify import Finding, Proof, Scope, verify
from sql import query

NAME: Final = "random_sessions_are_rebuilt_equal"
SHOWN: Final = 20


@dg.asset_check(
    asset=SNAPSHOTS.name,
    name=NAME,
    description="Sessions chosen at random, of every table: read back against their digests, recomputed, and held "
    "against every identity. What is stale is said, what is broken fails.",
)
def random_sessions(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Prove `SIGMASIGHT_PROOF_SESSIONS` stored sessions; the run's id chooses which."""
    now = settings()
    with connect(Role.READER) as connection:
        return verdict(prove_some(connection, now.proof_sessions, context.run.run_id, now.risk_free_rate))


def verdict(proofs: dict[str, Proof]) -> dg.AssetCheckResult:
    """Return the result of the check: an error where something is broken, a warning where it is merely stale."""
    broken = [finding for proof in proofs.values() for finding in proof.broken]
    stale = [finding for proof in proofs.values() for finding in proof.stale]
    return dg.AssetCheckResult(
        passed=not (broken or stale),
        severity=dg.AssetCheckSeverity.ERROR if broken else dg.AssetCheckSeverity.WARN,
        description=f"{len(broken)} broken, {len(stale)} stale" if broken or stale else "proven",
        metadata={
            "sessions": sorted(proofs),
            "slices recomputed": sum(proof.recomputed for proof in proofs.values()),
            "rows read back": sum(proof.rows for proof in proofs.values()),
            **_first([*broken, *stale]),
        },
    )


def prove_some(
    connection: psycopg.Connection[Any], sessions: int, seed: str, risk_free_rate: float = 0.0
) -> dict[str, Proof]:
    """Prove some stored sessions, chosen by the seed; proof by session. The connection must be idle."""
    stored = [row[0] for row in connection.execute(query("verify/stored_sessions")).fetchall()]
    connection.rollback()
    chance = random.Random(seed)  # noqa: S311 - chooses what to look at, keeps no secret
    chosen = chance.sample(stored, min(sessions, len(stored)))
    return {str(day): verify(connection, Scope(day, day), risk_free_rate) for day in chosen}


def _first(findings: list[Finding]) -> dict[str, Any]:
    rows = [(found.kind, found.where, found.detail) for found in findings[:SHOWN]]
    return {f"first {SHOWN}": table(("kind", "where", "detail"), rows)} if rows else {}
