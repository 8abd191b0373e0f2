"""Vendors that change their minds: what is applied, what waits, and what a decision does."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from pipelines.automation.watch import quarantined
from pipelines.sessions import offset, session_range
from pipelines.steps.decide import NotAcceptableError, NothingPendingError, OwnSplit, accept, reject
from pipelines.verify import Scope, verify
from tests.vendors.conftest import polygon_at
from tests.vendors.desk import LAST, VendorDesk
from tests.vendors.market import Split
from tests.vendors.polygon_api import PolygonApi
from tests.vendors.server import Server

MIDDLE = date(2024, 1, 3)
AFTER = session_range(MIDDLE, LAST).tolist()
NEW = offset(LAST, 1)


@pytest.fixture
def filled(desk: VendorDesk, polygon_server: Server) -> VendorDesk:
    desk.fetch(polygon_at(polygon_server))
    desk.compute()
    return desk


@pytest.fixture
def clean(filled: VendorDesk) -> Iterator[None]:
    """After the test all that is stored is proven."""
    yield
    with psycopg.connect(filled.world.urls.pipeline) as connection:
        assert verify(connection, Scope()).findings == []


def alerts(desk: VendorDesk, since: datetime) -> list[str]:
    found, _ = quarantined(desk.world.owner, since.isoformat(), datetime.now(UTC))
    return [alert.text for alert in found]


def decide(desk: VendorDesk, *symbols: str, split: OwnSplit | None = None) -> None:
    with desk.world.opened(LAST, LAST) as run, run.database.transaction():
        accept(run.database, (), symbols, split)


def test_a_split_in_the_middle_of_the_history_moves_nothing(
    filled: VendorDesk, polygon_server: Server, polygon_api: PolygonApi, clean: None
) -> None:
    """The same history, once without a split and once with one, told and in raw closes: 4 is a power of two."""
    exact = {day: round(close * 4) / 4 for day, close in polygon_api.market.closes["ACME"].items()}
    betas = "select session, symbol, factor, beta from analytics.factor_betas"
    polygon_api.market.closes["ACME"] = exact
    desk = filled.start()
    desk.fetch(polygon_at(polygon_server))
    desk.compute()
    nav, unmoved = desk.nav(), desk.world.dump(betas)
    polygon_api.market.closes["ACME"] = {
        day: close / 4 if day >= MIDDLE else close for day, close in exact.items()
    }
    polygon_api.market.splits.append(Split("ACME", MIDDLE, 1.0, 4.0))
    desk.start()
    (prices, *_) = desk.fetch(polygon_at(polygon_server))
    desk.compute()
    assert (prices.quarantined, desk.pending()) == (0, [])
    assert desk.closes("ACME")[MIDDLE] == exact[MIDDLE] / 4
    assert (desk.nav(), desk.world.dump(betas)) == (nav, unmoved)


def test_a_surprise_split_waits_and_nothing_moves_until_it_is_accepted(
    filled: VendorDesk, polygon_server: Server, polygon_api: PolygonApi, clean: None
) -> None:
    desk, before = filled, datetime.now(UTC) - timedelta(seconds=1)
    nav, closes = desk.nav(), desk.closes("ACME")
    polygon_api.market.split("ACME", MIDDLE, 4.0)
    for _ in range(2):  # told again, it is no news
        (prices,) = desk.fetch(polygon_at(polygon_server), anew=True, only=True)
        desk.compute()
    assert prices.restated == 0
    waiting = {("split", "ACME", "prices_disagree"), ("close", "ACME", "split_like")}
    assert set(desk.pending()) == waiting
    assert len(desk.pending()) == len(AFTER) + 1
    assert (desk.nav(), desk.closes("ACME")) == (nav, closes)
    (told,) = alerts(desk, before)
    assert f"ACME: {len(AFTER)} × split_like, {MIDDLE} to {LAST}" in told
    assert alerts(desk, datetime.now(UTC)) == []
    decide(desk, "ACME")
    assert desk.pending() == []
    assert desk.closes("ACME") == {day: polygon_api.market.closes["ACME"][day] for day in closes}
    assert desk.world.rows("select count(*) from market.prices_history where symbol = 'ACME'") == [
        (len(AFTER),)
    ]
    desk.compute()
    after = desk.nav()
    # Cents of the new shares are four cents of the old ones: 40 shares of ACME and 500 under the option.
    assert max(abs(float(after[day] - nav[day])) for day in nav) < 0.01 * 4 * 540
    (again,) = desk.fetch(polygon_at(polygon_server), anew=True, only=True)
    assert (again.written, again.quarantined) == (0, 0)


def test_a_split_that_the_vendor_forgot_waits_and_somebody_tells_it(
    filled: VendorDesk, polygon_server: Server, polygon_api: PolygonApi, clean: None
) -> None:
    desk = filled
    nav = desk.nav()[LAST]
    polygon_api.market.split("ACME", NEW, 4.0, told=False)
    later = offset(NEW, 1)
    desk.fetch(polygon_at(polygon_server), NEW, later)
    desk.compute(NEW, later)
    assert desk.pending(("symbol", "day", "reason")) == [
        ("ACME", NEW, "split_like"),
        ("ACME", later, "split_like"),
    ]
    assert max(desk.closes("ACME")) == LAST
    stale = "select session, is_stale from analytics.position_pnl where position_id = 2 and session >= %s order by 1"
    assert desk.world.rows(stale, [NEW]) == [(NEW, True), (later, True)]
    decide(desk, "ACME", split=OwnSplit("ACME", NEW, 1.0, 4.0))
    desk.compute(NEW, later)
    assert abs(float(desk.nav()[NEW] - nav)) < 0.05 * float(nav)
    assert desk.world.rows("select symbol, split_to, source from market.splits") == [
        ("ACME", 4.0, "operator")
    ]


def test_a_split_that_is_told_late_explains_what_waits(
    filled: VendorDesk, polygon_server: Server, polygon_api: PolygonApi, clean: None
) -> None:
    desk, later = filled, offset(NEW, 1)
    polygon_api.market.split("ACME", NEW, 4.0, told=False)
    desk.fetch(polygon_at(polygon_server), NEW, NEW)
    assert desk.pending(("symbol", "day")) == [("ACME", NEW)]
    polygon_api.market.splits.append(Split("ACME", NEW, 1.0, 4.0))
    desk.fetch(polygon_at(polygon_server), later, later)
    assert desk.pending() == []
    assert [day for day in desk.closes("ACME") if day > LAST] == [NEW, later]
    desk.compute(NEW, later)


def test_small_differences_are_recorded_restatements(
    filled: VendorDesk, polygon_server: Server, polygon_api: PolygonApi, clean: None
) -> None:
    desk = filled
    old = desk.closes("AAPL")[MIDDLE]
    polygon_api.market.closes["AAPL"][MIDDLE] = round(old * 1.001, 2)
    (prices,) = desk.fetch(polygon_at(polygon_server), anew=True, only=True)
    assert (prices.restated, prices.quarantined) == (1, 0)
    assert desk.closes("AAPL")[MIDDLE] == round(old * 1.001, 2)
    history = "select close from market.prices_history where symbol = 'AAPL' and session = %s"
    assert desk.world.rows(history, [MIDDLE]) == [(old,)]
    desk.compute()


@pytest.mark.parametrize(
    ("factor", "reason"), [(1.2, "beyond_history"), (100.0, "currency_jump"), (0.01, "currency_jump")]
)
def test_differences_beyond_belief_wait_and_may_be_rejected(
    factor: float,
    reason: str,
    filled: VendorDesk,
    polygon_server: Server,
    polygon_api: PolygonApi,
    clean: None,
) -> None:
    desk = filled
    old = desk.closes("AAPL")[MIDDLE]
    polygon_api.market.closes["AAPL"][MIDDLE] = old * factor
    desk.fetch(polygon_at(polygon_server), anew=True, only=True)
    assert desk.pending() == [("close", "AAPL", reason)]
    with desk.world.opened(LAST, LAST) as run, run.database.transaction():
        reject(run.database, (), ("AAPL",))
    (again,) = desk.fetch(polygon_at(polygon_server), anew=True, only=True)
    assert desk.pending() == []
    assert desk.closes("AAPL")[MIDDLE] == old
    assert again.restated == 0


def test_a_stale_repeat_waits(
    filled: VendorDesk, polygon_server: Server, polygon_api: PolygonApi, clean: None
) -> None:
    desk, api = filled, polygon_api
    bar = api.market.bar("AAPL", LAST)
    honest = api.market.bar

    def repeating(ticker: str, day: date) -> dict[str, float]:
        return bar if (ticker, day) == ("AAPL", NEW) else honest(ticker, day)

    api.market.bar = repeating  # type: ignore[method-assign]
    desk.fetch(polygon_at(polygon_server), NEW, NEW, only=True)
    assert desk.pending() == [("close", "AAPL", "stale_repeat")]
    assert max(desk.closes("AAPL")) == LAST
    desk.compute(NEW, NEW)
    api.market.bar = honest  # type: ignore[method-assign]
    desk.fetch(polygon_at(polygon_server), NEW, NEW, anew=True, only=True)
    assert desk.pending() == []
    assert max(desk.closes("AAPL")) == NEW
    desk.compute(NEW, NEW)


def test_what_is_no_price_cannot_be_accepted(
    desk: VendorDesk, polygon_server: Server, polygon_api: PolygonApi
) -> None:
    polygon_api.mangled["ACME"] = "weekend"
    desk.fetch(polygon_at(polygon_server), only=True)
    with pytest.raises(NotAcceptableError, match="not_a_session"):
        decide(desk, "ACME")
    with pytest.raises(NothingPendingError, match="AAPL"):
        decide(desk, "AAPL")
