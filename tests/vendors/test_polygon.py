"""The source `polygon`, through its real client library, against the documented REST and its faults."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import pytest

from pipelines.sessions import session_index, session_range
from pipelines.sources.pace import Retries
from pipelines.sources.polygon import source as module
from pipelines.sources.polygon.calls import cheapest_calls
from pipelines.sources.polygon.source import PolygonPrices, ticker_of
from pipelines.sources.settlements import newest_published, published_at, settlement_dates
from pipelines.sources.vendor import Ask, OutageError, RefusedError, Vendor
from tests.vendors import faults
from tests.vendors.clock import Clock
from tests.vendors.market import Market, walk
from tests.vendors.polygon_api import PolygonApi
from tests.vendors.server import Server, serving

START, END = date(2024, 2, 26), date(2024, 3, 28)  # over the change of New York's clock, to Maundy Thursday
DAYS = session_range(START, END).tolist()
OPTION = "AAPL240419C00150000"
KEY = "polygon-key-that-nobody-may-see"
HELD = ("AAPL", "BRK.B", OPTION)


@pytest.fixture
def api() -> PolygonApi:
    names = ("AAPL", "BRK.B", f"O:{OPTION}", "META")
    return PolygonApi(Market({name: walk(name, START, END) for name in names}), key=KEY)


@pytest.fixture
def server(api: PolygonApi) -> Iterator[Server]:
    with serving(api) as started:
        yield started


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def polygon(server: Server, clock: Clock) -> PolygonPrices:
    return PolygonPrices(KEY, server.url, clock.pace(), Retries(tries=4), timeout=0.5)


def ask(*symbols: str, days: list[date] = DAYS) -> Ask:
    return Ask(
        np.array(sorted(symbols)), session_index(days[0]), np.ones((len(days), len(symbols)), dtype=np.bool_)
    )


def test_bars_are_the_market_s(polygon: PolygonPrices, api: PolygonApi) -> None:
    assert isinstance(polygon, Vendor)
    found = polygon.prices([OPTION, "BRK-B", "AAPL", "AAPL"], START, END)
    assert found["symbol"].tolist() == ["AAPL"] * len(DAYS) + [OPTION] * len(DAYS) + ["BRK-B"] * len(DAYS)
    assert found["session"].tolist() == DAYS * 3
    for symbol, ticker in (("AAPL", "AAPL"), (OPTION, f"O:{OPTION}"), ("BRK-B", "BRK.B")):
        own = found["symbol"] == symbol
        assert found["close"][own].tolist() == [api.market.closes[ticker][day] for day in DAYS]
        assert found["volume"][own].tolist() == [api.market.bar(ticker, day)["v"] for day in DAYS]
    assert set(found["source"].tolist()) == {"polygon"}
    assert set(found["adjustment"].tolist()) == {"raw"}


@pytest.mark.parametrize("client", ["polygon", "massive"])
def test_the_client_s_name_is_one_line(client: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(client)
    monkeypatch.setattr(module, "CLIENT", client)
    assert len(PolygonPrices(KEY, server.url, Clock().pace()).prices(["AAPL"], START, END)["close"]) == len(
        DAYS
    )


def test_one_session_of_all_stocks_is_one_call_and_an_option_one_more(
    polygon: PolygonPrices, server: Server
) -> None:
    answers = list(polygon.answers(ask("AAPL", "BRK.B", "META", OPTION, days=DAYS[-1:])))
    assert [sorted(answer.bars["symbol"].tolist()) for answer in answers] == [
        ["AAPL", "BRK.B", "META"],
        [OPTION],
    ]
    assert server.count() == 2
    assert server.count("/v2/aggs/grouped/") == 1


def test_a_history_is_one_call_a_symbol(polygon: PolygonPrices, server: Server) -> None:
    list(polygon.answers(ask("AAPL", "META")))
    assert server.count() == 2


@pytest.mark.parametrize(
    ("wanted", "calls"),
    [
        (["111", "000", "000"], 1),  # a session
        (["100", "100", "100"], 1),  # a symbol
        (["111", "100", "100"], 2),  # a session and a symbol
        (["111", "111", "000"], 2),
        (["111", "111", "111"], 3),
        (["000", "000", "000"], 0),
    ],
)
def test_the_cheapest_calls_cover_each_cell_once(wanted: list[str], calls: int) -> None:
    cells = np.array([[mark == "1" for mark in row] for row in wanted])
    found = list(cheapest_calls(cells, np.ones(3, dtype=np.bool_)))
    assert len(found) == calls
    assert (sum((call.cells.astype(int) for call in found), np.zeros((3, 3), dtype=int)) == cells).all()


def test_pages_are_followed(polygon: PolygonPrices, api: PolygonApi, server: Server) -> None:
    api.page = 5
    assert polygon.prices(["AAPL"], START, END)["session"].tolist() == DAYS
    assert server.count() == -(-len(DAYS) // 5)


def test_a_storm_of_429_is_weathered_as_the_vendor_says(
    polygon: PolygonPrices, server: Server, clock: Clock
) -> None:
    server.faults.add(faults.storm(3, retry_after="7"))
    assert len(polygon.prices(["AAPL"], START, END)["close"]) == len(DAYS)
    assert clock.slept == [7.0, 7.0, 7.0]


def test_backoff_doubles_where_the_vendor_says_nothing(
    polygon: PolygonPrices, server: Server, clock: Clock
) -> None:
    server.faults.add(faults.Fault(faults.status(500), 3))
    assert len(polygon.prices(["AAPL"], START, END)["close"]) == len(DAYS)
    assert clock.slept == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    "fault",
    [
        faults.half(),
        faults.Fault(faults.slow(1.0)),
        faults.Fault(faults.body(b"{")),
        faults.Fault(faults.body(b"[1, 2]")),
        faults.Fault(faults.status(502)),
    ],
    ids=["half a body", "slow", "half a JSON", "another JSON", "502"],
)
def test_a_passing_fault_costs_one_more_call(
    fault: faults.Fault, polygon: PolygonPrices, server: Server
) -> None:
    server.faults.add(fault)
    assert len(polygon.prices(["AAPL"], START, END)["close"]) == len(DAYS)
    assert server.count() == 2


def test_what_came_before_an_outage_stands(polygon: PolygonPrices, server: Server) -> None:
    server.faults.add(faults.Fault(faults.status(503), 99, path="META"))
    answers = polygon.answers(ask("AAPL", "META"))
    assert len(next(answers).bars["close"]) == len(DAYS)
    with pytest.raises(OutageError, match="answered 503, 4 times in a row; run again"):
        next(answers)


def test_a_vendor_that_wants_too_much_patience_is_out(
    polygon: PolygonPrices, server: Server, clock: Clock
) -> None:
    server.faults.add(faults.storm(1, retry_after="86400"))
    with pytest.raises(OutageError, match="429"):
        polygon.prices(["AAPL"], START, END)
    assert clock.slept == []


def test_no_more_calls_a_minute_than_the_plan_allows(server: Server, clock: Clock) -> None:
    polygon = PolygonPrices(KEY, server.url, clock.pace(5))
    for _ in range(11):
        polygon.prices(["AAPL"], START, END)
    assert clock.slept == [60.0, 60.0]  # 5 at 0:00, 5 at 1:00, 1 at 2:00


def test_a_bad_key_says_which_variable(server: Server, clock: Clock) -> None:
    with pytest.raises(RefusedError, match="POLYGON_API_KEY is not accepted") as raised:
        PolygonPrices("other-secret", server.url, clock.pace()).prices(["AAPL"], START, END)
    assert "other-secret" not in str(raised.value)
    assert server.count() == 1


def test_a_plan_without_options_has_the_stocks(polygon: PolygonPrices, api: PolygonApi) -> None:
    api.without_options = True
    answers = list(polygon.answers(ask("AAPL", OPTION)))
    told = {symbol: reason for answer in answers for symbol, reason in answer.problems.items()}
    assert list(told) == [OPTION]
    assert "plan" in told[OPTION]
    assert [answer.bars["symbol"].tolist() for answer in answers] == [["AAPL"] * len(DAYS), []]


def test_an_unknown_ticker_has_no_bars_and_stops_nobody(polygon: PolygonPrices) -> None:
    assert set(polygon.prices(["AAPL", "NOSUCH"], START, END)["symbol"].tolist()) == {"AAPL"}


def test_a_renamed_ticker_is_told_and_not_mixed_up(polygon: PolygonPrices, api: PolygonApi) -> None:
    api.market.renamed["FB"] = "META"
    answers = list(polygon.answers(ask("AAPL", "FB")))
    assert answers[1].problems == {"FB": "polygon: it answered for META: renamed?"}
    assert not answers[1].asked.any()


def test_pages_in_circles_end(polygon: PolygonPrices, api: PolygonApi) -> None:
    api.page, api.circles = 5, True
    (answer,) = polygon.answers(ask("AAPL"))
    assert "round in circles" in answer.problems["AAPL"]
    assert not len(answer.bars["close"])


@pytest.mark.parametrize("how", ["duplicated", "out_of_order"])
def test_order_and_repetition_do_not_matter(how: str, polygon: PolygonPrices, api: PolygonApi) -> None:
    api.mangled["AAPL"] = how
    assert polygon.prices(["AAPL"], START, END)["close"].tolist() == list(api.market.closes["AAPL"].values())


@pytest.mark.parametrize(
    ("how", "reason", "refused", "kept"),
    [
        ("shifted", "wrong_date", len(DAYS), 0),
        ("weekend", "not_a_session", 1, len(DAYS)),
        ("zero", "zero", 1, len(DAYS) - 1),
        ("contradicting", "contradicting_bars", 1, len(DAYS) - 1),
    ],
)
def test_bars_that_make_no_sense_are_refused_with_a_reason(
    how: str, reason: str, refused: int, kept: int, polygon: PolygonPrices, api: PolygonApi
) -> None:
    api.mangled["AAPL"] = how
    (answer,) = polygon.answers(ask("AAPL"))
    assert {refusal.reason for refusal in answer.refused} == {reason}
    assert (len(answer.refused), len(answer.bars["close"])) == (refused, kept)


def test_splits(polygon: PolygonPrices, api: PolygonApi) -> None:
    api.market.split("AAPL", date(2024, 3, 11), 4.0)
    api.market.split("META", date(2024, 3, 12), 3.0, 2.0)
    found = polygon.splits(["META", "BRK.B", OPTION, "AAPL"], START, END)
    assert found["symbol"].tolist() == ["AAPL", "META"]
    assert (found["split_to"] / found["split_from"]).tolist() == [4.0, 1.5]
    assert found["execution_date"].tolist() == [date(2024, 3, 11), date(2024, 3, 12)]


def test_short_interest_is_known_only_once_published(polygon: PolygonPrices) -> None:
    found = polygon.short_interest(["META", "AAPL"], date(2024, 3, 10), date(2024, 3, 20))
    assert found["symbol"].tolist() == ["AAPL", "META"]
    assert found["settlement_date"].tolist() == [date(2024, 3, 15)] * 2
    # Seven sessions later: March 18 to 22 and 25, 26; 18:00 in New York is 22:00 UTC in summer.
    assert found["published_at"].astype("datetime64[m]").astype(str).tolist() == ["2024-03-26T22:00"] * 2
    assert published_at(date(2024, 3, 15)).isoformat() == "2024-03-26T22:00:00"
    # June 15, 2024 is a Saturday, June 30 a Sunday.
    assert settlement_dates(date(2024, 6, 1), date(2024, 7, 10)) == [date(2024, 6, 14), date(2024, 6, 28)]
    assert newest_published(date(2024, 3, 26)) == date(2024, 2, 29)
    assert newest_published(date(2024, 3, 27)) == date(2024, 3, 15)


def test_tickers() -> None:
    assert [ticker_of(s) for s in ("BRK-B", "BRK.B", OPTION, "BRK.B240119C00300000")] == [
        "BRK.B",
        "BRK.B",
        f"O:{OPTION}",
        "O:BRKB240119C00300000",
    ]


def test_the_key_is_in_no_text(
    polygon: PolygonPrices, caplog: pytest.LogCaptureFixture, api: PolygonApi
) -> None:
    caplog.set_level("DEBUG")
    api.mangled["AAPL"] = "shifted"
    polygon.prices(["AAPL"], START, END)
    assert KEY not in caplog.text + repr(polygon)
