"""Filling a desk from Polygon: what is asked, what it costs, and what every fault leaves behind."""

from datetime import date
from pathlib import Path

import psycopg
import pytest

from pipelines.sessions import offset, session_range
from pipelines.sources.composed import ComposedSource
from pipelines.sources.pace import Retries
from pipelines.sources.universe import SHORT_INTEREST_UNIVERSE
from pipelines.sources.vendor import OutageError
from pipelines.sources.yahoo.source import YahooPrices
from pipelines.verify import Scope, verify
from tests.steps.memory_prices import PROXIES
from tests.vendors import faults
from tests.vendors.clock import Clock
from tests.vendors.conftest import polygon_at
from tests.vendors.desk import FIRST, LAST, OPTION, VendorDesk
from tests.vendors.market import Market
from tests.vendors.polygon_api import PolygonApi
from tests.vendors.server import Server, serving
from tests.vendors.yahoo_api import YahooApi

pytestmark = pytest.mark.long

DAYS = session_range(FIRST, LAST).tolist()
HELD = {"AAPL", "ACME", OPTION}
NEEDED = HELD | set(PROXIES) | set(SHORT_INTEREST_UNIVERSE)


def is_clean(desk: VendorDesk) -> bool:
    with psycopg.connect(desk.world.urls.pipeline) as connection:
        proof = verify(connection, Scope())
    return not proof.findings


def test_the_first_run_fills_the_history_and_the_second_fetches_nothing(
    desk: VendorDesk, polygon_server: Server, polygon_api: PolygonApi
) -> None:
    prices, _, interest = desk.fetch(polygon_at(polygon_server))
    assert prices.missing == {}
    assert interest.written > 0
    for symbol in HELD:
        ticker = f"O:{symbol}" if symbol == OPTION else symbol
        assert desk.closes(symbol) == {day: polygon_api.market.closes[ticker][day] for day in DAYS}
    # A symbol each, once for splits, once for short interest.
    assert polygon_server.count() == len(NEEDED) + 2
    desk.compute()
    assert is_clean(desk)
    again = desk.fetch(polygon_at(polygon_server))
    assert [(done.asked, done.written) for done in again[::2]] == [(0, 0), (0, 0)]
    assert polygon_server.count() == len(NEEDED) + 2


def test_a_new_session_costs_a_call_for_all_stocks_and_one_for_each_option(
    desk: VendorDesk, polygon_server: Server
) -> None:
    desk.fetch(polygon_at(polygon_server))
    polygon_server.requests.clear()
    day = offset(LAST, 1)
    prices, _, _ = desk.fetch(polygon_at(polygon_server), day, day)
    assert (prices.asked, prices.written, prices.missing) == (len(NEEDED), len(NEEDED), {})
    kinds = ("/v2/aggs/grouped/", f"/v2/aggs/ticker/O:{OPTION}", "/v3/reference/splits")
    assert [polygon_server.count(kind) for kind in kinds] == [1, 1, 1]
    assert polygon_server.count() == 3


def test_every_row_says_where_it_is_from_and_when(desk: VendorDesk, polygon_server: Server) -> None:
    desk.fetch(polygon_at(polygon_server), only=True)
    found = desk.world.rows(
        "select distinct source, adjustment, fetched_at > now() - interval '5 minutes'"
        " from market.price_provenance(%s, %s)",
        [FIRST, LAST],
    )
    assert found == [("polygon", "raw", True)]


def test_explicitly_anew_is_asked_again(desk: VendorDesk, polygon_server: Server) -> None:
    desk.fetch(polygon_at(polygon_server), only=True)
    polygon_server.requests.clear()
    (again,) = desk.fetch(polygon_at(polygon_server), LAST, LAST, anew=True, only=True)
    assert (again.asked, again.written) == (len(NEEDED), 0)
    assert polygon_server.count("/v2/aggs/grouped/") == 1


def test_a_close_that_came_before_it_was_final_is_asked_for_again(
    desk: VendorDesk, polygon_server: Server
) -> None:
    desk.fetch(polygon_at(polygon_server), only=True)
    desk.world.owner.execute(
        "update market.price_fetches f set fetched_at = s.closes_at + interval '10 minutes'"
        " from market.sessions s where s.session = f.session and s.session = %s and f.symbol = 'AAPL'",
        [LAST],
    )
    polygon_server.requests.clear()
    (again,) = desk.fetch(polygon_at(polygon_server), only=True)
    assert (again.asked, again.written) == (1, 0)


@pytest.mark.parametrize(
    "fault",
    [
        faults.storm(2),
        faults.half(2),
        faults.Fault(faults.body(b"{"), 2),
        faults.Fault(faults.status(500), 2),
    ],
    ids=["429", "half bodies", "half JSON", "500"],
)
def test_a_passing_fault_leaves_no_trace(
    fault: faults.Fault, desk: VendorDesk, polygon_server: Server
) -> None:
    fault.path = "/v2/aggs"
    polygon_server.faults.add(fault)
    (prices,) = desk.fetch(polygon_at(polygon_server), only=True)
    assert (prices.missing, prices.problems) == ({}, {})
    desk.compute()
    assert is_clean(desk)


def test_an_outage_in_the_middle_is_gone_on_from(desk: VendorDesk, polygon_server: Server) -> None:
    polygon_server.faults.add(faults.Fault(faults.status(503), 3, path="/ticker/KO/"))
    with pytest.raises(OutageError, match=r"503.*of [0-9,]+ closes are answered for and stored"):
        desk.fetch(polygon_at(polygon_server), only=True)
    before = [symbol for symbol in sorted(NEEDED) if symbol < "KO"]
    stored = desk.world.rows("select distinct symbol from market.prices order by 1")
    assert [symbol for (symbol,) in stored] == before
    assert is_clean(desk)
    polygon_server.requests.clear()
    (prices,) = desk.fetch(polygon_at(polygon_server), only=True)
    assert prices.missing == {}
    assert polygon_server.count("/v2/aggs/") == len(NEEDED) - len(before)
    desk.compute()
    assert is_clean(desk)


@pytest.mark.parametrize(
    ("how", "reason", "missing"),
    [
        ("shifted", "wrong_date", len(DAYS)),
        ("weekend", "not_a_session", 0),
        ("zero", "zero", 1),
        ("contradicting", "contradicting_bars", 1),
        ("duplicated", None, 0),
        ("out_of_order", None, 0),
    ],
)
def test_nonsense_is_held_back_named_and_harmless(
    how: str,
    reason: str | None,
    missing: int,
    desk: VendorDesk,
    polygon_server: Server,
    polygon_api: PolygonApi,
) -> None:
    polygon_api.mangled["ACME"] = how
    (prices,) = desk.fetch(polygon_at(polygon_server), only=True)
    assert prices.missing == ({"ACME": missing} if missing else {})
    assert {row[1:] for row in desk.pending()} == ({("ACME", reason)} if reason else set())
    desk.compute()
    assert is_clean(desk)
    del polygon_api.mangled["ACME"]
    (again,) = desk.fetch(polygon_at(polygon_server), anew=True, only=True)
    assert again.missing == {}
    if reason in ("zero", "contradicting_bars"):  # the true close has come: nobody has to look
        assert desk.pending() == []


def test_a_delisted_and_an_unknown_and_a_renamed_symbol_are_told(
    desk: VendorDesk, polygon_server: Server, polygon_api: PolygonApi
) -> None:
    gone = date(2024, 1, 5)
    closes = polygon_api.market.closes
    closes["ACME"] = {day: close for day, close in closes["ACME"].items() if day <= gone}
    closes["META"] = closes.pop("KO")
    polygon_api.market.renamed["KO"] = "META"
    del closes["IBM"]
    (prices,) = desk.fetch(polygon_at(polygon_server), only=True)
    after = len([day for day in DAYS if day > gone])
    assert prices.missing == {"ACME": after, "IBM": len(DAYS), "KO": len(DAYS)}
    assert list(prices.problems) == ["KO"]
    desk.compute()
    assert is_clean(desk)
    flags = desk.world.rows(
        "select bool_or(is_stale), bool_or(is_unpriced) from analytics.position_pnl"
        " where position_id = 2 and session > %s",
        [gone],
    )
    assert flags == [(True, False)]
    # Asked once: what a vendor has not, it is not asked for again; a renamed one may come back.
    polygon_server.requests.clear()
    (again,) = desk.fetch(polygon_at(polygon_server), only=True)
    assert again.asked == len(DAYS)


def test_a_plan_without_options_prices_the_stocks(
    desk: VendorDesk, polygon_server: Server, polygon_api: PolygonApi
) -> None:
    polygon_api.without_options = True
    (prices,) = desk.fetch(polygon_at(polygon_server), only=True)
    assert list(prices.problems) == [OPTION]
    desk.compute()
    assert is_clean(desk)


def test_a_close_that_another_source_has_replaced_is_fetched_again(
    desk: VendorDesk, polygon_server: Server
) -> None:
    desk.fetch(polygon_at(polygon_server), only=True)
    desk.world.owner.execute(
        "update market.prices set source = 'file', close = 1 where symbol = 'AAPL' and session = %s", [LAST]
    )
    (again,) = desk.fetch(polygon_at(polygon_server), only=True)
    assert (again.asked, again.written, again.quarantined) == (1, 1, 0)


def test_what_one_vendor_has_not_the_next_one_has_and_nobody_is_asked_twice(
    desk: VendorDesk, polygon_server: Server, polygon_api: PolygonApi, tmp_path: Path
) -> None:
    everywhere = Market(dict(polygon_api.market.closes))
    del polygon_api.market.closes["IBM"]
    with serving(YahooApi(everywhere)) as yahoo_server:

        def both() -> ComposedSource:
            yahoo = YahooPrices(yahoo_server.url, tmp_path, Clock().pace(), Retries(tries=2), timeout=2.0)
            return ComposedSource([polygon_at(polygon_server), yahoo])

        (prices,) = desk.fetch(both(), only=True)
        assert prices.missing == {}
        assert yahoo_server.count("/chart/IBM") > 0
        assert yahoo_server.count("/chart/") == yahoo_server.count("/chart/IBM")
        asked = polygon_server.count(), yahoo_server.count()
        (again,) = desk.fetch(both(), only=True)
        assert again.asked == 0
        assert (polygon_server.count(), yahoo_server.count()) == asked
    found = desk.world.rows(
        "select distinct source, adjustment from market.price_provenance(%s, %s) where symbol in ('IBM', 'AAPL')",
        [FIRST, LAST],
    )
    assert sorted(found) == [("polygon", "raw"), ("yfinance", "unsplit")]
