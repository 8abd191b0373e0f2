-- Portfolios with stored rows of positions that are not in the book.
select distinct r.portfolio_id
from analytics.position_pnl r
where r.session between %(start)s and %(end)s
  and not exists (select from book.positions b where b.id = r.position_id and b.portfolio_id = r.portfolio_id)
order by r.portfolio_id
