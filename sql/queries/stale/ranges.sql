-- Stale slices of some assets, as ranges of sessions by asset and portfolio (0: the whole firm) that may overlap.
select s.asset, coalesce(s.portfolio_id, 0) as portfolio_id, s.first_session, s.last_session
from analytics.stale_slices(%(portfolios)s, '-infinity', 'infinity') s
where s.asset = any(%(assets)s::text[])
  and (%(known_at)s::timestamptz is null or s.changed_at <= %(known_at)s)
order by 1, 2, 3
