"""How the service is."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from api.schemas.common import Model


class Health(Model):
    """The process answers."""

    status: Annotated[Literal["ok"], Field(description="Always ok: a process that is not does not answer.")]


class Readiness(Model):
    """Whether reads can be answered."""

    status: Annotated[
        Literal["ready", "not_ready"],
        Field(description="ready when the database is reachable and current.", examples=["ready"]),
    ]
    database: Annotated[
        Literal["reachable", "unreachable"],
        Field(description="Whether the reader role can log in.", examples=["reachable"]),
    ]
    migrations: Annotated[
        Literal["current", "outdated", "unknown"],
        Field(description="Whether the tables are those this code expects.", examples=["current"]),
    ]
    latest_session: Annotated[
        date | None,
        Field(
            description="Latest session stored for any portfolio; null when there is none.",
            examples=["2026-01-30"],
        ),
    ]
    sessions_behind: Annotated[
        int | None,
        Field(
            description="Closed NYSE sessions after it: 0 is up to date; null when nothing is stored.",
            examples=[0],
        ),
    ]
    reason: Annotated[str | None, Field(description="Why it is not ready; null when it is.", examples=[None])]
