-- Ranges that a step has recomputed from inputs known at an instant, whole, are no longer stale; of others the sessions
-- after those recomputed remain. Nothing is settled while what the asset is computed from is stale there itself.
with covered as (
    select * from unnest(%(portfolios)s::bigint[], %(first)s::date[], %(last)s::date[]) as c (portfolio_id, first, last)
),
done as (
    select r.ctid as id, c.last, exists (
        select from analytics.sessions_of(r.asset, r.portfolio_id) s
        where s.session > c.last and s.session <= coalesce(r.last_session, 'infinity')
    ) as goes_on
    from analytics.stale_ranges r
    join covered c on c.portfolio_id = coalesce(r.portfolio_id, 0)
    join analytics.commits k on k.commit_id = r.commit_id
    where r.asset = %(asset)s
      and r.first_session <= c.last
      and (%(known_at)s::timestamptz is null or k.committed_at <= %(known_at)s)
      and not exists (
          select from analytics.sessions_of(r.asset, r.portfolio_id) s
          where s.session >= r.first_session and s.session < c.first
      )
      and not exists (
          select from analytics.stale_ranges u
          where u.asset = any(%(upstream)s::text[]) and (u.portfolio_id = r.portfolio_id or u.portfolio_id is null)
            and u.first_session <= c.last and coalesce(u.last_session, 'infinity') >= r.first_session
      )
),
shrunk as (
    update analytics.stale_ranges r set first_session = d.last + 1 from done d where r.ctid = d.id and d.goes_on
)
delete from analytics.stale_ranges r using done d where r.ctid = d.id and not d.goes_on
