-- Snapshots of sessions before the latest that differ from what was known at an instant: what was known then has been
-- replaced since, so it is found by the commits since.
select s.portfolio_id, count(*) as sessions, min(s.session) as first_session, max(s.session) as last_session,
    (array_agg(s.net_asset_value - was.net_asset_value order by s.session desc))[1] as last_change
from analytics.commits c
-- One look-up by index per commit, and per snapshot: without the offset and the limit all of history would be read.
cross join lateral (
    select h.session, h.portfolio_id, h.net_asset_value, h.commit_id from analytics.snapshots_history h
    where h.superseded_by = c.commit_id offset 0
) was
cross join lateral (
    select n.session, n.portfolio_id, n.net_asset_value from analytics.snapshots n
    where n.session = was.session and n.portfolio_id = was.portfolio_id limit 1
) s
where c.committed_at > %(since)s and s.session < %(latest)s
  and not exists (select from analytics.commits o where o.commit_id = was.commit_id and o.committed_at > %(since)s)
  and (%(portfolios)s::bigint[] is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
group by s.portfolio_id
order by s.portfolio_id
