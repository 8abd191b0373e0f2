"""Somebody is told: of what, how often, and without secrets."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import dagster as dg
import pytest

from pipelines.automation import alerts
from pipelines.automation.outbox import GIVE_UP, MOST_AT_ONCE, Alert, Outbox, dump, load
from pipelines.automation.webhook import post, without_secrets
from pipelines.launch import Launch
from pipelines.sessions import offset
from pipelines.settings import settings
from tests.automation.desk import Desk, new_york

DAY = date(2024, 7, 2)
NOW = datetime(2024, 7, 2, 23, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Receiver:
    """A webhook on a local port that remembers what it was told."""

    url: str = ""
    status: int = 200
    received: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if told.status == 200:
                assert self.headers["Content-Type"] == "application/json"
                told.received.append(json.loads(body))
            self.send_response(told.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}/hook/very-secret-path"
    monkeypatch.setenv("SIGMASIGHT_ALERT_URL", told.url)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


def tick(desk: Desk, cursor: str | None, now: datetime | None = None) -> tuple[str, list[str]]:
    return alerts.tick(desk.instance, desk.pipeline, cursor, now or datetime.now(UTC), settings())


def fail(desk: Desk, start: date) -> None:
    """A run that fails: it starts after sessions that were never computed."""
    launch = Launch(start, start, "backfill", strict=True)
    request = dg.RunRequest(run_key=str(len(desk.ran)), run_config=launch.run_config(), tags=launch.tags())
    with pytest.raises(AssertionError):
        desk.execute(request)


@pytest.fixture
def firm(desk: Desk) -> Desk:
    desk.vendor.publish(DAY)
    desk.upload("book", offset(DAY, -5), DAY)
    return desk


def test_a_failed_run_is_told_once_with_its_reason(firm: Desk, receiver: Receiver) -> None:
    fail(firm, DAY)
    cursor, _ = tick(firm, None)  # what happened before the first tick is no news
    assert receiver.received == []
    fail(firm, offset(DAY, -1))
    cursor, complaints = tick(firm, cursor)
    (told,) = receiver.received
    assert complaints == []
    assert told["kind"] == "run_failed"
    assert (
        told["title"] == f"materialize failed in prices for sessions {offset(DAY, -1)} to {offset(DAY, -1)}"
    )
    assert "are missing" in told["text"]
    assert told["run_id"] == firm.instance.get_runs(limit=1)[0].run_id
    tick(firm, cursor)
    assert len(receiver.received) == 1


def test_a_run_that_is_tried_again_is_not_told(firm: Desk, receiver: Receiver) -> None:
    cursor, _ = tick(firm, None)
    fail(firm, DAY)
    run = firm.instance.get_runs(limit=1)[0]
    firm.instance.add_run_tags(run.run_id, {"dagster/will_retry": "true"})
    tick(firm, cursor)
    assert receiver.received == []


def test_a_failing_check_is_told_and_a_passing_one_is_not(desk: Desk, receiver: Receiver) -> None:
    passed = [False]

    @dg.asset
    def thing() -> None:
        """Nothing."""

    @dg.asset_check(asset=thing)
    def it_adds_up() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=passed[0], description="off by 1.00 USD", metadata={"portfolio": 7})

    cursor, _ = tick(desk, None)
    dg.materialize([thing, it_adds_up], instance=desk.instance)
    cursor, _ = tick(desk, cursor)
    (told,) = receiver.received
    assert (told["kind"], told["title"]) == ("check_failed", "check it_adds_up of thing fails")
    assert told["text"] == "off by 1.00 USD\nportfolio: 7"
    passed[0] = True
    dg.materialize([thing, it_adds_up], instance=desk.instance)
    tick(desk, cursor)
    assert len(receiver.received) == 1


def test_a_missing_snapshot_is_told_after_the_deadline_once_a_session(firm: Desk, receiver: Receiver) -> None:
    cursor, _ = tick(firm, None, new_york(DAY, 18, 29))
    assert receiver.received == []
    cursor, _ = tick(firm, cursor, new_york(DAY, 18, 30))
    cursor, _ = tick(firm, cursor, new_york(DAY, 23, 59))
    (told,) = receiver.received
    assert (told["kind"], told["session"]) == ("no_snapshot", "2024-07-02")
    assert told["title"] == "1 portfolios have no snapshot of 2024-07-02"
    assert told["text"].startswith("book (1)")
    firm.request("daily")
    firm.sensors(new_york(offset(DAY, 1), 15))
    tick(firm, cursor, new_york(date(2024, 7, 4), 19))  # a holiday
    assert len(receiver.received) == 1


def test_a_receiver_that_is_down_is_tried_again_with_growing_waits(firm: Desk, receiver: Receiver) -> None:
    receiver.status = 503
    now = new_york(DAY, 18, 30)
    cursor, complaints = tick(firm, None, now)
    assert complaints == ["the alert receiver answered 503"]
    tried = []
    for second in range(10, 600, 10):
        cursor, complaints = tick(firm, cursor, now + timedelta(seconds=second))
        tried += [second] if complaints else []
    assert tried == [30, 90, 210, 450]  # 30 s, then twice as long each time
    receiver.status = 200
    tick(firm, cursor, now + HOUR)
    assert [told["kind"] for told in receiver.received] == ["no_snapshot"]


def test_nobody_is_told_without_a_receiver(firm: Desk) -> None:
    assert tick(firm, None, new_york(DAY, 19)) == ("", [])


def alert(key: str) -> Alert:
    return Alert(key, "run_failed", f"title of {key}", "text")


def test_repetitions_are_held_back_and_counted() -> None:
    sent: list[dict[str, Any]] = []
    box = Outbox()
    for minute in range(0, 130, 10):
        now = NOW + timedelta(minutes=minute)
        box.add([alert("same")], now, HOUR)
        box = load(dump(box))  # it lives in a cursor
        assert box.deliver(sent.append, now) == []
    assert [payload["repeated"] for payload in sent] == [0, 5, 5]


def test_a_flood_becomes_a_few_alerts() -> None:
    sent: list[dict[str, Any]] = []
    box = Outbox()
    box.add([alert(str(number)) for number in range(1000)], NOW, HOUR)
    box.deliver(sent.append, NOW)
    assert len(sent) == MOST_AT_ONCE
    assert sent[-1]["title"] == f"{1000 - MOST_AT_ONCE + 1} more alerts"


def test_a_day_without_a_receiver_is_given_up_and_said() -> None:
    box = Outbox()
    box.add([alert("lost")], NOW, HOUR)
    complaints = box.deliver(lambda _: "down", NOW + GIVE_UP)
    assert complaints == ["down", "1 alerts could not be delivered for a day: given up"]
    assert box.waiting == []


def test_secrets_do_not_leave(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYGON_API_KEY", "pk-123456")
    text = (
        f"GET https://vendor/?apiKey=pk-123456 failed; {receiver.url};"
        " postgresql://user:hunter2@host/db; password=abc token: xyz"
    )
    payload = without_secrets({"text": text, "repeated": 3}, settings())
    for secret in ("pk-123456", "very-secret-path", "hunter2", "abc", "xyz"):
        assert secret not in payload["text"]
    assert payload["repeated"] == 3
    assert "failed" in payload["text"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/hook-secret", "file:///etc/passwd"])
def test_a_complaint_about_the_receiver_does_not_name_it(url: str) -> None:
    complaint = post(url, {}, timeout=1)
    assert complaint
    assert "secret" not in complaint
    assert "passwd" not in complaint
