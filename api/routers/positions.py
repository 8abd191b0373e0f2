"""Lots: all of a portfolio, in groups, and one by one."""

import re
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import AfterValidator, StringConstraints

from api.parameters import Id
from api.reads.pages import ItemsAsked, SessionsAsked
from api.reads.question import Asked, AsOf, KnownAt, Question
from api.schemas.position import PositionDetail, PositionHistory, PositionTags
from api.schemas.positions import GroupedPositions, Positions
from api.security import Caller

router = APIRouter(tags=["positions"])

_TYPE: Final = "(LONG|SHORT|LC|SC|LP|SP)"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def _plain(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("control characters are in no tag")
    if not text.replace(",", " ").strip():
        raise ValueError("name a tag")
    return text


Types = Annotated[
    Annotated[str, StringConstraints(pattern=f"^{_TYPE}(,{_TYPE})*$", max_length=100)] | None,
    Query(alias="type", description="Only lots of these types, comma-separated.", examples=["LC,LP"]),
]
TagNames = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=1000), AfterValidator(_plain)] | None,
    Query(description="Only lots with these tags, comma-separated names.", examples=["momentum,hedge"]),
]
TagMode = Annotated[
    Literal["any", "all"],
    Query(alias="tagMode", description="Whether one of `tags` is enough, or all count."),
]
GroupBy = Annotated[
    Literal["type", "tag", "sector"] | None, Query(alias="groupBy", description="Answer with groups of lots.")
]


def _names(text: str | None) -> list[str] | None:
    return None if text is None else sorted({name.strip() for name in text.split(",") if name.strip()})


@router.get(
    "/positions",
    operation_id="getPositions",
    summary="Lots, or groups of them",
    response_model=Positions | GroupedPositions,
)
async def positions(
    asked: Asked,
    page: ItemsAsked,
    types: Types = None,
    tags: TagNames = None,
    tag_mode: TagMode = "any",
    group_by: GroupBy = None,
) -> Response:
    """Lots held at the close or ended on the session, with value, weight, P&L, Greeks and tags.

    Groups come all at once, whatever the page asked for.
    """
    params = {"types": _names(types), "tags": _names(tags), "all_tags": tag_mode == "all"}
    paged = page.turn(asked)
    if group_by is not None:
        return await asked.answer("api/positions_grouped", params | {"group_by": group_by})
    return await asked.answer("api/positions", params | paged)


async def _of_position(
    request: Request,
    caller: Caller,
    position_id: Annotated[Id, Path(description="Identity of the lot.")],
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Question:
    """A question about one lot: the lot decides the portfolio."""
    return Question(request, caller, None, as_of, known_at, position_id)


OfPosition = Annotated[Question, Depends(_of_position)]


@router.get(
    "/positions/{position_id}", operation_id="getPosition", summary="One lot", response_model=PositionDetail
)
async def position(asked: OfPosition) -> Response:
    """A lot on a session; one that was not held on it has no figures."""
    return await asked.answer("api/position")


@router.get(
    "/positions/{position_id}/history",
    operation_id="getPositionHistory",
    summary="A lot session by session",
    response_model=PositionHistory,
)
async def history(asked: OfPosition, page: SessionsAsked) -> Response:
    """The sessions a lot was held on, oldest first."""
    return await asked.answer("api/position_history", page.turn(asked))


@router.get(
    "/positions/{position_id}/tags",
    operation_id="getPositionTags",
    summary="Tags of a lot",
    response_model=PositionTags,
)
async def tags_of_position(asked: OfPosition) -> Response:
    """The tags a lot carries."""
    return await asked.answer("api/position_tags")
