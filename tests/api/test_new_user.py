"""What a new user does, against `sigmasight up`: real processes, the real sensor, and every figure checked."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from api.schemas.status import Status
from tests.api.reads import READS

SAMPLE = b"""ticker,quantity,entry_price,entry_date,tags
AAPL,1000,150.00,2024-01-15,"momentum,tech"
MSFT,-500,380.00,2024-01-20,"hedge,tech"
AAPL240119C00150000,10,5.50,2024-01-10,"hedge,options"
"""
"""The requirements' file, as it stands there."""


@dataclass
class System:
    """A running system, seen by its user and by its owner."""

    url: str
    database: str
    token: str = ""

    def send(self, method: str, path: str, status: int = 200, **given: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = httpx.request(method, f"{self.url}/api/v1{path}", headers=headers, timeout=60, **given)
        assert answer.status_code == status, f"{method} {path}: {answer.text}"
        return answer

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """An answer with its numbers as decimals."""
        import json

        found: dict[str, Any] = json.loads(self.send("GET", path, params=params).text, parse_float=Decimal)
        return found

    def login(self, name: str, password: str) -> None:
        self.token = ""
        body = {"username": name, "password": password}
        self.token = self.send("POST", "/auth/login", json=body).json()["token"]

    def computed(self, answer: Any) -> dict[str, Any]:
        """Wait for the run that an answer names."""
        deadline = time.monotonic() + 180
        while True:
            state = self.get(f"/admin/runs/{answer.json()['request_id']}")
            if state["status"] not in ("queued", "running"):
                assert (state["status"], state["left_out"]) == ("succeeded", []), state
                return state
            assert time.monotonic() < deadline, state
            time.sleep(0.5)

    def rows(self, statement: str, *params: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database) as connection:
            return connection.execute(statement, params).fetchall()  # type: ignore[arg-type]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """`sigmasight up`, until Ctrl-C."""
    port = free_port()
    environment = os.environ | {
        "SIGMASIGHT_HOME": str(tmp_path / "home"),
        "SIGMASIGHT_API_PORT": str(port),
        "SIGMASIGHT_UI_PORT": str(free_port()),
        "SIGMASIGHT_PRICE_SOURCE": "simulated",
    }
    command = str(Path(sys.executable).with_name("sigmasight"))
    with (tmp_path / "up.log").open("wb") as log:
        up = subprocess.Popen(
            [command, "up"], cwd=tmp_path, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 240
        while not _is_ready(port):
            said = (tmp_path / "up.log").read_text(encoding="utf-8")
            assert up.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.5)
        url = subprocess.run(
            [command, "db", "url"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        yield System(f"http://127.0.0.1:{port}", url.stdout.strip())
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(60)


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ready").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


@pytest.mark.long
def test_a_new_user(system: System) -> None:
    system.login("demo_user_1", "demo123")
    answer = system.send(
        "POST", "/portfolio/upload", 202, files={"file": ("positions.csv", SAMPLE)}, data={"name": "Sample"}
    )
    book: int = answer.json()["portfolio_id"]
    state = system.computed(answer)
    # History since inception, 2024-01-09; nothing before.
    assert state["start_session"] == "2024-01-10"
    every_read_answers(system, book)
    figures_agree(system, book)
    before = history(system, book)
    # On which 400 of the 1000 AAPL leave, and all of the short.
    day = sorted(before)[-100]

    lot = system.get("/positions", portfolio_id=book, tags="momentum")["items"][0]["id"]
    leaves = {"exit_date": day, "exit_price": 190, "quantity": 400}
    part = system.send("POST", f"/positions/{lot}/exit", 202, json=leaves)
    system.send("PUT", f"/portfolio/flows/{day}", 202, params={"portfolio_id": book}, json={"amount": 250})
    lot_of_short = system.get("/positions", portfolio_id=book, type="SHORT")["items"][0]["id"]
    last = system.send(
        "POST", f"/positions/{lot_of_short}/exit", 202, json={"exit_date": day, "exit_price": 400}
    )
    for one in (part, last):
        system.computed(one)
    every_read_answers(system, book)
    figures_agree(system, book)
    a_part_left(system, book, lot, part.json()["position_id"], day, before)

    system.login("demo_admin", "admin123")
    page = Status.model_validate_json(system.send("GET", "/admin/status").content)
    assert page.is_complete
    mine = next(one for one in page.portfolios if one.id == book)
    assert (mine.name, mine.owner, mine.sessions_behind) == ("Sample", "demo_user_1", 0)


def history(system: System, book: int) -> dict[str, dict[str, Any]]:
    """The book by session: all pages."""
    found, params = [], {"portfolio_id": book, "limit": 500}
    while True:
        page = system.get("/portfolio/history", **params)
        found += page["items"]
        if page["next"] is None:
            return {item["session"]: item for item in found}
        params["cursor"] = page["next"]


def every_read_answers(system: System, book: int) -> None:
    lot = system.get("/positions", portfolio_id=book)["items"][0]["id"]
    for read in READS:
        params = read.params if read.by_position else read.params | {"portfolio_id": book}
        answer = system.send("GET", read.at(lot), params=params)
        found: Any = read.model.model_validate_json(answer.content)
        assert (found.portfolio_id, found.reason) == (book, None), read


def figures_agree(system: System, book: int) -> None:
    """Figures are the tables', and each other's: Σ positions = portfolio, Σ groups = total, Σ attribution = P&L."""
    portfolio = system.get("/portfolio", portfolio_id=book)
    stored = system.rows(
        "select net_asset_value, cash, gross_exposure, net_exposure, daily_pnl, mtd_pnl, ytd_pnl, cumulative_pnl, "
        "position_count from analytics.snapshots where (portfolio_id, session) = (%s, %s)",
        book,
        portfolio["session"],
    )[0]
    names = (
        "net_asset_value", "cash", "gross_exposure", "net_exposure", "daily_pnl", "mtd_pnl", "ytd_pnl",
        "cumulative_pnl", "position_count",
    )  # fmt: skip
    assert tuple(portfolio[name] for name in names) == stored
    items = system.get("/positions", portfolio_id=book)["items"]
    lots = system.rows(
        "select position_id, market_value, daily_pnl from analytics.position_pnl "
        "where (portfolio_id, session) = (%s, %s) order by 1",
        book,
        portfolio["session"],
    )
    assert [(one["id"], one["market_value"], one["daily_pnl"]) for one in items] == lots
    for of_lot, of_book in (
        ("market_value", "net_exposure"),
        ("daily_pnl", "daily_pnl"),
        ("unrealized_pnl", "unrealized_pnl"),
    ):
        assert sum(one[of_lot] for one in items) == portfolio[of_book]
    for group_by in ("type", "sector", "tag"):
        found = system.get("/positions", portfolio_id=book, groupBy=group_by)
        for name in ("market_value", "gross_exposure", "daily_pnl", "unrealized_pnl", "position_count"):
            total = sum(group[name] for group in found["groups"])
            if group_by == "tag":
                total += found["untagged"][name] - found["overlap"][name]
            assert total == found["totals"][name], (group_by, name)
        assert found["totals"]["market_value"] == portfolio["net_exposure"]
    for by in ("position", "sector", "tag", "type"):
        earned = system.get("/portfolio/attribution", portfolio_id=book, by=by)
        total = sum(group["pnl"] for group in earned["groups"])
        if by == "tag":
            total += earned["untagged_pnl"] - earned["overlap_pnl"]
        assert total == earned["pnl"] == portfolio["cumulative_pnl"], by
    metrics = system.get("/risk/metrics", portfolio_id=book)
    market = system.get("/risk/factors", portfolio_id=book)["factors"][0]
    assert float(metrics["portfolio_beta"]) == float(market["delta_adjusted_exposure"])
    greeks = system.get("/risk/greeks", portfolio_id=book)
    assert greeks["delta_adjusted_value"] == portfolio["delta_net_exposure"]


def a_part_left(
    system: System, book: int, kept: int, left: int, day: str, before: dict[str, dict[str, Any]]
) -> None:
    """400 of 1000 shares left at 190, and all of the short at 400: nothing before that session moved."""
    after = history(system, book)
    assert after.keys() == before.keys()
    figures = ("net_asset_value", "cash", "gross_exposure", "daily_pnl", "cumulative_pnl")
    for session in [one for one in before if one < day]:
        assert {name: after[session][name] for name in figures} == {
            name: before[session][name] for name in figures
        }
    price = {
        symbol: system.rows(
            "select close::numeric from market.prices where (symbol, session) = (%s, %s)", symbol, day
        )[0][0]
        for symbol in ("AAPL", "MSFT")
    }
    # Those that left earned up to their exit price instead of the close; the flow is no P&L.
    earned = before[day]["daily_pnl"] + 400 * (190 - price["AAPL"]) - 500 * (400 - price["MSFT"])
    assert float(after[day]["daily_pnl"]) == pytest.approx(float(earned), abs=1e-4)
    moved = after[day]["net_asset_value"] - before[day]["net_asset_value"]
    assert float(moved) == pytest.approx(
        float(after[day]["daily_pnl"] - before[day]["daily_pnl"] + 250), abs=1e-4
    )
    now = system.get(f"/positions/{kept}")
    assert (now["quantity"], now["is_open"]) == (600, True)
    gone = system.get(f"/positions/{left}", as_of=day)
    assert (gone["quantity"], gone["is_open"], gone["price"], gone["market_value"]) == (400, False, 190, 0)
    assert [tag["name"] for tag in gone["tags"]] == ["momentum", "tech"]
