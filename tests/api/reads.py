"""Every read of the API, with a good question and the model its answer must fit."""

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from api.schemas.attribution import Attribution
from api.schemas.entries import Uploads
from api.schemas.portfolio import Portfolio, PortfolioHistory
from api.schemas.position import PositionDetail, PositionHistory, PositionTags
from api.schemas.positions import GroupedPositions, Positions
from api.schemas.recorded import Flows, Marks, PriceOverrides
from api.schemas.restatements import Restatements
from api.schemas.risk import Covariances, Factors, Greeks, Metrics
from api.schemas.tags import Tags


@dataclass(frozen=True)
class Read:
    """`{id}` in the path stands for a lot of the caller."""

    path: str
    model: type[BaseModel]
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def by_position(self) -> bool:
        return "{id}" in self.path

    def at(self, position_id: int) -> str:
        return self.path.replace("{id}", str(position_id))

    def __str__(self) -> str:
        return self.path + "".join(f" {name}={value}" for name, value in self.params.items())


READS = (
    Read("/portfolio", Portfolio),
    Read("/portfolio/history", PortfolioHistory),
    Read("/portfolio/uploads", Uploads),
    Read("/portfolio/flows", Flows),
    Read("/portfolio/marks", Marks),
    Read("/portfolio/marks", Marks, {"symbol": "ACME"}),
    Read("/portfolio/price-overrides", PriceOverrides),
    Read("/portfolio/price-overrides", PriceOverrides, {"symbol": "AAPL"}),
    Read("/portfolio/attribution", Attribution),
    Read("/portfolio/attribution", Attribution, {"by": "tag"}),
    Read("/portfolio/attribution", Attribution, {"by": "type"}),
    Read("/portfolio/attribution", Attribution, {"by": "sector"}),
    Read("/positions", Positions),
    Read("/positions", Positions, {"type": "LONG,SC"}),
    Read("/positions", Positions, {"tags": "hedge,tech", "tagMode": "all"}),
    Read("/positions", GroupedPositions, {"groupBy": "type"}),
    Read("/positions", GroupedPositions, {"groupBy": "tag"}),
    Read("/positions", GroupedPositions, {"groupBy": "sector"}),
    Read("/positions/{id}", PositionDetail),
    Read("/positions/{id}/history", PositionHistory),
    Read("/positions/{id}/tags", PositionTags),
    Read("/risk/greeks", Greeks),
    Read("/risk/greeks", Greeks, {"view": "longs"}),
    Read("/risk/greeks", Greeks, {"view": "shorts"}),
    Read("/risk/metrics", Metrics),
    Read("/risk/factors", Factors),
    Read("/risk/factors/covariance", Covariances),
    Read("/lineage/restatements", Restatements),
    Read("/tags", Tags),
)
