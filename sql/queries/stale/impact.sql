-- Stored slices in a cone, by asset and portfolio (0: the whole firm).
select s.asset, coalesce(s.portfolio_id, 0) as portfolio_id, min(s.session) as first_session, max(s.session) as last_session,
    count(distinct s.session) as sessions
from ({cone}) as c
join analytics.slices s
    on s.asset = c.asset and s.portfolio_id is not distinct from c.portfolio_id
    and s.session >= c.first_session and s.session <= coalesce(c.last_session, 'infinity')
where s.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or s.portfolio_id is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
group by s.asset, coalesce(s.portfolio_id, 0)
order by 1, 2
