"""The ledger of restatements: what a run's snapshots replaced, by how much, and what had changed."""

from pipelines.tables.database import Database


def record_restatements(database: Database) -> int:
    """Enter the snapshots this transaction's commit replaced; returns how many. In the transaction that did."""
    commit = database.begin_commit("snapshots")
    return database.run("ledger/record", {"commit": commit, "run_id": database.run_id})
