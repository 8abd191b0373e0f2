"""Rows by key: what differs is replaced, what is not given stays."""

from datetime import date
from typing import Any

import numpy as np
import psycopg

from pipelines.calc.types import Columns
from pipelines.tables.database import Database
from pipelines.tables.specs import PRICES, SECURITIES
from pipelines.tables.upsert import upsert


def securities(**sectors: str) -> Columns:
    symbols = np.array(list(sectors))
    nothing, known = np.full(len(symbols), ""), np.array(list(sectors.values()))
    return {"symbol": symbols, "name": symbols, "sector": known, "industry": nothing} | {
        "source": np.full(len(symbols), "memory"),
        "reason": np.where(known == "", "unknown", nothing),
    }


def test_upsert_replaces_what_differs_and_leaves_what_is_not_given(
    pipeline: Database, owner: psycopg.Connection[Any]
) -> None:
    with pipeline.transaction():
        assert set(upsert(pipeline, SECURITIES, securities(AAA="Tech", BBB=""))["symbol"]) == {"AAA", "BBB"}
    with pipeline.transaction():
        written = upsert(pipeline, SECURITIES, securities(AAA="Tech", BBB="Énergie", CCC="Tech"))
        assert sorted(written["symbol"].tolist()) == ["BBB", "CCC"]
        assert "Énergie" in written["sector"].tolist()
    with pipeline.transaction():
        assert len(upsert(pipeline, SECURITIES, securities(AAA="Tech", BBB="Énergie"))["symbol"]) == 0
    rows = owner.execute(
        "select symbol, sector, reason, commit_id from market.securities order by 1"
    ).fetchall()
    assert [row[:3] for row in rows] == [
        ("AAA", "Tech", None),
        ("BBB", "Énergie", None),
        ("CCC", "Tech", None),
    ]
    assert rows[0][3] < rows[1][3] == rows[2][3]
    past = owner.execute(
        "select symbol, sector, commit_id, superseded_by from market.securities_history"
    ).fetchall()
    assert past == [("BBB", None, rows[0][3], rows[1][3])]
    assert owner.execute("select count(*) from analytics.commits").fetchall() == [(2,)]


def closes(**close: float) -> Columns:
    """By symbol, of two sessions, not in the order of their key."""
    symbols, prices = np.array([*close]), np.array([*close.values()])
    empty = {name: np.full(2 * len(symbols), np.nan) for name in ("open", "high", "low", "volume")}
    return {
        "session": np.tile(np.array(["2024-01-03", "2024-01-02"], dtype="datetime64[D]"), len(symbols)),
        "symbol": np.repeat(symbols, 2),
        "close": np.repeat(prices, 2),
        "source": np.full(2 * len(symbols), "memory"),
        **empty,
    }


def test_rows_of_sessions_without_any_are_as_those_beside_others(
    pipeline: Database, owner: psycopg.Connection[Any]
) -> None:
    """The first are loaded as they are, the others compared: what is stored and what is returned does not tell."""

    def given(**close: float) -> list[tuple[Any, ...]]:
        with pipeline.transaction():
            written = upsert(pipeline, PRICES, closes(**close))
        return list(zip(*(written[name].tolist() for name in ("session", "symbol", "close")), strict=True))

    def stored() -> list[tuple[Any, ...]]:
        return owner.execute("select session, symbol, close from market.prices order by 1, 2").fetchall()

    first = given(AAA=1.5, BBB=2.5)
    assert first == stored()
    assert first[:2] == [(date(2024, 1, 2), "AAA", 1.5), (date(2024, 1, 2), "BBB", 2.5)]
    assert given(AAA=1.5, BBB=2.5) == []
    assert given(AAA=1.5, BBB=3.5, CCC=4.5) == [row for row in stored() if row[1] in ("BBB", "CCC")]
    assert owner.execute("select count(*) from market.prices_history").fetchall() == [(2,)]
    assert owner.execute("select count(distinct commit_id) from market.prices").fetchall() == [(2,)]
