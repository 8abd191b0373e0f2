"""Greeks, factor exposures and risk metrics of a portfolio."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.reads.factors import CODES, NAMES, PAIRS, PROXIES
from api.reads.question import Asked
from api.schemas.risk import Covariances, Factors, Greeks, Metrics

router = APIRouter(tags=["risk"])

View = Literal["portfolio", "longs", "shorts"]

_TYPES: Final[dict[View, list[str]]] = {
    "portfolio": ["LONG", "SHORT", "LC", "SC", "LP", "SP"],
    "longs": ["LONG", "LC", "LP"],
    "shorts": ["SHORT", "SC", "SP"],
}


@router.get("/risk/greeks", operation_id="getGreeks", summary="Sensitivities", response_model=Greeks)
async def greeks(
    asked: Asked, view: Annotated[View, Query(description="Lots counted.")] = "portfolio"
) -> Response:
    """Greeks of the whole portfolio, of the longs (LONG, LC, LP) or of the shorts (SHORT, SC, SP)."""
    return await asked.answer("api/greeks", {"view": view, "types": _TYPES[view]})


@router.get("/risk/metrics", operation_id="getRiskMetrics", summary="Risk metrics", response_model=Metrics)
async def metrics(asked: Asked) -> Response:
    """Realized risk of the portfolio's returns beside ex-ante risk of its holdings."""
    return await asked.answer("api/metrics")


@router.get(
    "/risk/factors", operation_id="getFactorExposures", summary="Factor exposures", response_model=Factors
)
async def factors(asked: Asked) -> Response:
    """Exposures to all eight factors; an unavailable one is null with a reason."""
    params = {"factors": CODES, "names": NAMES, "proxies": PROXIES}
    return await asked.answer("api/factors", params)


@router.get(
    "/risk/factors/covariance",
    operation_id="getFactorCovariance",
    summary="Factor covariance",
    response_model=Covariances,
)
async def covariance(asked: Asked) -> Response:
    """Annualized covariance of all pairs of factors on the portfolio's session."""
    params = {"factors": CODES, "factors_a": [a for a, _ in PAIRS], "factors_b": [b for _, b in PAIRS]}
    return await asked.answer("api/covariance", params)
