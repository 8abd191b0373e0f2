"""What was restated: sessions whose figures a run replaced."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from api.schemas.common import Answer, Model, Next

LedgerCause = Literal[
    "code", "terms", "flows", "positions", "multipliers", "marks", "overrides", "splits", "prices", "rows"
]


class Restatement(Model):
    """One session whose snapshot was replaced. Changes are new less old."""

    session: Annotated[date, Field(description="NYSE session.", examples=["2026-01-30"])]
    committed_at: Annotated[
        AwareDatetime,
        Field(
            description="Instant (UTC) since which the new figures are known.",
            examples=["2026-02-02T21:30:00Z"],
        ),
    ]
    causes: Annotated[
        list[LedgerCause],
        Field(
            description="What had changed since the run before read its inputs; rows: nothing had, and stored rows "
            "were put right. `/lineage/why` gives each cause its part.",
            examples=[["prices"]],
        ),
    ]
    run_id: Annotated[
        str,
        Field(
            description="Dagster run id of the run that replaced it.",
            examples=["0f9d1c3a-5d1f-4c43-9c6e-2f6f0a1b2c3d"],
        ),
    ]
    url: Annotated[
        str, Field(description="The run in the Dagster UI.", examples=["http://127.0.0.1:3000/runs/0f9d1c"])
    ]
    old_net_asset_value: Annotated[float, Field(description="USD, before.", examples=[3000000.0])]
    new_net_asset_value: Annotated[float, Field(description="USD, from then on.", examples=[3000125.0])]
    net_asset_value_change: Annotated[float, Field(description="USD.", examples=[125.0])]
    old_daily_pnl: Annotated[float, Field(description="USD, before.", examples=[1000.0])]
    new_daily_pnl: Annotated[float, Field(description="USD, from then on.", examples=[1125.0])]
    daily_pnl_change: Annotated[float, Field(description="USD.", examples=[125.0])]


class Restatements(Answer):
    """A page of the ledger of restatements."""

    items: Annotated[
        list[Restatement],
        Field(description="By session, the oldest first, and then by when they were restated."),
    ]
    next: Next
