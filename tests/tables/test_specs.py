"""The tables in Python are the tables in the database, and everything in it says what it is."""

from typing import Any

import psycopg
import pytest

from pipelines.tables.spec import TableSpec
from pipelines.tables.specs import (
    BY_NAME,
    DERIVED,
    MANIFESTED,
    PRICES,
    SECURITIES,
    SHORT_INTEREST,
    SNAPSHOTS,
    SPLITS,
)

_TYPES = {
    "date": {"date"},
    "instant": {"timestamp with time zone"},
    "int": {"bigint"},
    "money": {"numeric(20,4)"},
    "float": {"double precision"},
    "bool": {"boolean"},
    "text": {"text"},
    "digest": {"bytea"},
}
ALL = (PRICES, SECURITIES, SHORT_INTEREST, SPLITS, *DERIVED)


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.qualified)
def test_columns_types_and_nulls_are_those_of_the_database(
    owner: psycopg.Connection[Any], spec: TableSpec
) -> None:
    rows = owner.execute(
        "select attname, format_type(atttypid, atttypmod), attnotnull from pg_attribute"
        " where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
        [spec.qualified],
    ).fetchall()
    own = [row for row in rows if row[0] != "commit_id"]
    assert len(own) == len(rows) - 1
    assert [name for name, _, _ in own] == list(spec.column_names)
    for name, kind, not_null in own:
        column = spec.column(name)
        assert kind in _TYPES[column.kind], name
        assert not_null is not column.nullable, name


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.qualified)
def test_history_has_the_columns_too(owner: psycopg.Connection[Any], spec: TableSpec) -> None:
    rows = owner.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = %s::regclass and attnum > 0 and not attisdropped",
        [spec.qualified + "_history"],
    ).fetchall()
    kinds = dict(rows)
    assert set(kinds) == {*spec.column_names, "commit_id", "superseded_by"}
    assert all(kinds[column.name] in _TYPES[column.kind] for column in spec.columns)


def test_a_table_as_older_code_wrote_it_lacks_what_was_added_since() -> None:
    for spec in ALL:
        for version, lacking in spec.lacking:
            older = spec.of_code(version)
            assert set(older.column_names) == set(spec.column_names) - set(lacking) != set(spec.column_names)
            assert all(spec.column(name).nullable for name in lacking)
            assert older.code_version == version != spec.code_version
        assert spec.of_code(spec.code_version) is spec.of_code("another") is spec
    assert [version for version, _ in SNAPSHOTS.lacking] == ["1", "2"]


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.qualified)
def test_keys_are_the_primary_keys(owner: psycopg.Connection[Any], spec: TableSpec) -> None:
    rows = owner.execute(
        "select a.attname from pg_index i cross join unnest(i.indkey::smallint[]) with ordinality k (n, place)"
        " join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.n"
        " where i.indrelid = %s::regclass and i.indisprimary order by k.place",
        [spec.qualified],
    ).fetchall()
    assert tuple(name for (name,) in rows) == spec.key
    if spec in MANIFESTED:
        assert spec.key[: len(spec.slice_key)] == spec.slice_key


def test_every_analytics_table_with_a_session_is_specified(owner: psycopg.Connection[Any]) -> None:
    rows = owner.execute(
        "select table_name from information_schema.columns where table_schema = 'analytics'"
        " and column_name = 'session' and table_name not like '%\\_history'"
    ).fetchall()
    others = {"slices", "snapshots_archive", "restatements", "waterfalls", "waterfall_parts"}
    assert {name for (name,) in rows} - others == {spec.name for spec in DERIVED}
    assert len(BY_NAME) == len(MANIFESTED)


def test_every_table_column_function_and_schema_has_a_comment(owner: psycopg.Connection[Any]) -> None:
    tables = owner.execute(
        "select c.oid::regclass::text, obj_description(c.oid, 'pg_class') from pg_class c"
        " where c.relnamespace::regnamespace::text in ('book', 'market', 'analytics') and c.relkind in ('r', 'v')"
    ).fetchall()
    columns = owner.execute(
        "select a.attrelid::regclass::text || '.' || attname, col_description(attrelid, attnum)"
        " from pg_attribute a join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'v')"
        " where c.relnamespace::regnamespace::text in ('book', 'market', 'analytics')"
        " and attnum > 0 and not attisdropped"
    ).fetchall()
    functions = owner.execute(
        "select oid::regprocedure::text, obj_description(oid, 'pg_proc') from pg_proc"
        " where pronamespace::regnamespace::text in ('book', 'market', 'analytics')"
    ).fetchall()
    schemas = owner.execute(
        "select nspname, obj_description(oid, 'pg_namespace') from pg_namespace"
        " where nspname in ('book', 'market', 'analytics')"
    ).fetchall()
    assert len(tables) > 30
    assert len(columns) > 300
    found = [*tables, *columns, *functions, *schemas]
    assert [name for name, comment in found if not (comment or "").strip()] == []
