"""Which sessions a day's run covers, and who gets a run of its own."""

from datetime import date

import pytest

from pipelines.automation.daily import Progress, daily_range, lagging
from pipelines.sessions import offset, session_index
from tests.automation.desk import new_york

LATEST = date(2024, 7, 5)
NOW = new_york(LATEST, 18)
REACH = 10


def behind(*sessions: int, asset: str = "snapshots", requested: bool = False) -> list[Progress]:
    """Portfolios 1, 2, … that many sessions behind the latest."""
    return [
        Progress(number, asset, session_index(LATEST) - lag, requested)
        for number, lag in enumerate(sessions, start=1)
    ]


@pytest.mark.parametrize(
    ("lags", "length"),
    [
        ([], 1),
        ([0, 0], 1),
        ([1, 1], 1),
        ([0, 3], 3),
        ([1, 10], 10),
        ([1, 200], 1),
        ([200], 200),
        ([30, 30, 200], 30),
        ([-4], 1),
    ],
    ids=[
        "no portfolio",
        "nothing is missing: the latest session is fetched again",
        "an ordinary day",
        "one was left out",
        "two weeks without the daemon, but for one",
        "a long history does not make the run longer",
        "a long history alone is the run",
        "a month without the daemon, and a long history",
        "inception is ahead",
    ],
)
def test_daily_range(lags: list[int], length: int) -> None:
    assert daily_range(behind(*lags), LATEST, REACH) == (offset(LATEST, 1 - length), LATEST)


def test_a_portfolio_is_as_far_as_its_last_asset() -> None:
    progress = behind(0, asset="position_pnl") + behind(2, asset="rolled_equity")
    assert daily_range(progress, LATEST, REACH)[0] == offset(LATEST, -1)


def test_lagging_portfolios_with_the_same_first_session_share_a_run() -> None:
    launches = lagging(behind(0, 2, 200, 2), {"snapshots": LATEST}, NOW)
    assert [(launch.start, launch.end, launch.portfolio_ids) for launch in launches] == [
        (offset(LATEST, -199), LATEST, (3,)),
        (offset(LATEST, -1), LATEST, (2, 4)),
    ]
    assert not any(launch.strict for launch in launches)


def test_when_everybody_lags_the_run_is_the_whole_firms() -> None:
    assert [launch.portfolio_ids for launch in lagging(behind(1, 1), {"snapshots": LATEST}, NOW)] == [None]


def test_who_is_about_to_be_brought_up_by_a_request_is_not_asked_for_again() -> None:
    assert lagging(behind(200, requested=True), {"snapshots": LATEST}, NOW) == []


def test_a_session_that_is_not_due_yet_is_nobodys_lag() -> None:
    assert lagging(behind(1), {"snapshots": offset(LATEST, -1)}, NOW) == []
