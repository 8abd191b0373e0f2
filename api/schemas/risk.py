"""Greeks, factor exposures and risk metrics."""

from typing import Annotated, Literal

from pydantic import Field

from api.schemas.common import Answer, Model
from api.schemas.positions import PositionGreeks, PositionType


class TypeGreeks(PositionGreeks):
    """Greeks of the lots of a type."""

    position_type: Annotated[PositionType, Field(description="Type of the lots.", examples=["LC"])]
    position_count: Annotated[int, Field(description="Lots held at the close.", examples=[4])]


class Greeks(Answer, PositionGreeks):
    """Greeks of a portfolio or of one side of it. `reason` no_underlying_price: a delta-adjusted value is unknown."""

    view: Annotated[
        Literal["portfolio", "longs", "shorts"],
        Field(description="Lots counted: all; LONG, LC, LP; or SHORT, SC, SP.", examples=["portfolio"]),
    ]
    model: Annotated[Literal["mock"], Field(description="mock: the requirements' table by position type.")]
    position_count: Annotated[int | None, Field(description="Lots held at the close.", examples=[50])]
    by_type: Annotated[list[TypeGreeks], Field(description="Subtotals by type.")]


class Metrics(Answer):
    """Risk realized by the portfolio's returns, and ex ante of the holdings at the close.

    `reason` says why a realized figure is null: too_few_observations, nav_not_positive, not_materialized, …
    """

    portfolio_beta: Annotated[
        float | None,
        Field(description="Delta-adjusted exposure to the market factor (SPY).", examples=[0.81]),
    ]
    volatility: Annotated[
        float | None,
        Field(
            description="Annualized standard deviation of the last 60 daily returns, fraction.",
            examples=[0.131],
        ),
    ]
    sharpe_ratio: Annotated[
        float | None,
        Field(
            description="Annualized mean excess return / standard deviation of the last 60 daily returns.",
            examples=[1.12],
        ),
    ]
    max_drawdown: Annotated[
        float | None,
        Field(
            description="Deepest fall from a peak over the last 90 daily returns, fraction, not above 0.",
            examples=[-0.064],
        ),
    ]
    var_95: Annotated[
        float | None,
        Field(
            description="USD, one-day 95 % parametric value at risk from realized returns; positive is a loss.",
            examples=[38120.5],
        ),
    ]
    n_obs_60: Annotated[
        int | None, Field(description="Portfolio returns in the 60-session window.", examples=[60])
    ]
    n_obs_90: Annotated[
        int | None, Field(description="Portfolio returns in the 90-session window.", examples=[90])
    ]
    ex_ante_volatility: Annotated[
        float | None,
        Field(
            description="Annualized volatility of today's holdings over the last 60 sessions, "
            "fraction of net asset value.",
            examples=[0.128],
        ),
    ]
    ex_ante_var_95: Annotated[
        float | None,
        Field(
            description="USD, one-day 95 % value at risk of today's holdings; positive is a loss.",
            examples=[41250.75],
        ),
    ]
    n_obs_ex_ante: Annotated[
        int | None, Field(description="Sessions in which all covered holdings have a return.", examples=[60])
    ]
    ex_ante_coverage: Annotated[
        float | None,
        Field(
            description="Absolute delta-adjusted value the ex-ante figures cover / all of it, fraction.",
            examples=[0.98],
        ),
    ]
    ex_ante_reason: Annotated[
        str | None, Field(description="Why an ex-ante figure is null; null otherwise.", examples=[None])
    ]
    factor_coverage: Annotated[
        float | None,
        Field(
            description="Absolute market value with a beta / all absolute market value, fraction.",
            examples=[0.97],
        ),
    ]


class FactorExposure(Model):
    """Exposure of a portfolio to a factor."""

    factor: Annotated[str, Field(description="Factor code.", examples=["market"])]
    name: Annotated[str, Field(description="Name of the factor.", examples=["Market Beta"])]
    proxy: Annotated[
        str | None,
        Field(
            description="ETF whose returns are the factor's; null: a custom calculation.", examples=["SPY"]
        ),
    ]
    exposure: Annotated[
        float | None,
        Field(
            description="Sum of market value / net asset value × beta; null with a reason.", examples=[0.79]
        ),
    ]
    delta_adjusted_exposure: Annotated[
        float | None,
        Field(
            description="Sum of delta-adjusted value / net asset value × beta; null with a reason.",
            examples=[0.84],
        ),
    ]
    dollar_exposure: Annotated[
        float | None,
        Field(
            description="USD, delta-adjusted exposure × net asset value; null with a reason.",
            examples=[2512000.0],
        ),
    ]
    coverage: Annotated[
        float | None,
        Field(
            description="Absolute market value with a beta / all absolute market value, fraction; "
            "null for an empty book.",
            examples=[0.97],
        ),
    ]
    reason: Annotated[str | None, Field(description="Why a figure is null; null otherwise.", examples=[None])]


class Factors(Answer):
    """Exposures to all eight factors, available or not."""

    factors: Annotated[list[FactorExposure], Field(min_length=8, max_length=8, description="All factors.")]


class Covariance(Model):
    """Covariance of two factors."""

    factor_a: Annotated[str, Field(description="Factor code, not after factor_b.", examples=["growth"])]
    factor_b: Annotated[str, Field(description="Factor code.", examples=["market"])]
    covariance: Annotated[
        float | None,
        Field(
            description="Annualized (× 252) sample covariance of daily returns over 60 sessions.",
            examples=[0.0312],
        ),
    ]
    reason: Annotated[str | None, Field(description="Why it is null; null otherwise.", examples=[None])]


class Covariances(Answer):
    """Covariance of all pairs of factors: the upper triangle of the matrix with its diagonal."""

    factors: Annotated[
        list[str],
        Field(
            description="Factor codes in order.",
            examples=[
                [
                    "market",
                    "momentum",
                    "value",
                    "growth",
                    "quality",
                    "size",
                    "low_volatility",
                    "short_interest",
                ]
            ],
        ),
    ]
    items: Annotated[
        list[Covariance], Field(min_length=36, max_length=36, description="All pairs, factor_a first.")
    ]
