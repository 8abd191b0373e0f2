create table market.sessions (
    session date primary key,
    session_index integer not null unique,
    closes_at timestamptz not null
);
comment on table market.sessions is 'One row per NYSE session of the fixed horizon 2010 to 2035; written by migrations.';
comment on column market.sessions.session is 'Date of the session.';
comment on column market.sessions.session_index is 'Position in the calendar; consecutive sessions differ by 1.';
comment on column market.sessions.closes_at is 'Instant of the close (UTC), early closes included.';

create table market.prices (
    session date not null,
    symbol text not null,
    open double precision,
    high double precision,
    low double precision,
    close double precision not null check (close >= 0 and close < 'Infinity'),
    volume double precision,
    source text not null,
    primary key (session, symbol)
);
create index prices_symbol_session on market.prices (symbol, session desc);
comment on table market.prices is 'One row per session and symbol: the daily bar.';
comment on column market.prices.session is 'NYSE session.';
comment on column market.prices.symbol is 'Stock, ETF or compact OCC option symbol.';
comment on column market.prices.open is 'USD per share; null if the source gives none.';
comment on column market.prices.high is 'USD per share; null if the source gives none.';
comment on column market.prices.low is 'USD per share; null if the source gives none.';
comment on column market.prices.close is 'USD per share, unadjusted.';
comment on column market.prices.volume is 'Shares or contracts traded; null if the source gives none.';
comment on column market.prices.source is 'Price source that gave the bar; simulated bars are not market prices.';

create table market.securities (
    symbol text primary key,
    name text,
    sector text,
    industry text,
    source text not null,
    reason text
);
comment on table market.securities is 'One row per symbol ever held: what it is.';
comment on column market.securities.symbol is 'Stock or ETF symbol.';
comment on column market.securities.name is 'Name of the issuer; null when unknown.';
comment on column market.securities.sector is 'GICS-like sector; null when unknown.';
comment on column market.securities.industry is 'Industry within the sector; null when unknown.';
comment on column market.securities.source is 'Source asked.';
comment on column market.securities.reason is 'Why the sector is null; null when it is known.';

create table market.short_interest (
    symbol text not null,
    settlement_date date not null,
    published_at timestamptz not null,
    days_to_cover double precision not null check (days_to_cover >= 0 and days_to_cover < 'Infinity'),
    primary key (symbol, settlement_date)
);
comment on table market.short_interest is 'One row per symbol and settlement date of the fixed short-interest universe.';
comment on column market.short_interest.symbol is 'Stock symbol.';
comment on column market.short_interest.settlement_date is 'Date the short interest is measured at.';
comment on column market.short_interest.published_at is 'Instant it became public (UTC).';
comment on column market.short_interest.days_to_cover is 'Shares short divided by average daily volume, days.';

call analytics.system_version('market.prices');
call analytics.system_version('market.securities');
call analytics.system_version('market.short_interest');
