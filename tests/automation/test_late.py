"""Closes that are missing or provisional."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from pipelines.automation import late
from pipelines.automation.late import Asked, Unsettled, ask_again, unsettled
from pipelines.launch import Launch
from pipelines.sessions import offset
from pipelines.settings import settings
from sql import query
from tests.automation.desk import SYMBOLS, Desk, new_york

DAY = date(2024, 7, 2)
EARLY = date(2024, 7, 3)
NOTHING = Unsettled((), ())
COMMON = ["SPY", "XOM"]


def fetch(desk: Desk, day: date, key: str) -> None:
    """A run of the whole chain for a session."""
    launch = Launch(day, day, "daily", strict=False)
    desk.execute(dg.RunRequest(run_key=key, run_config=launch.run_config(), tags=launch.tags()))


def test_missing_closes_are_those_of_symbols_quoted_until_now(desk: Desk) -> None:
    desk.vendor.publish(DAY)
    desk.upload("book", offset(DAY, -1), DAY)
    fetch(desk, DAY, "first")
    settle = timedelta(minutes=20)
    now = new_york(offset(DAY, 1), 20)
    found = unsettled(desk.pipeline, now, settle)
    # Held, a factor's proxy, or of the short-interest universe; the rest of that was never quoted here.
    assert set(found.missing) == set(SYMBOLS)
    desk.vendor.publish(offset(DAY, 1), [symbol for symbol in SYMBOLS if symbol != "XOM"])
    fetch(desk, offset(DAY, 1), "second")
    assert unsettled(desk.pipeline, now, settle).missing == ("XOM",)


def test_a_close_is_provisional_until_it_is_fetched_after_it_settled(desk: Desk) -> None:
    desk.vendor.publish(DAY)
    desk.upload("book", offset(DAY, -1), DAY)
    fetch(desk, DAY, "first")
    assert provisional(desk, DAY, datetime.now(UTC) - timedelta(hours=1)) == []
    # The commits are of the real clock: with closes final just now, what was fetched so far was too soon.
    final_at = datetime.now(UTC)
    assert provisional(desk, DAY, final_at) == ["AAPL", *COMMON]
    fetch(desk, DAY, "again")  # equal closes: no row is written, and they are final all the same
    assert provisional(desk, DAY, final_at) == []


def provisional(desk: Desk, day: date, final_at: datetime) -> list[str]:
    """Symbols whose closes of a session were fetched before an instant and not since."""
    params = {"sessions": [day], "final_at": [final_at], "is_latest": [True], "since": offset(day, -5)}
    rows = desk.pipeline.execute(query("daily/unsettled"), params | {"common": COMMON}).fetchall()
    assert not any(is_missing for _, _, is_missing in rows)
    return [symbol for _, symbol, _ in rows]


@pytest.mark.parametrize(
    ("now", "found", "asked", "answer"),
    [
        (
            new_york(DAY, 16, 19),
            Unsettled(("XOM",), ()),
            Asked(),
            "closes of 2024-07-02 are asked for again from 16:20",
        ),
        (
            new_york(EARLY, 13, 30),
            Unsettled(("XOM",), ()),
            Asked(),
            "closes of 2024-07-03 are asked for again from 16:20",
        ),
        (new_york(DAY, 16, 20), NOTHING, Asked(), "all closes of 2024-07-02 are settled"),
        (
            new_york(DAY, 16, 35),
            Unsettled(("XOM",), ()),
            Asked("2024-07-02", 1, new_york(DAY, 16, 30).isoformat()),
            "1 closes are missing (XOM); asking again in 10 minutes",
        ),
        (
            new_york(DAY, 23),
            Unsettled(("AAPL", "XOM"), (DAY,)),
            Asked("2024-07-02", 18, new_york(DAY, 19, 20).isoformat()),
            "2 closes are missing (AAPL, XOM) and closes of 2024-07-02 are provisional after asking 18 times:"
            " look at the price source",
        ),
    ],
    ids=["not settled", "early close waits for the daily run", "complete", "between two asks", "given up"],
)
def test_why_nothing_is_asked(now: datetime, found: Unsettled, asked: Asked, answer: str) -> None:
    assert ask_again(found, asked, now, settings()) == answer


@pytest.mark.parametrize(
    ("found", "start"),
    [(Unsettled(("XOM",), ()), DAY), (Unsettled((), (offset(DAY, -1), DAY)), offset(DAY, -1))],
    ids=["missing", "provisional since yesterday: the daemon was down"],
)
def test_the_run_asks_from_the_first_unsettled_session(found: Unsettled, start: date) -> None:
    now = new_york(DAY, 16, 20)
    expected = Launch(start, DAY, "daily", strict=False, now=now)
    assert ask_again(found, Asked(), now, settings()) == expected


def test_asks_stop_at_the_limit_and_start_anew_with_the_next_session(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGMASIGHT_ASK_AGAIN_LIMIT", "2")
    desk.vendor.publish(offset(DAY, -1))
    desk.upload("book", offset(DAY, -2), DAY)
    fetch(desk, offset(DAY, -1), "before")
    asked, cursor = [], None
    for minute in range(20, 60, 5):
        answer, cursor = late.tick(desk.pipeline, cursor, new_york(DAY, 16, minute), settings())
        if isinstance(answer, dg.RunRequest):
            asked.append((minute, answer.run_key))
    assert asked == [(20, "closes-2024-07-02-1"), (30, "closes-2024-07-02-2")]
    answer, _ = late.tick(desk.pipeline, cursor, new_york(EARLY, 16, 20), settings())
    assert isinstance(answer, dg.RunRequest)
    assert answer.run_key == "closes-2024-07-03-1"
