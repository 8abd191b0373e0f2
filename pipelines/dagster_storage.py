"""Dagster's storage in our PostgreSQL, with pooled connections.

The stock storage opens a connection for each call, which makes a long range of partitions ten times slower.
It has a pool, but only the web server turns it on, by `optimize_for_webserver`; here every process does. That
is an internal interface: Dagster is pinned, and a test holds it.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from dagster import AssetKey, DagsterEventType, EventLogEntry, Field, IntSource
from dagster._config.config_schema import UserConfigSchema
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage
from dagster_shared.record import copy
from sqlalchemy import URL

from pipelines.settings import settings

EVENT_BATCH_SIZE = 1000
_INSTANCE = Path(__file__).parent.parent / "dagster.yaml"


class BatchingEventLogStorage(PostgresEventLogStorage):
    """Stores the plan of a range run (an event for each asset and partition) in one go for each asset.

    The stock storage does so for materializations only, and pays a commit for every planned one.
    """

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events; planned materializations together, asset by asset."""
        planned: dict[AssetKey, list[EventLogEntry]] = {}
        others: list[EventLogEntry] = []
        for event in events:
            told = event.get_dagster_event()
            if told.event_type is DagsterEventType.ASSET_MATERIALIZATION_PLANNED and told.asset_key:
                planned.setdefault(told.asset_key, []).append(event)
            else:
                others.append(event)
        for batch in planned.values():
            self._store_planned(batch)
        if others:
            super().store_event_batch(others)

    def _store_planned(self, events: Sequence[EventLogEntry]) -> None:
        statement = self.prepare_insert_event_batch(events).returning(SqlEventLogStorageTable.c.id)
        with self._connect() as connection:
            ids = [int(row[0]) for row in connection.execute(statement).fetchall()]
        with self.index_transaction() as connection:
            self._store_asset_event_tags(connection, events, ids)
            self._store_asset_event(connection, events[-1], ids[-1])

    def store_asset_check_event(self, event: EventLogEntry, event_id: int | None) -> None:
        """Store a check's event; a planned one for the run as a whole, because that is how our checks answer.

        The stock storage writes a row for each partition, each with the whole calendar in it, and since the answer
        names no partition none of them is ever closed: 59 MB and ten seconds for a year and 25 checks.
        """
        super().store_asset_check_event(_of_whole_run(event), event_id)


def _of_whole_run(event: EventLogEntry) -> EventLogEntry:
    """The event without its partitions, if it is a planned check."""
    told = event.dagster_event
    if told is None or not isinstance(told.event_specific_data, AssetCheckEvaluationPlanned):
        return event
    planned = copy(told.event_specific_data, partitions_subset=None)
    return event._replace(dagster_event=told._replace(event_specific_data=planned))


class PooledPostgresStorage(DagsterPostgresStorage):
    """`storage.custom` of `dagster.yaml`: logs in as `sigmasight_dagster`, by the URL of our settings."""

    def __init__(
        self,
        inst_data: ConfigurableClassData | None = None,
        *,
        statement_timeout_ms: int = 600_000,
        pool_recycle_s: int = 3600,
        max_overflow: int = 20,
    ) -> None:
        super().__init__(sqlalchemy_url(settings().urls().dagster), inst_data=inst_data)
        self._event_log_storage = BatchingEventLogStorage(self.postgres_url, inst_data=None)
        for storage in (self._run_storage, self._event_log_storage, self._schedule_storage):
            storage.optimize_for_webserver(statement_timeout_ms, pool_recycle_s, max_overflow)

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """No URL: it is a secret, and the settings know it."""
        return {
            "statement_timeout_ms": Field(IntSource, is_required=False),
            "pool_recycle_s": Field(IntSource, is_required=False),
            "max_overflow": Field(IntSource, is_required=False),
        }

    @classmethod
    def from_config_value(  # type: ignore[override,unused-ignore]
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Build the storage from `dagster.yaml`."""
        return cls(inst_data, **config_value)


def sqlalchemy_url(libpq_url: str) -> str:
    """Translate a libpq URL for SQLAlchemy and psycopg2.

    A bare `postgresql://` would be psycopg 3 to SQLAlchemy 2.1, whose notifications Dagster does not speak.
    """
    from pipelines.postgres.credentials import url_parts

    parts = url_parts(libpq_url)
    url = URL.create(
        "postgresql+psycopg2",
        username=parts.pop("user"),
        password=parts.pop("password", None),
        database=parts.pop("dbname"),
        query=parts,
    )
    return url.render_as_string(hide_password=False)


def dagster_environment() -> dict[str, str]:
    """Prepare Dagster's home below ours and return the environment its processes need, ours included."""
    folder = settings().home / "dagster"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(_INSTANCE, folder / "dagster.yaml")
    return dict(os.environ) | {
        "DAGSTER_HOME": str(folder),
        "DAGSTER_EVENT_BATCH_SIZE": os.environ.get("DAGSTER_EVENT_BATCH_SIZE", str(EVENT_BATCH_SIZE)),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
