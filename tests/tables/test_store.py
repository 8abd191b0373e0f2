"""Replacing slices: what changes is versioned, what does not is left alone."""

from typing import Any

import numpy as np
import psycopg
import pytest

from pipelines.calc.types import Columns
from pipelines.postgres import Role
from pipelines.tables.database import Database
from pipelines.tables.digest import DIGEST_TYPE
from pipelines.tables.manifest import Slices
from pipelines.tables.specs import FACTOR_RETURNS, POSITION_PNL, SECURITIES
from pipelines.tables.store import Batch, Written, prepare, replace
from pipelines.tables.upsert import upsert
from tests.tables.conftest import Connect
from tests.tables.test_upsert import securities

DAYS = ("2024-01-02", "2024-01-03")
Rows = dict[tuple[str, int], dict[int, float]]
"""By session and portfolio: position id → price. The amounts follow from it."""


def batch(rows: Rows, inputs: str = "inputs") -> Batch:
    keys = sorted(rows)
    flat = [(*key, position, price) for key in keys for position, price in rows[key].items()]
    session, portfolio, position, price = zip(*flat, strict=True) if flat else [()] * 4
    count, dollars = len(flat), np.rint(np.array(price, dtype=np.float64) * 10_000).astype(np.int64)
    no = np.zeros(count, dtype=np.bool_)
    data: Columns = {
        "session": np.array(session, dtype="datetime64[D]"),
        "position_id": np.array(position, dtype=np.int64),
        "portfolio_id": np.array(portfolio, dtype=np.int64),
        "price": np.array(price, dtype=np.float64),
        "price_date": np.full(count, np.datetime64("NaT", "D")),
        "is_stale": no,
        "is_unpriced": no,
        "is_open": ~no,
        "market_value": dollars,
        "daily_pnl": -dollars,
        "unrealized_pnl": np.zeros(count, dtype=np.int64),
    }
    slices = Slices(
        np.array([day for day, _ in keys], dtype="datetime64[D]"),
        np.array([portfolio for _, portfolio in keys], dtype=np.int64),
        np.full(len(keys), np.bytes_(inputs.ljust(16)).tobytes()[:16], dtype="S16").view(DIGEST_TYPE),
    )
    return Batch(POSITION_PNL, slices, data)


@pytest.fixture(autouse=True)
def _empty(owner: psycopg.Connection[Any]) -> None:
    names = [
        f"analytics.{name}{suffix}"
        for name in ("position_pnl", "slices", "factor_returns")
        for suffix in ("", "_history")
    ]
    owner.execute(
        f"truncate {', '.join(names)}, analytics.commits, market.securities, market.securities_history"
    )


def put(pipeline: Database, rows: Rows, inputs: str = "inputs") -> Written:
    with pipeline.transaction():
        return replace(pipeline, prepare(batch(rows, inputs)))


def stored(owner: psycopg.Connection[Any]) -> dict[tuple[str, int, int], tuple[float, int]]:
    """Price and commit of each stored row."""
    rows = owner.execute(
        "select session, portfolio_id, position_id, price, commit_id from analytics.position_pnl"
    )
    return {
        (str(day), portfolio, position): (price, commit) for day, portfolio, position, price, commit in rows
    }


def history(owner: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return owner.execute(
        "select session::text, portfolio_id, position_id, price, commit_id, superseded_by"
        " from analytics.position_pnl_history order by 1, 2, 3"
    ).fetchall()


def counts(owner: psycopg.Connection[Any]) -> tuple[int, ...]:
    row = owner.execute(
        "select (select count(*) from analytics.position_pnl), (select count(*) from analytics.position_pnl_history),"
        " (select count(*) from analytics.slices), (select count(*) from analytics.slices_history),"
        " (select count(*) from analytics.commits)"
    ).fetchone()
    assert row is not None
    return tuple(row)


FIRST: Rows = {(DAYS[0], 1): {1: 10.0, 2: 20.0}, (DAYS[0], 2): {3: 30.0}, (DAYS[1], 1): {1: 11.0}}


def test_new_slices_are_stored_with_their_manifest_entries(
    pipeline: Database, owner: psycopg.Connection[Any]
) -> None:
    assert put(pipeline, FIRST) == Written(new=3, rows_inserted=4)
    assert counts(owner) == (4, 0, 3, 0, 1)
    entries = owner.execute(
        "select asset, session::text, portfolio_id, run_id, row_count, code_version from analytics.slices order by 2, 3"
    ).fetchall()
    assert entries == [
        ("position_pnl", DAYS[0], 1, "test-run", 2, POSITION_PNL.code_version),
        ("position_pnl", DAYS[0], 2, "test-run", 1, POSITION_PNL.code_version),
        ("position_pnl", DAYS[1], 1, "test-run", 1, POSITION_PNL.code_version),
    ]


def test_the_same_again_writes_no_row_and_no_commit(
    pipeline: Database, owner: psycopg.Connection[Any]
) -> None:
    put(pipeline, FIRST)
    before = stored(owner), counts(owner)
    assert put(pipeline, FIRST) == Written(unchanged=3)
    assert (stored(owner), counts(owner)) == before


def test_a_changed_row_is_superseded_and_its_neighbours_keep_their_commit(
    pipeline: Database, owner: psycopg.Connection[Any]
) -> None:
    put(pipeline, FIRST)
    old = stored(owner)
    written = put(pipeline, FIRST | {(DAYS[0], 1): {1: 10.0, 2: 21.0, 4: 40.0}})
    assert written == Written(changed=1, unchanged=2, rows_inserted=2, rows_superseded=1)
    new = stored(owner)
    fresh = new[DAYS[0], 1, 2][1]
    assert {key for key in new if new[key] != old.get(key)} == {(DAYS[0], 1, 2), (DAYS[0], 1, 4)}
    assert new[DAYS[0], 1, 4] == (40.0, fresh)
    assert history(owner) == [(DAYS[0], 1, 2, 20.0, old[DAYS[0], 1, 2][1], fresh)]
    assert counts(owner)[2:] == (3, 1, 2)


def test_other_inputs_with_the_same_result_change_the_manifest_alone(
    pipeline: Database, owner: psycopg.Connection[Any]
) -> None:
    put(pipeline, FIRST)
    before = stored(owner)
    assert put(pipeline, FIRST, "other inputs") == Written(unchanged=3)
    assert stored(owner) == before
    assert counts(owner) == (4, 0, 3, 3, 2)


def test_another_code_version_with_the_same_result_changes_the_manifest_alone(
    pipeline: Database, owner: psycopg.Connection[Any]
) -> None:
    put(pipeline, FIRST)
    before = stored(owner)
    old = POSITION_PNL.code_version
    object.__setattr__(POSITION_PNL, "code_version", "next")
    try:
        assert put(pipeline, FIRST) == Written(unchanged=3)
    finally:
        object.__setattr__(POSITION_PNL, "code_version", old)
    assert stored(owner) == before
    assert counts(owner)[2:] == (3, 3, 2)


def test_a_slice_that_loses_all_rows_stays_as_an_empty_one(
    pipeline: Database, owner: psycopg.Connection[Any]
) -> None:
    put(pipeline, FIRST)
    written = put(pipeline, {(DAYS[0], 1): {}})
    assert written == Written(changed=1, rows_superseded=2)
    assert {key[:2] for key in stored(owner)} == {(DAYS[0], 2), (DAYS[1], 1)}
    assert [row[:3] for row in history(owner)] == [(DAYS[0], 1, 1), (DAYS[0], 1, 2)]
    entry = owner.execute(
        "select row_count from analytics.slices where session = %s and portfolio_id = 1", [DAYS[0]]
    )
    assert entry.fetchall() == [(0,)]
    assert put(pipeline, {(DAYS[0], 1): {}}) == Written(unchanged=1)


def test_an_empty_slice_is_stored_as_such(pipeline: Database, owner: psycopg.Connection[Any]) -> None:
    assert put(pipeline, {(DAYS[0], 1): {}}) == Written(new=1)
    assert counts(owner) == (0, 0, 1, 0, 1)


def test_nothing_at_all_is_nothing(pipeline: Database, owner: psycopg.Connection[Any]) -> None:
    assert put(pipeline, {}) == Written()
    assert counts(owner) == (0, 0, 0, 0, 0)


def test_rows_without_a_manifest_entry_make_way(pipeline: Database, owner: psycopg.Connection[Any]) -> None:
    """As after somebody deleted entries of the manifest by hand: nothing says where the rows are from."""
    put(pipeline, FIRST)
    old = stored(owner)
    owner.execute("delete from analytics.slices where session = %s", [DAYS[0]])
    put(pipeline, FIRST | {(DAYS[0], 1): {1: 10.0}})
    new = stored(owner)
    assert set(new) == {(DAYS[0], 1, 1), (DAYS[0], 2, 3), (DAYS[1], 1, 1)}
    assert new[DAYS[1], 1, 1] == old[DAYS[1], 1, 1]
    gone = [(DAYS[0], 1, 1, 10.0), (DAYS[0], 1, 2, 20.0), (DAYS[0], 2, 3, 30.0)]
    assert [row[:4] for row in history(owner)] == gone


def test_rows_altered_behind_the_manifest_are_put_right_when_rows_are_compared(
    pipeline: Database, owner: psycopg.Connection[Any]
) -> None:
    put(pipeline, FIRST)
    right = stored(owner)
    owner.execute("update analytics.position_pnl set price = 12.5 where session = %s", [DAYS[1]])
    assert put(pipeline, FIRST).rows_inserted == 0
    with pipeline.transaction():
        written = replace(pipeline, prepare(batch(FIRST)), compare_rows=True)
    assert (written.rows_superseded, written.rows_inserted) == (1, 1)
    assert {key: price for key, (price, _) in stored(owner).items()} == {k: p for k, (p, _) in right.items()}
    assert [row[3] for row in history(owner)] == [12.5]


def test_a_rollback_leaves_nothing(pipeline: Database, owner: psycopg.Connection[Any]) -> None:
    put(pipeline, FIRST)
    before = stored(owner), counts(owner)
    with pytest.raises(RuntimeError), pipeline.transaction():
        replace(pipeline, prepare(batch({(DAYS[0], 1): {1: 99.0}, (DAYS[1], 2): {5: 50.0}})))
        raise RuntimeError("the step fails after this table")
    assert (stored(owner), counts(owner)) == before


def test_what_must_not_be_stored_is_refused_with_its_whole_slice(
    pipeline: Database, owner: psycopg.Connection[Any]
) -> None:
    """A row twice: the key refuses it, and the good slice of the same transaction with it."""
    wrong = batch({(DAYS[0], 1): {1: 10.0, 2: 20.0}})
    wrong.data["position_id"][1] = 1
    with pytest.raises(psycopg.errors.UniqueViolation), pipeline.transaction():
        replace(pipeline, prepare(batch({(DAYS[1], 1): {1: 10.0}})))
        replace(pipeline, prepare(wrong))
    assert counts(owner) == (0, 0, 0, 0, 0)


def test_a_past_instant_shows_the_replaced_rows(pipeline: Database, owner: psycopg.Connection[Any]) -> None:
    put(pipeline, FIRST)
    (instant,) = owner.execute("select max(committed_at) from analytics.commits").fetchall()[0]
    put(pipeline, FIRST | {(DAYS[0], 1): {2: 21.0}, (DAYS[1], 2): {6: 60.0}})
    then = owner.execute(
        "select position_id, price from analytics.position_pnl_at(%s) order by 1, 2", [instant]
    )
    assert then.fetchall() == [(1, 10.0), (1, 11.0), (2, 20.0), (3, 30.0)]
    now = owner.execute("select position_id, price from analytics.position_pnl_at(null) order by 1, 2")
    assert now.fetchall() == [(1, 11.0), (2, 21.0), (3, 30.0), (6, 60.0)]


def test_tables_by_session_are_replaced_in_the_same_way(
    pipeline: Database, owner: psycopg.Connection[Any]
) -> None:
    def returns(value: float) -> Batch:
        day = np.array([DAYS[0]], dtype="datetime64[D]")
        one = {"session": day, "factor": np.array(["market"]), "factor_return": np.array([value])}
        rows: Columns = one | {"n_members": np.array([1]), "reason": np.array([""])}
        slices = Slices(day, np.zeros(1, dtype=np.int64), np.zeros(1, dtype=DIGEST_TYPE))
        return Batch(FACTOR_RETURNS, slices, rows)

    for value, expected in (
        (0.5, Written(1, 0, 0, 1, 0)),
        (0.5, Written(unchanged=1)),
        (-0.5, Written(0, 1, 0, 1, 1)),
    ):
        with pipeline.transaction():
            assert replace(pipeline, prepare(returns(value))) == expected
    assert owner.execute("select portfolio_id from analytics.slices").fetchall() == [(None,)]
    assert owner.execute("select factor_return from analytics.factor_returns_history").fetchall() == [(0.5,)]


def test_two_tables_of_one_transaction_share_its_commit(
    pipeline: Database, owner: psycopg.Connection[Any], connect: Connect
) -> None:
    other = Database(connect(Role.PIPELINE), "other-run")
    with pipeline.transaction():
        replace(pipeline, prepare(batch(FIRST)))
        upsert(pipeline, SECURITIES, securities(AAA="Tech"))
    with other.transaction():
        upsert(other, SECURITIES, securities(AAA="Other"))
    commits = owner.execute(
        "select run_id, actor, action from analytics.commits order by committed_at"
    ).fetchall()
    assert commits == [
        ("test-run", "sigmasight_pipeline", "position_pnl"),
        ("other-run", "sigmasight_pipeline", "securities"),
    ]


def test_slices_that_had_no_rows_are_filled_as_new_ones_are(
    pipeline: Database, owner: psycopg.Connection[Any]
) -> None:
    nobody = Batch(POSITION_PNL, batch(FIRST).slices, {n: v[:0] for n, v in batch(FIRST).data.items()})
    with pipeline.transaction():
        replace(pipeline, prepare(nobody))
    before = pipeline.statements
    written = put(pipeline, FIRST)
    staged = pipeline.statements - before
    assert (written.changed, written.rows_superseded, written.rows_inserted) == (
        len(FIRST),
        0,
        len(stored(owner)),
    )
    owner.execute("truncate analytics.position_pnl, analytics.slices")
    before = pipeline.statements
    put(pipeline, FIRST)
    # The manifest's entries of then move to history; nothing else is done that a new slice does not need.
    assert staged <= pipeline.statements - before + 2


def test_a_row_that_nothing_stands_for_makes_way_for_a_slice_that_had_none(
    pipeline: Database, owner: psycopg.Connection[Any]
) -> None:
    put(pipeline, FIRST)
    owner.execute("update analytics.slices set row_count = 0, output_digest = decode(md5(''), 'hex')")
    written = put(pipeline, FIRST)
    assert (
        written.rows_superseded
        == written.rows_inserted
        == len(stored(owner))
        == len(batch(FIRST).data["price"])
    )
