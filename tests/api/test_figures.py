"""The figures are the tables', and agree with each other."""

import json
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from pipelines.calc.factors import FACTORS as CALCULATED
from tests.api.caller import login
from tests.api.conftest import NOW, Caller, Filled, settings_of

SESSION = "2024-05-14"


def exact(caller: Caller, path: str, **params: Any) -> dict[str, Any]:
    """An answer with its numbers as decimals."""
    found: dict[str, Any] = json.loads(caller.get(path, **params).text, parse_float=Decimal)
    return found


def row(filled: Filled, table: str, portfolio: int, session: str = SESSION) -> dict[str, Any]:
    text = filled.query(
        f"select row_to_json(t)::text from analytics.{table} t where session = %s and portfolio_id = %s",
        session,
        portfolio,
    )[0][0]
    found: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return found


def test_portfolio_is_the_snapshot(ann: Caller, filled: Filled) -> None:
    body, stored = exact(ann, "/portfolio"), row(filled, "snapshots", filled.main)
    for name in ("price_sources", "top_movers"):
        stored[name] = json.loads(stored[name], parse_float=Decimal)
    shared = set(body) & set(stored) - {"reason"}
    assert {name: body[name] for name in shared} == {name: stored[name] for name in shared}
    assert len(shared) == 25
    assert body["net_asset_value"] == body["long_exposure"] + body["short_exposure"] + body["cash"]
    balance = filled.query(
        "select equity_balance, equity_as_of from book.portfolios where id = %s", filled.main
    )[0]
    assert (body["equity_balance"], body["equity_as_of"]) == (balance[0], balance[1].isoformat())


def test_equity_balance_is_the_latest_whatever_the_session(ann: Caller) -> None:
    now, past = exact(ann, "/portfolio"), exact(ann, "/portfolio", as_of="2024-03-28")
    assert (
        past["equity_balance"] == now["equity_balance"] == now["net_asset_value"] != past["net_asset_value"]
    )


def test_coverage_and_types_count_the_lots(ann: Caller) -> None:
    """Held: AAPL XOM NVDA GAPS HOLE ACME, MSFT short, a call bought, a put sold. JPM was sold, a call expired."""
    body = ann.get("/portfolio").json()
    assert body["positions_by_type"] == {"LONG": 6, "SHORT": 1, "LC": 1, "SC": 0, "LP": 0, "SP": 1}
    # GAPS: last price 2 sessions ago; HOLE: 10 sessions ago.
    assert body["coverage"] == {"priced": 7, "stale": 1, "unpriced": 1}
    assert body["position_count"] == 9
    assert (body["price_sources"], body["simulated_prices"]) == (["simulated"], True)


def test_returns_chain_the_stored_daily_returns(ann: Caller, filled: Filled) -> None:
    daily = filled.query(
        "select session, daily_return from analytics.snapshots where portfolio_id = %s order by session",
        filled.main,
    )
    body = ann.get("/portfolio").json()
    for name, month in (("mtd_return", 5), ("ytd_return", 1)):
        chained = 1.0
        for session, daily_return in daily:
            chained *= 1.0 + (daily_return if session.month >= month else 0.0)
        assert body[name] == pytest.approx(chained - 1.0, rel=1e-12)


def test_figures_that_older_code_has_not_stored_are_null(changeable: Filled) -> None:
    returns = ("mtd_return", "ytd_return")
    exposures = ("issuer_gross_exposure", "delta_issuer_gross_exposure")
    names = ("unrealized_pnl", *exposures, *returns, "price_sources", "top_movers")
    counts = [f"{kind}_positions" for kind in ("long", "short", "lc", "sc", "lp", "sp")]
    with TestClient(create_app(settings_of(changeable.urls), now=lambda: NOW)) as client:
        ann = login(client, "ann")
        before = ann.get("/portfolio").json()
        with psycopg.connect(changeable.urls.owner) as connection:
            gone = ", ".join(f"{name} = null" for name in (*names, *counts))
            connection.execute(f"update analytics.snapshots set {gone}")  # type: ignore[arg-type]
        after = ann.get("/portfolio").json()
    lost = {*names, "issuer_leverage", "positions_by_type", "simulated_prices"}
    assert all(before[name] is not None for name in lost)
    assert after == before | dict.fromkeys(lost)


def test_exposure_is_netted_by_issuer(ann: Caller) -> None:
    """AAPL stock and call are one issuer, MSFT short and short put another; the rest stand alone."""
    portfolio, items = exact(ann, "/portfolio"), exact(ann, "/positions")["items"]
    for name, total in (
        ("market_value", "issuer_gross_exposure"),
        ("delta_adjusted_value", "delta_issuer_gross_exposure"),
    ):
        by_issuer: dict[str, Decimal] = {}
        for item in items:
            issuer = item["underlying"] or item["symbol"]
            by_issuer[issuer] = by_issuer.get(issuer, Decimal(0)) + item[name]
        assert portfolio[total] == sum(abs(value) for value in by_issuer.values())
    # The calls are long with the stock and the puts are short with it: only deltas net.
    assert portfolio["issuer_gross_exposure"] == portfolio["gross_exposure"]
    assert portfolio["delta_issuer_gross_exposure"] < portfolio["delta_gross_exposure"]
    assert float(portfolio["issuer_leverage"]) == pytest.approx(
        float(portfolio["issuer_gross_exposure"] / portfolio["net_asset_value"])
    )


def test_unrealized_pnl_is_the_sum_of_the_lots(ann: Caller) -> None:
    for session in (SESSION, "2024-03-18"):  # on which a lot leaves, with nothing unrealized
        portfolio, items = (exact(ann, path, as_of=session) for path in ("/portfolio", "/positions"))
        assert portfolio["unrealized_pnl"] == sum(item["unrealized_pnl"] for item in items["items"])


@pytest.mark.parametrize("session", [SESSION, "2024-03-18", "2024-02-16"])
def test_top_movers_are_the_extremes_of_the_lots(ann: Caller, session: str) -> None:
    found = exact(ann, "/portfolio", as_of=session)["top_movers"]
    earned = [(item["daily_pnl"], item["id"]) for item in exact(ann, "/positions", as_of=session)["items"]]
    gains = sorted((-pnl, lot) for pnl, lot in earned if pnl > 0)[:5]
    losses = sorted((pnl, lot) for pnl, lot in earned if pnl < 0)[:5]
    assert [(-one["daily_pnl"], one["id"]) for one in found["gains"]] == gains
    assert [(one["daily_pnl"], one["id"]) for one in found["losses"]] == losses
    assert gains or losses


def test_history_is_the_snapshots(ann: Caller, filled: Filled) -> None:
    items = exact(ann, "/portfolio/history")["items"]
    for item in items[:: len(items) // 5]:
        stored = row(filled, "snapshots", filled.main, item["session"])
        assert {name: stored[name] for name in item} == item


def test_positions_add_up_to_the_portfolio(ann: Caller) -> None:
    portfolio, body = exact(ann, "/portfolio"), exact(ann, "/positions")
    items, totals = body["items"], body["totals"]
    for name in ("market_value", "daily_pnl", "unrealized_pnl"):
        assert sum(item[name] for item in items) == totals[name]
    assert totals["market_value"] == portfolio["net_exposure"]
    assert totals["gross_exposure"] == portfolio["gross_exposure"]
    assert totals["long_exposure"] == portfolio["long_exposure"]
    assert totals["short_exposure"] == portfolio["short_exposure"]
    assert totals["delta_adjusted_value"] == portfolio["delta_net_exposure"]
    assert totals["daily_pnl"] == portfolio["daily_pnl"]
    assert totals["position_count"] == portfolio["position_count"]
    assert all(item["cost_basis"] + item["unrealized_pnl"] == item["market_value"] for item in items)
    first = items[0]
    assert float(first["weight"]) == pytest.approx(
        float(first["market_value"] / portfolio["net_asset_value"])
    )


def test_a_lot_sold_on_the_session_keeps_its_pnl(ann: Caller) -> None:
    """JPM leaves on Monday 2024-03-18, the first session from Saturday 2024-03-16, at 151.50."""
    body = exact(ann, "/positions", as_of="2024-03-18")
    sold = next(item for item in body["items"] if item["symbol"] == "JPM")
    assert (sold["is_open"], sold["market_value"], sold["price"]) == (False, 0, Decimal("151.5"))
    assert body["totals"]["daily_pnl"] == exact(ann, "/portfolio", as_of="2024-03-18")["daily_pnl"]
    after = exact(ann, f"/positions/{sold['id']}", as_of="2024-03-19")
    assert (after["reason"], after["market_value"], after["is_open"]) == ("not_held", None, False)


SUMMED = (
    "position_count",
    "market_value",
    "gross_exposure",
    "delta_adjusted_value",
    "daily_pnl",
    "unrealized_pnl",
)


@pytest.mark.parametrize("group_by", ["type", "sector", "tag"])
def test_groups_add_up_to_the_totals(ann: Caller, group_by: str) -> None:
    body, plain = exact(ann, "/positions", groupBy=group_by), exact(ann, "/positions")
    assert body["totals"] == plain["totals"]
    for name in SUMMED:
        total = sum(group[name] for group in body["groups"])
        if group_by == "tag":
            total += body["untagged"][name] - body["overlap"][name]
        assert total == body["totals"][name], name
    if group_by == "tag":
        # Those with two tags: AAPL stock, MSFT stock, AAPL call.
        assert body["overlap"]["position_count"] == 3
        assert [group["key"] for group in body["groups"]] == [
            "hedge",
            "momentum",
            "options",
            "private",
            "tech",
        ]


@pytest.mark.parametrize(
    ("params", "symbols"),
    [
        ({"type": "SHORT"}, ["MSFT"]),
        ({"type": "LC,SP"}, ["AAPL240816C00150000", "MSFT240816P00380000"]),
        ({"tags": "hedge"}, ["AAPL", "AAPL240816C00150000", "MSFT"]),
        ({"tags": "hedge,tech"}, ["AAPL", "AAPL240816C00150000", "MSFT", "NVDA"]),
        ({"tags": "hedge,tech", "tagMode": "all"}, ["MSFT"]),
        ({"tags": "tech", "type": "LONG"}, ["AAPL", "NVDA"]),
        ({"tags": "nothing"}, []),
    ],
    ids=str,
)
def test_filters(ann: Caller, params: dict[str, str], symbols: list[str]) -> None:
    wanted = [symbol for symbol in symbols if not (symbol == "AAPL" and params == {"tags": "hedge"})]
    body = exact(ann, "/positions", **params)
    assert sorted(item["symbol"] for item in body["items"]) == wanted
    grouped = exact(ann, "/positions", groupBy="type", **params)
    assert grouped["totals"] == body["totals"]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"type": "LONG,"}, "type"),
        ({"type": "long"}, "type"),
        ({"groupBy": "colour"}, "groupBy"),
        ({"tagMode": "none", "tags": "a"}, "tagMode"),
        ({"tags": ","}, "tags"),
        ({"tags": "a\x00"}, "tags"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1e3"}, "limit"),
    ],
    ids=str,
)
def test_bad_filters(ann: Caller, params: dict[str, str], field: str) -> None:
    response = ann.get("/positions", **params)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize("by", ["position", "sector", "type", "tag"])
@pytest.mark.parametrize(
    "period", [{}, {"start": "2024-02-20", "end": "2024-03-20"}, {"start": "2024-05-14"}], ids=str
)
def test_contributions_add_up_to_the_pnl(
    ann: Caller, filled: Filled, by: str, period: dict[str, str]
) -> None:
    body = exact(ann, "/portfolio/attribution", by=by, **period)
    total = sum(group["pnl"] for group in body["groups"])
    if by == "tag":
        total += body["untagged_pnl"] - body["overlap_pnl"]
    stored = filled.query(
        "select sum(daily_pnl) from analytics.snapshots where portfolio_id = %s and session between %s and %s",
        filled.main,
        body["start"],
        body["end"],
    )[0][0]
    assert total == body["pnl"] == stored


def test_position_history_is_the_tables(ann: Caller, filled: Filled) -> None:
    lot = filled.query("select id from book.positions where symbol = 'MSFT240816P00380000'")[0][0]
    items = exact(ann, f"/positions/{lot}/history")["items"]
    stored = filled.query(
        "select p.session, p.market_value, p.daily_pnl, g.delta_adjusted_value from analytics.position_pnl p "
        "join analytics.position_greeks g using (session, portfolio_id, position_id) where position_id = %s "
        "order by session",
        lot,
    )
    shown = [
        (item["session"], item["market_value"], item["daily_pnl"], item["delta_adjusted_value"])
        for item in items
    ]
    assert shown == [(session.isoformat(), *values) for session, *values in stored]
    assert items[0]["session"] == "2024-02-12"


def test_greeks_of_the_sides_make_the_portfolio(ann: Caller, filled: Filled) -> None:
    """The two options: 10 long calls and 5 short puts, per unit by the table × contracts × 100."""
    whole, longs, shorts = (
        exact(ann, "/risk/greeks", view=view) for view in ("portfolio", "longs", "shorts")
    )
    stored = row(filled, "snapshots", filled.main)
    for greek in ("delta", "gamma", "theta", "vega"):
        assert whole[greek] == stored[greek]
        assert float(longs[greek] + shorts[greek]) == pytest.approx(float(whole[greek]))
    assert float(whole["theta"]) == pytest.approx(-0.5 * 10 * 100 + 0.5 * 5 * 100)
    assert float(whole["vega"]) == pytest.approx(0.3 * 10 * 100 - 0.3 * 5 * 100)
    assert longs["delta_adjusted_value"] + shorts["delta_adjusted_value"] == stored["delta_net_exposure"]
    assert {one["position_type"] for one in longs["by_type"]} == {"LONG", "LC"}


def test_risk_metrics_are_the_tables(ann: Caller, filled: Filled) -> None:
    body, stored = exact(ann, "/risk/metrics"), row(filled, "risk_metrics", filled.main)
    shared = set(body) & set(stored)
    assert {name: body[name] for name in shared} == {name: stored[name] for name in shared}
    assert len(shared) == 15
    early = exact(ann, "/risk/metrics", as_of="2024-01-10")
    assert (early["volatility"], early["reason"]) == (None, "too_few_observations")


def test_all_eight_factors_in_order(ann: Caller, bob: Caller, filled: Filled) -> None:
    body = exact(ann, "/risk/factors")
    assert [(one["factor"], one["name"], one["proxy"]) for one in body["factors"]] == [
        (factor.code, factor.name, factor.proxy) for factor in CALCULATED
    ]
    for one in body["factors"]:
        stored = json.loads(
            filled.query(
                "select row_to_json(t)::text from analytics.factor_exposures t "
                "where session = %s and portfolio_id = %s and factor = %s",
                SESSION,
                filled.main,
                one["factor"],
            )[0][0],
            parse_float=Decimal,
        )
        assert {name: stored[name] for name in set(stored) & set(one)} == {
            name: one[name] for name in set(stored) & set(one)
        }
    nothing = bob.get("/risk/factors", portfolio_id=filled.fresh).json()["factors"]
    assert [(one["exposure"], one["reason"]) for one in nothing] == [(None, "not_materialized")] * 8


def test_covariance_of_all_pairs(ann: Caller, filled: Filled) -> None:
    items = exact(ann, "/risk/factors/covariance")["items"]
    stored = filled.query(
        "select factor_a, factor_b, covariance from analytics.factor_covariance where session = %s", SESSION
    )
    shown = {(one["factor_a"], one["factor_b"]): one["covariance"] for one in items}
    assert {key: None if value is None else float(value) for key, value in shown.items()} == {
        (a, b): covariance for a, b, covariance in stored
    }
    assert len(shown) == 36


def test_tags_count_their_lots(ann: Caller, bob: Caller) -> None:
    assert {tag["name"]: tag["position_count"] for tag in ann.get("/tags").json()["items"]} == {
        "momentum": 1, "tech": 3, "hedge": 2, "options": 3, "private": 1, "value": 1,
    }  # fmt: skip
    assert {tag["name"] for tag in bob.get("/tags").json()["items"]} == {"income"}
