-- Portfolios with options and a history, with the first and last session that is stored.
select s.portfolio_id, min(s.session) as first_session, max(s.session) as last_session
from analytics.snapshots s
where s.portfolio_id in (select p.portfolio_id from book.positions p where p.asset_class = 'OPTION')
  and (%(portfolios)s::bigint[] is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
group by s.portfolio_id
order by s.portfolio_id
