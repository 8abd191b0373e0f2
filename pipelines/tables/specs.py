"""The tables of the pipeline, as `sql/schema` creates them (a test compares the two)."""

from typing import Final

from pipelines.tables.spec import TableSpec, date, flag, instant, integer, money, number, text

SYMBOL_WIDTH: Final = 40
REASON_WIDTH: Final = 64
SOURCE_WIDTH: Final = 24
SOURCES_WIDTH: Final = 120
"""Of a list of sources: all that there are, and some."""
MOVERS_WIDTH: Final = 1_600
"""Of five lots that earned and five that lost most, each with the longest symbol and amount there is."""
FACTOR_WIDTH: Final = 24

_SESSION = date("session")
_PORTFOLIO = integer("portfolio_id")
_POSITION = integer("position_id")
_FACTOR = text("factor", FACTOR_WIDTH)
_REASON = text("reason", REASON_WIDTH, nullable=True)

PRICES: Final = TableSpec(
    "market",
    "prices",
    (
        _SESSION,
        text("symbol", SYMBOL_WIDTH),
        number("open", nullable=True),
        number("high", nullable=True),
        number("low", nullable=True),
        number("close"),
        number("volume", nullable=True),
        text("source", SOURCE_WIDTH),
    ),
    key=("session", "symbol"),
    by_portfolio=False,
)

SECURITIES: Final = TableSpec(
    "market",
    "securities",
    (
        text("symbol", SYMBOL_WIDTH),
        text("name", 128, nullable=True),
        text("sector", 64, nullable=True),
        text("industry", 96, nullable=True),
        text("source", SOURCE_WIDTH),
        text("reason", REASON_WIDTH, nullable=True),
    ),
    key=("symbol",),
    by_portfolio=False,
)

SHORT_INTEREST: Final = TableSpec(
    "market",
    "short_interest",
    (text("symbol", SYMBOL_WIDTH), date("settlement_date"), instant("published_at"), number("days_to_cover")),
    key=("symbol", "settlement_date"),
    by_portfolio=False,
)

SPLITS: Final = TableSpec(
    "market",
    "splits",
    (
        text("symbol", SYMBOL_WIDTH),
        date("execution_date"),
        number("split_from"),
        number("split_to"),
        text("source", SOURCE_WIDTH),
    ),
    key=("symbol", "execution_date"),
    by_portfolio=False,
)

POSITION_PNL: Final = TableSpec(
    "analytics",
    "position_pnl",
    (
        _SESSION,
        _POSITION,
        _PORTFOLIO,
        number("price"),
        date("price_date", nullable=True),
        flag("is_stale"),
        flag("is_unpriced"),
        flag("is_open"),
        money("market_value"),
        money("daily_pnl"),
        money("unrealized_pnl"),
    ),
    key=("session", "portfolio_id", "position_id"),
    by_portfolio=True,
)

ROLLED_EQUITY: Final = TableSpec(
    "analytics",
    "rolled_equity",
    (
        _SESSION,
        _PORTFOLIO,
        money("opening_equity"),
        money("daily_pnl"),
        money("capital_flow"),
        money("closing_equity"),
    ),
    key=("session", "portfolio_id"),
    by_portfolio=True,
)

POSITION_GREEKS: Final = TableSpec(
    "analytics",
    "position_greeks",
    (
        _SESSION,
        _POSITION,
        _PORTFOLIO,
        text("model", 16),
        number("delta"),
        number("gamma"),
        number("theta"),
        number("vega"),
        number("underlying_price", nullable=True),
        money("delta_adjusted_value", nullable=True),
    ),
    key=("session", "portfolio_id", "position_id", "model"),
    by_portfolio=True,
)

FACTOR_RETURNS: Final = TableSpec(
    "analytics",
    "factor_returns",
    (_SESSION, _FACTOR, number("factor_return", nullable=True), integer("n_members"), _REASON),
    key=("session", "factor"),
    by_portfolio=False,
)

FACTOR_BETAS: Final = TableSpec(
    "analytics",
    "factor_betas",
    (
        _SESSION,
        text("symbol", SYMBOL_WIDTH),
        _FACTOR,
        number("beta", nullable=True),
        integer("n_obs"),
        number("r_squared", nullable=True),
        number("std_error", nullable=True),
    ),
    key=("session", "symbol", "factor"),
    by_portfolio=False,
)

FACTOR_EXPOSURES: Final = TableSpec(
    "analytics",
    "factor_exposures",
    (
        _SESSION,
        _PORTFOLIO,
        _FACTOR,
        number("exposure", nullable=True),
        number("delta_adjusted_exposure", nullable=True),
        money("dollar_exposure", nullable=True),
        number("coverage", nullable=True),
        _REASON,
    ),
    key=("session", "portfolio_id", "factor"),
    by_portfolio=True,
)

FACTOR_COVARIANCE: Final = TableSpec(
    "analytics",
    "factor_covariance",
    (
        _SESSION,
        text("factor_a", FACTOR_WIDTH),
        text("factor_b", FACTOR_WIDTH),
        number("covariance", nullable=True),
    ),
    key=("session", "factor_a", "factor_b"),
    by_portfolio=False,
)

RISK_METRICS: Final = TableSpec(
    "analytics",
    "risk_metrics",
    (
        _SESSION,
        _PORTFOLIO,
        number("portfolio_beta", nullable=True),
        number("volatility", nullable=True),
        number("sharpe_ratio", nullable=True),
        number("max_drawdown", nullable=True),
        money("var_95", nullable=True),
        number("ex_ante_volatility", nullable=True),
        money("ex_ante_var_95", nullable=True),
        integer("n_obs_60"),
        integer("n_obs_90"),
        integer("n_obs_ex_ante"),
        number("ex_ante_coverage", nullable=True),
        _REASON,
        text("ex_ante_reason", REASON_WIDTH, nullable=True),
    ),
    key=("session", "portfolio_id"),
    by_portfolio=True,
)

_POSITIONS_BY_TYPE: Final = tuple(f"{name}_positions" for name in ("long", "short", "lc", "sc", "lp", "sp"))
_SINCE_2: Final = (
    money("unrealized_pnl", nullable=True),
    money("issuer_gross_exposure", nullable=True),
    money("delta_issuer_gross_exposure", nullable=True),
    number("mtd_return", nullable=True),
    number("ytd_return", nullable=True),
    *(integer(name, nullable=True) for name in _POSITIONS_BY_TYPE),
)
"""Null in rows of code version 1."""
_SINCE_3: Final = (
    text("price_sources", SOURCES_WIDTH, nullable=True),
    text("top_movers", MOVERS_WIDTH, nullable=True),
)
"""Null in rows of code versions 1 and 2."""

SNAPSHOTS: Final = TableSpec(
    "analytics",
    "snapshots",
    (
        _SESSION,
        _PORTFOLIO,
        money("net_asset_value"),
        money("cash"),
        money("long_exposure"),
        money("short_exposure"),
        money("gross_exposure"),
        money("net_exposure"),
        money("delta_long_exposure", nullable=True),
        money("delta_short_exposure", nullable=True),
        money("delta_gross_exposure", nullable=True),
        money("delta_net_exposure", nullable=True),
        money("daily_pnl"),
        money("mtd_pnl"),
        money("ytd_pnl"),
        money("cumulative_pnl"),
        number("daily_return", nullable=True),
        integer("position_count"),
        integer("stale_positions"),
        integer("unpriced_positions"),
        number("delta"),
        number("gamma"),
        number("theta"),
        number("vega"),
        _REASON,
        *_SINCE_2,
        *_SINCE_3,
    ),
    key=("session", "portfolio_id"),
    by_portfolio=True,
    code_version="3",
    lacking=(
        ("1", tuple(column.name for column in (*_SINCE_2, *_SINCE_3))),
        ("2", tuple(column.name for column in _SINCE_3)),
    ),
)

DERIVED: Final = (
    POSITION_PNL,
    ROLLED_EQUITY,
    POSITION_GREEKS,
    FACTOR_RETURNS,
    FACTOR_BETAS,
    FACTOR_EXPOSURES,
    FACTOR_COVARIANCE,
    RISK_METRICS,
    SNAPSHOTS,
)
"""The tables computed from book and market, upstream first."""

MANIFESTED: Final = (PRICES, *DERIVED)
"""The tables whose slices the manifest records."""

BY_NAME: Final = {spec.name: spec for spec in MANIFESTED}
