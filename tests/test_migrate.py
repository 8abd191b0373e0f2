"""Migrations run once, all or nothing, whoever starts them."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from pipelines.postgres import DatabaseUrls
from sql import migrate

_FIRST = """
from alembic import op
revision = "0001"
down_revision = None
def upgrade():
    op.execute("create table counted (n int); insert into counted values (1); select pg_sleep(0.1)")
"""
_SECOND = """
from alembic import op
revision = "0002"
down_revision = "0001"
def upgrade():
    op.execute("{statement}")
"""


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """A migrations folder of one revision, with the real env.py."""
    folder = tmp_path / "100% ours"
    (folder / "versions").mkdir(parents=True)
    shutil.copy(migrate.MIGRATIONS / "env.py", folder)
    (folder / "versions" / "0001_first.py").write_text(_FIRST)
    return folder


def _count(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("select count(*) from counted").fetchone()
    assert row is not None
    return int(row[0])


def test_upgrade_brings_a_database_to_the_head_once(bare_database: DatabaseUrls, migrations: Path) -> None:
    url = bare_database.owner
    assert migrate.current(url) is None
    assert not migrate.is_current(url, migrations)
    assert migrate.upgrade(url, migrations) == "0001"
    assert migrate.upgrade(url, migrations) == "0001"
    assert migrate.is_current(url, migrations)
    assert _count(url) == 1


def test_concurrent_upgrades_run_each_migration_once(bare_database: DatabaseUrls, migrations: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert (
            list(pool.map(lambda _: migrate.upgrade(bare_database.owner, migrations), range(4)))
            == ["0001"] * 4
        )
    assert _count(bare_database.owner) == 1


def test_a_failing_migration_leaves_nothing_behind(bare_database: DatabaseUrls, migrations: Path) -> None:
    (migrations / "versions" / "0002_second.py").write_text(_SECOND.format(statement="select 1/0"))
    with pytest.raises(Exception, match="division by zero"):
        migrate.upgrade(bare_database.owner, migrations)
    assert migrate.current(bare_database.owner) is None
    with pytest.raises(psycopg.errors.UndefinedTable):
        _count(bare_database.owner)


def test_a_later_migration_is_seen_as_pending(bare_database: DatabaseUrls, migrations: Path) -> None:
    migrate.upgrade(bare_database.owner, migrations)
    (migrations / "versions" / "0002_second.py").write_text(_SECOND.format(statement="delete from counted"))
    assert not migrate.is_current(bare_database.owner, migrations)
    assert migrate.upgrade(bare_database.owner, migrations) == "0002"
    assert _count(bare_database.owner) == 0


def test_a_fresh_database_is_at_the_head(database: DatabaseUrls) -> None:
    assert migrate.is_current(database.owner)


def test_overrides_reach_as_marks_do_before_newer_code_has_declared_it(
    bare_database: DatabaseUrls, tmp_path: Path
) -> None:
    """An override that is recorded after the migration and before the first run makes stale what it should."""
    older = shutil.copytree(migrate.MIGRATIONS, tmp_path / "older")
    for script in (older / "versions").glob("*.py"):
        if script.name >= "0009":
            script.unlink()
    url = bare_database.owner
    assert migrate.upgrade(url, older) == "0008"
    with psycopg.connect(url) as connection:
        # What the code of then declared.
        connection.execute("delete from analytics.reaches where input = 'overrides'")
    migrate.upgrade(url)
    with psycopg.connect(url) as connection:
        reaches = connection.execute("select input, asset, sessions from analytics.reaches").fetchall()
    of = {
        name: {(asset, n) for input_, asset, n in reaches if input_ == name}
        for name in ("marks", "overrides")
    }
    assert of["overrides"] == of["marks"] != set()
