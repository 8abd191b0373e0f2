"""The ledger of restatements: what a run's snapshots replaced, by how much, and what had changed."""

from typing import Final

from pipelines.tables.database import Database

MANY: Final = 10_000
"""Rows from which on joins that look each of them up are slower than hashing whole tables."""


def record_restatements(database: Database, replaced: int) -> int:
    """Enter the snapshots this transaction's commit replaced; returns how many. In the transaction that did.

    replaced: how many it replaced, about. The planner knows nothing yet of rows that are a moment old.
    """
    if replaced >= MANY:
        database.rows("verify/plan_by_hash")
    commit = database.begin_commit("snapshots")
    return database.run("ledger/record", {"commit": commit, "run_id": database.run_id})
