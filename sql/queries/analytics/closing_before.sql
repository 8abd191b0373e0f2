-- The closing equity of each portfolio at a session of its own.
select r.portfolio_id, r.closing_equity
from unnest(%(portfolios)s::bigint[], %(before)s::date[]) as p (portfolio_id, before)
join {rolled_equity} r on r.portfolio_id = p.portfolio_id and r.session = p.before
order by r.portfolio_id
