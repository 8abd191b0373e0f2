"""What is recorded one by one: cash flows, private marks, price overrides. Recording them is the intake's."""

from fastapi import APIRouter
from fastapi.responses import Response

from api.reads.question import Asked
from api.reads.recorded import FlowsAsked, PricesAsked
from api.schemas.recorded import Flows, Marks, PriceOverrides

router = APIRouter(tags=["portfolio"])


@router.get("/portfolio/flows", operation_id="getFlows", summary="Recorded cash flows", response_model=Flows)
async def flows(asked: Asked, page: FlowsAsked) -> Response:
    """The deposits and withdrawals that are recorded, oldest first, whatever as_of; `start` and `end` limit them."""
    return await asked.answer("api/flows", page.turn(asked))


@router.get(
    "/portfolio/marks", operation_id="getMarks", summary="Recorded private marks", response_model=Marks
)
async def marks(asked: Asked, page: PricesAsked) -> Response:
    """What private holdings are worth, as recorded, whatever as_of; `symbol`, `start` and `end` limit them."""
    return await asked.answer("api/marks", page.turn(asked))


@router.get(
    "/portfolio/price-overrides",
    operation_id="getPriceOverrides",
    summary="Recorded overrides of closes",
    response_model=PriceOverrides,
)
async def overrides(asked: Asked, page: PricesAsked) -> Response:
    """The closes that are overridden, as recorded, whatever as_of; `symbol`, `start` and `end` limit them."""
    return await asked.answer("api/overrides", page.turn(asked))
