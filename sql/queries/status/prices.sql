-- Lots held at each portfolio's newest snapshot whose price is not of that session.
select v.portfolio_id, l.symbol, v.is_unpriced, max(v.price_date) as price_date
from book.portfolios p
cross join lateral (
    select q.session from analytics.snapshots q
    where q.portfolio_id = p.id and q.session <= %(latest)s
    order by q.session desc
    limit 1
) as s
join analytics.position_pnl v on v.session = s.session and v.portfolio_id = p.id
join book.positions l on l.id = v.position_id
where v.is_open and (v.is_stale or v.is_unpriced)
  and (%(portfolios)s::bigint[] is null or p.id = any(%(portfolios)s::bigint[]))
group by v.portfolio_id, l.symbol, v.is_unpriced
order by v.portfolio_id, l.symbol
