-- What we computed. Written in bulk, one slice (session × portfolio) at a time, by the pipeline alone.

create table analytics.slices (
    asset text not null,
    session date not null,
    portfolio_id bigint,
    run_id text not null,
    input_hash bytea not null,
    code_version text not null,
    output_digest bytea not null,
    row_count bigint not null,
    checked_at timestamptz not null
);
create unique index slices_key on analytics.slices (session, asset, portfolio_id) nulls not distinct;
create index slices_asset_session on analytics.slices (asset, portfolio_id, session);
comment on table analytics.slices is 'One row per table, session and portfolio (or whole session): where its rows come from. The truth behind staleness, lineage and tamper detection.';
comment on column analytics.slices.asset is 'Table of the analytics or market schema the slice belongs to.';
comment on column analytics.slices.session is 'NYSE session.';
comment on column analytics.slices.portfolio_id is 'book.portfolios.id; null where the table is not by portfolio.';
comment on column analytics.slices.run_id is 'analytics.runs.run_id that last established the slice.';
comment on column analytics.slices.input_hash is 'BLAKE2b-128 of every input the rows are a function of.';
comment on column analytics.slices.code_version is 'Version of the formula that made them.';
comment on column analytics.slices.output_digest is 'BLAKE2b-128 of the rows in key order.';
comment on column analytics.slices.row_count is 'Number of rows, 0 included.';
comment on column analytics.slices.checked_at is 'Instant the rows were last established from these inputs (UTC).';

create table analytics.position_pnl (
    session date not null,
    position_id bigint not null,
    portfolio_id bigint not null,
    price double precision not null,
    price_date date,
    is_stale boolean not null,
    is_unpriced boolean not null,
    is_open boolean not null,
    market_value numeric(20, 4) not null,
    daily_pnl numeric(20, 4) not null,
    unrealized_pnl numeric(20, 4) not null,
    primary key (session, portfolio_id, position_id)
);
comment on table analytics.position_pnl is 'One row per session and lot held at some time of it.';
comment on column analytics.position_pnl.session is 'NYSE session.';
comment on column analytics.position_pnl.position_id is 'book.positions.id.';
comment on column analytics.position_pnl.portfolio_id is 'book.portfolios.id.';
comment on column analytics.position_pnl.price is 'USD per unit the value or the exit was taken at.';
comment on column analytics.position_pnl.price_date is 'Date of that price; null when it is the entry price.';
comment on column analytics.position_pnl.is_stale is 'The price is 1 to 5 sessions old.';
comment on column analytics.position_pnl.is_unpriced is 'The price is older than 5 sessions, or there is none since entry.';
comment on column analytics.position_pnl.is_open is 'The lot is held at the close; false on its exit session.';
comment on column analytics.position_pnl.market_value is 'USD at the close, signed; 0 on the exit session.';
comment on column analytics.position_pnl.daily_pnl is 'USD change of value over the session; from cost on the first, to exit value on the exit session.';
comment on column analytics.position_pnl.unrealized_pnl is 'USD, market value less cost basis; 0 on the exit session.';

create table analytics.rolled_equity (
    session date not null,
    portfolio_id bigint not null,
    opening_equity numeric(20, 4) not null,
    daily_pnl numeric(20, 4) not null,
    capital_flow numeric(20, 4) not null,
    closing_equity numeric(20, 4) not null,
    primary key (session, portfolio_id)
);
create index rolled_equity_portfolio on analytics.rolled_equity (portfolio_id, session);
comment on table analytics.rolled_equity is 'One row per session and portfolio: closing = opening + daily P&L + capital flow.';
comment on column analytics.rolled_equity.session is 'NYSE session.';
comment on column analytics.rolled_equity.portfolio_id is 'book.portfolios.id.';
comment on column analytics.rolled_equity.opening_equity is 'USD, closing equity of the session before; initial equity on the first.';
comment on column analytics.rolled_equity.daily_pnl is 'USD, sum of the lots'' daily P&L.';
comment on column analytics.rolled_equity.capital_flow is 'USD deposited (positive) or withdrawn at the close; no P&L.';
comment on column analytics.rolled_equity.closing_equity is 'USD, the net asset value at the close.';

create table analytics.position_greeks (
    session date not null,
    position_id bigint not null,
    portfolio_id bigint not null,
    model text not null,
    delta double precision not null,
    gamma double precision not null,
    theta double precision not null,
    vega double precision not null,
    underlying_price double precision,
    delta_adjusted_value numeric(20, 4),
    primary key (session, portfolio_id, position_id, model)
);
comment on table analytics.position_greeks is 'One row per session and lot: sensitivities of the whole lot, signed for its direction.';
comment on column analytics.position_greeks.session is 'NYSE session.';
comment on column analytics.position_greeks.position_id is 'book.positions.id.';
comment on column analytics.position_greeks.portfolio_id is 'book.portfolios.id.';
comment on column analytics.position_greeks.model is 'Model of the Greeks: mock is the requirements'' table by position type.';
comment on column analytics.position_greeks.delta is 'Units of the underlying.';
comment on column analytics.position_greeks.gamma is 'Units of the underlying per USD.';
comment on column analytics.position_greeks.theta is 'USD per day, by the model''s table.';
comment on column analytics.position_greeks.vega is 'USD per volatility point, by the model''s table.';
comment on column analytics.position_greeks.underlying_price is 'USD, latest close of an option''s underlying; null for other lots or if there is none.';
comment on column analytics.position_greeks.delta_adjusted_value is 'USD, delta × underlying price for options, market value for the rest; null without an underlying price.';

create table analytics.factor_returns (
    session date not null,
    factor text not null,
    factor_return double precision,
    n_members bigint not null,
    reason text,
    primary key (session, factor)
);
comment on table analytics.factor_returns is 'One row per session and factor.';
comment on column analytics.factor_returns.session is 'NYSE session.';
comment on column analytics.factor_returns.factor is 'Factor code.';
comment on column analytics.factor_returns.factor_return is 'Simple daily return, fraction; null with a reason.';
comment on column analytics.factor_returns.n_members is 'Instruments the return is made of.';
comment on column analytics.factor_returns.reason is 'Why the return is null; null otherwise.';

create table analytics.factor_betas (
    session date not null,
    symbol text not null,
    factor text not null,
    beta double precision,
    n_obs bigint not null,
    r_squared double precision,
    std_error double precision,
    primary key (session, symbol, factor)
);
comment on table analytics.factor_betas is 'One row per session, symbol active in any book, and factor.';
comment on column analytics.factor_betas.session is 'NYSE session.';
comment on column analytics.factor_betas.symbol is 'Stock symbol, or the underlying of an option.';
comment on column analytics.factor_betas.factor is 'Factor code.';
comment on column analytics.factor_betas.beta is 'Cov(asset, factor) / Var(factor) over the 60 returns ending here; null below 20 observations.';
comment on column analytics.factor_betas.n_obs is 'Sessions of the window where both returns exist.';
comment on column analytics.factor_betas.r_squared is 'Fraction of variance explained; null with beta.';
comment on column analytics.factor_betas.std_error is 'Standard error of beta; null with beta.';

create table analytics.factor_exposures (
    session date not null,
    portfolio_id bigint not null,
    factor text not null,
    exposure double precision,
    delta_adjusted_exposure double precision,
    dollar_exposure numeric(20, 4),
    coverage double precision,
    reason text,
    primary key (session, portfolio_id, factor)
);
comment on table analytics.factor_exposures is 'Eight rows per session and portfolio, one per factor.';
comment on column analytics.factor_exposures.session is 'NYSE session.';
comment on column analytics.factor_exposures.portfolio_id is 'book.portfolios.id.';
comment on column analytics.factor_exposures.factor is 'Factor code.';
comment on column analytics.factor_exposures.exposure is 'Sum of market value / NAV × beta; null with a reason.';
comment on column analytics.factor_exposures.delta_adjusted_exposure is 'Sum of delta-adjusted value / NAV × beta; null with a reason.';
comment on column analytics.factor_exposures.dollar_exposure is 'USD, delta-adjusted exposure × NAV; null with a reason.';
comment on column analytics.factor_exposures.coverage is 'Absolute market value with a beta / all absolute market value, fraction; null for an empty book.';
comment on column analytics.factor_exposures.reason is 'Why something is null; null otherwise.';

create table analytics.factor_covariance (
    session date not null,
    factor_a text not null,
    factor_b text not null,
    covariance double precision,
    primary key (session, factor_a, factor_b)
);
comment on table analytics.factor_covariance is 'One row per session and pair of factors.';
comment on column analytics.factor_covariance.session is 'NYSE session.';
comment on column analytics.factor_covariance.factor_a is 'Factor code, not after factor_b.';
comment on column analytics.factor_covariance.factor_b is 'Factor code.';
comment on column analytics.factor_covariance.covariance is 'Annualized (× 252) sample covariance over 60 sessions, pairwise; null below 20 observations.';

create table analytics.risk_metrics (
    session date not null,
    portfolio_id bigint not null,
    portfolio_beta double precision,
    volatility double precision,
    sharpe_ratio double precision,
    max_drawdown double precision,
    var_95 numeric(20, 4),
    ex_ante_volatility double precision,
    ex_ante_var_95 numeric(20, 4),
    n_obs_60 bigint not null,
    n_obs_90 bigint not null,
    n_obs_ex_ante bigint not null,
    ex_ante_coverage double precision,
    reason text,
    ex_ante_reason text,
    primary key (session, portfolio_id)
);
create index risk_metrics_portfolio on analytics.risk_metrics (portfolio_id, session);
comment on table analytics.risk_metrics is 'One row per session and portfolio.';
comment on column analytics.risk_metrics.session is 'NYSE session.';
comment on column analytics.risk_metrics.portfolio_id is 'book.portfolios.id.';
comment on column analytics.risk_metrics.portfolio_beta is 'Delta-adjusted exposure to the market factor; null with a reason.';
comment on column analytics.risk_metrics.volatility is 'Annualized standard deviation of the last 60 daily returns, fraction.';
comment on column analytics.risk_metrics.sharpe_ratio is 'Annualized mean excess return / standard deviation of the last 60 daily returns.';
comment on column analytics.risk_metrics.max_drawdown is 'Deepest fall from a peak over the last 90 daily returns, fraction, not above 0.';
comment on column analytics.risk_metrics.var_95 is 'USD, one-day 95 % parametric value at risk from realized returns; positive is a loss.';
comment on column analytics.risk_metrics.ex_ante_volatility is 'Annualized volatility of today''s holdings over the last 60 sessions, fraction of NAV.';
comment on column analytics.risk_metrics.ex_ante_var_95 is 'USD, one-day 95 % parametric value at risk of today''s holdings; positive is a loss.';
comment on column analytics.risk_metrics.n_obs_60 is 'Portfolio returns in the 60-session window.';
comment on column analytics.risk_metrics.n_obs_90 is 'Portfolio returns in the 90-session window.';
comment on column analytics.risk_metrics.n_obs_ex_ante is 'Sessions in which all covered holdings have a return.';
comment on column analytics.risk_metrics.ex_ante_coverage is 'Absolute delta-adjusted value the ex-ante figures cover / all of it, fraction.';
comment on column analytics.risk_metrics.reason is 'Why a realized figure is null; null otherwise.';
comment on column analytics.risk_metrics.ex_ante_reason is 'Why an ex-ante figure is null; null otherwise.';

create table analytics.snapshots (
    session date not null,
    portfolio_id bigint not null,
    net_asset_value numeric(20, 4) not null,
    cash numeric(20, 4) not null,
    long_exposure numeric(20, 4) not null,
    short_exposure numeric(20, 4) not null,
    gross_exposure numeric(20, 4) not null,
    net_exposure numeric(20, 4) not null,
    delta_long_exposure numeric(20, 4),
    delta_short_exposure numeric(20, 4),
    delta_gross_exposure numeric(20, 4),
    delta_net_exposure numeric(20, 4),
    daily_pnl numeric(20, 4) not null,
    mtd_pnl numeric(20, 4) not null,
    ytd_pnl numeric(20, 4) not null,
    cumulative_pnl numeric(20, 4) not null,
    daily_return double precision,
    position_count bigint not null,
    stale_positions bigint not null,
    unpriced_positions bigint not null,
    delta double precision not null,
    gamma double precision not null,
    theta double precision not null,
    vega double precision not null,
    reason text,
    primary key (session, portfolio_id)
);
create index snapshots_portfolio on analytics.snapshots (portfolio_id, session);
comment on table analytics.snapshots is 'One row per session and portfolio: the book at the close.';
comment on column analytics.snapshots.session is 'NYSE session.';
comment on column analytics.snapshots.portfolio_id is 'book.portfolios.id.';
comment on column analytics.snapshots.net_asset_value is 'USD, closing equity.';
comment on column analytics.snapshots.cash is 'USD, net asset value less net exposure; never floored.';
comment on column analytics.snapshots.long_exposure is 'USD, sum of the positive market values.';
comment on column analytics.snapshots.short_exposure is 'USD, sum of the negative market values, not above 0.';
comment on column analytics.snapshots.gross_exposure is 'USD, long less short exposure.';
comment on column analytics.snapshots.net_exposure is 'USD, long plus short exposure.';
comment on column analytics.snapshots.delta_long_exposure is 'USD, sum of the positive delta-adjusted values; null if a delta-adjusted value is missing.';
comment on column analytics.snapshots.delta_short_exposure is 'USD, sum of the negative delta-adjusted values, not above 0; null if a delta-adjusted value is missing.';
comment on column analytics.snapshots.delta_gross_exposure is 'USD, delta_long less delta_short exposure; null if a delta-adjusted value is missing.';
comment on column analytics.snapshots.delta_net_exposure is 'USD, delta_long plus delta_short exposure; null if a delta-adjusted value is missing.';
comment on column analytics.snapshots.daily_pnl is 'USD P&L of the session; price return only.';
comment on column analytics.snapshots.mtd_pnl is 'USD, sum from the first session of the month.';
comment on column analytics.snapshots.ytd_pnl is 'USD, sum from the first session of the year.';
comment on column analytics.snapshots.cumulative_pnl is 'USD, sum since inception.';
comment on column analytics.snapshots.daily_return is 'Daily P&L / opening equity, fraction; null when opening equity is not positive.';
comment on column analytics.snapshots.position_count is 'Lots held at the close.';
comment on column analytics.snapshots.stale_positions is 'Of these, with a price 1 to 5 sessions old.';
comment on column analytics.snapshots.unpriced_positions is 'Of these, with an older price or none since entry.';
comment on column analytics.snapshots.delta is 'Sum of the lots'' deltas, units.';
comment on column analytics.snapshots.gamma is 'Sum of the lots'' gammas.';
comment on column analytics.snapshots.theta is 'Sum of the lots'' thetas.';
comment on column analytics.snapshots.vega is 'Sum of the lots'' vegas.';
comment on column analytics.snapshots.reason is 'Why a figure is null; null otherwise.';

call analytics.system_version('analytics.slices');
call analytics.system_version('analytics.position_pnl');
call analytics.system_version('analytics.rolled_equity');
call analytics.system_version('analytics.position_greeks');
call analytics.system_version('analytics.factor_returns');
call analytics.system_version('analytics.factor_betas');
call analytics.system_version('analytics.factor_exposures');
call analytics.system_version('analytics.factor_covariance');
call analytics.system_version('analytics.risk_metrics');
call analytics.system_version('analytics.snapshots');
