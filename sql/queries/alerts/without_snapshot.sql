-- Portfolios that should have a snapshot of a session and have none.
select p.id, p.name
from book.portfolios p
where p.inception_date < %(session)s
  and not exists (
      select from analytics.slices s
      where s.asset = 'snapshots' and s.session = %(session)s and s.portfolio_id = p.id
  )
order by p.id
