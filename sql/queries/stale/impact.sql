-- Stored slices in a cone, by asset and portfolio (0: the whole firm).
select c.asset, coalesce(c.portfolio_id, 0) as portfolio_id, min(s.session) as first_session, max(s.session) as last_session,
    count(distinct s.session) as sessions
from ({cone}) as c
cross join lateral analytics.sessions_of(c.asset, c.portfolio_id) s
where s.session >= c.first_session and s.session <= coalesce(c.last_session, 'infinity')
  and s.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or c.portfolio_id is null or c.portfolio_id = any(%(portfolios)s::bigint[]))
group by c.asset, coalesce(c.portfolio_id, 0)
order by 1, 2
