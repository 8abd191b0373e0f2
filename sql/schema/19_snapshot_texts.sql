-- The sources of a portfolio's prices and its top movers, which were looked up when they were read, are stored with its
-- snapshot.
-- Rows of code versions 1 and 2 have none: they are stale as soon as newer code is declared, and then recomputed.

alter table analytics.snapshots
    add column price_sources text,
    add column top_movers text,
    add constraint snapshots_price_sources check (price_sources ~ '^\[("[^"\\]+"(, "[^"\\]+")*)?\]$'),
    add constraint snapshots_texts check (
        num_nulls(price_sources, top_movers) in (0, 2) and (price_sources is null or unrealized_pnl is not null)
    );

alter table analytics.snapshots_history add column price_sources text, add column top_movers text;

comment on column analytics.snapshots.price_sources is 'JSON list of texts, ascending: market.prices.source of the closes that the lots held are valued at, override for one that the portfolio overrides; null in a row of code version 1 or 2.';

comment on column analytics.snapshots.top_movers is 'JSON object of gains and losses: up to five lots each, the largest first, with id, symbol, position_type and daily_pnl (USD); null in a row of code version 1 or 2.';

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
                  select f.attnum from pg_attribute f where f.attrelid = a.attrelid and f.attname = 'price_sources'
              )
        loop
            execute format('comment on column %s.%I is %L', other, named.name, named.text);
        end loop;
    end loop;
end $$;

-- As analytics.system_version made it, with the new column: of the table's row type, so in the table's order.
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
        h.long_positions, h.short_positions, h.lc_positions, h.sc_positions, h.lp_positions, h.sp_positions, h.price_sources, h.top_movers
    from analytics.snapshots_history h
    where exists (select from analytics.commits c where c.commit_id = h.superseded_by and c.committed_at > known_at)
      and not exists (select from analytics.commits c where c.commit_id = h.commit_id and c.committed_at > known_at)
$$;
