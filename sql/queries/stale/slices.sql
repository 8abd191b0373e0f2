-- Stale slices of some assets, as one range by asset and portfolio (0: the whole firm).
select s.asset, coalesce(s.portfolio_id, 0) as portfolio_id, min(s.first_session) as first_session, max(s.last_session) as last_session
from analytics.stale_slices(%(portfolios)s, '-infinity', 'infinity') s
where (%(assets)s::text[] is null or s.asset = any(%(assets)s::text[]))
  and (%(known_at)s::timestamptz is null or s.changed_at <= %(known_at)s)
group by s.asset, coalesce(s.portfolio_id, 0)
order by 1, 2
