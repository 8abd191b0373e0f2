"""The planner is told of a table that has grown much, and of no other."""

from typing import Any

import numpy as np
import psycopg
import pytest

from pipelines.calc.types import Columns
from pipelines.postgres import Role
from pipelines.tables.database import Database
from pipelines.tables.digest import DIGEST_TYPE
from pipelines.tables.manifest import Slices
from pipelines.tables.specs import FACTOR_BETAS
from pipelines.tables.statistics import refresh_statistics, stored_rows
from pipelines.tables.store import Batch, Written, prepare, replace
from tests.tables.conftest import Connect

DAY = np.datetime64("2024-01-02")
ROWS = 1_500


@pytest.fixture(autouse=True)
def _empty(owner: psycopg.Connection[Any]) -> None:
    owner.execute("truncate analytics.factor_betas, analytics.slices, analytics.commits")
    owner.execute("analyze analytics.factor_betas")


def put(pipeline: Database, day: np.datetime64, rows: int) -> dict[str, Written]:
    data: Columns = {
        "session": np.full(rows, day),
        "symbol": np.char.add("S", np.arange(rows).astype(str)),
        "factor": np.full(rows, "market"),
        "beta": np.ones(rows),
        "n_obs": np.full(rows, 60),
        "r_squared": np.ones(rows),
        "std_error": np.ones(rows),
    }
    slices = Slices(np.array([day]), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=DIGEST_TYPE))
    with pipeline.transaction():
        written = {"factor_betas": replace(pipeline, prepare(Batch(FACTOR_BETAS, slices, data)))}
    refresh_statistics(pipeline, stored_rows(written))
    return written


def known_rows(owner: psycopg.Connection[Any]) -> float:
    found: float = owner.execute(
        "select reltuples from pg_class where oid = 'analytics.factor_betas'::regclass"
    ).fetchall()[0][0]
    return found


def test_a_table_that_was_filled_is_looked_at(pipeline: Database, owner: psycopg.Connection[Any]) -> None:
    put(pipeline, DAY, ROWS)
    assert known_rows(owner) == ROWS


def test_few_rows_more_are_left_to_autovacuum(pipeline: Database, owner: psycopg.Connection[Any]) -> None:
    for day in range(6):
        put(pipeline, DAY + day, ROWS)
    known = known_rows(owner)
    put(pipeline, DAY + 6, ROWS - 499)
    assert known_rows(owner) == known, "1,001 rows are not a fifth of 7,500 or more"


@pytest.mark.parametrize("role", [Role.READER, Role.INTAKE])
def test_no_other_role_looks_at_anything(connect: Connect, role: Role) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(role).execute("select analytics.refresh_statistics('analytics.factor_betas', 1000000)")


def test_the_pipeline_looks_at_its_own_tables_alone(pipeline: Database) -> None:
    with pipeline.transaction():
        found = pipeline.rows("store/refresh_statistics", {"table": "book.portfolios", "written": 1_000_000})
    assert found == [(False,)]
