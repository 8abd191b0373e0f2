"""Rows by key: what differs is replaced, what is not given stays."""

from typing import Any

import numpy as np
import psycopg

from pipelines.calc.types import Columns
from pipelines.tables.database import Database
from pipelines.tables.specs import SECURITIES
from pipelines.tables.store import upsert


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
