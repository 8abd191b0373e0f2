-- Vendors: splits, when each bar was fetched, and what is not believed until somebody has looked.

create table market.splits (
    symbol text not null,
    execution_date date not null,
    split_from double precision not null check (split_from > 0 and split_from < 'Infinity'),
    split_to double precision not null check (split_to > 0 and split_to < 'Infinity'),
    source text not null,
    primary key (symbol, execution_date)
);
comment on table market.splits is 'One row per symbol and execution date: from the first session not before it, prices are of the new shares.';
comment on column market.splits.symbol is 'Stock or ETF symbol.';
comment on column market.splits.execution_date is 'First date on which the new shares trade.';
comment on column market.splits.split_from is 'Shares before ...';
comment on column market.splits.split_to is '... that became these: 1 and 4 is a 4:1 split, 10 and 1 a reverse one.';
comment on column market.splits.source is 'Price source that told it, or operator.';
call analytics.system_version('market.splits');

create aggregate market.product(double precision) (sfunc = float8mul, stype = double precision, initcond = '1');
comment on aggregate market.product(double precision) is 'Product in the given order; 1 of nothing.';

comment on column analytics.position_pnl.price is 'USD per unit the P&L used, per share as of the entry date: the close times the splits since.';
comment on column analytics.position_greeks.underlying_price is 'USD, per share as of the option''s entry date; null without one.';

-- Not versioned: asking again changes when, not what. A bar of a vendor has a row here; one of a file or simulated has none.
create table market.price_fetches (
    session date not null,
    symbol text not null,
    source text not null,
    outcome text not null check (outcome in ('bar', 'none', 'quarantined')),
    adjustment text not null check (adjustment in ('raw', 'unsplit')),
    fetched_at timestamptz not null,
    primary key (symbol, session)
);
comment on table market.price_fetches is 'One row per session and symbol that a vendor was asked for: what came of it last, and when.';
comment on column market.price_fetches.session is 'NYSE session.';
comment on column market.price_fetches.symbol is 'Stock, ETF or compact OCC option symbol.';
comment on column market.price_fetches.source is 'Vendor that answered; of several, in order, all that had nothing.';
comment on column market.price_fetches.outcome is 'bar: it is in market.prices; none: the vendor has none; quarantined: it has not been believed.';
comment on column market.price_fetches.adjustment is 'raw: as the vendor gave it; unsplit: the vendor''s split-adjusted price turned back into a raw one.';
comment on column market.price_fetches.fetched_at is 'Instant the vendor last said so (UTC).';

create function market.price_provenance(first date, last date) returns table (
    session date, symbol text, close double precision, source text, fetched_at timestamptz, adjustment text
) language sql stable as $$
    select p.session, p.symbol, p.close, p.source, coalesce(f.fetched_at, c.committed_at), coalesce(f.adjustment, 'raw')
    from market.prices p
    join analytics.commits c on c.commit_id = p.commit_id
    left join market.price_fetches f
        on f.symbol = p.symbol and f.session = p.session and f.outcome = 'bar' and f.source = p.source
    where p.session between first and last
$$;
comment on function market.price_provenance is 'Every stored close between two sessions: who gave it, when it was last fetched (of a file or simulated: stored), and whether an adjustment was undone.';

create table market.quarantine (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('close', 'split')),
    symbol text not null,
    day date not null,
    open double precision,
    high double precision,
    low double precision,
    close double precision,
    volume double precision,
    split_from double precision,
    split_to double precision,
    stored_close double precision,
    reason text not null,
    source text not null,
    run_id text not null,
    found_at timestamptz not null default clock_timestamp(),
    status text not null default 'pending' check (status in ('pending', 'accepted', 'rejected', 'explained')),
    decided_at timestamptz,
    check ((status = 'pending') = (decided_at is null)),
    unique nulls not distinct (kind, symbol, day, close, split_from, split_to, reason)
);
create index quarantine_pending on market.quarantine (symbol, day) where status = 'pending';
comment on table market.quarantine is 'One row per bar or split that a vendor told and that is not believed until somebody has looked.';
comment on column market.quarantine.id is 'Ascending identity.';
comment on column market.quarantine.kind is 'close or split.';
comment on column market.quarantine.symbol is 'Stock, ETF or compact OCC option symbol.';
comment on column market.quarantine.day is 'Session of the bar (or the day that it claims), execution date of the split.';
comment on column market.quarantine.open is 'USD per share, as told.';
comment on column market.quarantine.high is 'USD per share, as told.';
comment on column market.quarantine.low is 'USD per share, as told.';
comment on column market.quarantine.close is 'USD per share, as told; null for a split, or when none was told.';
comment on column market.quarantine.volume is 'Shares or contracts traded, as told.';
comment on column market.quarantine.split_from is 'Of a split: shares before; null for a bar.';
comment on column market.quarantine.split_to is 'Of a split: shares after; null for a bar.';
comment on column market.quarantine.stored_close is 'The close in use when it was told, USD; null where there was none.';
comment on column market.quarantine.reason is 'Why it is not believed: split_like, beyond_history, currency_jump, stale_repeat, zero, wrong_date, not_a_session, contradicting_bars, prices_disagree.';
comment on column market.quarantine.source is 'Vendor that told it.';
comment on column market.quarantine.run_id is 'analytics.runs.run_id that met it first.';
comment on column market.quarantine.found_at is 'Instant it was met first (UTC).';
comment on column market.quarantine.status is 'pending; accepted or rejected by somebody; explained by a split told since.';
comment on column market.quarantine.decided_at is 'Instant of the decision (UTC); null while pending.';

grant select on market.splits, market.splits_history, market.price_fetches, market.quarantine
to sigmasight_intake, sigmasight_pipeline, sigmasight_reader;
grant insert, update, delete on market.splits, market.splits_history, market.price_fetches, market.quarantine to sigmasight_pipeline;
grant execute on function market.splits_at, market.price_provenance to sigmasight_intake, sigmasight_pipeline, sigmasight_reader;

-- A split is another value from its execution on, and another return.
create function analytics.note_splits() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into analytics.changes (commit_id, input, symbol, first_session, last_session)
    select analytics.current_commit(), 'prices', c.symbol, min(c.execution_date), (select max(s.session) from market.sessions s)
    from changed c where analytics.current_commit() is not null group by c.symbol;
    return null;
end $$;
comment on function analytics.note_splits is 'Notes the splits a statement changed.';

create trigger note_inserted after insert on market.splits
referencing new table as changed for each statement execute function analytics.note_splits();
create trigger note_deleted after delete on market.splits
referencing old table as changed for each statement execute function analytics.note_splits();
create trigger note_updated_from after update on market.splits
referencing old table as changed for each statement execute function analytics.note_splits();
create trigger note_updated_to after update on market.splits
referencing new table as changed for each statement execute function analytics.note_splits();
