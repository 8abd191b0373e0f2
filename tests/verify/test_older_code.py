"""Snapshots that older code stored: proven as what they are, stale by today's code, and recomputed."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pipelines.automation.retention import archive
from pipelines.lineage.replay import replay
from pipelines.postgres.credentials import DatabaseUrls
from pipelines.steps.stale import declare
from pipelines.tables.database import Database
from pipelines.tables.spec import TableSpec
from pipelines.tables.specs import DERIVED, SNAPSHOTS
from pipelines.verify import Scope
from pipelines.verify.proof import prove_in
from sql import migrate
from tests.postgres_server import PostgresServer
from tests.verify import world
from tests.verify.world import prove

REVISIONS = {"1": "0012", "2": "0013"}
"""The newest revision of the database that each version of the code knew."""
VALUES = {"price_sources": """'["simulated"]'""", "top_movers": "'{}'"}
"""What a column could hold, where that is not 1."""
ARCHIVED_DAYS = 60
NOW = datetime(2021, 7, 27, tzinfo=UTC)
"""Snapshots before the end of May are in the archive then."""


@dataclass(frozen=True)
class Older:
    """A database that older code filled, brought to the newest revision with its rows in place."""

    urls: DatabaseUrls
    spec: TableSpec
    """The snapshots as that code wrote them."""
    stored: list[tuple[Any, ...]]
    """Its snapshots before."""
    instant: datetime
    """An instant before, later than all its commits."""

    @property
    def since(self) -> list[str]:
        """Columns that did not exist then."""
        return [name for name in SNAPSHOTS.column_names if name not in self.spec.column_names]


def rows(urls: DatabaseUrls, query: str, *params: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(urls.owner) as connection:
        return connection.execute(query, params).fetchall()


def snapshots(
    urls: DatabaseUrls, spec: TableSpec, source: str = "analytics.snapshots"
) -> list[tuple[Any, ...]]:
    names = ", ".join(spec.column_names)
    return rows(urls, f"select {names}, commit_id from {source} order by session, portfolio_id")


@pytest.fixture(scope="module", params=REVISIONS)
def older(
    request: pytest.FixtureRequest, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Older]:
    spec, revision = SNAPSHOTS.of_code(request.param), REVISIONS[request.param]
    folder = shutil.copytree(migrate.MIGRATIONS, tmp_path_factory.mktemp("older") / "migrations")
    for script in Path(folder, "versions").glob("*.py"):
        if script.name[:4] > revision:
            script.unlink()
    with postgres_server.fresh_database(migrated=False) as urls:
        assert migrate.upgrade(urls.owner, Path(folder)) == revision
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("pipelines.steps.snapshots.SNAPSHOTS", spec)
            patch.setattr(
                "pipelines.steps.reach.DERIVED", tuple(spec if s is SNAPSHOTS else s for s in DERIVED)
            )
            world.fill_book(urls)
            declare_code(urls)
            world.run(urls)
        with psycopg.connect(urls.pipeline, autocommit=True) as connection:
            assert archive(connection, NOW, ARCHIVED_DAYS).rows > 40
        stored = snapshots(urls, spec)
        instant = rows(urls, "select clock_timestamp()")[0][0]
        migrate.upgrade(urls.owner)
        yield Older(urls, spec, stored, instant)


def declare_code(urls: DatabaseUrls) -> None:
    with psycopg.connect(urls.pipeline, autocommit=True) as connection:
        database = Database(connection, "declaration")
        with database.transaction():
            declare(database)


def stale(urls: DatabaseUrls) -> set[tuple[str, int]]:
    query = "select asset, portfolio_id from analytics.stale_slices(null, '-infinity', 'infinity')"
    return set(rows(urls, query))


def test_old_rows_are_as_they_were_and_lack_the_new_figures(older: Older) -> None:
    assert snapshots(older.urls, older.spec) == older.stored
    nulls = " or ".join(f"{name} is not null" for name in older.since)
    assert rows(older.urls, f"select count(*) from analytics.snapshots where {nulls}") == [(0,)]
    assert rows(older.urls, "select count(*) > 40 from analytics.snapshots_archive") == [(True,)]


def test_old_rows_are_stale_and_not_broken(older: Older) -> None:
    proof = prove(older.urls)
    assert proof.broken == []
    assert {finding.table for finding in proof.stale} == {"snapshots"}
    assert any(
        f"other code than version {SNAPSHOTS.code_version}" in finding.detail for finding in proof.stale
    )


@pytest.mark.parametrize("day", [date(2021, 4, 6), date(2021, 7, 6)], ids=["archived", "not archived"])
@pytest.mark.parametrize(
    "change",
    [
        "cash = cash + 0.0001",
        "everything since",
        "mtd_return = 0.5",
        "delta_issuer_gross_exposure = 0",
    ],
)
def test_an_old_row_that_is_altered_is_named(older: Older, day: date, change: str) -> None:
    """What it lacks, too: no digest holds it, but it can only be null."""
    if change == "everything since":
        change = ", ".join(f"{name} = {VALUES.get(name, 1)}" for name in older.since)
    with psycopg.connect(older.urls.owner) as connection:
        statement = f"update analytics.snapshots set {change} where session = %s and portfolio_id = 1"
        assert connection.execute(statement, [day]).rowcount == 1
        proof = prove_in(Database(connection, "tamperer"), Scope(day, day))
        assert {(f.table, f.session, f.portfolio_id) for f in proof.broken if f.check == "digest"} == {
            ("snapshots", day, 1)
        }
        connection.rollback()


def test_some_of_the_new_figures_alone_are_refused(older: Older) -> None:
    texts = "price_sources = '[]', top_movers = '{}'"
    lone = {"1": ("unrealized_pnl = 0", texts), "2": ("unrealized_pnl = null",)}
    for change in (
        *lone[older.spec.code_version],
        "price_sources = '[]'",
        "price_sources = 'simulated', top_movers = '{}'",
    ):
        with psycopg.connect(older.urls.pipeline) as connection:
            statement = f"update analytics.snapshots set {change}"
            with pytest.raises(psycopg.errors.CheckViolation):
                connection.execute(statement)  # type: ignore[arg-type]


@pytest.mark.parametrize("day", [date(2021, 4, 6), date(2021, 7, 6)], ids=["archived", "not archived"])
def test_an_old_slice_is_replayed_by_what_it_had(older: Older, day: date) -> None:
    with psycopg.connect(older.urls.reader) as connection:
        found = replay(connection, "snapshots", day, 1)
    assert (found.verdict, found.same_code) == ("equal", False)
    assert found.stored.code_version == older.spec.code_version


def test_they_are_recomputed_and_what_was_known_stays(older: Older) -> None:
    urls = older.urls
    assert stale(urls) == set()
    declare_code(urls)
    assert stale(urls) == {("snapshots", world.MAIN), ("snapshots", world.SECOND)}
    # A session first: one after it goes on from old rows, and says so nowhere.
    world.run(urls, start=date(2021, 6, 15), end=date(2021, 6, 15), fetch=False, cascade=False)
    proof = prove(urls)
    assert proof.broken == []
    assert {finding.table for finding in proof.stale} == {"snapshots"}
    world.run(urls, fetch=False)
    assert stale(urls) == set()
    assert prove(urls).findings == []
    assert rows(urls, "select count(*) from analytics.snapshots where price_sources is null") == [(0,)]
    at = f"analytics.snapshots_at('{older.instant.isoformat()}')"
    assert snapshots(urls, older.spec, at) == older.stored
    assert rows(urls, f"select count(*) from {at} where num_nonnulls({', '.join(older.since)}) > 0") == [(0,)]
    now = [row[:-1] for row in snapshots(urls, older.spec)]
    assert now == [row[:-1] for row in older.stored]
    assert rows(urls, "select distinct causes from analytics.restatements") == [(["code"],)]
    with psycopg.connect(urls.reader) as connection:
        found = replay(connection, "snapshots", date(2021, 7, 6), 1, known_at=older.instant)
    assert (found.verdict, found.same_code) == ("equal", False)
