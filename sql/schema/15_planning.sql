-- What the planner knows of a table that has grown much, at once: the run that fills a table reads it a moment later,
-- long before autovacuum comes by.
create function analytics.refresh_statistics(tbl regclass, written bigint) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not has_table_privilege(session_user, tbl, 'insert')
       or written <= 0.2 * (select greatest(c.reltuples, 0) from pg_class c where c.oid = tbl) then
        return false;
    end if;
    execute format('analyze %s', tbl);
    return true;
end $$;
comment on function analytics.refresh_statistics is 'Looks at a table of the caller anew if as many rows as a fifth of it have just been written.';

-- Sessions of an asset's slices: of a portfolio, or of the whole firm. `is not distinct from` looks nothing up in an index.
create function analytics.sessions_of(of_asset text, of_portfolio bigint) returns table (session date)
language sql stable as $$
    select s.session from analytics.slices s where s.asset = of_asset and s.portfolio_id = of_portfolio
    union all
    select s.session from analytics.slices s where s.asset = of_asset and of_portfolio is null and s.portfolio_id is null
$$;
comment on function analytics.sessions_of is 'Sessions of the slices of an asset and portfolio (null: the whole firm).';

create or replace function analytics.stale_slices(portfolios bigint[], first date, last date)
returns table (asset text, portfolio_id bigint, first_session date, last_session date, sessions bigint, changed_at timestamptz, cause text)
language sql stable as $$
    select r.asset, r.portfolio_id, s.first, s.last, s.sessions, c.committed_at, r.cause
    from analytics.stale_ranges r
    join analytics.commits c on c.commit_id = r.commit_id
    cross join lateral (
        select min(m.session) as first, max(m.session) as last, count(*) as sessions
        from analytics.sessions_of(r.asset, r.portfolio_id) m
        where m.session between greatest(r.first_session, stale_slices.first)
            and least(coalesce(r.last_session, 'infinity'), stale_slices.last)
    ) as s
    where s.sessions > 0 and (stale_slices.portfolios is null or r.portfolio_id = any(stale_slices.portfolios) or r.portfolio_id is null)
      and r.first_session <= stale_slices.last and coalesce(r.last_session, 'infinity') >= stale_slices.first
$$;

revoke all on function analytics.refresh_statistics, analytics.sessions_of from public;
grant execute on function analytics.refresh_statistics to sigmasight_pipeline;
grant execute on function analytics.sessions_of to sigmasight_intake, sigmasight_pipeline, sigmasight_reader;
