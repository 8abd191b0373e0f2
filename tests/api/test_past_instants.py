"""What a past instant shows never changes: the same question gives the same bytes, whatever is restated later.

All of a body is its data: it holds no age and no id of the request (these are in headers); `stale` is null of a past.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.app import create_app
from pipelines.postgres import DatabaseUrls
from sql import query
from tests.api.caller import Caller, login
from tests.api.conftest import LATEST, NOW, Filled, fill, materialize, settings_of
from tests.api.reads import READS
from tests.api.test_lineage import recompute
from tests.api.test_why import newest

pytestmark = pytest.mark.long

SESSIONS = (date(2024, 1, 3), date(2024, 3, 1), date(2024, 5, 13))
AS_OF = ("2024-02-16", "2024-03-31", str(LATEST))
ASSETS = ("snapshots", "risk_metrics")
PRICE = (
    "with c as (select analytics.begin_commit(null, 'restate') as id), gone as ("
    " delete from market.prices p using c where p.symbol = 'AAPL' and p.session = %s returning p.*),"
    " kept as (insert into market.prices_history select gone.*, c.id from gone, c)"
    " insert into market.prices (session, symbol, close, source, commit_id)"
    " select g.session, g.symbol, g.close + 1, 'test', c.id from gone g, c"
)


@dataclass
class Books:
    """Two users' books, and every answer that was given so far, by instant and question."""

    filled: Filled
    client: TestClient
    given: dict[tuple[str, str, str], bytes] = field(default_factory=dict)

    def edit(self, *statements: str) -> None:
        with psycopg.connect(self.filled.urls.intake) as intake:
            intake.execute("select analytics.begin_commit(null, 'edit')")
            for statement in statements:
                intake.execute(statement)

    def restate(self, session: date) -> None:
        with psycopg.connect(self.filled.urls.owner) as owner:
            owner.execute(PRICE, [session])

    def archive(self) -> None:
        """What retention does to snapshots before a date."""
        with psycopg.connect(self.filled.urls.pipeline) as pipeline:
            pipeline.execute(query("retention/archive"), {"before": date(2024, 3, 1)})

    def ask(self, instant: str) -> dict[tuple[str, str, str], bytes]:
        """Every read, for several dates, as known at an instant."""
        ann: Caller = login(self.client, "ann")
        lot = self.filled.query(
            "select min(id) from book.positions where portfolio_id = %s", self.filled.main
        )[0][0]
        questions: list[tuple[str, dict[str, Any]]] = [
            (read.at(lot), read.params | {"as_of": as_of}) for read in READS for as_of in AS_OF
        ]
        questions += [(f"/lineage/{asset}/{as_of}", {}) for asset in ASSETS for as_of in AS_OF]
        found = {}
        for path, params in questions:
            response = ann.get(path, **params, known_at=instant)
            assert response.status_code == 200, response.text
            found[instant, path, str(params)] = response.content
        return found


@pytest.fixture(scope="module")
def books(module_database: DatabaseUrls) -> Iterator[Books]:
    filled = fill(module_database)
    app = create_app(settings_of(module_database), now=lambda: NOW)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Books(filled, client)


EDITS = {
    "a deposit": lambda books, day: books.edit("update book.cash_flows set amount = amount + 1"),
    "a mark": lambda books, day: books.edit("update book.private_marks set price = price + 1"),
    "an override": lambda books, day: books.edit(
        "insert into book.price_overrides select distinct portfolio_id, symbol, date '2024-03-05', 77"
        " from book.positions where asset_class <> 'PRIVATE' on conflict (portfolio_id, symbol, session)"
        " do update set price = book.price_overrides.price + 1"
    ),
    "a lot": lambda books, day: books.edit(
        "update book.positions set quantity = quantity * 2, name = 'Renamed' where symbol = 'AAPL'"
    ),
    "a multiplier": lambda books, day: books.edit(
        "update book.positions set multiplier = multiplier + 1 where asset_class = 'OPTION'"
    ),
    "equity and name": lambda books, day: books.edit(
        "update book.portfolios set initial_equity = initial_equity + 1, name = name || '!'"
    ),
    "tags": lambda books, day: books.edit(
        "update book.tags set name = name || '!' where name like 'tech%'",
        "delete from book.position_tags where tag_id = (select max(id) from book.tags)",
    ),
    "a price": lambda books, day: books.restate(day),
    "prices fetched anew": lambda books, day: materialize(books.filled.urls, day, LATEST),
    "retention": lambda books, day: books.archive(),
}


@settings(
    max_examples=4, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    st.lists(st.sampled_from(sorted(EDITS)), min_size=3, max_size=5, unique=True), st.sampled_from(SESSIONS)
)
def test_the_same_question_about_a_past_instant_has_the_same_bytes(
    books: Books, edits: list[str], day: date
) -> None:
    before = books.ask(newest(books.filled))
    books.given |= before
    for edit in edits:
        EDITS[edit](books, day)
    recompute(books.filled.urls, day)
    for instant in {instant for instant, *_ in books.given}:
        for question, body in books.ask(instant).items():
            assert body == books.given[question], question
    # And something was restated.
    assert figures(books.ask(newest(books.filled))) != figures(before)


def figures(answers: dict[tuple[str, str, str], bytes]) -> dict[tuple[str, str], dict[str, Any]]:
    """Answers without the instant, which is another one."""
    return {
        (path, params): {name: value for name, value in json.loads(body).items() if name != "known_at"}
        for (_, path, params), body in answers.items()
    }
