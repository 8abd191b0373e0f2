"""The morning page."""

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, Field

from api.schemas.common import Model


class PortfolioStatus(Model):
    """How a portfolio stands."""

    id: Annotated[int, Field(description="Identity of the portfolio.", examples=[1])]
    name: Annotated[str, Field(description="Name of the portfolio.", examples=["Main portfolio"])]
    owner: Annotated[str, Field(description="Login name of its owner.", examples=["demo_user_1"])]
    session: Annotated[
        date | None,
        Field(description="Its newest session; null when none is stored.", examples=["2026-01-30"]),
    ]
    net_asset_value: Annotated[
        float | None, Field(description="USD at the close of that session.", examples=[3219000.5])
    ]
    daily_pnl: Annotated[
        float | None,
        Field(
            description="USD P&L of that session, price return only: without dividends, borrow costs and fees.",
            examples=[-1250.5],
        ),
    ]
    position_count: Annotated[
        int | None, Field(description="Lots held at the close of that session.", examples=[50])
    ]
    sessions_behind: Annotated[
        int, Field(description="Sessions from its newest, or its inception, to the latest one.", examples=[0])
    ]
    stale: Annotated[
        list[str], Field(description="Symbols held whose price is 1 to 5 sessions old.", examples=[["XOM"]])
    ]
    unpriced: Annotated[
        list[str],
        Field(description="Symbols held whose price is older, or that have none since entry.", examples=[[]]),
    ]
    left_out: Annotated[
        str | None,
        Field(description="Why a run left it out, where it is behind; null otherwise.", examples=[None]),
    ]


class Restated(Model):
    """Sessions of a portfolio that changed after the fact."""

    portfolio_id: Annotated[int, Field(description="Identity of the portfolio.", examples=[1])]
    sessions: Annotated[int, Field(description="How many sessions changed.", examples=[3])]
    first_session: Annotated[date, Field(description="The first of them.", examples=["2026-01-27"])]
    last_session: Annotated[date, Field(description="The last of them.", examples=["2026-01-29"])]
    last_change: Annotated[
        float, Field(description="USD that the net asset value of the last one moved.", examples=[1234.5])
    ]


class LastRun(Model):
    """A run of the pipeline."""

    run_id: Annotated[
        str, Field(description="Identity of the run.", examples=["5f0a8a5e-6a6f-4b6e-9d4f-0d7a3f7f1c55"])
    ]
    kind: Annotated[
        str,
        Field(
            description="Why it ran: daily, backfill, upload, recalculate, materialize, retention.",
            examples=["daily"],
        ),
    ]
    start_session: Annotated[date, Field(description="First session asked for.", examples=["2026-01-30"])]
    end_session: Annotated[date, Field(description="Last session asked for.", examples=["2026-01-30"])]
    portfolio_ids: Annotated[
        list[int] | None, Field(description="Portfolios it was limited to; null: all.", examples=[None])
    ]
    status: Annotated[str, Field(description="running, succeeded or failed.", examples=["succeeded"])]
    started_at: Annotated[
        AwareDatetime, Field(description="Instant (UTC).", examples=["2026-01-30T22:30:00Z"])
    ]
    ended_at: Annotated[
        AwareDatetime | None,
        Field(description="Instant (UTC); null while it is running.", examples=["2026-01-30T22:30:09Z"]),
    ]
    error: Annotated[str | None, Field(description="Why it failed; null otherwise.", examples=[None])]


class NextRun(Model):
    """A run that the schedule will start."""

    job: Annotated[str, Field(description="Name of the job.", examples=["daily_market_data"])]
    at: Annotated[AwareDatetime, Field(description="Instant (UTC).", examples=["2026-02-02T21:00:00Z"])]


class Status(Model):
    """What a morning asks: is everything there, what is missing, what changed, what comes."""

    now: Annotated[
        AwareDatetime, Field(description="Instant (UTC) the page is of.", examples=["2026-01-31T14:00:00Z"])
    ]
    latest_session: Annotated[
        date, Field(description="The last NYSE session whose close has passed.", examples=["2026-01-30"])
    ]
    age_hours: Annotated[float, Field(description="Hours since its close.", examples=[17.0])]
    due_session: Annotated[
        date,
        Field(
            description="The last session that every portfolio should have by now.", examples=["2026-01-30"]
        ),
    ]
    is_complete: Annotated[bool, Field(description="Whether every portfolio has it.", examples=[True])]
    portfolios: Annotated[list[PortfolioStatus], Field(description="All portfolios, by id.")]
    restated_since: Annotated[
        AwareDatetime,
        Field(
            description="Instant (UTC) the latest session's day began, New York.",
            examples=["2026-01-30T05:00:00Z"],
        ),
    ]
    restated: Annotated[
        list[Restated], Field(description="What changed since then of sessions before the latest.")
    ]
    last_runs: Annotated[list[LastRun], Field(description="The last five runs, newest first.")]
    next_runs: Annotated[list[NextRun], Field(description="The next run of each daily job, soonest first.")]
