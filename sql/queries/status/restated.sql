-- Snapshots of sessions before the latest that differ from what was known at an instant.
select s.portfolio_id, count(*) as sessions, min(s.session) as first_session, max(s.session) as last_session,
    (array_agg(s.net_asset_value - was.net_asset_value order by s.session desc))[1] as last_change
from analytics.snapshots s
join analytics.commits c on c.commit_id = s.commit_id
join analytics.snapshots_at(%(since)s) was on was.session = s.session and was.portfolio_id = s.portfolio_id
where s.session < %(latest)s and c.committed_at > %(since)s
  and (%(portfolios)s::bigint[] is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
group by s.portfolio_id
order by s.portfolio_id
