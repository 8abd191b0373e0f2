-- Stale slices by asset and portfolio (0: the whole firm), with when their inputs last changed.
select s.asset, coalesce(s.portfolio_id, 0) as portfolio_id, min(s.first_session) as first_session,
    max(s.last_session) as last_session, sum(s.sessions)::bigint as cells, max(s.changed_at) as changed_at
from analytics.stale_slices(null, '-infinity', 'infinity') s
group by s.asset, coalesce(s.portfolio_id, 0)
order by 1, 2
