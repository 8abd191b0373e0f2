"""What was restated, as the API tells it: the ledger's rows of the portfolio, in pages, as known at an instant."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.schemas.restatements import Restatements
from pipelines.lineage.restatements import read_restatements
from pipelines.postgres import DatabaseUrls
from tests.api.caller import Caller, login
from tests.api.conftest import NOW, Filled, fill, settings_of
from tests.api.test_every_read import field_codes, problem
from tests.api.test_lineage import recompute
from tests.api.test_why import newest

FLOW_DAY = date(2024, 3, 1)

Ledger = tuple[Filled, Caller, list[str]]


@pytest.fixture(scope="module")
def ledger(module_database: DatabaseUrls) -> Iterator[Ledger]:
    """A deposit corrected twice, and the instants: as first computed, after the first, after the second."""
    filled = fill(module_database)
    instants = [newest(filled)]
    for amount in (51_000, 49_000):
        with psycopg.connect(module_database.intake) as intake:
            intake.execute("select analytics.begin_commit(null, 'edit')")
            intake.execute("update book.cash_flows set amount = %s", [amount])
        recompute(module_database, FLOW_DAY)
        instants.append(newest(filled))
    with TestClient(create_app(settings_of(module_database), now=lambda: NOW)) as client:
        yield filled, login(client, "ann"), instants


def ask(ann: Caller, **params: Any) -> dict[str, Any]:
    response = ann.get("/lineage/restatements", **params)
    assert response.status_code == 200, response.text
    Restatements.model_validate_json(response.content)
    body: dict[str, Any] = response.json()
    return body


def test_it_is_the_ledger_of_the_portfolio(ledger: Ledger) -> None:
    filled, ann, _ = ledger
    items = ask(ann, limit=1000)["items"]
    with psycopg.connect(filled.urls.reader) as connection:
        stored = read_restatements(connection, [filled.main])
    expected = sorted(stored, key=lambda one: (one.session, one.committed_at))
    assert [(item["session"], item["run_id"], item["causes"]) for item in items] == [
        (one.session.isoformat(), one.run_id, one.causes) for one in expected
    ]
    for item, one in zip(items, expected, strict=True):
        for figure in ("net_asset_value", "daily_pnl"):
            names = (f"old_{figure}", f"new_{figure}", f"{figure}_change")
            old, new, change = (Decimal(str(item[name])) for name in names)
            assert (old, new) == (getattr(one, names[0]), getattr(one, names[1]))
            assert change == new - old
        assert item["url"] == f"http://127.0.0.1:3000/runs/{one.run_id}"


def test_each_correction_is_there_from_the_flow_on(ledger: Ledger) -> None:
    """50,000 became 51,000 and that 49,000: by 1,000 and −2,000 of value, and by nothing of P&L."""
    _, ann, (_, second, third) = ledger
    body = ask(ann, limit=1000)
    by_session: dict[str, list[float]] = {}
    for item in body["items"]:
        assert (item["daily_pnl_change"], item["causes"]) == (0, ["flows"])
        by_session.setdefault(item["session"], []).append(item["net_asset_value_change"])
    assert set(map(tuple, by_session.values())) == {(1000, -2000)}
    assert (min(by_session), max(by_session)) == (FLOW_DAY.isoformat(), body["session"])
    assert {item["net_asset_value_change"] for item in ask(ann, since=second)["items"]} == {-2000}
    assert ask(ann, since=third)["items"] == []


def test_pages_are_the_whole_and_as_known_when_the_first_was_asked_for(ledger: Ledger) -> None:
    _, ann, (first, second, _) = ledger
    whole = ask(ann, known_at=second, limit=1000)
    assert {item["net_asset_value_change"] for item in whole["items"]} == {1000}
    assert ask(ann, known_at=first)["items"] == []
    every = ask(ann, limit=1000)["items"]
    for size in (1, 7, len(every) - 1, len(every)):
        found, cursor, pages = [], None, 0
        while pages == 0 or cursor is not None:
            body = ask(ann, limit=size, **({"cursor": cursor} if cursor else {}))
            assert len(body["items"]) <= size
            found += body["items"]
            cursor, pages = body["next"], pages + 1
        assert found == every
        assert pages == -(-len(every) // size)


def test_a_range_of_sessions(ledger: Ledger) -> None:
    _, ann, _ = ledger
    every = ask(ann, limit=1000)["items"]
    start, end = "2024-03-28", "2024-04-02"
    within = [item for item in every if start <= item["session"] <= end]
    assert len(within) == 2 * 3  # Good Friday and Easter are in between
    assert ask(ann, start=start, end=end)["items"] == within
    assert ask(ann, start=start, as_of=end)["items"] == within
    assert ask(ann, end="2024-02-29")["items"] == []


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"since": "yesterday"}, ("since", "value_error")),
        ({"start": "2024-03-02", "end": "2024-03-01"}, ("start", "after_end")),
        ({"limit": 0}, ("limit", "greater_than_equal")),
        ({"cursor": "bm90aGluZw"}, ("cursor", "invalid_cursor")),
    ],
    ids=str,
)
def test_impossible_values_are_refused(
    ledger: Ledger, params: dict[str, Any], expected: tuple[str, str]
) -> None:
    found = problem(ledger[1].get("/lineage/restatements", **params), 422, "invalid_request")
    assert field_codes(found) == [expected]


def test_a_cursor_of_another_shape_is_refused(ledger: Ledger) -> None:
    _, ann, _ = ledger
    cursor = ask(ann, limit=1)["next"]
    other = ann.get("/lineage/restatements", limit=1, cursor=cursor, start="2024-03-04")
    assert field_codes(problem(other, 422, "invalid_request")) == [("cursor", "invalid_cursor")]
