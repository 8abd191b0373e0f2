"""Tags."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.parameters import Limit
from api.reads.question import Asked, Cursor
from api.schemas.tags import Tags

MAX_TAGS: Final = 1000
DEFAULT_TAGS: Final = 200

router = APIRouter(tags=["tags"])


@router.get("/tags", operation_id="getTags", summary="Tags", response_model=Tags)
async def tags(
    asked: Asked,
    limit: Annotated[Limit, Query(ge=1, le=MAX_TAGS, description="Tags in a page.")] = DEFAULT_TAGS,
    cursor: Cursor = None,
) -> Response:
    """The tags of the portfolio's owner; the caller's own where the caller has no portfolio."""
    asked.needs_portfolio = False
    return await asked.answer("api/tags", {"after": asked.turn_page(cursor, int), "limit": limit})
