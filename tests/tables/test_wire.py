"""Binary COPY out and in, against what psycopg itself reads and writes."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import copysign, inf, isnan, nan
from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.calc.types import NULL_MONEY, Columns
from pipelines.tables import spec, wire
from pipelines.tables.database import Database

COLUMNS = (
    spec.date("day", nullable=True),
    spec.instant("at"),
    spec.integer("n"),
    spec.integer("m", nullable=True),
    spec.money("usd", nullable=True),
    spec.number("x", nullable=True),
    spec.flag("yes"),
    spec.text("name", 24, nullable=True),
    spec.digest("hash"),
    spec.text("code", 8),
)
_TABLE = (
    "create temporary table wired (day date, at timestamptz, n bigint, m bigint, usd numeric(20, 4),"
    " x double precision, yes boolean, name text, hash bytea, code text not null) on commit drop"
)
Row = tuple[
    date | None, datetime, int, int | None, Decimal | None, float | None, bool, str | None, bytes, str
]

days = st.dates(date(1900, 1, 1), date(2262, 1, 1))
money = st.integers(-(2**63) + 1, 2**63 - 1) | st.sampled_from([0, 1, -1, 9_999, -10_000, 10**15, -(10**15)])
# No NUL, which PostgreSQL has not, and no \\x01, which pads; at most 24 bytes.
texts = st.text(st.characters(exclude_characters="\0\1", exclude_categories=["Cs"]), max_size=6)
rows = st.lists(
    st.tuples(
        st.none() | days,
        st.integers(0, 2**52).map(lambda us: datetime(1970, 1, 1) + timedelta(microseconds=us)),  # noqa: DTZ001
        st.integers(-(2**63), 2**63 - 1),
        st.none() | st.integers(-(2**63) + 1, 2**63 - 1),
        st.none() | money,
        st.none() | st.floats(allow_nan=False),
        st.booleans(),
        st.none() | texts.filter(bool),
        st.binary(min_size=16, max_size=16),
        st.text("ABCZ.é", min_size=1, max_size=4),
    ),
    max_size=12,
)


def as_columns(given_rows: list[Any]) -> Columns:
    day, at, n, m, usd, x, yes, name, digest, code = (
        zip(*given_rows, strict=True) if given_rows else [()] * 10
    )
    return {
        "day": np.array([np.datetime64(d or "NaT", "D") for d in day], dtype="datetime64[D]"),
        "at": np.array(at, dtype="datetime64[us]"),
        "n": np.array(n, dtype=np.int64),
        "m": np.array([spec.NULL_INT if i is None else i for i in m], dtype=np.int64),
        "usd": np.array([NULL_MONEY if u is None else u for u in usd], dtype=np.int64),
        "x": np.array([nan if f is None else f for f in x], dtype=np.float64),
        "yes": np.array(yes, dtype=np.bool_),
        "name": np.array([t or "" for t in name], dtype=np.str_),
        "hash": np.array(digest, dtype="V16"),
        "code": np.array(code, dtype=np.str_),
    }


def as_psycopg_reads(given_rows: list[Any]) -> list[Row]:
    return [
        (day, at.replace(tzinfo=UTC), n, m, None if usd is None else Decimal(usd).scaleb(-4), x, *rest)
        for day, at, n, m, usd, x, *rest in given_rows
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows)
def test_what_is_written_is_read_back_by_psycopg_and_by_us(pipeline: Database, given_rows: list[Any]) -> None:
    data = as_columns(given_rows)
    names = [column.name for column in COLUMNS]
    with pipeline.transaction():
        pipeline.execute(_TABLE)
        target = psycopg.sql.SQL("copy wired ({}) from stdin (format binary)").format(
            psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, names))
        )
        pipeline.copy_in(target, COLUMNS, data)
        pipeline.execute("set local time zone 'UTC'")
        stored = pipeline.connection.execute("select * from wired").fetchall()
        back = pipeline.composed_columns(COLUMNS, psycopg.sql.SQL("select * from wired"))
    key = repr
    assert sorted(map(key, stored)) == sorted(
        map(key, map(_without_minus_zero, as_psycopg_reads(given_rows)))
    )
    assert sorted(map(key, _cells(back))) == sorted(map(key, map(_without_minus_zero, _cells(data))))


def _without_minus_zero(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(0.0 if isinstance(cell, float) and cell == 0 else cell for cell in row)


def _cells(data: Columns) -> list[tuple[Any, ...]]:
    columns = [
        [None if isinstance(c, float) and isnan(c) else c for c in data[c.name].tolist()] for c in COLUMNS
    ]
    return list(zip(*columns, strict=True))


def test_minus_zero_is_written_as_zero(pipeline: Database) -> None:
    with pipeline.transaction():
        pipeline.execute("create temporary table zeros (x double precision) on commit drop")
        target = psycopg.sql.SQL("copy zeros (x) from stdin (format binary)").format()
        pipeline.copy_in(target, [spec.number("x")], {"x": np.array([-0.0, 0.0])})
        stored = pipeline.connection.execute("select x from zeros").fetchall()
    assert [copysign(1, x) for (x,) in stored] == [1, 1]


@pytest.mark.parametrize("x", [inf, -inf, 5e-324, 1.7976931348623157e308])
def test_extreme_floats_survive(pipeline: Database, x: float) -> None:
    select = psycopg.sql.SQL("select {}::double precision as x").format(psycopg.sql.Literal(x))
    assert pipeline.composed_columns([spec.number("x")], select)["x"].tolist() == [x]


def test_a_text_wider_than_its_column_is_an_error_on_reading(pipeline: Database) -> None:
    """Even one that is wider by exactly the 14 bytes of a row."""
    for text in ("x" * 9, "é" * 5, "x" * (8 + 2 + 4 + 8)):
        with pytest.raises(ValueError, match="too wide"):
            pipeline.composed_columns(
                [spec.text("code", 8)], psycopg.sql.SQL("select {} as code").format(psycopg.sql.Literal(text))
            )


def test_a_null_where_none_may_be_is_refused_by_the_server(pipeline: Database) -> None:
    with pytest.raises(psycopg.Error), pipeline.transaction():
        pipeline.execute(_TABLE)
        data = as_columns([(None, datetime(2024, 1, 2), 1, 2, None, None, True, None, b"x" * 16, "A")])  # noqa: DTZ001
        target = psycopg.sql.SQL("copy wired (code) from stdin (format binary)").format()
        pipeline.copy_in(target, [spec.text("code", 8)], {"code": np.where(data["n"] == 1, "", "A")})


def test_nothing_is_a_header_and_a_trailer() -> None:
    empty = as_columns([])
    assert b"".join(wire.encode(COLUMNS, empty)) == wire.HEADER + wire.TRAILER
    assert all(len(values) == 0 for values in wire.decode(COLUMNS, wire.HEADER + wire.TRAILER).values())


def test_what_is_no_copy_is_refused() -> None:
    with pytest.raises(ValueError, match="no binary COPY"):
        wire.decode(COLUMNS, b"something else altogether")
