"""The calendar that is written down is the library's."""

import numpy as np

from pipelines.sessions import HORIZON, calendar, close_of, latest_session, sessions


def test_every_session_and_close_is_the_librarys() -> None:
    """After an update of the library: python -m pipelines.sessions, and a release note if a session has changed."""
    known = calendar()
    assert (sessions() == known.sessions.to_numpy().astype("datetime64[D]")).all()
    assert len(sessions()) == len(known.sessions)
    for session, close in known.closes.items():
        assert close_of(session.date()) == close.to_pydatetime()


def test_the_horizon_is_whole() -> None:
    assert (sessions()[0].item(), sessions()[-1].item()) == HORIZON
    assert (np.diff(sessions()) > np.timedelta64(0)).all()


def test_an_early_close_is_one() -> None:
    """The day after Thanksgiving of 2025 closes at 13:00 in New York, 18:00 UTC."""
    session = np.datetime64("2025-11-28").item()
    assert close_of(session).hour == 18
    assert latest_session(close_of(session)) == session
