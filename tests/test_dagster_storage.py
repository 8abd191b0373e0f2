"""Dagster's instance on our PostgreSQL: pooled, batched, without a secret in its files."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster_postgres import PostgresEventLogStorage
from sqlalchemy import event, make_url
from sqlalchemy.pool import NullPool, QueuePool

from pipelines.dagster_storage import dagster_environment, sqlalchemy_url
from pipelines.postgres import DatabaseUrls, Role, connect

DAYS = 100
PARTITIONS = dg.DailyPartitionsDefinition(datetime(2024, 1, 1, tzinfo=UTC))


@dg.asset(partitions_def=PARTITIONS, backfill_policy=dg.BackfillPolicy.single_run())
def probe(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    for number, key in enumerate(context.partition_keys):
        context.add_asset_metadata({"number": number}, partition_key=key)
    return dg.MaterializeResult()


@pytest.fixture
def instance(bare_database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """The instance of `dagster.yaml` on a fresh database."""
    for name, value in dagster_environment().items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.get() as found:
        yield found


def test_all_three_storages_pool_their_connections(instance: dg.DagsterInstance) -> None:
    for part in (instance.run_storage, instance.event_log_storage, instance.schedule_storage):
        pool = part._engine.pool
        assert isinstance(pool, QueuePool)
        assert not isinstance(pool, NullPool)


def test_a_range_run_is_recorded_in_batches(instance: dg.DagsterInstance) -> None:
    log = instance.event_log_storage
    assert isinstance(log, PostgresEventLogStorage)
    inserts = 0

    @event.listens_for(log._engine, "before_cursor_execute")
    def _count(_c: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal inserts
        inserts += statement.startswith("INSERT INTO event_logs")

    end = PARTITIONS.get_partition_keys()[DAYS - 1]
    tags = {"dagster/asset_partition_range_start": "2024-01-01", "dagster/asset_partition_range_end": end}
    assert dg.materialize([probe], instance=instance, tags=tags).success
    assert len(instance.get_materialized_partitions(dg.AssetKey("probe"))) == DAYS
    # Each partition has a planned and a stored materialization: one by one it would be more than 2 × DAYS.
    assert inserts < DAYS


@dg.asset_check(asset=probe)
def probe_is_fine() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def test_a_check_of_a_range_is_one_record(instance: dg.DagsterInstance) -> None:
    """Planned for the run, and closed by its answer: not a row for each partition that stays open forever."""
    end = PARTITIONS.get_partition_keys()[DAYS - 1]
    tags = {"dagster/asset_partition_range_start": "2024-01-01", "dagster/asset_partition_range_end": end}
    assert dg.materialize([probe, probe_is_fine], instance=instance, tags=tags).success
    with connect(Role.DAGSTER) as connection:
        found = connection.execute(
            "select check_name, partition, execution_status from asset_check_executions"
        ).fetchall()
    assert found == [("probe_is_fine", None, "SUCCEEDED")]


def test_dagster_logs_in_as_its_own_role(instance: dg.DagsterInstance) -> None:
    with connect(Role.DAGSTER) as connection:
        owners = connection.execute(
            "select distinct tableowner from pg_tables where schemaname = 'public'"
        ).fetchall()
    assert owners == [("sigmasight_dagster",)]


def test_no_secret_is_in_the_instance_files(
    instance: dg.DagsterInstance, bare_database: DatabaseUrls
) -> None:
    password = make_url(sqlalchemy_url(bare_database.dagster)).password
    assert password
    assert password not in str(instance.get_ref())


@pytest.mark.parametrize(
    ("libpq", "query"),
    [
        ("postgresql://u:p%2Fw@/d?host=%2Frun%2Fsocket&port=5432", {"host": "/run/socket", "port": "5432"}),
        (
            "postgres://u:p%2Fw@db:1/d?sslmode=require",
            {"host": "db", "port": "1", "sslmode": "require"},
        ),
    ],
)
def test_sqlalchemy_gets_psycopg2_and_every_option(libpq: str, query: dict[str, str]) -> None:
    url = make_url(sqlalchemy_url(libpq))
    assert (url.drivername, url.username, url.password, url.database) == (
        "postgresql+psycopg2",
        "u",
        "p/w",
        "d",
    )
    assert dict(url.query) == query
