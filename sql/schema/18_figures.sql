-- Figures of a portfolio that were computed when they were read are stored with its snapshot, and so proven like it.
-- Rows of code version 1 have none of them: they are stale as soon as newer code is declared, and then recomputed.

alter table analytics.snapshots
    add column unrealized_pnl numeric(20, 4),
    add column issuer_gross_exposure numeric(20, 4),
    add column delta_issuer_gross_exposure numeric(20, 4),
    add column mtd_return double precision,
    add column ytd_return double precision,
    add column long_positions bigint,
    add column short_positions bigint,
    add column lc_positions bigint,
    add column sc_positions bigint,
    add column lp_positions bigint,
    add column sp_positions bigint,
    add constraint snapshots_figures check (
        num_nulls(unrealized_pnl, issuer_gross_exposure, long_positions, short_positions, lc_positions, sc_positions,
                  lp_positions, sp_positions) in (0, 8)
    );

alter table analytics.snapshots_history
    add column unrealized_pnl numeric(20, 4),
    add column issuer_gross_exposure numeric(20, 4),
    add column delta_issuer_gross_exposure numeric(20, 4),
    add column mtd_return double precision,
    add column ytd_return double precision,
    add column long_positions bigint,
    add column short_positions bigint,
    add column lc_positions bigint,
    add column sc_positions bigint,
    add column lp_positions bigint,
    add column sp_positions bigint;

comment on column analytics.snapshots.unrealized_pnl is 'USD, sum of the lots'' market values less their cost bases; null in a row of code version 1.';
comment on column analytics.snapshots.issuer_gross_exposure is 'USD, sum over issuers of the absolute net market value of the lots on them, options with their underlying; null in a row of code version 1.';
comment on column analytics.snapshots.delta_issuer_gross_exposure is 'USD, the same of the delta-adjusted values; null if one of these is missing, and in a row of code version 1.';
comment on column analytics.snapshots.mtd_return is 'Daily returns chained from the first session of the month, fraction; null if one is missing or not above -1, and in a row of code version 1.';
comment on column analytics.snapshots.ytd_return is 'Daily returns chained from the first session of the year, fraction; null if one is missing or not above -1, and in a row of code version 1.';
comment on column analytics.snapshots.long_positions is 'Of the lots held at the close, long stocks, ETFs and privates; null in a row of code version 1.';
comment on column analytics.snapshots.short_positions is 'Of the lots held at the close, short stocks, ETFs and privates; null in a row of code version 1.';
comment on column analytics.snapshots.lc_positions is 'Of the lots held at the close, long calls; null in a row of code version 1.';
comment on column analytics.snapshots.sc_positions is 'Of the lots held at the close, short calls; null in a row of code version 1.';
comment on column analytics.snapshots.lp_positions is 'Of the lots held at the close, long puts; null in a row of code version 1.';
comment on column analytics.snapshots.sp_positions is 'Of the lots held at the close, short puts; null in a row of code version 1.';

-- The archive, a child, has the columns of its parent by now; what they are is said of each table anew.
do $$
declare
    other text;
    named record;
begin
    foreach other in array array['analytics.snapshots_archive', 'analytics.snapshots_history'] loop
        for named in
            select a.attname as name, col_description(a.attrelid, a.attnum) as text
            from pg_attribute a
            where a.attrelid = 'analytics.snapshots'::regclass and not a.attisdropped
              and a.attnum >= (
                  select f.attnum from pg_attribute f where f.attrelid = a.attrelid and f.attname = 'unrealized_pnl'
              )
        loop
            execute format('comment on column %s.%I is %L', other, named.name, named.text);
        end loop;
    end loop;
end $$;

-- As analytics.system_version made it, with the new columns: of the table's row type, so in the table's order.
create or replace function analytics.snapshots_at(known_at timestamptz) returns setof analytics.snapshots
language sql stable as $$
    select t.* from analytics.snapshots t
    where not exists (select from analytics.commits c where c.commit_id = t.commit_id and c.committed_at > known_at)
    union all
    select h.session, h.portfolio_id, h.net_asset_value, h.cash, h.long_exposure, h.short_exposure, h.gross_exposure,
        h.net_exposure, h.delta_long_exposure, h.delta_short_exposure, h.delta_gross_exposure, h.delta_net_exposure,
        h.daily_pnl, h.mtd_pnl, h.ytd_pnl, h.cumulative_pnl, h.daily_return, h.position_count, h.stale_positions,
        h.unpriced_positions, h.delta, h.gamma, h.theta, h.vega, h.reason, h.commit_id,
        h.unrealized_pnl, h.issuer_gross_exposure, h.delta_issuer_gross_exposure, h.mtd_return, h.ytd_return,
        h.long_positions, h.short_positions, h.lc_positions, h.sc_positions, h.lp_positions, h.sp_positions
    from analytics.snapshots_history h
    where exists (select from analytics.commits c where c.commit_id = h.superseded_by and c.committed_at > known_at)
      and not exists (select from analytics.commits c where c.commit_id = h.commit_id and c.committed_at > known_at)
$$;
