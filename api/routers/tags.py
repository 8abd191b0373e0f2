"""Tags."""

from fastapi import APIRouter
from fastapi.responses import Response

from api.reads.pages import ItemsAsked
from api.reads.question import Asked
from api.schemas.tags import Tags

router = APIRouter(tags=["tags"])


@router.get("/tags", operation_id="getTags", summary="Tags", response_model=Tags)
async def tags(asked: Asked, page: ItemsAsked) -> Response:
    """The tags of the portfolio's owner; the caller's own where the caller has no portfolio."""
    asked.needs_portfolio = False
    return await asked.answer("api/tags", page.turn(asked))
