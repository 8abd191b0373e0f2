"""Rows kept beside the tables are what the tables give back, bit for bit, or nothing."""

import numpy as np
import psycopg
import pytest

from pipelines.calc.types import NULL_MONEY, Columns, IntArray
from pipelines.steps.stored import KEPT
from pipelines.tables.database import Database
from pipelines.tables.digest import DIGEST_TYPE, slice_code
from pipelines.tables.kept import KeptRows
from pipelines.tables.manifest import Slices
from pipelines.tables.spec import date, flag, money, text
from pipelines.tables.specs import POSITION_GREEKS
from pipelines.tables.store import Batch, Prepared, prepare, replace
from sql import query

DAYS = np.array(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"], dtype="datetime64[D]")
COLUMNS = KEPT[POSITION_GREEKS.name]


def codes(*slices: tuple[int, int]) -> IntArray:
    """Of (number of the day, portfolio)."""
    days, portfolios = np.array(slices).T
    return slice_code(DAYS[days], portfolios)


def prepared(day: int) -> Prepared:
    """Two portfolios' lots on a day, the second one's without an underlying price; not in the order of their key."""
    count = 5
    random = np.random.default_rng(day)
    rows: Columns = {
        "session": np.full(count, DAYS[day]),
        "position_id": np.array([9, 4, 7, 1, 2]),
        "portfolio_id": np.array([2, 1, 1, 2, 1]),
        "model": np.full(count, "mock"),
        **{name: random.normal(size=count) for name in ("delta", "gamma", "theta", "vega")},
        "underlying_price": np.array([np.nan, 1.5, 2.5, np.nan, 3.5]),
        "delta_adjusted_value": np.array([NULL_MONEY, -5, 6, NULL_MONEY, 7]),
    }
    rows["gamma"][2] = -0.0
    slices = Slices(DAYS[[day, day]], np.array([1, 2]), np.zeros(2, dtype=DIGEST_TYPE))
    return prepare(Batch(POSITION_GREEKS, slices, rows))


@pytest.fixture
def kept(pipeline: Database, owner: psycopg.Connection[tuple[str]]) -> KeptRows:
    """The first three days, stored and kept."""
    owner.execute("truncate analytics.position_greeks, analytics.slices, analytics.commits")
    rows = KeptRows(COLUMNS)
    for day in range(3):
        one = prepared(day)
        with pipeline.transaction():
            replace(pipeline, one)
        rows.add(one.batch.slices.codes, one.counts, one.batch.data)
    return rows


def stored(pipeline: Database, first: int, last: int) -> Columns:
    from psycopg.sql import SQL, Identifier

    statement = SQL(query("analytics/greeks")).format(
        position_greeks=Identifier("analytics", "position_greeks")
    )
    params = {"start": DAYS[first].item(), "end": DAYS[last].item(), "portfolios": [1, 2]}
    return pipeline.composed_columns(COLUMNS, statement, params)


@pytest.mark.parametrize(("first", "last"), [(0, 0), (0, 2), (1, 2), (2, 2)])
def test_they_are_the_bytes_that_the_table_gives_back(
    kept: KeptRows, pipeline: Database, first: int, last: int
) -> None:
    found, expected = kept.of_sessions(COLUMNS, codes((first, 1), (last, 2))), stored(pipeline, first, last)
    assert found is not None
    assert list(found) == list(expected)
    for name, values in expected.items():
        assert found[name].dtype == values.dtype, name
        assert found[name].tobytes() == values.tobytes(), name


def test_some_columns_of_them(kept: KeptRows) -> None:
    found = kept.of_sessions(COLUMNS[:2], codes((1, 1)))
    assert found is not None
    assert found["position_id"].tolist() == [2, 4, 7, 1, 9]


@pytest.mark.parametrize("asked", [codes((3, 1)), codes((2, 1), (3, 1)), codes((0, 3)), codes((1, 1))[:0]])
def test_nothing_is_found_where_a_slice_is_not_kept(kept: KeptRows, asked: IntArray) -> None:
    assert kept.of_sessions(COLUMNS, asked) is None


def test_nothing_is_found_before_anything_is_kept() -> None:
    assert KeptRows(COLUMNS).of_sessions(COLUMNS, codes((0, 1))) is None


def test_values_of_every_kind_come_back_as_they_were() -> None:
    """Nulls, too; a text comes back in bytes."""
    columns = (date("day", nullable=True), flag("is_open"), text("symbol", 8), money("value", nullable=True))
    data: Columns = {
        "day": np.array(["2024-01-02", "NaT", "1969-12-31"], dtype="datetime64[D]"),
        "is_open": np.array([True, False, True]),
        "symbol": np.array(["AAA", "", "BRK.B"]),
        "value": np.array([-5, NULL_MONEY, 7]),
    }
    rows = KeptRows(columns)
    rows.add(codes((0, 1)), np.array([3]), data)
    found = rows.of_sessions(columns, codes((0, 1)))
    assert found is not None
    np.testing.assert_array_equal(found["day"], data["day"])
    np.testing.assert_array_equal(found["is_open"], data["is_open"])
    assert found["symbol"].tolist() == [b"AAA", b"", b"BRK.B"]
    assert found["value"].tolist() == [-5, NULL_MONEY, 7]
